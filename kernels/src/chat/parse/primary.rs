//! Names, literals, brackets, and tuples without brackets.

use super::super::ast::{ExprId, ExprKind, Uses};
use super::super::error::ChatError;
use super::super::lex::TokenKind;
use super::super::value::Datum;
use super::parser::{Filters, Parser};

impl Parser {
    /// An expression, one level deeper.
    pub(super) fn expression(&mut self) -> Result<ExprId, ChatError> {
        self.deeper(Self::choice)
    }

    /// A name, literal or bracket, with what follows it.
    pub(super) fn operand(&mut self, filters: Filters) -> Result<ExprId, ChatError> {
        let expr = self.primary()?;
        self.after(expr, filters)
    }

    pub(super) fn primary(&mut self) -> Result<ExprId, ChatError> {
        let line = self.line();
        let kind = match self.peek().clone() {
            TokenKind::Name(name) => {
                self.next();
                self.name(&name)?
            }
            TokenKind::Str(first) => {
                self.next();
                let mut text = first.to_string();
                while let TokenKind::Str(more) = self.peek() {
                    text.push_str(more);
                    self.next();
                }
                ExprKind::Const(Datum::str(text))
            }
            TokenKind::Int(int) => {
                self.next();
                ExprKind::Const(Datum::Int(int))
            }
            TokenKind::Float(float) => {
                self.next();
                ExprKind::Const(Datum::Float(float))
            }
            TokenKind::Sign("(") => {
                self.next();
                let inner = self.deeper(Self::in_parentheses)?;
                self.expect_sign(")")?;
                return Ok(inner);
            }
            TokenKind::Sign("[") => ExprKind::List(self.list()?),
            TokenKind::Sign("{") => ExprKind::Dict(self.dict()?),
            _ => return Err(self.unexpected("an expression")),
        };
        Ok(self.add(line, kind))
    }

    fn name(&mut self, name: &std::sync::Arc<str>) -> Result<ExprKind, ChatError> {
        Ok(match &**name {
            "self" => return Err(self.unsupported("the variable `self`")),
            "true" | "True" => ExprKind::Const(Datum::Bool(true)),
            "false" | "False" => ExprKind::Const(Datum::Bool(false)),
            "none" | "None" => ExprKind::Const(Datum::None),
            other => {
                match other {
                    "caller" => self.uses.add(Uses::CALLER),
                    "kwargs" => self.uses.add(Uses::KWARGS),
                    "varargs" => self.uses.add(Uses::VARARGS),
                    _ => {}
                }
                ExprKind::Name(name.clone())
            }
        })
    }

    fn in_parentheses(&mut self) -> Result<ExprId, ChatError> {
        if self.is_sign(")") {
            let line = self.line();
            return Ok(self.add(line, ExprKind::Tuple(Vec::new())));
        }
        self.tuple(Self::choice)
    }

    /// An expression, or several with commas between them.
    pub(super) fn tuple(
        &mut self,
        item: fn(&mut Self) -> Result<ExprId, ChatError>,
    ) -> Result<ExprId, ChatError> {
        let line = self.line();
        let first = item(self)?;
        if !self.is_sign(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.skip_sign(",") {
            if self.is_tuple_end() {
                break;
            }
            items.push(item(self)?);
        }
        Ok(self.add(line, ExprKind::Tuple(items)))
    }

    fn is_tuple_end(&self) -> bool {
        matches!(
            self.peek(),
            TokenKind::PrintEnd | TokenKind::BlockEnd | TokenKind::Sign(")") | TokenKind::End
        )
    }

    fn list(&mut self) -> Result<Vec<ExprId>, ChatError> {
        self.expect_sign("[")?;
        let mut items = Vec::new();
        while !self.is_sign("]") {
            if !items.is_empty() {
                self.expect_sign(",")?;
            }
            if self.is_sign("]") {
                break;
            }
            items.push(self.expression()?);
        }
        self.expect_sign("]")?;
        Ok(items)
    }

    fn dict(&mut self) -> Result<Vec<(ExprId, ExprId)>, ChatError> {
        self.expect_sign("{")?;
        let mut items = Vec::new();
        while !self.is_sign("}") {
            if !items.is_empty() {
                self.expect_sign(",")?;
            }
            if self.is_sign("}") {
                break;
            }
            let key = self.expression()?;
            self.expect_sign(":")?;
            items.push((key, self.expression()?));
        }
        self.expect_sign("}")?;
        Ok(items)
    }
}
