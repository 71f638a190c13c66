//! The first rows of the inputs: which column reads as text, which are images.

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::DataType;

use crate::arrays::relayout;
use crate::batch::Batch;
use crate::error::{Error, ErrorKind};
use crate::plan::{KeyTypes, OutputColumn, Plan};
use crate::source::{PartReader, Start};

/// Rows looked at.
const ROWS: usize = 1000;
/// About how many bytes of input a batch holds.
const BATCH_BYTES: usize = 1 << 20;

/// Names that say that a column is text, whatever its length.
const TEXT_NAMES: &[&str] = &[
    "text", "content", "contents", "body", "document", "doc", "article", "code", "prompt",
    "passage", "story", "sentence",
];
/// The mean length, in bytes, of strings with spaces that read as text.
const WORDS_LEN: u64 = 20;
/// The same of strings without.
const LONG_LEN: u64 = 200;

/// What the first rows hold.
#[derive(Debug, Default)]
pub(super) struct SeenRows {
    n_rows: usize,
    strings: Vec<Strings>,
    /// Why no more rows were looked at, if content was to blame.
    pub(super) trouble: Option<Error>,
}

/// The strings of a column.
#[derive(Debug, Clone, Default)]
struct Strings {
    column: String,
    n: u64,
    n_with_space: u64,
    len_bytes: u64,
}

impl Strings {
    fn mean(&self) -> u64 {
        self.len_bytes.checked_div(self.n).unwrap_or(0)
    }

    fn is_named_so(&self) -> bool {
        let name = self.column.to_lowercase();
        TEXT_NAMES.iter().any(|known| *known == name)
    }

    /// Whether they, in one of so many columns, read as text, and not as names,
    /// codes or addresses.
    fn is_text(&self, n_columns: usize) -> bool {
        let has_words = 2 * self.n_with_space >= self.n && self.mean() >= WORDS_LEN;
        let reads_so = has_words || self.mean() >= LONG_LEN;
        self.is_named_so() || (self.n > 0 && (n_columns == 1 || reads_so))
    }
}

impl SeenRows {
    /// Reads the first rows of `plan`, up to the first that cannot be read.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut seen = Self::default();
        let columns = plan.source.projection.fields().iter();
        seen.strings = columns
            .filter(|field| is_string(field.data_type()))
            .map(|field| Strings {
                column: field.name().clone(),
                ..Strings::default()
            })
            .collect();
        let Some(part) = plan.parts.first() else {
            return seen;
        };
        match PartReader::open(plan, part, Start::of(part), BATCH_BYTES) {
            Ok(rows) => seen.read(rows),
            Err(error) => seen.stop(error),
        }
        seen
    }

    fn read(&mut self, rows: PartReader<'_>) {
        for batch in rows {
            match batch {
                Ok(batch) => self.take(&batch),
                Err(error) => return self.stop(error),
            }
            if self.n_rows >= ROWS {
                return;
            }
        }
    }

    fn take(&mut self, batch: &Batch) {
        for strings in &mut self.strings {
            if let Some(column) = batch.columns.column_by_name(&strings.column) {
                add(strings, column);
            }
        }
        self.n_rows += batch.rows.len();
    }

    /// Other trouble than that of content comes again in the plan.
    fn stop(&mut self, error: Error) {
        if error.kind() == ErrorKind::Data {
            self.trouble = Some(error);
        }
    }

    /// The column that reads as text; of several that with the longest strings.
    /// Values that are kept as JSON's text do not count.
    pub(super) fn text_column(&self, columns: &[OutputColumn], json: &KeyTypes) -> Option<&str> {
        let texts = self.strings.iter().filter(|it| it.is_text(columns.len()));
        let texts = texts.filter(|it| json.get(&it.column).is_none());
        // The first of those that are equal.
        let longest = texts.rev().max_by_key(|it| it.mean());
        longest.map(|it| it.column.as_str())
    }

    /// Why a column is the text.
    pub(super) fn why_text(&self, name: &str) -> String {
        match self.strings(name) {
            Some(strings) if strings.n > 0 => format!(
                "the longest texts, {} bytes on average in the {} rows looked at",
                strings.mean(),
                self.n_rows
            ),
            _ => "text by its name".to_owned(),
        }
    }

    /// Why a column is stored as it is.
    pub(super) fn why_stored(&self, name: &str) -> String {
        match self.strings(name) {
            Some(strings) if strings.n > 0 => format!(
                "strings of {} bytes on average, which do not read as text",
                strings.mean()
            ),
            _ => String::new(),
        }
    }

    fn strings(&self, name: &str) -> Option<&Strings> {
        self.strings.iter().find(|strings| strings.column == name)
    }
}

fn is_string(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_string(values),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        _ => false,
    }
}

fn add(strings: &mut Strings, column: &ArrayRef) {
    let Ok(column) = relayout(column, &DataType::LargeUtf8) else {
        return;
    };
    for text in column.as_string::<i64>().iter().flatten() {
        if text.is_empty() {
            continue;
        }
        strings.n += 1;
        strings.n_with_space += u64::from(text.contains(char::is_whitespace));
        strings.len_bytes = strings.len_bytes.saturating_add(text.len() as u64);
    }
}

/// The shape of the images in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ImageShape {
    /// Height, width and channels, or channels first.
    pub(super) axes: [i32; 3],
    /// Whether the channels come first.
    pub(super) is_chw: bool,
    /// Whether the type of the column tells it.
    pub(super) is_told: bool,
}

/// Sides below which a square of bytes is more likely something else.
const LEAST_SIDE: i32 = 16;

impl ImageShape {
    /// The shape that images of this type have, if it looks like one of images.
    pub(super) fn of(data_type: &DataType) -> Option<Self> {
        let axes = axes(data_type)?;
        let shape = |axes, is_chw, is_told| {
            Some(Self {
                axes,
                is_chw,
                is_told,
            })
        };
        match axes[..] {
            [height, width, channels] if (1..=4).contains(&channels) => {
                shape([height, width, channels], false, true)
            }
            [channels, height, width] if (1..=4).contains(&channels) => {
                shape([channels, height, width], true, true)
            }
            [height, width] if height.min(width) >= LEAST_SIDE => {
                shape([height, width, 1], false, false)
            }
            [len] => {
                let square = |channels: i32| {
                    let side = (len / channels).isqrt();
                    let fits = side >= LEAST_SIDE && side * side * channels == len;
                    fits.then_some([side, side, channels])
                };
                shape([3, 1, 4].into_iter().find_map(square)?, false, false)
            }
            _ => None,
        }
    }
}

/// The lengths of fixed lists of bytes within one another.
fn axes(data_type: &DataType) -> Option<Vec<i32>> {
    match data_type {
        DataType::FixedSizeBinary(len) => Some(vec![*len]),
        DataType::FixedSizeList(item, len) if *item.data_type() == DataType::UInt8 => {
            Some(vec![*len])
        }
        DataType::FixedSizeList(item, len) => {
            let mut inner = axes(item.data_type())?;
            inner.insert(0, *len);
            Some(inner)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(column: &str, texts: &[&str]) -> Strings {
        let mut strings = Strings {
            column: column.to_owned(),
            ..Strings::default()
        };
        let array: ArrayRef = std::sync::Arc::new(arrow::array::StringArray::from(texts.to_vec()));
        add(&mut strings, &array);
        strings
    }

    #[test]
    fn text_reads_as_words() {
        let cases = [
            ("text", &["a"][..], true),
            (
                "note",
                &["the quick brown fox", "jumps over the lazy dog"],
                true,
            ),
            (
                "url",
                &["https://example.org/a/b/c/d/e", "https://example.org"],
                false,
            ),
            ("id", &["4f1c2b1e-6d0f-4a55-9f0e-0c2b7a9d1e11"], false),
            ("name", &["Ada L.", "Alan T."], false),
            ("missing", &[""], false),
        ];
        for (column, texts, expected) in cases {
            assert_eq!(strings(column, texts).is_text(2), expected, "{column}");
        }
        let long = "汉".repeat(100);
        assert!(strings("c", &[&long]).is_text(2));
        assert!(strings("c", &["short"]).is_text(1));
    }

    #[test]
    fn images_are_known_by_their_axes() {
        let list = |item: DataType, len| {
            DataType::FixedSizeList(
                std::sync::Arc::new(arrow::datatypes::Field::new("item", item, false)),
                len,
            )
        };
        let of = |data_type: &DataType| {
            ImageShape::of(data_type).map(|shape| (shape.axes, shape.is_chw, shape.is_told))
        };
        let hwc = list(list(list(DataType::UInt8, 3), 20), 10);
        assert_eq!(of(&hwc), Some(([10, 20, 3], false, true)));
        let chw = list(list(list(DataType::UInt8, 20), 10), 3);
        assert_eq!(of(&chw), Some(([3, 10, 20], true, true)));
        let mnist = list(list(DataType::UInt8, 28), 28);
        assert_eq!(of(&mnist), Some(([28, 28, 1], false, false)));
        let cifar = DataType::FixedSizeBinary(3072);
        assert_eq!(of(&cifar), Some(([32, 32, 3], false, false)));
        for other in [
            DataType::FixedSizeBinary(16),
            DataType::FixedSizeBinary(i32::MAX),
            list(DataType::Float32, 784),
            DataType::Binary,
        ] {
            assert_eq!(of(&other), None, "{other}");
        }
    }
}
