//! The state of a rendering: variables by scope, text by buffer.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::super::ast::{Ast, Expr, ExprId, For, Macro, TemplateBody};
use super::super::budget::MAX_DEPTH;
use super::super::error::{ChatError, Exception};
use super::super::functions;
use super::super::machine::Runtime;
use super::super::value::Datum;
use super::output::{Generated, Marked, marked};

/// The variables that are set at one place, and the scope around it.
#[derive(Debug, Default)]
pub(super) struct Variables {
    pub(super) names: HashMap<Arc<str>, Datum>,
    around: Option<usize>,
}

/// A macro with the scope it was defined in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defined<'t> {
    pub(super) definition: &'t Macro,
    pub(super) scope: usize,
}

/// A loop that runs.
#[derive(Debug)]
pub(super) struct Looping<'t> {
    pub(super) serial: usize,
    pub(super) stmt: &'t For,
    /// The scope around the loop.
    pub(super) scope: usize,
    pub(super) items: std::vec::IntoIter<Datum>,
    /// Where items come from that are not there yet.
    pub(super) generator: Option<usize>,
    /// Items that were looked at already.
    pub(super) ahead: VecDeque<Datum>,
    pub(super) len: Option<usize>,
    /// Items begun so far.
    pub(super) begun: usize,
    pub(super) current: Option<Datum>,
    pub(super) before: Option<Datum>,
    pub(super) changed: Option<Datum>,
    pub(super) depth: usize,
}

/// One rendering of a template.
#[derive(Debug)]
pub(crate) struct Rendering<'t> {
    pub(super) ast: &'t Ast,
    pub(super) machine: Runtime,
    pub(super) scopes: Vec<Variables>,
    pub(super) scope: usize,
    pub(super) macros: Vec<Defined<'t>>,
    pub(super) loops: Vec<Looping<'t>>,
    pub(super) serial: usize,
    /// How deep the next loop is in itself.
    pub(super) loop_depth: usize,
    /// The text, and buffers of what is rendered to go elsewhere.
    pub(super) buffers: Vec<String>,
    /// What filter and set blocks have rendered.
    pub(super) rendered: Vec<Datum>,
    pub(super) generated: Vec<Generated>,
    depth: usize,
}

impl<'t> Rendering<'t> {
    /// A rendering where `variables` are known to the template.
    pub(crate) fn new(
        ast: &'t Ast,
        machine: Runtime,
        variables: impl IntoIterator<Item = (Arc<str>, Datum)>,
    ) -> Self {
        let given = Variables {
            names: variables.into_iter().collect(),
            around: None,
        };
        Self {
            ast,
            machine,
            scopes: vec![given],
            scope: 0,
            macros: Vec::new(),
            loops: Vec::new(),
            serial: 0,
            loop_depth: 0,
            buffers: vec![String::new()],
            rendered: Vec::new(),
            generated: Vec::new(),
            depth: 0,
        }
    }

    /// The rendered text.
    pub(crate) fn finish(mut self) -> Result<Marked, ChatError> {
        let body = &self.ast.body;
        self.scoped(0, body, |rendering| rendering.body(&body.stmts))?;
        let text = self.buffers.pop().unwrap_or_default();
        Ok(marked(text, &self.generated))
    }

    pub(super) fn expr(&self, id: ExprId) -> Option<&'t Expr> {
        self.ast.exprs.get(id)
    }

    /// Runs `step` one level deeper.
    pub(super) fn deeper<T>(
        &mut self,
        line: usize,
        step: impl FnOnce(&mut Self) -> Result<T, ChatError>,
    ) -> Result<T, ChatError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("expressions and macros are nested more than {MAX_DEPTH} deep");
            return Err(ChatError::Limit { line, message });
        }
        let result = step(self)?;
        self.depth -= 1;
        Ok(result)
    }

    /// Runs `step` in the scope of a body within `around`.
    pub(super) fn scoped<T>(
        &mut self,
        around: usize,
        body: &TemplateBody,
        step: impl FnOnce(&mut Self) -> Result<T, ChatError>,
    ) -> Result<T, ChatError> {
        let (left, n_scopes, n_macros) = (self.scope, self.scopes.len(), self.macros.len());
        self.scopes.push(Variables {
            names: self.hidden(body),
            around: Some(around),
        });
        self.scope = n_scopes;
        let result = step(self)?;
        self.scope = left;
        // A macro that was defined within may still be called.
        if self.macros.len() == n_macros {
            self.scopes.truncate(n_scopes);
        }
        Ok(result)
    }

    /// What a scope begins with: the names it hides of those that are given.
    fn hidden(&self, body: &TemplateBody) -> HashMap<Arc<str>, Datum> {
        let given = self.scopes.first();
        let is_given = |name: &str| {
            let given = given.is_some_and(|given| given.names.contains_key(name));
            given || functions::named(name).is_some()
        };
        let hidden = body.hidden.iter().filter(|name| is_given(name));
        hidden
            .map(|name| (name.clone(), Datum::undefined(name)))
            .collect()
    }

    /// What `step` renders.
    pub(super) fn captured(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<(), ChatError>,
    ) -> Result<Arc<str>, ChatError> {
        self.buffers.push(String::new());
        step(self)?;
        Ok(self.buffers.pop().unwrap_or_default().into())
    }

    /// Puts a text out.
    pub(super) fn write(&mut self, text: &str) -> Result<(), Exception> {
        self.machine.allowance.text(text.len())?;
        if let Some(buffer) = self.buffers.last_mut() {
            buffer.push_str(text);
            self.machine.allowance.fits(buffer.len())?;
        }
        Ok(())
    }

    /// The value of a variable, or of a function that all templates have.
    pub(super) fn look_up(&self, name: &str) -> Datum {
        let mut at = Some(self.scope);
        while let Some(scope) = at.and_then(|at| self.scopes.get(at)) {
            if let Some(datum) = scope.names.get(name) {
                return datum.clone();
            }
            at = scope.around;
        }
        functions::named(name).unwrap_or_else(|| Datum::undefined(name))
    }

    pub(super) fn assign(&mut self, name: &Arc<str>, datum: Datum) -> Result<(), Exception> {
        self.machine.allowance.items(1)?;
        if let Some(scope) = self.scopes.get_mut(self.scope) {
            scope.names.insert(name.clone(), datum);
        }
        Ok(())
    }
}
