//! Calls.

use indexmap::IndexMap;

use super::super::args::{CallArgs, MAX_KEYWORDS};
use super::super::ast::{Arguments, Macro, Uses};
use super::super::error::{ChatError, Exception};
use super::super::functions;
use super::super::methods;
use super::super::value::{Datum, Handle, Key, Named};
use super::frame::{Defined, Rendering};

impl<'t> Rendering<'t> {
    /// The values between the parentheses of a call.
    pub(super) fn arguments(
        &mut self,
        arguments: &Arguments,
        line: usize,
    ) -> Result<CallArgs, ChatError> {
        let mut call = CallArgs {
            args: self.evaluate_all(&arguments.args, line)?,
            kwargs: Vec::new(),
        };
        for (name, value) in &arguments.kwargs {
            let value = self.evaluate(*value)?;
            call.kwargs.push((name.clone(), value));
        }
        if let Some(spread) = arguments.spread_args {
            let spread = self.evaluate(spread)?;
            let items = self.machine.iterate(&spread);
            call.args.extend(items.map_err(|fault| fault.at(line))?);
        }
        if let Some(spread) = arguments.spread_kwargs {
            let spread = self.evaluate(spread)?;
            spread_kwargs(&spread, &mut call).map_err(|fault| fault.at(line))?;
        }
        Ok(call)
    }

    /// `callee(...)`.
    pub(super) fn call(
        &mut self,
        callee: &Datum,
        call: &CallArgs,
        line: usize,
    ) -> Result<Datum, ChatError> {
        let result = match callee {
            Datum::Undefined(why) => Err(Exception::python(&**why)),
            Datum::Function(function) => functions::call(&mut self.machine, *function, call),
            Datum::Method(method) => match (&method.0, method.1) {
                (Datum::Handle(Handle::Loop(serial)), name) => {
                    return self.loop_method(*serial, name, call, line);
                }
                (receiver, name) => methods::call(&mut self.machine, receiver, name, call),
            },
            Datum::Handle(Handle::Macro(at)) => {
                if let Some(defined) = self.macros.get(*at).copied() {
                    return self.call_macro(defined, call, line);
                }
                Err(Exception::unsupported("a macro after its rendering"))
            }
            Datum::Handle(Handle::Loop(serial)) => return self.recurse(*serial, call, line),
            other => Err(Exception::python(format!(
                "'{}' object is not callable",
                other.type_name()
            ))),
        };
        result.map_err(|fault| fault.at(line))
    }

    fn call_macro(
        &mut self,
        defined: Defined<'t>,
        call: &CallArgs,
        line: usize,
    ) -> Result<Datum, ChatError> {
        let definition = defined.definition;
        let n_params = definition.signature.params.len();
        self.spend((n_params * call.kwargs.len()) as u64 / 8, line)?;
        let bound = bind(definition, call).map_err(|fault| fault.at(line))?;
        let text = self.captured(|rendering| {
            rendering.scoped(defined.scope, &definition.body, |rendering| {
                for (name, value) in bound.special {
                    let assigned = rendering.assign(&name, value);
                    assigned.map_err(|fault| fault.at(line))?;
                }
                rendering.parameters(definition, bound.params, line)?;
                rendering.body(&definition.body.stmts)?;
                Ok(())
            })
        })?;
        Ok(Datum::Str(text))
    }

    /// Defaults are evaluated in order, and see the parameters before them.
    fn parameters(
        &mut self,
        definition: &'t Macro,
        values: Vec<Option<Datum>>,
        line: usize,
    ) -> Result<(), ChatError> {
        let n_required = definition.signature.params.len() - definition.signature.defaults.len();
        for (at, (name, value)) in definition.signature.params.iter().zip(values).enumerate() {
            let default = at.checked_sub(n_required);
            let default = default.and_then(|at| definition.signature.defaults.get(at));
            let value = match (value, default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.evaluate(*default)?,
                (None, None) => {
                    Datum::Undefined(format!("parameter '{name}' was not provided").into())
                }
            };
            self.assign(name, value).map_err(|fault| fault.at(line))?;
        }
        Ok(())
    }
}

/// The arguments of a macro at their places.
struct Bound {
    params: Vec<Option<Datum>>,
    special: Vec<Named>,
}

fn bind(definition: &Macro, call: &CallArgs) -> Result<Bound, Exception> {
    let name = &definition.name;
    let n_params = definition.signature.params.len();
    let mut kwargs = call.kwargs.clone();
    let mut take = |wanted: &str| {
        let at = kwargs.iter().position(|(name, _)| **name == *wanted);
        at.map(|at| kwargs.remove(at).1)
    };
    let mut params: Vec<Option<Datum>> =
        call.args.iter().take(n_params).cloned().map(Some).collect();
    for param in definition.signature.params.iter().skip(params.len()) {
        params.push(take(param));
    }
    let mut special: Vec<Named> = Vec::new();
    let explicit = definition
        .signature
        .params
        .iter()
        .any(|param| **param == *"caller");
    if definition.uses.has(Uses::CALLER) && !explicit {
        let caller = take("caller").filter(|caller| !matches!(caller, Datum::None));
        let none = || Datum::Undefined("No caller defined".into());
        special.push(("caller".into(), caller.unwrap_or_else(none)));
    }
    if definition.uses.has(Uses::KWARGS) {
        let map: IndexMap<Key, Datum> = kwargs
            .into_iter()
            .map(|(name, value)| (Key::str(name), value))
            .collect();
        special.push(("kwargs".into(), Datum::dict(map)?));
    } else if let Some((unknown, _)) = kwargs.first() {
        return Err(Exception::python(format!(
            "macro '{name}' takes no keyword argument '{unknown}'"
        )));
    }
    let rest = call.args.get(n_params..).unwrap_or(&[]);
    if definition.uses.has(Uses::VARARGS) {
        special.push(("varargs".into(), Datum::tuple(rest.to_vec())?));
    } else if !rest.is_empty() {
        return Err(Exception::python(format!(
            "macro '{name}' takes not more than {n_params} argument(s)"
        )));
    }
    Ok(Bound { params, special })
}

fn spread_kwargs(spread: &Datum, call: &mut CallArgs) -> Result<(), Exception> {
    let Datum::Dict(dict) = spread else {
        return Err(Exception::python("argument after ** must be a mapping"));
    };
    if dict.map.len() + call.kwargs.len() > MAX_KEYWORDS {
        let message = format!("a call has over {MAX_KEYWORDS} keywords");
        return Err(Exception::Limit(message));
    }
    for (key, value) in &dict.map {
        let Datum::Str(name) = key.datum() else {
            return Err(Exception::python("keywords must be strings"));
        };
        if call.kwargs.iter().any(|(known, _)| known == name) {
            return Err(Exception::python(format!(
                "got multiple values for keyword argument '{name}'"
            )));
        }
        call.kwargs.push((name.clone(), value.clone()));
    }
    Ok(())
}
