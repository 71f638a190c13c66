//! Random lines, whole and broken, are taken as another parser takes them.

use proptest::collection::vec;
use proptest::prelude::*;

use super::model::line;
use super::tree::oracle;
use super::{is_blank, taken};

/// A change of some bytes.
#[derive(Debug, Clone)]
enum Edit {
    Put(u8),
    Insert(u8),
    Remove,
    Double,
}

fn edit() -> impl Strategy<Value = (prop::sample::Index, Edit)> {
    let byte = || {
        prop_oneof![
            3 => prop::sample::select(b"{}[]\",:\\/+-.eE0123456789truefalsn u\t".to_vec()),
            1 => any::<u8>().prop_filter("a line", |b| *b != b'\n'),
        ]
    };
    let edit = prop_oneof![
        byte().prop_map(Edit::Put),
        byte().prop_map(Edit::Insert),
        Just(Edit::Remove),
        Just(Edit::Double),
    ];
    (any::<prop::sample::Index>(), edit)
}

fn edited(line: &str, edits: &[(prop::sample::Index, Edit)]) -> Vec<u8> {
    let mut bytes = line.as_bytes().to_vec();
    for (at, edit) in edits.iter().filter(|_| line.len() > 1) {
        let at = at
            .index(bytes.len().max(1))
            .min(bytes.len().saturating_sub(1));
        match edit {
            Edit::Put(byte) => bytes[at] = *byte,
            Edit::Insert(byte) => bytes.insert(at, *byte),
            Edit::Remove if bytes.len() > 1 => _ = bytes.remove(at),
            Edit::Double => bytes.insert(at, bytes[at]),
            Edit::Remove => {}
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn lines_are_taken_if_and_only_if_they_are_json(
        line in line(),
        edits in vec(edit(), 0..4),
    ) {
        let bytes = edited(&line, &edits);
        if let Some(expected) = oracle(&bytes) {
            let shown = String::from_utf8_lossy(&bytes);
            if !is_blank(&bytes) {
                prop_assert_eq!(taken(&bytes), expected, "{}", shown);
            }
        }
    }
}
