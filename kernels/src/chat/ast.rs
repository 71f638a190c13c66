//! What a template says, as a tree. Expressions lie in one table and name
//! one another by their place, so that no nesting is ever walked to free it.

use std::sync::Arc;

use super::python::arith::{Arithmetic, Negative};
use super::value::Datum;

/// The place of an expression in [`Ast::exprs`].
pub(super) type ExprId = usize;

/// A template that was read.
#[derive(Debug)]
pub(super) struct Ast {
    pub(super) exprs: Vec<Expr>,
    pub(super) body: TemplateBody,
    /// Whether `{% generation %}` is anywhere in it.
    pub(super) has_generation: bool,
}

/// An expression and its line.
#[derive(Debug)]
pub(super) struct Expr {
    pub(super) line: usize,
    pub(super) kind: ExprKind,
}

/// The kinds of expressions.
#[derive(Debug)]
pub(super) enum ExprKind {
    Const(Datum),
    Name(Arc<str>),
    List(Vec<ExprId>),
    Tuple(Vec<ExprId>),
    Dict(Vec<(ExprId, ExprId)>),
    Attribute(ExprId, Arc<str>),
    Item(ExprId, ExprId),
    Slice(ExprId, [Option<ExprId>; 3]),
    Call(ExprId, Arguments),
    Filter(ExprId, Arc<str>, Arguments),
    Test(ExprId, Arc<str>, Arguments),
    /// What a filter block or a set block has rendered.
    Rendered,
    Sign(Negative, ExprId),
    Binary(Arithmetic, ExprId, ExprId),
    Concat(Vec<ExprId>),
    Compare(ExprId, Vec<(Comparison, ExprId)>),
    And(ExprId, ExprId),
    Or(ExprId, ExprId),
    Not(ExprId),
    /// The test, what is taken where it holds, and what else.
    Choice(ExprId, ExprId, Option<ExprId>),
}

/// The operators of comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
}

/// What stands between the parentheses of a call.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) args: Vec<ExprId>,
    pub(super) kwargs: Vec<(Arc<str>, ExprId)>,
    pub(super) spread_args: Option<ExprId>,
    pub(super) spread_kwargs: Option<ExprId>,
}

/// Statements with a scope of their own.
#[derive(Debug, Default)]
pub(super) struct TemplateBody {
    pub(super) stmts: Vec<Stmt>,
    /// Names that are undefined here until they are assigned, whatever the
    /// template is given.
    pub(super) hidden: Vec<Arc<str>>,
}

/// A statement and its line.
#[derive(Debug)]
pub(super) struct Stmt {
    pub(super) line: usize,
    pub(super) kind: StmtKind,
}

/// The kinds of statements.
#[derive(Debug)]
pub(super) enum StmtKind {
    Text(Arc<str>),
    Print(ExprId),
    Set(AssignTarget, ExprId),
    /// `{% set x %}`, with the filters on what is rendered.
    SetBlock(AssignTarget, ExprId, TemplateBody),
    If(Vec<(ExprId, Vec<Stmt>)>, Vec<Stmt>),
    For(Box<For>),
    With(Vec<(AssignTarget, ExprId)>, TemplateBody),
    Macro(Box<Macro>),
    /// `{% call %}`: the body as a macro, and the call.
    Call(Box<Macro>, ExprId, Arguments),
    /// `{% filter %}`, the filters as an expression on what is rendered.
    Filter(ExprId, TemplateBody),
    Generation(TemplateBody),
    Break,
    Continue,
}

/// What a value is assigned to.
#[derive(Debug)]
pub(super) enum AssignTarget {
    Name(Arc<str>),
    Tuple(Vec<Self>),
    Member(Arc<str>, Arc<str>),
}

/// `{% for %}`.
#[derive(Debug)]
pub(super) struct For {
    pub(super) target: AssignTarget,
    pub(super) iterable: ExprId,
    pub(super) test: Option<ExprId>,
    pub(super) recursive: Recursive,
    pub(super) body: TemplateBody,
    pub(super) otherwise: TemplateBody,
}

/// Whether a loop may call itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recursive {
    Yes,
    No,
}

/// The parameters of a macro.
#[derive(Debug, Default)]
pub(super) struct Signature {
    pub(super) params: Vec<Arc<str>>,
    /// Defaults of the last of the parameters.
    pub(super) defaults: Vec<ExprId>,
}

/// A macro, or the body of a call block.
#[derive(Debug)]
pub(super) struct Macro {
    pub(super) name: Arc<str>,
    pub(super) signature: Signature,
    pub(super) body: TemplateBody,
    /// Which of the special variables its body reads.
    pub(super) uses: Uses,
}

/// A set of the special variables of macros.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Uses(u8);

impl Uses {
    pub(super) const CALLER: Self = Self(1);
    pub(super) const KWARGS: Self = Self(2);
    pub(super) const VARARGS: Self = Self(4);

    pub(super) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}
