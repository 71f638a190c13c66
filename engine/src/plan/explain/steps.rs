//! Steps in words.

use std::borrow::Cow;
use std::fmt::Write as _;

use fuelrail_kernels::cast::Cast;
use fuelrail_kernels::normalize::{Flip, Geometry, Images, Numbers};
use fuelrail_kernels::tokenize::Tokenizer;
use fuelrail_kernels::{Element, Kernel};
use half::{bf16, f16};

use super::amounts::counted;
use crate::error::name_in_text;
use crate::plan::numbers::{flip_name, layout_name};
use crate::plan::steps::{
    ColumnKernel, FilterStep, MapOp, MapStep, Overflow, Overlong, PackMethod, PackStep,
    SpecialTokens, Step, TokenizeStep,
};
use crate::plan::types::Plan;

/// One line about a step.
pub(super) fn describe(step: &Step, plan: &Plan) -> String {
    match step {
        Step::Select(step) => {
            let names: Vec<_> = step.columns.iter().map(|name| name_in_text(name)).collect();
            format!("select {}", names.join(", "))
        }
        Step::Filter(step) => filter(step),
        Step::Tokenize(step) => tokenize(step, plan),
        Step::Map(step) => match step.op {
            MapOp::Normalize => normalize(&step.columns),
            MapOp::Cast => cast(step),
        },
        Step::Pack(step) => pack(step),
    }
}

fn filter(step: &FilterStep) -> String {
    let mut said = format!("filter {}", name_in_text(&step.column));
    match (step.min_length, step.max_length) {
        (Some(min), Some(max)) => _ = write!(said, ", length {min} to {max}"),
        (Some(min), None) => _ = write!(said, ", length at least {min}"),
        (None, Some(max)) => _ = write!(said, ", length at most {max}"),
        (None, None) => {}
    }
    said.push_str(if step.keep_nulls {
        ", nulls kept"
    } else {
        ", nulls dropped"
    });
    said
}

fn tokenize(step: &TokenizeStep, plan: &Plan) -> String {
    let asset = plan.assets.iter().find(|asset| asset.name == step.asset);
    let name = asset.and_then(|asset| asset.family.as_deref());
    let mut said = format!(
        "tokenize {} with {}, {} ids, special tokens in the text {}",
        step.column,
        name.unwrap_or(&step.asset),
        step.tokenizer.vocab_size(),
        match step.special_tokens {
            SpecialTokens::Text => "are text",
            SpecialTokens::Parse => "are parsed",
            SpecialTokens::Refuse => "are refused",
        },
    );
    let template = step.tokenizer.template().ok();
    for (what, ids, template) in [
        (
            "begin",
            &step.begin_of_document,
            template.map(|template| &template.begin),
        ),
        (
            "end",
            &step.end_of_document,
            template.map(|template| &template.end),
        ),
    ] {
        said.push_str(&around(what, ids, template, &step.tokenizer));
    }
    said
}

/// What stands on one side of a document, and what the tokenizer's file says
/// of it.
fn around(what: &str, ids: &[u32], template: Option<&Vec<u32>>, tokenizer: &Tokenizer) -> String {
    let shown = |ids: &[u32]| {
        let token = |id: &u32| {
            let text = tokenizer.decode(&[*id]);
            format!("{id} \"{}\"", String::from_utf8_lossy(&text).escape_debug())
        };
        ids.iter().map(token).collect::<Vec<_>>().join(" ")
    };
    match template.map_or(&[][..], Vec::as_slice) {
        [] if ids.is_empty() => String::new(),
        [] => format!(", {what} {}", shown(ids)),
        file if file == ids => format!(", {what} {} (as the tokenizer's file says)", shown(ids)),
        file => {
            let ids = if ids.is_empty() { "none" } else { &shown(ids) };
            format!(", {what} {ids} (the tokenizer's file says {})", shown(file))
        }
    }
}

fn pack(step: &PackStep) -> String {
    let how = match step.method {
        PackMethod::BestFit => format!(
            "best fit in windows of {}, longer ones {}",
            counted(u64::from(step.window), "document"),
            match step.overlong {
                Overlong::Split => "split",
                Overlong::Truncate => "truncated",
                Overlong::Drop => "dropped",
            }
        ),
        PackMethod::Concat => "one after another".to_owned(),
    };
    let segment = if step.pad_segment {
        " as a last segment"
    } else {
        ""
    };
    format!(
        "pack {} into rows of {}, {how}, pad {}{segment}",
        step.column, step.length, step.pad
    )
}

fn normalize(columns: &[ColumnKernel]) -> String {
    let columns = grouped(columns, |column| match &column.kernel {
        Kernel::NormalizeImages(images) => images_in_words(images),
        Kernel::NormalizeNumbers(numbers) => numbers_in_words(numbers, column.fill.as_deref()),
        Kernel::Cast(_) | Kernel::Map(_) => String::new(),
    });
    format!("normalize {columns}")
}

fn cast(step: &MapStep) -> String {
    let overflow = match step.overflow {
        Overflow::Error => "a row with a number that does not fit cannot be used",
        Overflow::Saturate => "numbers that do not fit become the nearest that do",
    };
    let columns = grouped(&step.columns, |column| match &column.kernel {
        Kernel::Cast(cast) => cast_in_words(*cast, overflow),
        Kernel::NormalizeImages(_) | Kernel::NormalizeNumbers(_) | Kernel::Map(_) => String::new(),
    });
    format!("cast {columns}")
}

/// What is done to numbers, and to those that do not fit.
fn cast_in_words(cast: Cast, overflow: &str) -> String {
    let mut said = format!("{} -> {}", cast.from, cast.to);
    if cast.from.is_float() && !cast.to.is_float() {
        said.push_str(", fractions are cut off");
    } else if !cast.is_exact() {
        said.push_str(", rounded to the nearest");
    }
    if !cast.always_fits() || cast.may_be_infinite() {
        said = format!("{said}, {overflow}");
    }
    said
}

/// `a, b: what is done to both; c: what is done to it`.
fn grouped(columns: &[ColumnKernel], describe: impl Fn(&ColumnKernel) -> String) -> String {
    let mut groups: Vec<(String, Vec<Cow<'_, str>>)> = Vec::new();
    for column in columns {
        let said = describe(column);
        let name = name_in_text(&column.output.name);
        match groups.iter_mut().find(|(known, _)| *known == said) {
            Some((_, names)) => names.push(name),
            None => groups.push((said, vec![name])),
        }
    }
    let group =
        |(said, names): &(String, Vec<Cow<'_, str>>)| format!("{}: {said}", names.join(", "));
    groups.iter().map(group).collect::<Vec<_>>().join("; ")
}

fn numbers_in_words(numbers: &Numbers, fill: Option<&[u8]>) -> String {
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

fn images_in_words(images: &Images) -> String {
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
