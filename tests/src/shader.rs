//! What every shader keeps to, checked on what naga makes of its text.
//!
//! WGSL promises little about floats, so an exact shader may use few of its
//! operations: those that are exact on every driver that was tried.

use naga::proc::TypeResolution;
use naga::valid::{Capabilities, FunctionInfo, ModuleInfo, ValidationFlags, Validator};
use naga::{
    BinaryOperator, Expression, Function, Handle, Module, Scalar, ScalarKind, Statement, TypeInner,
};

/// Invocations of a workgroup within WebGPU's default limits.
const MAX_INVOCATIONS: u32 = 256;

/// A shader that naga accepts without any extension.
#[derive(Debug)]
pub struct Shader {
    module: Module,
    info: ModuleInfo,
}

/// A member of a struct: name, type, and bytes from its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// As Rust spells it: without the `_` behind a word that WGSL reserves.
    pub name: String,
    /// `u32`, `i32`, `f32`, or what naga calls it.
    pub type_name: String,
    /// In bytes.
    pub offset: u32,
}

impl Shader {
    /// Parses and validates `text`.
    ///
    /// # Errors
    /// What naga says, with the place.
    pub fn new(text: &str) -> Result<Self, String> {
        let module =
            naga::front::wgsl::parse_str(text).map_err(|error| error.emit_to_string(text))?;
        // Core WGSL has this one, whatever naga calls it; its use is an objection.
        let core = Capabilities::SHADER_FLOAT16_IN_FLOAT32;
        let info = Validator::new(ValidationFlags::all(), core)
            .validate(&module)
            .map_err(|error| error.emit_to_string(text))?;
        Ok(Self { module, info })
    }

    /// The names of its entry points, as Rust spells them.
    #[must_use]
    pub fn entries(&self) -> Vec<String> {
        let entries = self.module.entry_points.iter();
        entries.map(|entry| rust_name(&entry.name)).collect()
    }

    /// Those of its entry points that end with something other than a call of `name`.
    #[must_use]
    pub fn entries_without_last(&self, name: &str) -> Vec<String> {
        let ends_so = |function: &Function| {
            let is_end = |statement: &&Statement| {
                !matches!(statement, Statement::Return { .. } | Statement::Emit(_))
            };
            match function.body.iter().rev().find(is_end) {
                Some(Statement::Call { function, .. }) => {
                    self.module.functions[*function].name.as_deref() == Some(name)
                }
                _ => false,
            }
        };
        let entries = self.module.entry_points.iter();
        let others = entries.filter(|entry| !ends_so(&entry.function));
        others.map(|entry| rust_name(&entry.name)).collect()
    }

    /// The members of a struct and its bytes, if there is one of this name.
    #[must_use]
    pub fn members(&self, name: &str) -> Option<(Vec<Member>, u32)> {
        let types = &self.module.types;
        let (_, found) = types
            .iter()
            .find(|(_, found)| found.name.as_deref() == Some(name))?;
        let TypeInner::Struct { members, span } = &found.inner else {
            return None;
        };
        let member = |member: &naga::StructMember| Member {
            name: rust_name(member.name.as_deref().unwrap_or_default()),
            type_name: match types[member.ty].inner {
                TypeInner::Scalar(Scalar::U32) => "u32".to_owned(),
                TypeInner::Scalar(Scalar::I32) => "i32".to_owned(),
                TypeInner::Scalar(Scalar::F32) => "f32".to_owned(),
                ref other => format!("{other:?}"),
            },
            offset: member.offset,
        };
        Some((members.iter().map(member).collect(), *span))
    }

    /// What it does that an exact shader does not: `function: what`.
    #[must_use]
    pub fn objections(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (handle, function) in self.module.functions.iter() {
            let name = function.name.as_deref().unwrap_or("?");
            out.extend(self.in_function(name, function, &self.info[handle]));
        }
        for (index, entry) in self.module.entry_points.iter().enumerate() {
            let info = self.info.get_entry_point(index);
            out.extend(self.in_function(&entry.name, &entry.function, info));
            let n_invocations: u32 = entry.workgroup_size.iter().product();
            if n_invocations > MAX_INVOCATIONS {
                out.push(format!(
                    "{}: a workgroup of {n_invocations} invocations",
                    entry.name
                ));
            }
        }
        out
    }

    fn in_function(&self, name: &str, function: &Function, info: &FunctionInfo) -> Vec<String> {
        let operands = Operands {
            shader: self,
            function,
            info,
        };
        let expressions = function.expressions.iter();
        let mut out: Vec<String> = expressions
            .filter_map(|(_, expression)| operands.objection(expression))
            .collect();
        if has_subgroup(&function.body) {
            out.push("a subgroup, whose size differs between devices".to_owned());
        }
        for objection in &mut out {
            *objection = format!("{name}: {objection}");
        }
        out
    }
}

/// The expressions of one function, with their types.
struct Operands<'a> {
    shader: &'a Shader,
    function: &'a Function,
    info: &'a FunctionInfo,
}

impl Operands<'_> {
    fn is_float(&self, handle: Handle<Expression>) -> bool {
        let of: &TypeResolution = &self.info[handle].ty;
        let inner = of.inner_with(&self.shader.module.types);
        inner.scalar_kind() == Some(ScalarKind::Float)
    }

    fn is_product(&self, handle: Handle<Expression>) -> bool {
        let found = &self.function.expressions[handle];
        let multiplies = matches!(
            found,
            Expression::Binary {
                op: BinaryOperator::Multiply,
                ..
            }
        );
        multiplies && self.is_float(handle)
    }

    fn objection(&self, expression: &Expression) -> Option<String> {
        match *expression {
            Expression::Binary { op, left, right } if self.is_float(left) => match op {
                BinaryOperator::Add | BinaryOperator::Subtract => {
                    let is_fused = self.is_product(left) || self.is_product(right);
                    is_fused.then(|| format!("{op:?} of a product, which a driver may fuse"))
                }
                BinaryOperator::Multiply => None,
                _ => Some(format!("{op:?} of floats")),
            },
            Expression::Math { fun, arg, .. } => {
                let unpacks =
                    format!("{fun:?}").contains("float") || format!("{fun:?}").contains("norm");
                (unpacks || self.is_float(arg)).then(|| format!("{fun:?} of floats"))
            }
            Expression::As {
                expr,
                kind,
                convert: Some(_),
            } => {
                let is_float = self.is_float(expr) || kind == ScalarKind::Float;
                is_float.then(|| "a conversion from or to floats".to_owned())
            }
            Expression::Derivative { .. } => Some("a derivative".to_owned()),
            _ => None,
        }
    }
}

fn has_subgroup(body: &naga::Block) -> bool {
    body.iter().any(|statement| match statement {
        Statement::SubgroupBallot { .. }
        | Statement::SubgroupGather { .. }
        | Statement::SubgroupCollectiveOperation { .. } => true,
        Statement::Block(body) => has_subgroup(body),
        Statement::If { accept, reject, .. } => has_subgroup(accept) || has_subgroup(reject),
        Statement::Switch { cases, .. } => cases.iter().any(|case| has_subgroup(&case.body)),
        Statement::Loop {
            body, continuing, ..
        } => has_subgroup(body) || has_subgroup(continuing),
        _ => false,
    })
}

/// A name that WGSL reserves has `_` behind it.
fn rust_name(name: &str) -> String {
    let bare = name.strip_suffix('_').unwrap_or(name);
    if naga::keywords::wgsl::RESERVED.contains(&bare) {
        bare.to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Member, Shader};

    /// A shader whose only entry runs `body` on the floats `a`, `b`, `c` and
    /// the integer `i`.
    fn shader(body: &str) -> Result<Shader, String> {
        Shader::new(&format!(
            "@group(0) @binding(0) var<storage, read_write> x: array<f32>;
             fn work(a: f32, b: f32, c: f32, i: u32) -> f32 {{ {body} }}
             @compute @workgroup_size(64)
             fn main() {{ x[0] = work(x[1], x[2], x[3], u32(7)); }}"
        ))
    }

    #[test]
    fn what_is_not_exact_is_found() {
        for (body, word) in [
            ("return a / b;", "Divide"),
            ("return a % b;", "Modulo"),
            ("return fma(a, b, c);", "Fma"),
            ("return sqrt(a);", "Sqrt"),
            ("return exp(a) + 1.0;", "Exp"),
            ("return min(a, b);", "Min"),
            ("return a * b + c;", "fuse"),
            ("let p = a * b; return c - p;", "fuse"),
            ("if a < b { return a; } return b;", "Less"),
            ("return f32(i);", "conversion"),
            ("let n = i32(a); return bitcast<f32>(n);", "conversion"),
            (
                "return bitcast<f32>(pack2x16float(vec2<f32>(a, b)));",
                "Pack2x16float",
            ),
            ("return unpack2x16float(i).x;", "Unpack2x16float"),
            ("return unpack4x8unorm(i).x;", "Unpack4x8unorm"),
        ] {
            let found = shader(body).unwrap().objections();
            assert_eq!(found.len(), 1, "{body}: {found:?}");
            assert!(
                found[0].starts_with("work: ") && found[0].contains(word),
                "{body}: {found:?}"
            );
        }
    }

    #[test]
    fn what_is_exact_passes() {
        for body in [
            "return (a - b) * c;",
            "return bitcast<f32>(bitcast<u32>(a) / 3u % 5u);",
            "return bitcast<f32>(countLeadingZeros(i) + min(i, 4u));",
        ] {
            assert_eq!(
                shader(body).unwrap().objections(),
                [""; 0],
                "{body} is exact"
            );
        }
    }

    #[test]
    fn extensions_and_large_workgroups_are_refused() {
        assert!(shader("return f32(f16(a));").is_err());
        assert!(shader("return a + true;").is_err());
        let large = "@compute @workgroup_size(257) fn main() {}";
        assert_eq!(Shader::new(large).unwrap().objections().len(), 1);
    }

    #[test]
    fn members_have_the_names_of_rust() {
        let text = "struct A { from_: u32, to: i32, at_: vec3<f32>, last: f32 }
                    @group(0) @binding(0) var<storage> a: A;";
        let (members, span) = Shader::new(text).unwrap().members("A").unwrap();
        let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["from", "to", "at_", "last"]);
        let expected = Member {
            name: "to".to_owned(),
            type_name: "i32".to_owned(),
            offset: 4,
        };
        assert_eq!(members[1], expected);
        assert_eq!((members[2].offset, members[3].offset, span), (16, 28, 32));
        assert!(Shader::new(text).unwrap().members("B").is_none());
    }
}
