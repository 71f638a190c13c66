//! `center_crop`: the middle of each image.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::{Change, Move};
use super::image::{KnownImages, SIDE_MAX};
use super::table::{Lower, Refusal};
use crate::plan::named_types::ImageLayout;
use crate::plan::spelling::ColumnNames;

/// Cuts a window of this size out of the middle of each image. Where what is cut
/// off is odd, its half is rounded to even, as torchvision's `CenterCrop` has it:
/// of 3 rows 2 are cut off at the top, of 5 rows 2.
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

    fn lower(&self, images: KnownImages) -> Result<Vec<Change>, Refusal> {
        let window = [self.height, self.width];
        window_within(images, window)?;
        Ok(vec![Change::Move(Move::CropCenter(window))])
    }
}

/// Refuses a window that is empty or larger than all images are known to be.
pub(super) fn window_within(images: KnownImages, [height, width]: [u32; 2]) -> Result<(), Refusal> {
    let [most_high, most_wide] = images.sides.unwrap_or([SIDE_MAX; 2]);
    let sides = [("height", height, most_high), ("width", width, most_wide)];
    for (key, side, most) in sides {
        if (1..=most).contains(&side) {
            continue;
        }
        let refused = |of_what| {
            let message = format!("expected {key} from 1 to {most}{of_what}, got {side}");
            Refusal::new(key, message)
        };
        return Err(match images.sides {
            None => refused(""),
            Some(_) => refused(", that of the image").with_hint(format!(
                "`pad` makes images larger; the whole {key} is {most}"
            )),
        });
    }
    Ok(())
}
