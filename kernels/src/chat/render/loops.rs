//! Loops, and the variable `loop` that tells about them.

use std::collections::VecDeque;

use super::super::args::{CallArgs, required};
use super::super::ast::{For, Recursive, TemplateBody};
use super::super::error::{ChatError, Exception};
use super::super::python::compare::equal;
use super::super::value::{Datum, Handle};
use super::execute::Flow;
use super::frame::{Looping, Rendering};

/// What a loop costs before its first item.
const LOOP_STEPS: u64 = 8;

impl<'t> Rendering<'t> {
    pub(super) fn for_loop(&mut self, stmt: &'t For, line: usize) -> Result<(), ChatError> {
        let iterable = self.evaluate(stmt.iterable)?;
        self.run(stmt, &iterable, self.scope, line)
    }

    fn run(
        &mut self,
        stmt: &'t For,
        iterable: &Datum,
        scope: usize,
        line: usize,
    ) -> Result<(), ChatError> {
        self.spend(LOOP_STEPS, line)?;
        let at = self.begin(stmt, iterable, scope, line)?;
        let mut completed = false;
        while let Some(item) = self.advance(at, line)? {
            let flow = self.iteration(at, stmt, item, line)?;
            if flow == Flow::Break {
                break;
            }
            // Jinja2 takes a loop whose bodies all end early for an empty one.
            completed |= flow == Flow::Next;
        }
        self.loops.truncate(at);
        if !completed && !stmt.otherwise.stmts.is_empty() {
            let body = &stmt.otherwise;
            self.scoped(scope, body, |rendering| rendering.body(&body.stmts))?;
        }
        Ok(())
    }

    fn begin(
        &mut self,
        stmt: &'t For,
        iterable: &Datum,
        scope: usize,
        line: usize,
    ) -> Result<usize, ChatError> {
        let (items, generator) = match iterable {
            Datum::Handle(Handle::Generator(generator)) => (Vec::new(), Some(*generator)),
            other => {
                let items = self.machine.iterate(other);
                (items.map_err(|fault| fault.at(line))?, None)
            }
        };
        let counted = generator.is_none() && stmt.test.is_none();
        self.serial += 1;
        self.loops.push(Looping {
            serial: self.serial,
            stmt,
            scope,
            len: counted.then_some(items.len()),
            items: items.into_iter(),
            generator,
            ahead: VecDeque::new(),
            begun: 0,
            current: None,
            before: None,
            changed: None,
            depth: std::mem::take(&mut self.loop_depth),
        });
        Ok(self.loops.len() - 1)
    }

    fn iteration(
        &mut self,
        at: usize,
        stmt: &'t For,
        item: Datum,
        line: usize,
    ) -> Result<Flow, ChatError> {
        let Some(looping) = self.loops.get(at) else {
            return Ok(Flow::Break);
        };
        let handle = Datum::Handle(Handle::Loop(looping.serial));
        self.scoped(looping.scope, &stmt.body, |rendering| {
            let assigned = rendering.assign(&"loop".into(), handle);
            let assigned = assigned.and_then(|()| rendering.set(&stmt.target, item));
            assigned.map_err(|fault| fault.at(line))?;
            rendering.body(&stmt.body.stmts)
        })
    }

    /// The next item that the loop's test lets through, from its source.
    fn draw(&mut self, at: usize, line: usize) -> Result<Option<Datum>, ChatError> {
        loop {
            self.spend(1, line)?;
            let Some(looping) = self.loops.get_mut(at) else {
                return Ok(None);
            };
            let (stmt, scope) = (looping.stmt, looping.scope);
            let item = match looping.generator {
                None => looping.items.next(),
                Some(generator) => {
                    let next = self.machine.next(generator);
                    next.map_err(|fault| fault.at(line))?
                }
            };
            let (Some(item), Some(test)) = (&item, stmt.test) else {
                return Ok(item);
            };
            let passed = self.scoped(scope, &TemplateBody::default(), |rendering| {
                let assigned = rendering.set(&stmt.target, item.clone());
                assigned.map_err(|fault| fault.at(line))?;
                let passes = rendering.is_true(test)?;
                // What is passed on is what the names have, as a tuple of them.
                let passed = passes.then(|| rendering.value_of(&stmt.target)).transpose();
                passed.map_err(|fault| fault.at(line))
            })?;
            if passed.is_some() {
                return Ok(passed);
            }
        }
    }

    fn advance(&mut self, at: usize, line: usize) -> Result<Option<Datum>, ChatError> {
        let waiting = self
            .loops
            .get_mut(at)
            .and_then(|looping| looping.ahead.pop_front());
        let item = match waiting {
            Some(item) => Some(item),
            None => self.draw(at, line)?,
        };
        if let (Some(item), Some(looping)) = (&item, self.loops.get_mut(at)) {
            looping.begun += 1;
            looping.before = looping.current.replace(item.clone());
        }
        Ok(item)
    }

    fn peek(&mut self, at: usize, line: usize) -> Result<Option<Datum>, ChatError> {
        let waiting = self.loops.get(at).and_then(|looping| looping.ahead.front());
        if let Some(item) = waiting {
            return Ok(Some(item.clone()));
        }
        let item = self.draw(at, line)?;
        if let (Some(item), Some(looping)) = (&item, self.loops.get_mut(at)) {
            looping.ahead.push_back(item.clone());
        }
        Ok(item)
    }

    /// How many items the loop has, for which all are drawn.
    fn count(&mut self, at: usize, line: usize) -> Result<usize, ChatError> {
        if let Some(len) = self.loops.get(at).and_then(|looping| looping.len) {
            return Ok(len);
        }
        while let Some(item) = self.draw(at, line)? {
            if let Some(looping) = self.loops.get_mut(at) {
                looping.ahead.push_back(item);
            }
        }
        let Some(looping) = self.loops.get_mut(at) else {
            return Ok(0);
        };
        let len = looping.begun + looping.ahead.len();
        looping.len = Some(len);
        Ok(len)
    }

    fn place(&self, serial: usize, line: usize) -> Result<usize, ChatError> {
        let place = self
            .loops
            .iter()
            .rposition(|looping| looping.serial == serial);
        place
            .ok_or_else(|| Exception::unsupported("the variable of a loop after the loop").at(line))
    }

    /// `loop.name`.
    pub(super) fn loop_member(
        &mut self,
        serial: usize,
        name: &str,
        line: usize,
    ) -> Result<Datum, ChatError> {
        let at = self.place(serial, line)?;
        let Some(looping) = self.loops.get(at) else {
            return Ok(Datum::None);
        };
        let (begun, depth) = (looping.begun, looping.depth);
        let integer = |n: usize| Datum::Int(n as i128);
        let missing = |what: &str| Datum::Undefined(format!("there is no {what} item").into());
        let handle = Datum::Handle(Handle::Loop(serial));
        Ok(match name {
            "index" => integer(begun),
            "index0" => integer(begun.saturating_sub(1)),
            "first" => Datum::Bool(begun <= 1),
            "depth" => integer(depth + 1),
            "depth0" => integer(depth),
            "previtem" => match &looping.before {
                Some(item) => item.clone(),
                None => missing("previous"),
            },
            "last" => Datum::Bool(self.peek(at, line)?.is_none()),
            "nextitem" => self.peek(at, line)?.unwrap_or_else(|| missing("next")),
            "length" => integer(self.count(at, line)?),
            "revindex" => integer(self.count(at, line)? + 1 - begun),
            "revindex0" => integer(self.count(at, line)? - begun),
            "cycle" => Datum::Method((handle, "cycle").into()),
            "changed" => Datum::Method((handle, "changed").into()),
            _ => Datum::Undefined(format!("'LoopContext object' has no attribute '{name}'").into()),
        })
    }

    /// `loop.cycle(...)` and `loop.changed(...)`.
    pub(super) fn loop_method(
        &mut self,
        serial: usize,
        name: &str,
        call: &CallArgs,
        line: usize,
    ) -> Result<Datum, ChatError> {
        let at = self.place(serial, line)?;
        let Some(looping) = self.loops.get_mut(at) else {
            return Ok(Datum::None);
        };
        if let Some((keyword, _)) = call.kwargs.first() {
            let fault = Exception::python(format!("unexpected keyword argument '{keyword}'"));
            return Err(fault.at(line));
        }
        if name == "cycle" {
            let place = looping.begun.saturating_sub(1);
            let chosen = place
                .checked_rem(call.args.len())
                .and_then(|at| call.args.get(at));
            return chosen
                .cloned()
                .ok_or_else(|| Exception::python("no items for cycling given").at(line));
        }
        let seen = Datum::tuple(call.args.clone()).map_err(|fault| fault.at(line))?;
        let same = match &looping.changed {
            None => Ok(false),
            Some(known) => equal(known, &seen, &self.machine.allowance),
        };
        let same = same.map_err(|fault| fault.at(line))?;
        if !same {
            looping.changed = Some(seen);
        }
        Ok(Datum::Bool(!same))
    }

    /// `loop(items)`: the loop around itself.
    pub(super) fn recurse(
        &mut self,
        serial: usize,
        call: &CallArgs,
        line: usize,
    ) -> Result<Datum, ChatError> {
        let at = self.place(serial, line)?;
        let Some(looping) = self.loops.get(at) else {
            return Ok(Datum::None);
        };
        let (stmt, scope) = (looping.stmt, looping.scope);
        if stmt.recursive == Recursive::No {
            let fault = Exception::python("the loop must have the 'recursive' marker to be called");
            return Err(fault.at(line));
        }
        let iterable = call
            .bind("loop", ["iterable"])
            .and_then(|[iterable]| required(iterable, "loop"))
            .map_err(|fault| fault.at(line))?;
        self.loop_depth = looping.depth + 1;
        let text = self.captured(|rendering| rendering.run(stmt, &iterable, scope, line))?;
        Ok(Datum::Str(text))
    }
}
