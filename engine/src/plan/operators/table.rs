//! The table of operators, and what each must be able to say.

use super::changes::Change;
use super::image::Image;
use crate::plan::ImageLayout;
use crate::plan::spelling::ColumnNames;

/// Why an operator cannot be used so: a key, and what was expected there and what
/// came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The key it is about.
    pub key: &'static str,
    /// What was expected and what came.
    pub message: String,
}

impl Refusal {
    /// A refusal of `key`.
    pub(super) fn new(key: &'static str, message: impl Into<String>) -> Self {
        Self {
            key,
            message: message.into(),
        }
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

    /// What it does to images of this size.
    ///
    /// # Errors
    /// Where it cannot be done to them.
    fn lower(&self, image: Image) -> Result<Vec<Change>, Refusal>;
}

/// Makes an [`super::Operator`] of a table: a doc line, a name and a spec each.
macro_rules! operators {
    ($($(#[$doc:meta])* $name:ident: $Spec:ident,)*) => {
        /// An operator with its keys; `op` names it.
        #[derive(
            Debug, Clone, PartialEq, serde::Serialize, schemars::JsonSchema,
        )]
        #[serde(tag = "op", rename_all = "snake_case")]
        pub enum Operator {
            $($(#[$doc])* $Spec($Spec),)*
        }

        /// The names of all operators, in order.
        pub const OPERATORS: &[&str] = &[$(stringify!($name)),*];

        impl Operator {
            /// Its one name.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$Spec(_) => stringify!($name),)*
                }
            }

            /// What it is.
            #[must_use]
            pub fn as_lower(&self) -> &dyn Lower {
                match self {
                    $(Self::$Spec(spec) => spec,)*
                }
            }

            /// The operator of this name out of its keys; `None` if there is no
            /// such operator.
            pub(super) fn read<'de, D: serde::Deserializer<'de>>(
                name: &str,
                keys: D,
            ) -> Option<Result<Self, D::Error>> {
                match name {
                    $(stringify!($name) => {
                        Some(<$Spec as serde::Deserialize>::deserialize(keys).map(Self::$Spec))
                    })*
                    _ => None,
                }
            }
        }
    };
}
pub(super) use operators;
