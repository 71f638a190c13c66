//! `center_crop`: the middle of each image.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::{Change, Move};
use super::image::Image;
use super::table::{Lower, Refusal};
use crate::plan::named_types::ImageLayout;
use crate::plan::spelling::ColumnNames;

/// Cuts a window of this size out of the middle of each image. Where what is cut
/// off is odd, one row or column more is cut off at the bottom or right, as
/// numpy's integer division has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CenterCrop {
    /// One column or several, of uint8 images.
    pub column: ColumnNames,
    /// Rows of the window.
    pub height: u32,
    /// Columns of the window.
    pub width: u32,
    /// The order of the axes, "hwc" or "chw" (default: told by the shape).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ImageLayout>,
}

impl Lower for CenterCrop {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    fn layout(&self) -> Option<ImageLayout> {
        self.layout
    }

    fn lower(&self, image: Image) -> Result<Vec<Change>, Refusal> {
        window_within(image, [self.height, self.width])?;
        let top = (image.height - self.height) / 2;
        let left = (image.width - self.width) / 2;
        let window = [top, left, self.height, self.width];
        Ok(vec![Change::Move(Move::Crop(window))])
    }
}

/// Refuses a window that is empty or larger than the image.
pub(super) fn window_within(image: Image, [height, width]: [u32; 2]) -> Result<(), Refusal> {
    let sides = [
        ("height", height, image.height),
        ("width", width, image.width),
    ];
    for (key, side, most) in sides {
        if !(1..=most).contains(&side) {
            let message = format!("expected {key} from 1 to {most}, that of the image, got {side}");
            let hint = format!("`pad` makes images larger; the whole {key} is {most}");
            return Err(Refusal::new(key, message).with_hint(hint));
        }
    }
    Ok(())
}
