//! Statements.

use super::super::ast::{AssignTarget, ExprId, Macro, Stmt, StmtKind, TemplateBody};
use super::super::error::ChatError;
use super::super::python::repr::to_text;
use super::super::value::{Datum, Handle};
use super::frame::{Defined, Rendering};
use super::output::Generated;

/// Where a body goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
}

impl<'t> Rendering<'t> {
    /// Runs statements one after the other.
    pub(super) fn body(&mut self, body: &'t [Stmt]) -> Result<Flow, ChatError> {
        for stmt in body {
            self.spend(1, stmt.line)?;
            let flow = self.statement(stmt)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, stmt: &'t Stmt) -> Result<Flow, ChatError> {
        let line = stmt.line;
        match &stmt.kind {
            StmtKind::Text(text) => self.write(text).map_err(|fault| fault.at(line))?,
            StmtKind::Print(expr) => {
                let datum = self.evaluate(*expr)?;
                self.print(&datum, line)?;
            }
            StmtKind::Set(target, expr) => {
                let datum = self.evaluate(*expr)?;
                self.set(target, datum).map_err(|fault| fault.at(line))?;
            }
            StmtKind::Macro(definition) => self.define(definition, line)?,
            StmtKind::Break => return Ok(Flow::Break),
            StmtKind::Continue => return Ok(Flow::Continue),
            _ => return self.deeper(line, |rendering| rendering.block(stmt)),
        }
        Ok(Flow::Next)
    }

    fn block(&mut self, stmt: &'t Stmt) -> Result<Flow, ChatError> {
        let line = stmt.line;
        match &stmt.kind {
            StmtKind::If(branches, otherwise) => return self.condition(branches, otherwise),
            StmtKind::For(stmt) => self.for_loop(stmt, line)?,
            StmtKind::With(bindings, body) => return self.with(bindings, body, line),
            StmtKind::SetBlock(target, expr, body) => {
                let datum = self.filtered(*expr, body)?;
                self.set(target, datum).map_err(|fault| fault.at(line))?;
            }
            StmtKind::Filter(expr, body) => {
                let datum = self.filtered(*expr, body)?;
                self.print(&datum, line)?;
            }
            StmtKind::Call(body, callee, arguments) => {
                let callee = self.evaluate(*callee)?;
                let mut call = self.arguments(arguments, line)?;
                let caller = self.defined(body, line)?;
                call.kwargs.push(("caller".into(), caller));
                let datum = self.call(&callee, &call, line)?;
                self.print(&datum, line)?;
            }
            StmtKind::Generation(body) => self.generation(body, line)?,
            _ => {}
        }
        Ok(Flow::Next)
    }

    fn print(&mut self, datum: &Datum, line: usize) -> Result<(), ChatError> {
        let text = to_text(datum, &self.machine.allowance);
        let text = text.map_err(|fault| fault.at(line))?;
        self.write(&text).map_err(|fault| fault.at(line))
    }

    fn condition(
        &mut self,
        branches: &'t [(ExprId, Vec<Stmt>)],
        otherwise: &'t [Stmt],
    ) -> Result<Flow, ChatError> {
        for (test, body) in branches {
            if self.is_true(*test)? {
                return self.body(body);
            }
        }
        self.body(otherwise)
    }

    fn with(
        &mut self,
        bindings: &'t [(AssignTarget, ExprId)],
        body: &'t TemplateBody,
        line: usize,
    ) -> Result<Flow, ChatError> {
        // No value sees the names that the others are bound to.
        let mut values = Vec::new();
        for (_, expr) in bindings {
            values.push(self.evaluate(*expr)?);
        }
        self.scoped(self.scope, body, |rendering| {
            for ((target, _), value) in bindings.iter().zip(values) {
                rendering
                    .set(target, value)
                    .map_err(|fault| fault.at(line))?;
            }
            rendering.body(&body.stmts)
        })
    }

    /// What a body renders, through the filters of its block.
    fn filtered(&mut self, expr: ExprId, body: &'t TemplateBody) -> Result<Datum, ChatError> {
        let text = self.captured(|rendering| {
            rendering.scoped(rendering.scope, body, |rendering| {
                rendering.body(&body.stmts)
            })?;
            Ok(())
        })?;
        self.rendered.push(Datum::Str(text));
        let datum = self.evaluate(expr)?;
        self.rendered.pop();
        Ok(datum)
    }

    fn define(&mut self, definition: &'t Macro, line: usize) -> Result<(), ChatError> {
        let defined = self.defined(definition, line)?;
        let assigned = self.assign(&definition.name, defined);
        assigned.map_err(|fault| fault.at(line))
    }

    /// A macro as a value, with the scope it is in.
    fn defined(&mut self, definition: &'t Macro, line: usize) -> Result<Datum, ChatError> {
        let paid = self.machine.allowance.items(8);
        paid.map_err(|fault| fault.at(line))?;
        self.macros.push(Defined {
            definition,
            scope: self.scope,
        });
        Ok(Datum::Handle(Handle::Macro(self.macros.len() - 1)))
    }

    fn generation(&mut self, body: &'t TemplateBody, line: usize) -> Result<(), ChatError> {
        let text = self.captured(|rendering| {
            rendering.scoped(rendering.scope, body, |rendering| {
                rendering.body(&body.stmts)
            })?;
            Ok(())
        })?;
        self.generated.push(Generated {
            start: self.buffers.first().map_or(0, String::len),
            n_chars: text.chars().count(),
        });
        self.write(&text).map_err(|fault| fault.at(line))
    }
}
