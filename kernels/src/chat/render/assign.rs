//! Assignments.

use std::sync::Arc;

use super::super::ast::Target;
use super::super::error::Fault;
use super::super::functions::check_member;
use super::super::value::{Datum, Handle};
use super::frame::Rendering;

impl Rendering<'_> {
    /// `target = datum`.
    pub(super) fn set(&mut self, target: &Target, datum: Datum) -> Result<(), Fault> {
        match target {
            Target::Name(name) => self.assign(name, datum),
            Target::Member(name, member) => self.set_member(name, member, datum),
            Target::Tuple(targets) => {
                if let Datum::Undefined(_) = datum {
                    return Err(Fault::python("not enough values to unpack"));
                }
                let items = self.machine.iterate(&datum)?;
                if items.len() != targets.len() {
                    return Err(Fault::python(format!(
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
    pub(super) fn value_of(&self, target: &Target) -> Result<Datum, Fault> {
        match target {
            Target::Name(name) | Target::Member(name, _) => Ok(self.look_up(name)),
            Target::Tuple(targets) => {
                self.machine.allowance.items(targets.len())?;
                let values = targets.iter().map(|target| self.value_of(target));
                Datum::tuple(values.collect::<Result<_, _>>()?)
            }
        }
    }

    fn set_member(&mut self, name: &str, member: &Arc<str>, datum: Datum) -> Result<(), Fault> {
        self.machine.allowance.items(1)?;
        let Datum::Handle(Handle::Namespace(at)) = self.look_up(name) else {
            return Err(Fault::python(
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
