//! Expressions.

use std::sync::Arc;

use indexmap::IndexMap;

use super::super::ast::{Comparison, Expr, ExprId, ExprKind};
use super::super::checks;
use super::super::error::{ChatError, Exception};
use super::super::filter;
use super::super::python::arith::{binary, signed};
use super::super::python::attribute::{attribute, subscript};
use super::super::python::compare::{contains, equal, is_true, order};
use super::super::python::index::slice;
use super::super::python::repr::to_text;
use super::super::value::{Datum, Handle, Key};
use super::frame::Rendering;

impl<'t> Rendering<'t> {
    /// The value of an expression.
    pub(super) fn evaluate(&mut self, id: ExprId) -> Result<Datum, ChatError> {
        let Some(expr) = self.expr(id) else {
            return Ok(Datum::None);
        };
        // What needs no other expression needs no depth.
        match &expr.kind {
            ExprKind::Const(datum) => return Ok(datum.clone()),
            ExprKind::Name(name) => {
                self.spend(1, expr.line)?;
                return Ok(self.look_up(name));
            }
            _ => {}
        }
        self.spend(2, expr.line)?;
        self.deeper(expr.line, |rendering| rendering.compound(expr))
    }

    pub(super) fn spend(&self, steps: u64, line: usize) -> Result<(), ChatError> {
        self.machine
            .allowance
            .spend(steps)
            .map_err(|fault| fault.at(line))
    }

    pub(super) fn is_true(&mut self, id: ExprId) -> Result<bool, ChatError> {
        Ok(is_true(&self.evaluate(id)?))
    }

    fn compound(&mut self, expr: &'t Expr) -> Result<Datum, ChatError> {
        let line = expr.line;
        match &expr.kind {
            ExprKind::Const(_) | ExprKind::Name(_) | ExprKind::Rendered => {
                Ok(self.rendered.last().cloned().unwrap_or(Datum::None))
            }
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                let items = self.evaluate_all(items, line)?;
                let made = match &expr.kind {
                    ExprKind::List(_) => Datum::list(items),
                    _ => Datum::tuple(items),
                };
                made.map_err(|fault| fault.at(line))
            }
            ExprKind::Dict(entries) => self.dict(entries, line),
            ExprKind::Attribute(value, name) => {
                let value = self.evaluate(*value)?;
                self.member(&value, name, line)
            }
            ExprKind::Item(value, index) => self.item(*value, *index, line),
            ExprKind::Slice(value, bounds) => self.slice(*value, bounds, line),
            ExprKind::Call(callee, arguments) => {
                let callee = self.evaluate(*callee)?;
                let call = self.arguments(arguments, line)?;
                self.call(&callee, &call, line)
            }
            ExprKind::Filter(value, name, arguments) => {
                let value = self.evaluate(*value)?;
                let call = self.arguments(arguments, line)?;
                let filtered = filter::apply(&mut self.machine, name, value, &call);
                filtered.map_err(|fault| fault.at(line))
            }
            ExprKind::Test(value, name, arguments) => {
                let value = self.evaluate(*value)?;
                let call = self.arguments(arguments, line)?;
                let checked = checks::check(&mut self.machine, name, &value, &call);
                checked.map_err(|fault| fault.at(line))
            }
            _ => self.operation(expr),
        }
    }

    fn operation(&mut self, expr: &'t Expr) -> Result<Datum, ChatError> {
        let line = expr.line;
        match &expr.kind {
            ExprKind::Sign(negative, value) => {
                let value = self.evaluate(*value)?;
                signed(*negative, &value).map_err(|fault| fault.at(line))
            }
            ExprKind::Binary(operator, a, b) => {
                let (a, b) = (self.evaluate(*a)?, self.evaluate(*b)?);
                let result = binary(*operator, &a, &b, &self.machine.allowance);
                result.map_err(|fault| fault.at(line))
            }
            ExprKind::Concat(parts) => self.concat(parts, line),
            ExprKind::Compare(first, rest) => self.comparison(*first, rest, line),
            ExprKind::And(a, b) => {
                let a = self.evaluate(*a)?;
                if is_true(&a) {
                    self.evaluate(*b)
                } else {
                    Ok(a)
                }
            }
            ExprKind::Or(a, b) => {
                let a = self.evaluate(*a)?;
                if is_true(&a) {
                    Ok(a)
                } else {
                    self.evaluate(*b)
                }
            }
            ExprKind::Not(value) => Ok(Datum::Bool(!self.is_true(*value)?)),
            ExprKind::Choice(test, then, otherwise) => {
                if self.is_true(*test)? {
                    return self.evaluate(*then);
                }
                match otherwise {
                    Some(otherwise) => self.evaluate(*otherwise),
                    None => Ok(Datum::Undefined(
                        "the inline if-expression evaluated to false and no else section was defined"
                            .into(),
                    )),
                }
            }
            _ => Ok(Datum::None),
        }
    }

    pub(super) fn evaluate_all(
        &mut self,
        ids: &[ExprId],
        line: usize,
    ) -> Result<Vec<Datum>, ChatError> {
        let paid = self.machine.allowance.items(ids.len());
        paid.map_err(|fault| fault.at(line))?;
        ids.iter().map(|id| self.evaluate(*id)).collect()
    }

    fn dict(&mut self, entries: &[(ExprId, ExprId)], line: usize) -> Result<Datum, ChatError> {
        let paid = self.machine.allowance.items(entries.len());
        paid.map_err(|fault| fault.at(line))?;
        let mut map = IndexMap::new();
        for (key, value) in entries {
            let key = self.evaluate(*key)?;
            let value = self.evaluate(*value)?;
            let key = Key::new(key).map_err(|fault| fault.at(line))?;
            map.insert(key, value);
        }
        Datum::dict(map).map_err(|fault| fault.at(line))
    }

    /// `value.name`, of the objects that change too.
    fn member(&mut self, value: &Datum, name: &str, line: usize) -> Result<Datum, ChatError> {
        let found = match value {
            Datum::Handle(Handle::Loop(serial)) => {
                return self.loop_member(*serial, name, line);
            }
            Datum::Handle(Handle::Namespace(at)) => {
                let members = self.machine.namespaces.get(*at);
                let found = members.and_then(|members| members.get(name));
                Ok(found.cloned().unwrap_or_else(|| {
                    Datum::Undefined(format!("'namespace object' has no attribute '{name}'").into())
                }))
            }
            Datum::Handle(Handle::Macro(_)) => Err(Exception::unsupported(format!(
                "the attribute `{name}` of a macro"
            ))),
            _ => attribute(value, name, &self.machine.allowance),
        };
        found.map_err(|fault| fault.at(line))
    }

    /// `value[index]`; the members of objects are their items too.
    fn item(&mut self, value: ExprId, index: ExprId, line: usize) -> Result<Datum, ChatError> {
        let value = self.evaluate(value)?;
        let index = self.evaluate(index)?;
        if let (Datum::Handle(_), Datum::Str(name)) = (&value, &index) {
            return self.member(&value, name, line);
        }
        let found = subscript(&value, &index, &self.machine.allowance);
        found.map_err(|fault| fault.at(line))
    }

    fn slice(
        &mut self,
        value: ExprId,
        bounds: &[Option<ExprId>; 3],
        line: usize,
    ) -> Result<Datum, ChatError> {
        let value = self.evaluate(value)?;
        let mut known = [Datum::None, Datum::None, Datum::None];
        for (known, bound) in known.iter_mut().zip(bounds) {
            if let Some(bound) = bound {
                *known = self.evaluate(*bound)?;
            }
        }
        let sliced = slice(&value, &known, &self.machine.allowance);
        sliced.map_err(|fault| fault.at(line))
    }

    fn concat(&mut self, parts: &[ExprId], line: usize) -> Result<Datum, ChatError> {
        let parts = self.evaluate_all(parts, line)?;
        let allowance = &self.machine.allowance;
        let joined = || {
            let mut out = String::new();
            for part in &parts {
                let part: Arc<str> = to_text(part, allowance)?;
                allowance.text(part.len())?;
                out.push_str(&part);
                allowance.fits(out.len())?;
            }
            Ok(Datum::str(out))
        };
        joined().map_err(|fault: Exception| fault.at(line))
    }

    /// A chain such as `a < b < c`, whose middle is evaluated once.
    fn comparison(
        &mut self,
        first: ExprId,
        rest: &[(Comparison, ExprId)],
        line: usize,
    ) -> Result<Datum, ChatError> {
        let mut left = self.evaluate(first)?;
        for (comparison, right) in rest {
            let right = self.evaluate(*right)?;
            let holds = self.compare(*comparison, &left, &right);
            if !holds.map_err(|fault| fault.at(line))? {
                return Ok(Datum::Bool(false));
            }
            left = right;
        }
        Ok(Datum::Bool(true))
    }

    fn compare(&mut self, comparison: Comparison, a: &Datum, b: &Datum) -> Result<bool, Exception> {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let b = match (comparison, b) {
            // Looking for something in a generator runs through it.
            (Comparison::In | Comparison::NotIn, Datum::Handle(Handle::Generator(_))) => {
                &Datum::list(self.machine.iterate(b)?)?
            }
            _ => b,
        };
        let allowance = &self.machine.allowance;
        let ordered = |wanted: [std::cmp::Ordering; 2]| {
            order(a, b, allowance).map(|order| order.is_some_and(|order| wanted.contains(&order)))
        };
        match comparison {
            Comparison::Equal => equal(a, b, allowance),
            Comparison::NotEqual => Ok(!equal(a, b, allowance)?),
            Comparison::Less => ordered([Less, Less]),
            Comparison::LessEqual => ordered([Less, Equal]),
            Comparison::Greater => ordered([Greater, Greater]),
            Comparison::GreaterEqual => ordered([Greater, Equal]),
            Comparison::In => contains(b, a, allowance),
            Comparison::NotIn => Ok(!contains(b, a, allowance)?),
        }
    }
}
