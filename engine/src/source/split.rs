//! The split of rows by a hash of one column's value.
//!
//! A row is on the validation side iff `xxh3_64(value, seed) < threshold`,
//! where `value` is the value's bytes as given below and `threshold` is
//! `validation * 2^64`, both as integers. The bytes of a value are
//! - of a string or binary value in any layout: its bytes;
//! - of an integer: its value in 16 bytes, little endian, sign extended;
//! - of a boolean: one byte, 0 or 1;
//! - of a null: the one byte `0xff`, which is no UTF-8.
//!
//! So the side depends on nothing but value, seed and share: not on files,
//! order, batches or layout.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::DataType;
use twox_hash::XxHash3_64;

use crate::arrays::{integers, relayout};
use crate::error::{Error, Result};
use crate::plan::{NULL_KEY, Split, SplitSide};

/// A split, ready for batches.
#[derive(Debug, Clone)]
pub(super) struct Splitter {
    /// Hashes below are on the validation side; `2^64` is all of them.
    threshold: u128,
    seed: u64,
    take: SplitSide,
}

impl Splitter {
    pub(super) fn new(split: &Split) -> Self {
        Self {
            threshold: split.threshold(),
            seed: split.seed,
            take: split.take,
        }
    }

    /// Which rows of the key column are on the side taken.
    ///
    /// # Errors
    /// `Pipeline` if values of its type cannot be hashed.
    pub(super) fn select(&self, key: &ArrayRef) -> Result<BooleanArray> {
        let n_rows = key.len();
        match key.data_type() {
            // Cast first, so that every layout hashes the same bytes; a
            // dictionary's nulls may hide among its values.
            DataType::Dictionary(_, values) => self.select(&relayout(key, values)?),
            DataType::Utf8 | DataType::Binary => {
                let key = relayout(key, &DataType::Binary)?;
                let key = key.as_binary::<i32>();
                Ok(self.rows(n_rows, |row| key.is_valid(row).then(|| key.value(row))))
            }
            DataType::LargeUtf8 | DataType::LargeBinary => {
                let key = relayout(key, &DataType::LargeBinary)?;
                let key = key.as_binary::<i64>();
                Ok(self.rows(n_rows, |row| key.is_valid(row).then(|| key.value(row))))
            }
            DataType::Utf8View | DataType::BinaryView => {
                let key = relayout(key, &DataType::BinaryView)?;
                let key = key.as_binary_view();
                Ok(self.rows(n_rows, |row| key.is_valid(row).then(|| key.value(row))))
            }
            DataType::Boolean => {
                let key = key.as_boolean();
                Ok(self.rows(n_rows, |row| {
                    key.is_valid(row).then(|| [u8::from(key.value(row))])
                }))
            }
            other => {
                // Wide enough for both 64-bit types, and exact for all.
                let keys = integers(key).ok_or_else(|| unsupported(other))?;
                Ok(self.sides(keys.map(|key| key.map(i128::to_le_bytes))))
            }
        }
    }

    fn rows<B: AsRef<[u8]>>(
        &self,
        n_rows: usize,
        bytes: impl Fn(usize) -> Option<B>,
    ) -> BooleanArray {
        self.sides((0..n_rows).map(bytes))
    }

    fn sides<B: AsRef<[u8]>>(&self, values: impl Iterator<Item = Option<B>>) -> BooleanArray {
        values
            .map(|value| match value {
                Some(value) => self.takes(value.as_ref()),
                None => self.takes(NULL_KEY),
            })
            .map(Some)
            .collect()
    }

    fn takes(&self, bytes: &[u8]) -> bool {
        let hash = XxHash3_64::oneshot_with_seed(self.seed, bytes);
        let validation = u128::from(hash) < self.threshold;
        validation == (self.take == SplitSide::Validation)
    }
}

fn unsupported(data_type: &DataType) -> Error {
    Error::pipeline(format!(
        "expected a split key of a string, binary, integer or boolean type, got {data_type}"
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BinaryArray, DictionaryArray, Int8Array, Int64Array, LargeStringArray, StringArray,
        StringViewArray, UInt64Array,
    };
    use arrow::datatypes::Int8Type;

    use super::*;

    fn splitter(validation: f64, take: SplitSide) -> Splitter {
        Splitter::new(&Split {
            take,
            validation,
            key: "k".to_owned(),
            seed: 7,
        })
    }

    fn sides(key: &ArrayRef) -> Vec<bool> {
        let taken = splitter(0.5, SplitSide::Validation).select(key).unwrap();
        taken.iter().map(Option::unwrap).collect()
    }

    #[test]
    fn layouts_of_one_value_fall_on_one_side() {
        let values = [
            Some("a"),
            None,
            Some(""),
            Some("longer than an inlined view"),
            Some("ü"),
        ];
        let strings = sides(&(Arc::new(StringArray::from_iter(values)) as ArrayRef));
        assert!(strings.contains(&true) && strings.contains(&false));
        let bytes: BinaryArray = values.iter().map(|v| v.map(str::as_bytes)).collect();
        let dictionary: DictionaryArray<Int8Type> = values.into_iter().collect();
        for layout in [
            Arc::new(LargeStringArray::from_iter(values)) as ArrayRef,
            Arc::new(StringViewArray::from_iter(values)),
            Arc::new(bytes),
            Arc::new(dictionary),
        ] {
            let name = layout.data_type().clone();
            assert_eq!(sides(&layout), strings, "{name}");
        }
    }

    #[test]
    fn integers_of_all_widths_fall_on_one_side() {
        let small = sides(&(Arc::new(Int8Array::from_iter_values(0..50)) as ArrayRef));
        let wide = sides(&(Arc::new(UInt64Array::from_iter_values(0..50)) as ArrayRef));
        assert_eq!(small, wide);
        assert!(sides(&(Arc::new(UInt64Array::from(vec![u64::MAX])) as ArrayRef)).len() == 1);
    }

    #[test]
    fn the_sides_are_complements_of_about_the_share() {
        let key: ArrayRef = Arc::new(Int8Array::from_iter_values(
            (0..10_000).map(|i| (i % 100) as i8),
        ));
        let names: ArrayRef = Arc::new(StringArray::from_iter_values(
            (0..10_000).map(|i| i.to_string()),
        ));
        for key in [key, names.clone()] {
            let train = splitter(0.1, SplitSide::Train).select(&key).unwrap();
            let validation = splitter(0.1, SplitSide::Validation).select(&key).unwrap();
            assert_eq!(train.true_count() + validation.true_count(), 10_000);
        }
        let n = splitter(0.1, SplitSide::Validation)
            .select(&names)
            .unwrap()
            .true_count();
        assert!((900..1100).contains(&n), "{n}");
    }

    #[test]
    fn the_hash_is_pinned() {
        // A change of this value moves rows between the sides of datasets.
        assert_eq!(XxHash3_64::oneshot_with_seed(7, b"a"), PINNED);
    }

    /// One bit for each key, the first lowest: whether it validates.
    fn bits(key: &ArrayRef) -> u64 {
        let sides = sides(key).into_iter().enumerate();
        sides.fold(0, |bits, (at, side)| bits | u64::from(side) << at)
    }

    #[test]
    fn sides_are_those_of_datasets_of_before() {
        let whole = [i64::MIN, -1, 0, 1, 2, 255, 256, i64::MAX];
        let whole = whole.into_iter().chain(100..156);
        let whole: ArrayRef = Arc::new(Int64Array::from_iter_values(whole));
        let text = [
            "",
            "0",
            "-1",
            "a",
            "ü",
            "\u{1f600}",
            "https://example.org/?q=1",
            "\0",
        ];
        let text = text.into_iter().map(str::to_owned);
        let text = text.chain((100..156).map(|n: u32| n.to_string()));
        let text: ArrayRef = Arc::new(StringArray::from_iter_values(text));
        assert_eq!((bits(&whole), bits(&text)), SIDES);
        let null: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>]));
        let split = Split {
            take: SplitSide::Validation,
            validation: 0.5,
            key: "k".to_owned(),
            seed: 7,
        };
        assert_eq!(sides(&null), [split.nulls_validate()]);
    }

    const SIDES: (u64, u64) = (7_556_265_649_754_994_205, 1_900_468_914_616_043_248);

    const PINNED: u64 = 11_445_204_161_929_584_788;
}
