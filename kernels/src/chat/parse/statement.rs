//! Bodies: text, prints and blocks.

use super::super::ast::{ExprKind, Stmt, StmtKind};
use super::super::error::ChatError;
use super::super::lex::TokenKind;
use super::parser::Parser;

impl Parser {
    /// Statements up to a block of one of the names `ends`, which is next
    /// then; or up to the end of the template where there are none.
    pub(super) fn body(&mut self, ends: &[&str]) -> Result<Vec<Stmt>, ChatError> {
        let mut stmts = Vec::new();
        loop {
            let line = self.line();
            let kind = match self.peek().clone() {
                TokenKind::Text(text) => {
                    self.next();
                    StmtKind::Text(text)
                }
                TokenKind::PrintBegin => {
                    self.next();
                    let expr = self.tuple(Self::choice)?;
                    self.expect_mark(&TokenKind::PrintEnd, "'}}'")?;
                    StmtKind::Print(expr)
                }
                TokenKind::BlockBegin => {
                    self.next();
                    if ends.iter().any(|end| self.is_name(end)) {
                        return Ok(stmts);
                    }
                    let kind = self.deeper(Self::tag)?;
                    self.expect_mark(&TokenKind::BlockEnd, "'%}'")?;
                    kind
                }
                TokenKind::End if ends.is_empty() => return Ok(stmts),
                _ => return Err(self.unexpected(&format!("one of {ends:?}"))),
            };
            stmts.push(Stmt { line, kind });
        }
    }

    /// The body of a block, up to its end, and the end's name.
    pub(super) fn block(
        &mut self,
        ends: &[&str],
    ) -> Result<(Vec<Stmt>, std::sync::Arc<str>), ChatError> {
        self.skip_sign(":");
        self.expect_mark(&TokenKind::BlockEnd, "'%}'")?;
        let body = self.body(ends)?;
        let end = self.expect_name()?;
        Ok((body, end))
    }

    /// A block by the name of its tag.
    fn tag(&mut self) -> Result<StmtKind, ChatError> {
        let name = self.expect_name()?;
        let kind = match &*name {
            "set" => self.set()?,
            "if" => self.condition()?,
            "for" => self.for_loop()?,
            "with" => self.with()?,
            "macro" => self.macro_definition()?,
            "call" => self.call_block()?,
            "filter" => self.filter_block()?,
            "generation" => self.generation()?,
            "print" => self.print()?,
            "break" | "continue" if self.loops == 0 => {
                return Err(self.fail(format!("`{name}` outside of a loop")));
            }
            "break" => StmtKind::Break,
            "continue" => StmtKind::Continue,
            "block" | "extends" | "include" | "import" | "from" | "autoescape" => {
                return Err(self.unsupported(format!("the tag `{name}`")));
            }
            _ => return Err(self.fail(format!("encountered unknown tag '{name}'"))),
        };
        Ok(kind)
    }

    /// `{% print a, b %}` prints one after the other.
    fn print(&mut self) -> Result<StmtKind, ChatError> {
        let line = self.line();
        let mut parts = vec![self.expression()?];
        while self.skip_sign(",") {
            parts.push(self.expression()?);
        }
        Ok(StmtKind::Print(self.add(line, ExprKind::Concat(parts))))
    }
}
