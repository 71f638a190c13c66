//! Assignments.

use std::sync::Arc;

use super::super::ast::AssignTarget;
use super::super::error::Exception;
use super::super::functions::check_member;
use super::super::value::{Datum, Handle};
use super::frame::Rendering;

impl Rendering<'_> {
    /// `target = datum`.
    pub(super) fn set(&mut self, target: &AssignTarget, datum: Datum) -> Result<(), Exception> {
        match target {
            AssignTarget::Name(name) => self.assign(name, datum),
            AssignTarget::Member(name, member) => self.set_member(name, member, datum),
            AssignTarget::Tuple(targets) => {
                if let Datum::Undefined(_) = datum {
                    return Err(Exception::python("not enough values to unpack"));
                }
                let items = self.machine.iterate(&datum)?;
                if items.len() != targets.len() {
                    return Err(Exception::python(format!(
                        "cannot unpack {} values into {} names",
                        items.len(),
                        targets.len()
                    )));
                }
                for (target, item) in targets.iter().zip(items) {
                    self.set(target, item)?;
                }
                Ok(())
            }
        }
    }

    /// What the names of a target have.
    pub(super) fn value_of(&self, target: &AssignTarget) -> Result<Datum, Exception> {
        match target {
            AssignTarget::Name(name) | AssignTarget::Member(name, _) => Ok(self.look_up(name)),
            AssignTarget::Tuple(targets) => {
                self.machine.allowance.items(targets.len())?;
                let values = targets.iter().map(|target| self.value_of(target));
                Datum::tuple(values.collect::<Result<_, _>>()?)
            }
        }
    }

    fn set_member(&mut self, name: &str, member: &Arc<str>, datum: Datum) -> Result<(), Exception> {
        self.machine.allowance.items(1)?;
        let Datum::Handle(Handle::Namespace(at)) = self.look_up(name) else {
            return Err(Exception::python(
                "cannot assign attribute on non-namespace object",
            ));
        };
        check_member(member)?;
        if let Some(members) = self.machine.namespaces.get_mut(at) {
            members.insert(member.clone(), datum);
        }
        Ok(())
    }
}
