//! The blocks of templates.

use std::sync::Arc;

use super::super::args::MAX_KEYWORDS;
use super::super::ast::{
    Arguments, AssignTarget, ExprId, ExprKind, For, Macro, Recursive, Signature, StmtKind,
    TemplateBody,
};
use super::super::error::ChatError;
use super::super::lex::TokenKind;
use super::parser::{Filters, Parser};

/// Names that are values, and cannot be assigned to.
const CONSTANTS: &[&str] = &["true", "false", "none", "True", "False", "None"];

/// Whether an assignment may name a member of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Members {
    Allowed,
    NotHere,
}

impl Parser {
    pub(super) fn set(&mut self) -> Result<StmtKind, ChatError> {
        let target = self.targets(Members::Allowed)?;
        if self.skip_sign("=") {
            let value = self.tuple(Self::choice)?;
            return Ok(StmtKind::Set(target, value));
        }
        let line = self.line();
        let mut expr = self.add(line, ExprKind::Rendered);
        while self.skip_sign("|") {
            expr = self.filter(expr)?;
        }
        let body = self.buffered("endset")?;
        Ok(StmtKind::SetBlock(target, expr, body))
    }

    /// A body with a scope of its own, and the name of its end.
    fn scope(&mut self, ends: &[&str]) -> Result<(TemplateBody, Arc<str>), ChatError> {
        let (stmts, end) = self.in_scope(|parser| parser.block(ends))?;
        let hidden = Vec::new();
        Ok((TemplateBody { stmts, hidden }, end))
    }

    /// A body whose text goes elsewhere; loops around cannot be left from it.
    fn buffered(&mut self, end: &str) -> Result<TemplateBody, ChatError> {
        let loops = std::mem::take(&mut self.loops);
        let (body, _) = self.scope(&[end])?;
        self.loops = loops;
        Ok(body)
    }

    pub(super) fn condition(&mut self) -> Result<StmtKind, ChatError> {
        let unknown = self.unknown.len();
        let mut branches = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let test = self.tuple(Self::or)?;
            let (body, end) = self.block(&["elif", "else", "endif"])?;
            branches.push((test, body));
            if *end == *"elif" {
                continue;
            }
            if *end == *"else" {
                (otherwise, _) = self.block(&["endif"])?;
            }
            break;
        }
        // What is unknown within a condition fails only where it runs.
        self.unknown.truncate(unknown);
        Ok(StmtKind::If(branches, otherwise))
    }

    pub(super) fn for_loop(&mut self) -> Result<StmtKind, ChatError> {
        let target = self.targets(Members::NotHere)?;
        if !self.skip_name("in") {
            return Err(self.unexpected("'in'"));
        }
        let iterable = self.tuple(Self::or)?;
        let test = if self.skip_name("if") {
            Some(self.expression()?)
        } else {
            None
        };
        let recursive = if self.skip_name("recursive") {
            Recursive::Yes
        } else {
            Recursive::No
        };
        self.loops += 1;
        let (body, end) = self.scope(&["endfor", "else"])?;
        self.loops -= 1;
        let otherwise = if *end == *"else" {
            self.scope(&["endfor"])?.0
        } else {
            TemplateBody::default()
        };
        Ok(StmtKind::For(Box::new(For {
            target,
            iterable,
            test,
            recursive,
            body,
            otherwise,
        })))
    }

    pub(super) fn with(&mut self) -> Result<StmtKind, ChatError> {
        let mut bindings = Vec::new();
        while *self.peek() != TokenKind::BlockEnd {
            if !bindings.is_empty() {
                self.expect_sign(",")?;
            }
            let target = self.targets(Members::NotHere)?;
            self.expect_sign("=")?;
            bindings.push((target, self.expression()?));
        }
        let (body, _) = self.scope(&["endwith"])?;
        Ok(StmtKind::With(bindings, body))
    }

    pub(super) fn macro_definition(&mut self) -> Result<StmtKind, ChatError> {
        let name = self.assignable()?;
        let signature = self.signature()?;
        let defined = self.macro_body(name, signature, "endmacro")?;
        Ok(StmtKind::Macro(Box::new(defined)))
    }

    pub(super) fn call_block(&mut self) -> Result<StmtKind, ChatError> {
        let signature = if self.is_sign("(") {
            self.signature()?
        } else {
            Signature::default()
        };
        let line = self.line();
        let called = self.operand(Filters::NotHere)?;
        let Some(ExprKind::Call(callee, _)) = self.kind(called) else {
            return Err(ChatError::Syntax {
                line,
                message: "expected a call".into(),
            });
        };
        let callee = *callee;
        let arguments = self.take_arguments(called);
        let body = self.macro_body("caller".into(), signature, "endcall")?;
        Ok(StmtKind::Call(Box::new(body), callee, arguments))
    }

    fn macro_body(
        &mut self,
        name: Arc<str>,
        signature: Signature,
        end: &str,
    ) -> Result<Macro, ChatError> {
        let around = std::mem::take(&mut self.uses);
        let body = self.buffered(end)?;
        let uses = std::mem::replace(&mut self.uses, around);
        // What is within reads them of what is around, as far as that tells.
        self.uses.add(uses);
        Ok(Macro {
            name,
            signature,
            body,
            uses,
        })
    }

    fn signature(&mut self) -> Result<Signature, ChatError> {
        self.expect_sign("(")?;
        let mut params = Vec::new();
        let mut defaults = Vec::new();
        while !self.is_sign(")") {
            if !params.is_empty() {
                self.expect_sign(",")?;
            }
            let param = self.assignable()?;
            if params.len() >= MAX_KEYWORDS {
                return Err(self.fail(format!("a macro has over {MAX_KEYWORDS} parameters")));
            }
            if params.contains(&param) {
                return Err(self.fail(format!("two parameters are named '{param}'")));
            }
            params.push(param);
            if self.skip_sign("=") {
                defaults.push(self.expression()?);
            } else if !defaults.is_empty() {
                return Err(self.fail("a parameter without default follows one with it"));
            }
        }
        self.next();
        Ok(Signature { params, defaults })
    }

    pub(super) fn filter_block(&mut self) -> Result<StmtKind, ChatError> {
        let line = self.line();
        let rendered = self.add(line, ExprKind::Rendered);
        let mut expr = self.filter(rendered)?;
        while self.skip_sign("|") {
            expr = self.filter(expr)?;
        }
        let body = self.buffered("endfilter")?;
        Ok(StmtKind::Filter(expr, body))
    }

    pub(super) fn generation(&mut self) -> Result<StmtKind, ChatError> {
        self.has_generation = true;
        let body = self.buffered("endgeneration")?;
        Ok(StmtKind::Generation(body))
    }

    fn assignable(&mut self) -> Result<Arc<str>, ChatError> {
        let name = self.expect_name()?;
        if CONSTANTS.contains(&&*name) {
            return Err(self.fail(format!("can't assign to '{name}'")));
        }
        Ok(name)
    }

    /// One target, or several with commas between them.
    fn targets(&mut self, members: Members) -> Result<AssignTarget, ChatError> {
        let first = self.target(members)?;
        if !self.is_sign(",") {
            return Ok(first);
        }
        let mut targets = vec![first];
        while self.skip_sign(",") {
            // Before `in` or `=`, Jinja2 wants another name after a comma.
            if self.is_sign(")") || *self.peek() == TokenKind::BlockEnd {
                break;
            }
            targets.push(self.target(members)?);
        }
        Ok(AssignTarget::Tuple(targets))
    }

    fn target(&mut self, members: Members) -> Result<AssignTarget, ChatError> {
        if self.skip_sign("(") {
            if self.skip_sign(")") {
                return Ok(AssignTarget::Tuple(Vec::new()));
            }
            let inner = self.deeper(|parser| parser.targets(members))?;
            self.expect_sign(")")?;
            return Ok(inner);
        }
        let name = self.assignable()?;
        if members == Members::Allowed && self.skip_sign(".") {
            let member = self.expect_name()?;
            return Ok(AssignTarget::Member(name, member));
        }
        Ok(AssignTarget::Name(name))
    }

    fn take_arguments(&mut self, call: ExprId) -> Arguments {
        match self.kind_mut(call) {
            Some(ExprKind::Call(_, arguments)) => std::mem::take(arguments),
            _ => Arguments::default(),
        }
    }
}
