//! Tables in memory: their digest, and what of them is read.

use arrow::array::{Array, DictionaryArray, Int64Array, ListArray, StringArray, StringViewArray};
use arrow::datatypes::{Field, Int32Type, Int64Type};

use super::*;

/// One table in three layouts, cut in other places.
fn layouts(n_rows: usize) -> Vec<InMemory> {
    let texts: Vec<Option<String>> = (0..n_rows)
        .map(|row| (row % 7 != 3).then(|| format!("text {}", row % 11)))
        .collect();
    let texts = || texts.iter().map(Option::as_deref);
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(
        (0..n_rows).map(|row| (row % 5 != 0).then(|| vec![Some(1), None][..row % 3 % 2].to_vec())),
    ));
    let numbers = (0..n_rows).map(|row| (row % 3 != 0).then(|| i64::try_from(row).unwrap()));
    let numbers: ArrayRef = Arc::new(numbers.collect::<Int64Array>());
    let columns: [ArrayRef; 3] = [
        Arc::new(texts().collect::<StringArray>()),
        Arc::new(texts().collect::<StringViewArray>()),
        Arc::new(texts().collect::<DictionaryArray<Int32Type>>()),
    ];
    columns
        .into_iter()
        .zip([n_rows.max(1), 1_000, 8_193])
        .map(|(text, step)| {
            let of =
                |name: &str, array: &ArrayRef| Field::new(name, array.data_type().clone(), true);
            let schema = Schema::new(vec![
                of("text", &text),
                of("lists", &lists),
                of("numbers", &numbers),
            ]);
            let columns = vec![text, lists.clone(), numbers.clone()];
            let whole = RecordBatch::try_new(Arc::new(schema.clone()), columns).unwrap();
            let batches = (0..n_rows).step_by(step);
            let batches = batches.map(|at| whole.slice(at, step.min(n_rows - at)));
            in_memory(&schema, batches.collect()).unwrap()
        })
        .collect()
}

#[test]
fn a_table_is_the_same_in_every_layout_and_cut() {
    for n_rows in [0, 1, 8_192, 70_000] {
        let tables = layouts(n_rows);
        for table in &tables {
            assert_eq!(table.digest, tables[0].digest, "{n_rows} rows");
            assert_eq!(table.row_groups, tables[0].row_groups);
            assert_eq!(table.schema, tables[0].schema);
            assert_eq!(table.n_rows(), n_rows as u64);
        }
    }
}

#[test]
fn every_value_counts_and_nothing_behind_a_null_does() {
    let of = |array: Int64Array| {
        let schema = Schema::new(vec![Field::new("a", DataType::Int64, true)]);
        let batch = RecordBatch::try_new(Arc::new(schema.clone()), vec![Arc::new(array)]).unwrap();
        in_memory(&schema, vec![batch]).unwrap().digest
    };
    let behind = |hidden: i64| {
        let nulls = vec![true, false].into();
        of(Int64Array::new(vec![1, hidden].into(), Some(nulls)))
    };
    assert_eq!(behind(7), behind(8));
    assert_ne!(behind(7), of(Int64Array::from(vec![1, 7])));
    assert_ne!(
        of(Int64Array::from(vec![1, 7])),
        of(Int64Array::from(vec![7, 1]))
    );
}
