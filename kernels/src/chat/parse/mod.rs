//! From tokens to a tree, as Jinja2's parser builds it.

mod calls;
mod operators;
mod parser;
mod primary;
mod statement;
mod tags;

use super::ast::Ast;
use super::error::ChatError;
use super::lex::tokens;
use super::scopes::resolve;

/// The tree of a template.
pub(super) fn parse(source: &str) -> Result<Ast, ChatError> {
    let mut parser = parser::Parser::new(tokens(source)?);
    let body = parser.body(&[])?;
    let mut ast = parser.finish(body)?;
    resolve(&mut ast);
    Ok(ast)
}
