//! What follows an operand: look-ups, calls, filters and tests.

use std::sync::Arc;

use super::super::args::MAX_KEYWORDS;
use super::super::ast::{Arguments, ExprId, ExprKind};
use super::super::error::ChatError;
use super::super::lex::TokenKind;
use super::super::names::{self, Availability};
use super::super::value::Datum;
use super::parser::{Filters, Parser};

impl Parser {
    pub(super) fn after(&mut self, expr: ExprId, filters: Filters) -> Result<ExprId, ChatError> {
        let expr = self.look_ups(expr)?;
        match filters {
            Filters::Allowed => self.filters(expr),
            Filters::NotHere => Ok(expr),
        }
    }

    fn look_ups(&mut self, mut expr: ExprId) -> Result<ExprId, ChatError> {
        loop {
            let line = self.line();
            expr = match self.peek() {
                TokenKind::Sign(".") => self.dotted(expr)?,
                TokenKind::Sign("[") => self.subscript(expr)?,
                TokenKind::Sign("(") => {
                    let arguments = self.arguments()?;
                    self.add(line, ExprKind::Call(expr, arguments))
                }
                _ => return Ok(expr),
            };
        }
    }

    fn filters(&mut self, mut expr: ExprId) -> Result<ExprId, ChatError> {
        loop {
            let line = self.line();
            expr = match self.peek() {
                TokenKind::Sign("|") => {
                    self.next();
                    self.filter(expr)?
                }
                TokenKind::Name(name) if **name == *"is" => self.test(expr)?,
                TokenKind::Sign("(") => {
                    let arguments = self.arguments()?;
                    self.add(line, ExprKind::Call(expr, arguments))
                }
                _ => return Ok(expr),
            };
        }
    }

    fn dotted(&mut self, expr: ExprId) -> Result<ExprId, ChatError> {
        let line = self.line();
        self.next();
        match self.next() {
            TokenKind::Name(name) => Ok(self.add(line, ExprKind::Attribute(expr, name))),
            TokenKind::Int(int) => {
                let index = self.add(line, ExprKind::Const(Datum::Int(int)));
                Ok(self.add(line, ExprKind::Item(expr, index)))
            }
            _ => Err(self.fail("expected a name or number after '.'")),
        }
    }

    fn subscript(&mut self, expr: ExprId) -> Result<ExprId, ChatError> {
        let line = self.line();
        self.next();
        let mut indices = Vec::new();
        while !self.is_sign("]") {
            if !indices.is_empty() {
                self.expect_sign(",")?;
            }
            if let Some(slice) = self.slice_or_index(&mut indices)? {
                if !indices.is_empty() || !self.is_sign("]") {
                    return Err(self.unsupported("a slice among several indices"));
                }
                self.next();
                return Ok(self.add(line, ExprKind::Slice(expr, slice)));
            }
        }
        self.next();
        let index = match indices[..] {
            [one] => one,
            _ => self.add(line, ExprKind::Tuple(indices)),
        };
        Ok(self.add(line, ExprKind::Item(expr, index)))
    }

    /// The bounds of a slice; an index goes to the indices.
    fn slice_or_index(
        &mut self,
        indices: &mut Vec<ExprId>,
    ) -> Result<Option<[Option<ExprId>; 3]>, ChatError> {
        let mut bounds = [None; 3];
        if !self.is_sign(":") {
            let first = self.expression()?;
            if !self.is_sign(":") {
                indices.push(first);
                return Ok(None);
            }
            bounds[0] = Some(first);
        }
        for bound in &mut bounds[1..] {
            if !self.skip_sign(":") {
                break;
            }
            let ends = self.is_sign(":") || self.is_sign("]") || self.is_sign(",");
            if !ends {
                *bound = Some(self.expression()?);
            }
        }
        Ok(Some(bounds))
    }

    pub(super) fn arguments(&mut self) -> Result<Arguments, ChatError> {
        self.expect_sign("(")?;
        let mut arguments = Arguments::default();
        let mut first = true;
        while !self.is_sign(")") {
            if !first {
                self.expect_sign(",")?;
                if self.is_sign(")") {
                    break;
                }
            }
            first = false;
            self.argument(&mut arguments)?;
        }
        self.next();
        Ok(arguments)
    }

    fn argument(&mut self, arguments: &mut Arguments) -> Result<(), ChatError> {
        let spread = arguments.spread_args.is_some() || arguments.spread_kwargs.is_some();
        let valid = if self.skip_sign("*") {
            arguments.spread_args = Some(self.expression()?);
            !spread
        } else if self.skip_sign("**") {
            let twice = arguments.spread_kwargs.is_some();
            arguments.spread_kwargs = Some(self.expression()?);
            !twice
        } else if let (TokenKind::Name(name), TokenKind::Sign("=")) =
            (self.peek().clone(), self.look(1))
        {
            self.next();
            self.next();
            if arguments.kwargs.len() >= MAX_KEYWORDS {
                return Err(self.fail(format!("a call has over {MAX_KEYWORDS} keywords")));
            }
            let twice = arguments.kwargs.iter().any(|(known, _)| *known == name);
            let value = self.expression()?;
            arguments.kwargs.push((name, value));
            !twice && arguments.spread_kwargs.is_none()
        } else {
            let value = self.expression()?;
            arguments.args.push(value);
            !spread && arguments.kwargs.is_empty()
        };
        if valid {
            return Ok(());
        }
        Err(self.fail("invalid order of arguments in a call"))
    }

    fn dotted_name(&mut self) -> Result<Arc<str>, ChatError> {
        let mut name = self.expect_name()?;
        while self.skip_sign(".") {
            let part = self.expect_name()?;
            name = format!("{name}.{part}").into();
        }
        Ok(name)
    }

    /// One filter, after its `|`.
    pub(super) fn filter(&mut self, expr: ExprId) -> Result<ExprId, ChatError> {
        let line = self.line();
        let name = self.dotted_name()?;
        self.check(names::filter(&name), "filter", &name)?;
        let arguments = if self.is_sign("(") {
            self.arguments()?
        } else {
            Arguments::default()
        };
        Ok(self.add(line, ExprKind::Filter(expr, name, arguments)))
    }

    fn check(&mut self, known: Availability, kind: &str, name: &str) -> Result<(), ChatError> {
        match known {
            Availability::Here => {}
            Availability::OnlyInJinja2 => {
                return Err(self.unsupported(format!("the {kind} `{name}`")));
            }
            Availability::Nowhere => {
                let error = self.fail(format!("no {kind} named '{name}'"));
                self.unknown.push(error);
            }
        }
        Ok(())
    }

    fn test(&mut self, expr: ExprId) -> Result<ExprId, ChatError> {
        let line = self.line();
        self.next();
        let negated = self.skip_name("not");
        let name = self.dotted_name()?;
        self.check(names::test(&name), "test", &name)?;
        let arguments = self.test_arguments()?;
        let test = self.add(line, ExprKind::Test(expr, name, arguments));
        Ok(if negated {
            self.add(line, ExprKind::Not(test))
        } else {
            test
        })
    }

    /// A test takes its only argument without parentheses too.
    fn test_arguments(&mut self) -> Result<Arguments, ChatError> {
        if self.is_sign("(") {
            return self.arguments();
        }
        let starts = match self.peek() {
            TokenKind::Name(name) => !matches!(&**name, "else" | "or" | "and"),
            TokenKind::Str(_)
            | TokenKind::Int(_)
            | TokenKind::Float(_)
            | TokenKind::Sign("[" | "{") => true,
            _ => false,
        };
        if !starts {
            return Ok(Arguments::default());
        }
        if self.is_name("is") {
            return Err(self.fail("tests cannot be chained with `is`"));
        }
        let primary = self.primary()?;
        let argument = self.look_ups(primary)?;
        Ok(Arguments {
            args: vec![argument],
            ..Arguments::default()
        })
    }
}
