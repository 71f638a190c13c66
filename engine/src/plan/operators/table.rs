//! The table of operators, and what each must be able to say.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use super::changes::Change;
use super::decoding::Decoding;
use super::image::KnownImages;
use super::ties::Annotations;
use crate::error::Error;
use crate::plan::named_types::ImageLayout;
use crate::plan::spelling::ColumnNames;

/// Why an operator cannot be used so: a key, and what was expected there and what
/// came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The key it is about.
    pub key: &'static str,
    /// What was expected and what came.
    pub message: String,
    /// What to do instead, where it can be told.
    pub hint: Option<String>,
}

impl Refusal {
    /// A refusal of `key`.
    pub(super) fn new(key: &'static str, message: impl Into<String>) -> Self {
        Self {
            key,
            message: message.into(),
            hint: None,
        }
    }

    /// The same with what to do instead.
    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// As an error of a pipeline or a list of steps.
    pub(super) fn error(self) -> Error {
        let error = Error::pipeline(self.message);
        match self.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

/// Reads a name, which must be one of these.
pub(in crate::plan) struct OneOf(pub(in crate::plan) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for OneOf {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for OneOf {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an operator")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<String, E> {
        if self.0.contains(&name) {
            return Ok(name.to_owned());
        }
        Err(E::unknown_variant(name, self.0))
    }
}

/// An operator on images.
pub trait Lower {
    /// The columns it changes.
    fn columns(&self) -> &ColumnNames;

    /// The order of the axes of their images, where the shape does not tell it.
    fn layout(&self) -> Option<ImageLayout> {
        None
    }

    /// The name of the stream that it draws from, if a step names one.
    fn stream(&self) -> Option<&str> {
        None
    }

    /// How it decodes what columns hold, if it does: then it comes first.
    fn decodes(&self) -> Option<Decoding> {
        None
    }

    /// What it says that belongs to its images, if it does nothing but that.
    ///
    /// # Errors
    /// Where its keys do not fit one another.
    fn annotates(&self) -> Result<Option<Annotations>, Refusal> {
        Ok(None)
    }

    /// What it does to such images.
    ///
    /// # Errors
    /// Where it cannot be done to them.
    fn lower(&self, images: KnownImages) -> Result<Vec<Change>, Refusal>;
}

/// Makes a type of operators out of a table: a doc line, a name and a spec each.
macro_rules! operators {
    (
        $(#[$enum_doc:meta])*
        pub enum $Operator:ident: $Trait:ident, $NAMES:ident;
        $($(#[$doc:meta])* $name:ident: $Variant:ident($Spec:ident),)*
    ) => {
        $(#[$enum_doc])*
        #[derive(
            Debug, Clone, PartialEq, serde::Serialize, schemars::JsonSchema,
        )]
        #[serde(tag = "op", rename_all = "snake_case")]
        pub enum $Operator {
            $($(#[$doc])* $Variant($Spec),)*
        }

        /// The names of all of them, in order.
        pub const $NAMES: &[&str] = &[$(stringify!($name)),*];

        impl $Operator {
            /// Its one name.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$Variant(_) => stringify!($name),)*
                }
            }

            /// What it does.
            #[must_use]
            pub fn operator(&self) -> &dyn $Trait {
                match self {
                    $(Self::$Variant(spec) => spec,)*
                }
            }

            /// The operator of this name out of its keys; `None` if there is no
            /// such operator.
            pub(in crate::plan) fn read<'de, D: serde::Deserializer<'de>>(
                name: &str,
                keys: D,
            ) -> Option<Result<Self, D::Error>> {
                match name {
                    $(stringify!($name) => {
                        Some(<$Spec as serde::Deserialize>::deserialize(keys).map(Self::$Variant))
                    })*
                    _ => None,
                }
            }
        }
    };
}
pub(super) use operators;
