//! Which columns folders of images have.

use arrow::datatypes::{DataType, Field, Schema};

/// The bytes of the file.
pub(super) const IMAGE: &str = "image";
/// Its path below the root.
pub(super) const PATH: &str = "path";
/// The first folder below the root.
pub(super) const CLASS: &str = "class";
/// The place of that folder among all such.
pub(super) const LABEL: &str = "label";

/// Which files lie in a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Classed {
    None,
    Some,
    All,
}

/// The columns of folders: those of classes only where there are classes.
pub(super) fn schema(classed: Classed) -> Schema {
    let mut fields = vec![
        Field::new(IMAGE, DataType::Binary, false),
        Field::new(PATH, DataType::Utf8, false),
    ];
    if classed != Classed::None {
        let is_nullable = classed == Classed::Some;
        fields.push(Field::new(CLASS, DataType::Utf8, is_nullable));
        fields.push(Field::new(LABEL, DataType::Int64, is_nullable));
    }
    Schema::new(fields)
}
