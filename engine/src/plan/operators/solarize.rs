//! `solarize`: bright values inverted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::Change;
use super::image::KnownImages;
use super::table::{Lower, Refusal};
use crate::plan::spelling::ColumnNames;

/// Inverts all values from a threshold on: `v` becomes `255 - v`, as Pillow's
/// `ImageOps.solarize` does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Solarize {
    /// One column or several, of uint8 images.
    pub column: ColumnNames,
    /// The least value that is inverted (default: 128).
    #[serde(default = "middle")]
    pub threshold: u8,
}

fn middle() -> u8 {
    128
}

impl Lower for Solarize {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    fn lower(&self, _: KnownImages) -> Result<Vec<Change>, Refusal> {
        let mut table = [0; 256];
        for (value, entry) in (0..=u8::MAX).zip(&mut table) {
            *entry = if value < self.threshold {
                value
            } else {
                !value
            };
        }
        Ok(vec![Change::Table(Box::new(table))])
    }
}
