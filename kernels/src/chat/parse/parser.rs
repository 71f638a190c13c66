//! The tokens that are left, and the tree that grows.

use std::sync::Arc;

use super::super::ast::{Ast, Expr, ExprId, ExprKind, Stmt, TemplateBody, Uses};
use super::super::error::ChatError;
use super::super::lex::{Lexeme, TokenKind};

/// Whether filters and tests may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filters {
    Allowed,
    NotHere,
}

/// How deep tags and brackets may be nested in a template.
const MAX_DEPTH: usize = 64;

pub(super) struct Parser {
    tokens: Vec<Lexeme>,
    at: usize,
    exprs: Vec<Expr>,
    depth: usize,
    /// Loops around, up to the next macro.
    pub(super) loops: usize,
    /// Filters and tests that Jinja2 does not know, in the scope that is being
    /// read: right within a condition they fail only where they run.
    pub(super) unknown: Vec<ChatError>,
    /// Those of scopes that were read.
    fatal: Vec<ChatError>,
    /// What the macro around reads.
    pub(super) uses: Uses,
    pub(super) has_generation: bool,
}

impl Parser {
    pub(super) fn new(tokens: Vec<Lexeme>) -> Self {
        Self {
            tokens,
            at: 0,
            exprs: Vec::new(),
            depth: 0,
            loops: 0,
            unknown: Vec::new(),
            fatal: Vec::new(),
            uses: Uses::default(),
            has_generation: false,
        }
    }

    pub(super) fn finish(self, body: Vec<Stmt>) -> Result<Ast, ChatError> {
        match self.fatal.into_iter().chain(self.unknown).next() {
            Some(error) => Err(error),
            None => Ok(Ast {
                exprs: self.exprs,
                body: TemplateBody {
                    stmts: body,
                    hidden: Vec::new(),
                },
                has_generation: self.has_generation,
            }),
        }
    }

    pub(super) fn line(&self) -> usize {
        let token = self.tokens.get(self.at).or(self.tokens.last());
        token.map_or(1, |token| token.line)
    }

    pub(super) fn peek(&self) -> &TokenKind {
        self.look(0)
    }

    pub(super) fn look(&self, ahead: usize) -> &TokenKind {
        self.tokens
            .get(self.at + ahead)
            .map_or(&TokenKind::End, |token| &token.mark)
    }

    pub(super) fn next(&mut self) -> TokenKind {
        let mark = self.peek().clone();
        self.at += 1;
        mark
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), TokenKind::Sign(found) if *found == sign)
    }

    pub(super) fn is_name(&self, name: &str) -> bool {
        matches!(self.peek(), TokenKind::Name(found) if **found == *name)
    }

    pub(super) fn skip_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn skip_name(&mut self, name: &str) -> bool {
        let found = self.is_name(name);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect_sign(&mut self, sign: &str) -> Result<(), ChatError> {
        if self.skip_sign(sign) {
            return Ok(());
        }
        Err(self.unexpected(&format!("'{sign}'")))
    }

    pub(super) fn expect_mark(
        &mut self,
        mark: &TokenKind,
        spelling: &str,
    ) -> Result<(), ChatError> {
        if self.peek() == mark {
            self.at += 1;
            return Ok(());
        }
        Err(self.unexpected(spelling))
    }

    pub(super) fn expect_name(&mut self) -> Result<Arc<str>, ChatError> {
        if let TokenKind::Name(name) = self.peek() {
            let name = name.clone();
            self.at += 1;
            return Ok(name);
        }
        Err(self.unexpected("a name"))
    }

    pub(super) fn fail(&self, message: impl Into<String>) -> ChatError {
        ChatError::Syntax {
            line: self.line(),
            message: message.into(),
        }
    }

    pub(super) fn unsupported(&self, what: impl Into<String>) -> ChatError {
        ChatError::Unsupported {
            line: self.line(),
            what: what.into(),
        }
    }

    pub(super) fn unexpected(&self, expected: &str) -> ChatError {
        let found = match self.peek() {
            TokenKind::Text(_) => "text".into(),
            TokenKind::PrintBegin => "'{{'".into(),
            TokenKind::PrintEnd => "'}}'".into(),
            TokenKind::BlockBegin => "'{%'".into(),
            TokenKind::BlockEnd => "'%}'".into(),
            TokenKind::Name(name) => format!("'{name}'"),
            TokenKind::Str(_) => "a text in quotes".into(),
            TokenKind::Int(_) | TokenKind::Float(_) => "a number".into(),
            TokenKind::Sign(sign) => format!("'{sign}'"),
            TokenKind::End => "the end of the template".into(),
        };
        self.fail(format!("expected {expected}, got {found}"))
    }

    /// Puts an expression in the table.
    pub(super) fn add(&mut self, line: usize, kind: ExprKind) -> ExprId {
        self.exprs.push(Expr { line, kind });
        self.exprs.len() - 1
    }

    /// Runs `parse` in a scope of its own.
    pub(super) fn in_scope<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, ChatError>,
    ) -> Result<T, ChatError> {
        let unknown = self.unknown.len();
        let parsed = parse(self)?;
        self.fatal.extend(self.unknown.drain(unknown..));
        Ok(parsed)
    }

    pub(super) fn kind(&self, expr: ExprId) -> Option<&ExprKind> {
        self.exprs.get(expr).map(|expr| &expr.kind)
    }

    pub(super) fn kind_mut(&mut self, expr: ExprId) -> Option<&mut ExprKind> {
        self.exprs.get_mut(expr).map(|expr| &mut expr.kind)
    }

    /// Runs `parse` one level deeper.
    pub(super) fn deeper<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, ChatError>,
    ) -> Result<T, ChatError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ChatError::Limit {
                line: self.line(),
                message: format!("tags and brackets are nested more than {MAX_DEPTH} deep"),
            });
        }
        let parsed = parse(self)?;
        self.depth -= 1;
        Ok(parsed)
    }
}
