//! Batches and rows as arrays of `ndarray`: their elements and dimensions are
//! those of the bytes, without a copy.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, FixedSizeListArray, Float32Array, Int64Array, RecordBatch,
};
use arrow::datatypes::{DataType, Field};
use fuelrail::ErrorKind;
use fuelrail::feed::{Access, Feed, FeedOptions, ReadOptions, Reader, Shards, Shuffle};
use fuelrail_tests::output::write_batches;
use ndarray::Axis;

const N_ROWS: usize = 50;
const SIDES: [usize; 2] = [3, 2];

fn dataset(root: &std::path::Path) {
    let numbers = (0..N_ROWS * SIDES[0] * SIDES[1]).map(|n| f32::from(u16::try_from(n).unwrap()));
    let mut images: ArrayRef = Arc::new(Float32Array::from_iter_values(numbers));
    for side in SIDES.iter().rev() {
        let item = Arc::new(Field::new_list_field(images.data_type().clone(), false));
        let side = i32::try_from(*side).unwrap();
        images = Arc::new(FixedSizeListArray::new(item, side, images, None));
    }
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((0..).take(N_ROWS)));
    let odd = (0..N_ROWS).map(|n| Some(n % 2 == 1));
    let odd: ArrayRef = Arc::new(odd.collect::<BooleanArray>());
    let columns = [("id", ids), ("image", images), ("odd", odd)];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    assert!(matches!(
        batch.column(1).data_type(),
        DataType::FixedSizeList(..)
    ));
    write_batches(root, 1 << 20, &[batch]).unwrap();
}

#[test]
fn rows_are_arrays_where_they_lie() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path());
    let shards = Arc::new(Shards::open(dir.path()).unwrap());
    let reader = Reader::new(Arc::clone(&shards), &ReadOptions::default()).unwrap();
    let rows = reader.read(&[7, 3, 49]).unwrap();

    let ids = rows.tensor("id").unwrap().array::<i64>().unwrap();
    assert_eq!(ids.iter().copied().collect::<Vec<_>>(), [7, 3, 49]);
    let tensor = rows.tensor("image").unwrap();
    let images = tensor.array::<f32>().unwrap();
    assert_eq!(images.shape(), [3, SIDES[0], SIDES[1]]);
    assert_eq!(images.as_ptr().cast(), tensor.bytes.as_ptr());
    let second = images.index_axis(Axis(0), 1);
    assert_eq!(
        second.iter().copied().collect::<Vec<_>>(),
        [18.0, 19.0, 20.0, 21.0, 22.0, 23.0]
    );
    let odd = rows.tensor("odd").unwrap().array::<u8>().unwrap();
    assert_eq!(odd.iter().copied().collect::<Vec<_>>(), [1, 1, 1]);

    let error = tensor.array::<f64>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.to_string().contains("F64, it holds F32"), "{error}");
}

#[test]
fn batches_are_arrays_borrowed_from_their_slot_or_copies_of_views() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path());
    let shards = Arc::new(Shards::open(dir.path()).unwrap());
    for access in [Access::Copy, Access::View] {
        let mut options = FeedOptions::new(10);
        options.shuffle = Shuffle::Off;
        options.read.access = access;
        let mut feed = Feed::open(Arc::clone(&shards), options).unwrap();
        let mut n_seen = 0_u16;
        while let Some(batch) = feed.next_batch().unwrap() {
            let tensor = batch.tensor("image").unwrap();
            let images = tensor.array::<f32>().unwrap();
            assert_eq!(images.shape(), [10, SIDES[0], SIDES[1]]);
            assert_eq!(images.is_view(), !tensor.is_view());
            assert!(images.iter().all(|number| {
                let is_next = number.to_bits() == f32::from(n_seen).to_bits();
                n_seen += 1;
                is_next
            }));
            assert!(batch.tensor("id").unwrap().array::<u64>().is_err());
        }
        assert_eq!(usize::from(n_seen), N_ROWS * SIDES[0] * SIDES[1]);
    }
}
