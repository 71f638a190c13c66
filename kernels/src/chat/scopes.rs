//! Which names a scope hides of what a template is given.
//!
//! Jinja2 decides by the text of a template, not by what runs, which variable
//! a name stands for: where a scope assigns to a name before it reads it, the
//! name is that scope's own, and undefined until it is assigned, whatever the
//! template is given under the same name. `{% set s %}{{ s }}{% endset %}`
//! prints nothing. After a condition that may have assigned it, a name is
//! again what is given. This follows Jinja2's `idtracking`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::ast::{
    Arguments, AssignTarget, Ast, Expr, ExprId, ExprKind, For, Macro, Stmt, StmtKind, TemplateBody,
};

/// Notes in each body what it hides.
pub(super) fn resolve(ast: &mut Ast) {
    let mut scopes = Scopes {
        exprs: &ast.exprs,
        layers: Vec::new(),
    };
    scopes.body(&mut ast.body, |_| {});
}

/// What a name stands for where it is not assigned yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unassigned {
    /// What is given or of a scope around.
    Around,
    /// Nothing.
    Hidden,
}

/// The names of a scope, or of a condition's branch in it.
#[derive(Debug, Default)]
struct Layer {
    branch: bool,
    names: HashMap<Arc<str>, Unassigned>,
    stores: HashSet<Arc<str>>,
}

struct Scopes<'a> {
    exprs: &'a [Expr],
    layers: Vec<Layer>,
}

impl Scopes<'_> {
    /// A body with a scope of its own; `first` reads what is before it there.
    fn body(&mut self, body: &mut TemplateBody, first: impl FnOnce(&mut Self)) {
        self.layers.push(Layer::default());
        first(self);
        self.statements(&mut body.stmts);
        let layer = self.layers.pop().unwrap_or_default();
        let hidden = layer.names.into_iter();
        body.hidden = hidden
            .filter(|(_, unassigned)| *unassigned == Unassigned::Hidden)
            .map(|(name, _)| name)
            .collect();
    }

    /// Where the layers of the innermost scope begin.
    fn base(&self) -> usize {
        let base = self.layers.iter().rposition(|layer| !layer.branch);
        base.unwrap_or(0)
    }

    fn known(layers: &[Layer], name: &str) -> bool {
        layers.iter().any(|layer| layer.names.contains_key(name))
    }

    fn around_knows(&self, name: &str) -> bool {
        self.layers
            .get(..self.base())
            .is_some_and(|layers| Self::known(layers, name))
    }

    fn note(&mut self, name: &Arc<str>, unassigned: Unassigned) {
        if let Some(layer) = self.layers.last_mut() {
            layer.names.insert(name.clone(), unassigned);
        }
    }

    fn load(&mut self, name: &Arc<str>) {
        if !Self::known(&self.layers, name) {
            self.note(name, Unassigned::Around);
        }
    }

    fn store(&mut self, name: &Arc<str>) {
        let own = self.layers.get(self.base()..);
        if !own.is_some_and(|layers| Self::known(layers, name)) {
            let unassigned = if self.around_knows(name) {
                Unassigned::Around
            } else {
                Unassigned::Hidden
            };
            self.note(name, unassigned);
        }
        if let Some(layer) = self.layers.last_mut() {
            layer.stores.insert(name.clone());
        }
    }

    fn target(&mut self, target: &AssignTarget, name: fn(&mut Self, &Arc<str>)) {
        match target {
            AssignTarget::Name(target) => name(self, target),
            AssignTarget::Member(namespace, _) => self.load(namespace),
            AssignTarget::Tuple(targets) => {
                for target in targets {
                    self.target(target, name);
                }
            }
        }
    }

    /// A name that has a value before its scope begins.
    fn param(&mut self, name: &Arc<str>) {
        self.note(name, Unassigned::Around);
    }

    fn statements(&mut self, stmts: &mut [Stmt]) {
        for stmt in stmts {
            self.statement(stmt);
        }
    }

    fn statement(&mut self, stmt: &mut Stmt) {
        match &mut stmt.kind {
            StmtKind::Text(_) | StmtKind::Break | StmtKind::Continue => {}
            StmtKind::Print(expr) => self.expr(*expr),
            StmtKind::Set(target, expr) => {
                self.expr(*expr);
                self.target(target, Self::store);
            }
            StmtKind::SetBlock(target, expr, body) => {
                self.target(target, Self::store);
                self.body(body, |scopes| scopes.expr(*expr));
            }
            StmtKind::If(branches, otherwise) => self.condition(branches, otherwise),
            StmtKind::For(stmt) => self.for_loop(stmt),
            StmtKind::With(bindings, body) => {
                for (_, expr) in bindings.iter() {
                    self.expr(*expr);
                }
                self.body(body, |scopes| {
                    for (target, _) in bindings.iter() {
                        scopes.target(target, Self::param);
                    }
                });
            }
            StmtKind::Macro(definition) => {
                let name = definition.name.clone();
                self.store(&name);
                self.macro_body(definition);
            }
            StmtKind::Call(body, callee, arguments) => {
                self.expr(*callee);
                self.arguments(arguments);
                self.macro_body(body);
            }
            StmtKind::Filter(expr, body) => {
                self.expr(*expr);
                self.body(body, |_| {});
            }
            StmtKind::Generation(body) => self.body(body, |_| {}),
        }
    }

    fn for_loop(&mut self, stmt: &mut For) {
        self.expr(stmt.iterable);
        let For { target, body, .. } = stmt;
        self.body(body, |scopes| {
            scopes.param(&"loop".into());
            scopes.target(target, Self::param);
        });
        self.body(&mut stmt.otherwise, |_| {});
    }

    fn macro_body(&mut self, definition: &mut Macro) {
        let Macro {
            signature, body, ..
        } = definition;
        self.body(body, |scopes| {
            for name in &signature.params {
                scopes.param(name);
            }
            for default in &signature.defaults {
                scopes.expr(*default);
            }
        });
    }

    fn condition(&mut self, branches: &mut [(ExprId, Vec<Stmt>)], otherwise: &mut [Stmt]) {
        let Some(((test, body), rest)) = branches.split_first_mut() else {
            return;
        };
        self.expr(*test);
        let first = self.branch(|scopes| scopes.statements(body));
        let middle = self.branch(|scopes| {
            for (test, body) in rest {
                scopes.expr(*test);
                let branch = scopes.branch(|scopes| scopes.statements(body));
                scopes.merge(vec![branch]);
            }
        });
        let last = self.branch(|scopes| scopes.statements(otherwise));
        self.merge(vec![first, middle, last]);
    }

    fn branch(&mut self, visit: impl FnOnce(&mut Self)) -> Layer {
        self.layers.push(Layer {
            branch: true,
            ..Layer::default()
        });
        visit(self);
        self.layers.pop().unwrap_or_default()
    }

    /// After a condition: what a branch assigned is else what is given.
    fn merge(&mut self, branches: Vec<Layer>) {
        let base = self.base();
        let mut assigned = Vec::new();
        for name in branches.iter().flat_map(|branch| &branch.stores) {
            let own = self.layers.get(base..).unwrap_or(&[]);
            if !own.iter().any(|layer| layer.stores.contains(name)) {
                assigned.push(name.clone());
            }
        }
        if let Some(layer) = self.layers.last_mut() {
            for branch in branches {
                layer.names.extend(branch.names);
                layer.stores.extend(branch.stores);
            }
            let around = assigned.into_iter().map(|name| (name, Unassigned::Around));
            layer.names.extend(around);
        }
    }

    fn arguments(&mut self, arguments: &Arguments) {
        let mut waiting = Vec::new();
        push_arguments(arguments, &mut waiting);
        self.walk(waiting);
    }

    fn expr(&mut self, expr: ExprId) {
        self.walk(vec![expr]);
    }

    /// Reads all names of expressions, without recursion.
    fn walk(&mut self, mut waiting: Vec<ExprId>) {
        let exprs = self.exprs;
        while let Some(expr) = waiting.pop().and_then(|id| exprs.get(id)) {
            match &expr.kind {
                ExprKind::Name(name) => self.load(name),
                kind => push_parts(kind, &mut waiting),
            }
        }
    }
}

fn push_arguments(arguments: &Arguments, out: &mut Vec<ExprId>) {
    out.extend(&arguments.args);
    out.extend(arguments.kwargs.iter().map(|(_, expr)| *expr));
    out.extend(arguments.spread_args);
    out.extend(arguments.spread_kwargs);
}

fn push_parts(kind: &ExprKind, out: &mut Vec<ExprId>) {
    match kind {
        ExprKind::Const(_) | ExprKind::Name(_) | ExprKind::Rendered => {}
        ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Concat(items) => {
            out.extend(items);
        }
        ExprKind::Dict(entries) => out.extend(entries.iter().flat_map(|(k, v)| [*k, *v])),
        ExprKind::Attribute(value, _) | ExprKind::Sign(_, value) | ExprKind::Not(value) => {
            out.push(*value);
        }
        ExprKind::Item(a, b)
        | ExprKind::Binary(_, a, b)
        | ExprKind::And(a, b)
        | ExprKind::Or(a, b) => out.extend([*a, *b]),
        ExprKind::Slice(value, bounds) => {
            out.push(*value);
            out.extend(bounds.iter().flatten());
        }
        ExprKind::Call(value, arguments)
        | ExprKind::Filter(value, _, arguments)
        | ExprKind::Test(value, _, arguments) => {
            out.push(*value);
            push_arguments(arguments, out);
        }
        ExprKind::Compare(first, rest) => {
            out.push(*first);
            out.extend(rest.iter().map(|(_, expr)| *expr));
        }
        ExprKind::Choice(test, then, otherwise) => {
            out.extend([*test, *then]);
            out.extend(*otherwise);
        }
    }
}
