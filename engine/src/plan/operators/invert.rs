//! `invert`: every value from its other end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::Change;
use super::image::KnownImages;
use super::table::{Lower, Refusal};
use crate::plan::spelling::ColumnNames;

/// Inverts all values: `v` becomes `255 - v`, as Pillow's `ImageOps.invert` does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Invert {
    /// One column or several, of uint8 images.
    pub column: ColumnNames,
}

impl Lower for Invert {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    fn lower(&self, _: KnownImages) -> Result<Vec<Change>, Refusal> {
        let mut table = [0; 256];
        for (value, entry) in (0..=u8::MAX).zip(&mut table) {
            *entry = u8::MAX - value;
        }
        Ok(vec![Change::Table(Box::new(table))])
    }
}
