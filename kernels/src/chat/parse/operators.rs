//! Expressions from the loosest operator to the tightest.

use super::super::ast::{Comparison, ExprId, ExprKind};
use super::super::error::ChatError;
use super::super::lex::TokenKind;
use super::super::python::arith::{Arithmetic, Negative};
use super::parser::{Filters, Parser};

impl Parser {
    /// `a if b else c`.
    pub(super) fn choice(&mut self) -> Result<ExprId, ChatError> {
        let line = self.line();
        let unknown = self.unknown.len();
        let mut expr = self.or()?;
        while self.skip_name("if") {
            let test = self.or()?;
            let otherwise = if self.skip_name("else") {
                Some(self.deeper(Self::choice)?)
            } else {
                None
            };
            expr = self.add(line, ExprKind::Choice(test, expr, otherwise));
            // What is unknown within a condition fails only where it runs.
            self.unknown.truncate(unknown);
        }
        Ok(expr)
    }

    pub(super) fn or(&mut self) -> Result<ExprId, ChatError> {
        let line = self.line();
        let mut left = self.and()?;
        while self.skip_name("or") {
            let right = self.and()?;
            left = self.add(line, ExprKind::Or(left, right));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<ExprId, ChatError> {
        let line = self.line();
        let mut left = self.not()?;
        while self.skip_name("and") {
            let right = self.not()?;
            left = self.add(line, ExprKind::And(left, right));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<ExprId, ChatError> {
        let line = self.line();
        if self.skip_name("not") {
            let inner = self.deeper(Self::not)?;
            return Ok(self.add(line, ExprKind::Not(inner)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<ExprId, ChatError> {
        let line = self.line();
        let first = self.sum()?;
        let mut rest = Vec::new();
        while let Some(comparison) = self.comparison_sign() {
            rest.push((comparison, self.sum()?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(self.add(line, ExprKind::Compare(first, rest)))
    }

    fn comparison_sign(&mut self) -> Option<Comparison> {
        if self.skip_name("in") {
            return Some(Comparison::In);
        }
        let is_in = matches!(self.look(1), TokenKind::Name(name) if **name == *"in");
        if is_in && self.skip_name("not") {
            self.next();
            return Some(Comparison::NotIn);
        }
        let comparison = match self.peek() {
            TokenKind::Sign("==") => Comparison::Equal,
            TokenKind::Sign("!=") => Comparison::NotEqual,
            TokenKind::Sign("<") => Comparison::Less,
            TokenKind::Sign("<=") => Comparison::LessEqual,
            TokenKind::Sign(">") => Comparison::Greater,
            TokenKind::Sign(">=") => Comparison::GreaterEqual,
            _ => return None,
        };
        self.next();
        Some(comparison)
    }

    fn sum(&mut self) -> Result<ExprId, ChatError> {
        let line = self.line();
        let mut left = self.concat()?;
        loop {
            let operator = match self.peek() {
                TokenKind::Sign("+") => Arithmetic::Add,
                TokenKind::Sign("-") => Arithmetic::Sub,
                _ => return Ok(left),
            };
            self.next();
            let right = self.concat()?;
            left = self.add(line, ExprKind::Binary(operator, left, right));
        }
    }

    fn concat(&mut self) -> Result<ExprId, ChatError> {
        let line = self.line();
        let first = self.product()?;
        if !self.is_sign("~") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.skip_sign("~") {
            parts.push(self.product()?);
        }
        Ok(self.add(line, ExprKind::Concat(parts)))
    }

    fn product(&mut self) -> Result<ExprId, ChatError> {
        let line = self.line();
        let mut left = self.power()?;
        loop {
            let operator = match self.peek() {
                TokenKind::Sign("*") => Arithmetic::Mul,
                TokenKind::Sign("/") => Arithmetic::Div,
                TokenKind::Sign("//") => Arithmetic::FloorDiv,
                TokenKind::Sign("%") => Arithmetic::Mod,
                _ => return Ok(left),
            };
            self.next();
            let right = self.power()?;
            left = self.add(line, ExprKind::Binary(operator, left, right));
        }
    }

    fn power(&mut self) -> Result<ExprId, ChatError> {
        let line = self.line();
        let mut left = self.unary(Filters::Allowed)?;
        while self.skip_sign("**") {
            let right = self.unary(Filters::Allowed)?;
            left = self.add(line, ExprKind::Binary(Arithmetic::Pow, left, right));
        }
        Ok(left)
    }

    /// A sign binds tighter than what follows, but for filters: `-1|abs` is 1.
    fn unary(&mut self, filters: Filters) -> Result<ExprId, ChatError> {
        let line = self.line();
        let negative = match self.peek() {
            TokenKind::Sign("-") => Negative::Yes,
            TokenKind::Sign("+") => Negative::No,
            _ => return self.operand(filters),
        };
        self.next();
        let inner = self.deeper(|parser| parser.unary(Filters::NotHere))?;
        let signed = self.add(line, ExprKind::Sign(negative, inner));
        self.after(signed, filters)
    }
}
