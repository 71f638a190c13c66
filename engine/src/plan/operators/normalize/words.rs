//! What `normalize` does, in words.

use std::fmt::Write as _;

use fuelrail_kernels::Element;
use fuelrail_kernels::normalize::{Flip, Geometry, Images, Numbers};
use half::{bf16, f16};

use crate::plan::numbers::{flip_name, layout_name};

/// A constant as text, which a reader of JSON need not round as we do: the
/// shortest decimal that reads back as the same float.
pub(super) fn exact(number: impl std::fmt::Debug) -> String {
    format!("{number:?}")
}

/// Arithmetic on numbers.
pub(super) fn numbers_in_words(numbers: &Numbers, fill: Option<&[u8]>) -> String {
    let shown = |number: f64| constant_in_words(numbers, number);
    let mut said = String::new();
    if let Some(fill) = fill {
        _ = write!(said, "nulls are {}, ", number_in_words(numbers.from, fill));
    }
    let difference = match numbers.mean {
        0.0 => "x".to_owned(),
        mean if mean < 0.0 => format!("x + {}", shown(-mean)),
        mean => format!("x - {}", shown(mean)),
    };
    let has_factor = numbers.factor.to_bits() != 1f64.to_bits();
    _ = match (has_factor, numbers.mean) {
        (false, _) => write!(said, "{difference}"),
        (true, 0.0) => write!(said, "x * {}", shown(numbers.factor)),
        (true, _) => write!(said, "({difference}) * {}", shown(numbers.factor)),
    };
    if numbers.low.is_finite() || numbers.high.is_finite() {
        let (low, high) = (shown(numbers.low), shown(numbers.high));
        _ = write!(said, " within [{low}, {high}]");
    }
    _ = write!(said, ", {} -> {}", numbers.from, numbers.to);
    said
}

/// A constant, as short as the type it is computed in allows.
fn constant_in_words(numbers: &Numbers, constant: f64) -> String {
    if numbers.is_wide() {
        return without_point(&format!("{constant:?}"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it was rounded to binary32 when the kernel was made"
    )]
    let narrow = constant as f32;
    without_point(&format!("{narrow:?}"))
}

/// A number as text, whole ones as such; tiny and huge ones have an exponent.
fn without_point(text: &str) -> String {
    text.strip_suffix(".0").unwrap_or(text).to_owned()
}

/// A number from its bytes.
fn number_in_words(element: Element, bytes: &[u8]) -> String {
    /// The number as text, if there are as many bytes as it has.
    macro_rules! number {
        ($type:ty) => {
            bytes.try_into().map_or_else(
                |_| String::new(),
                |bytes| <$type>::from_le_bytes(bytes).to_string(),
            )
        };
    }
    match element {
        Element::U8 => number!(u8),
        Element::I8 => number!(i8),
        Element::U16 => number!(u16),
        Element::I16 => number!(i16),
        Element::U32 => number!(u32),
        Element::I32 => number!(i32),
        Element::U64 => number!(u64),
        Element::I64 => number!(i64),
        Element::F16 => number!(f16),
        Element::BF16 => number!(bf16),
        Element::F32 => number!(f32),
        Element::F64 => number!(f64),
    }
}

/// Images.
pub(super) fn images_in_words(images: &Images) -> String {
    let Geometry {
        height,
        width,
        channels,
        from,
        to,
        crop: [top, left, crop_height, crop_width],
        flip,
    } = *images.geometry();
    let table = images.table();
    let mut said = format!(
        "{height} x {width} x {channels} {} -> {} {}",
        layout_name(from),
        table.element(),
        layout_name(to)
    );
    if [crop_height, crop_width] != [height, width] {
        _ = write!(
            said,
            ", crop {crop_height} x {crop_width} at row {top}, column {left}"
        );
    }
    if flip != Flip::None {
        _ = write!(said, ", flip {}", flip_name(flip));
    }
    let constants = |index: usize| {
        let constants = table.constants().iter();
        let texts: Vec<String> = constants.map(|pair| pair[index].to_string()).collect();
        match texts.as_slice() {
            [first, rest @ ..] if rest.iter().all(|text| text == first) => first.clone(),
            _ => format!("[{}]", texts.join(", ")),
        }
    };
    let (scale, mean, std) = (table.scale().to_string(), constants(0), constants(1));
    let scaled = match scale.as_str() {
        "1" => "x".to_owned(),
        scale => format!("x * (1 / {scale})"),
    };
    _ = match (mean.as_str(), std.as_str()) {
        ("0", "1") => write!(said, ", {scaled}"),
        ("0", std) => write!(said, ", {scaled} / {std}"),
        (mean, "1") => write!(said, ", {scaled} - {mean}"),
        (mean, std) => write!(said, ", ({scaled} - {mean}) / {std}"),
    };
    said
}
