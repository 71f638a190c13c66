//! What a function, filter, test or method is called with.

use std::sync::Arc;

use super::error::Exception;
use super::python::compare::is_true;
use super::value::{Datum, Named};

/// Keywords of a call and parameters of a macro beyond this are refused: each
/// is looked for among the others.
pub(super) const MAX_KEYWORDS: usize = 1000;

/// The arguments of a call, with what `*` and `**` spread already in place.
#[derive(Debug, Default, Clone)]
pub(super) struct CallArgs {
    pub(super) args: Vec<Datum>,
    pub(super) kwargs: Vec<Named>,
}

impl CallArgs {
    /// One value for each name, by place or by keyword.
    pub(super) fn bind<const N: usize>(
        &self,
        callee: &str,
        names: [&str; N],
    ) -> Result<[Option<Datum>; N], Exception> {
        if self.args.len() > N {
            let got = self.args.len();
            return Err(Exception::python(format!(
                "{callee} takes at most {N} arguments, got {got}"
            )));
        }
        let mut bound = names.map(|_| None);
        for (slot, datum) in bound.iter_mut().zip(&self.args) {
            *slot = Some(datum.clone());
        }
        for (name, datum) in &self.kwargs {
            let place = names.iter().position(|known| **known == **name);
            match place.and_then(|at| bound.get_mut(at)) {
                Some(slot @ None) => *slot = Some(datum.clone()),
                _ => {
                    return Err(Exception::python(format!(
                        "{callee} got an unexpected or repeated keyword argument '{name}'"
                    )));
                }
            }
        }
        Ok(bound)
    }

    /// As `bind`, where keywords are not allowed.
    pub(super) fn positional<const N: usize>(
        &self,
        callee: &str,
    ) -> Result<[Option<Datum>; N], Exception> {
        if !self.kwargs.is_empty() {
            return Err(Exception::python(format!(
                "{callee} takes no keyword arguments"
            )));
        }
        self.bind(callee, [""; N])
    }
}

/// A required argument.
pub(super) fn required(argument: Option<Datum>, callee: &str) -> Result<Datum, Exception> {
    argument.ok_or_else(|| Exception::python(format!("{callee} misses a required argument")))
}

/// A text, which nothing else can stand for.
pub(super) fn text(argument: Datum, callee: &str) -> Result<Arc<str>, Exception> {
    match argument {
        Datum::Str(text) | Datum::Safe(text) => Ok(text),
        other => Err(Exception::python(format!(
            "{callee} expects a str, got {}",
            other.type_name()
        ))),
    }
}

/// An integer, or its default.
pub(super) fn int(argument: Option<Datum>, default: i128, callee: &str) -> Result<i128, Exception> {
    let Some(argument) = argument else {
        return Ok(default);
    };
    argument.as_int().ok_or_else(|| {
        Exception::python(format!(
            "{callee} expects an int, got {}",
            argument.type_name()
        ))
    })
}

/// An argument that must be given and be a text.
pub(super) fn text_argument(argument: Option<Datum>, callee: &str) -> Result<Arc<str>, Exception> {
    text(required(argument, callee)?, callee)
}

/// Whether an argument is given and true.
pub(super) fn flag(argument: Option<Datum>) -> bool {
    argument.is_some_and(|datum| is_true(&datum))
}
