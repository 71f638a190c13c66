//! INT96 wherever it may stand: below structs, in lists, in lists of structs.
//! A moment is read exactly, or its row is refused by name; none is wrapped.
//! What is expected follows from the values that were written, in 128 bits.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType,
};
use fuelrail::batch::Batch;
use fuelrail::plan::Format;
use fuelrail::source::for_format;
use fuelrail_tests::source::{Dice, Reading, set_aside};
use parquet::data_type::{Int32Type, Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// What a column may hold.
enum Shape {
    Number,
    Moment,
    List(Box<Node>),
    Struct(Vec<Node>),
}

/// A part of a column, and whether it may be null.
struct Node {
    is_optional: bool,
    shape: Shape,
}

/// A value of a [`Node`].
enum Tree {
    Null,
    Number(i32),
    /// The days since the beginning of the Julian period, and the nanoseconds of
    /// the day.
    Moment(u32, u64),
    List(Vec<Tree>),
    Struct(Vec<Tree>),
}

/// A column of the file with its levels.
#[derive(Default)]
struct Leaf {
    moments: Vec<Int96>,
    numbers: Vec<i32>,
    definition: Vec<i16>,
    repetition: Vec<i16>,
}

const DAY: u64 = 86_400_000_000_000;
/// The day on which 1970 begins.
const EPOCH: u32 = 2_440_588;

impl Node {
    /// At most `depth` levels deep; somewhere is a moment.
    fn random(dice: &mut Dice, depth: usize) -> Self {
        let shape = match dice.below(if depth == 0 { 1 } else { 4 }) {
            0 => Shape::Moment,
            1 => Shape::List(Box::new(Self::random(dice, depth - 1))),
            _ => {
                let mut fields = vec![Self::random(dice, depth - 1)];
                if dice.below(2) == 0 {
                    let at = dice.below(2);
                    let is_optional = dice.below(2) == 0;
                    let shape = Shape::Number;
                    fields.insert(at, Self { is_optional, shape });
                }
                if dice.below(3) == 0 {
                    fields.push(Self::random(dice, depth - 1));
                }
                Shape::Struct(fields)
            }
        };
        let is_optional = dice.below(3) > 0;
        Self { is_optional, shape }
    }

    /// As the text of a Parquet schema.
    fn message(&self, name: &str, text: &mut String) {
        let repeated = if self.is_optional {
            "optional"
        } else {
            "required"
        };
        match &self.shape {
            Shape::Number => write!(text, "{repeated} int32 {name}; ").unwrap(),
            Shape::Moment => write!(text, "{repeated} int96 {name}; ").unwrap(),
            Shape::List(item) => {
                write!(
                    text,
                    "{repeated} group {name} (LIST) {{ repeated group list {{ "
                )
                .unwrap();
                item.message("element", text);
                text.push_str("} } ");
            }
            Shape::Struct(fields) => {
                write!(text, "{repeated} group {name} {{ ").unwrap();
                for (at, field) in fields.iter().enumerate() {
                    field.message(&format!("f{at}"), text);
                }
                text.push_str("} ");
            }
        }
    }

    fn value(&self, dice: &mut Dice) -> Tree {
        if self.is_optional && dice.below(5) == 0 {
            return Tree::Null;
        }
        match &self.shape {
            Shape::Number => Tree::Number(i32::try_from(dice.below(1 << 20)).unwrap()),
            Shape::Moment => moment(dice),
            Shape::List(item) => Tree::List((0..dice.below(4)).map(|_| item.value(dice)).collect()),
            Shape::Struct(fields) => {
                Tree::Struct(fields.iter().map(|field| field.value(dice)).collect())
            }
        }
    }

    /// Columns of the file.
    fn n_leaves(&self) -> usize {
        match &self.shape {
            Shape::Number | Shape::Moment => 1,
            Shape::List(item) => item.n_leaves(),
            Shape::Struct(fields) => fields.iter().map(Self::n_leaves).sum(),
        }
    }

    /// Takes a value apart into the columns of the file, `leaves`. `tree` is
    /// missing where something around it is null or empty.
    fn shred(&self, tree: Option<&Tree>, levels: (i16, i16), depth: i16, leaves: &mut [Leaf]) {
        let (mut definition, repetition) = levels;
        let tree = tree.filter(|tree| !matches!(tree, Tree::Null));
        if tree.is_some() && self.is_optional {
            definition += 1;
        }
        match (&self.shape, tree) {
            (Shape::Number | Shape::Moment, tree) => {
                let leaf = &mut leaves[0];
                leaf.definition.push(definition);
                leaf.repetition.push(repetition);
                match tree {
                    Some(Tree::Number(number)) => leaf.numbers.push(*number),
                    Some(Tree::Moment(day, nanos)) => leaf.moments.push(int96(*day, *nanos)),
                    _ => {}
                }
            }
            (Shape::List(item), Some(Tree::List(items))) if !items.is_empty() => {
                for (at, value) in items.iter().enumerate() {
                    let repetition = if at == 0 { repetition } else { depth + 1 };
                    let levels = (definition + 1, repetition);
                    item.shred(Some(value), levels, depth + 1, leaves);
                }
            }
            (Shape::List(item), _) => item.shred(None, (definition, repetition), depth + 1, leaves),
            (Shape::Struct(fields), tree) => {
                let mut rest = leaves;
                for (at, field) in fields.iter().enumerate() {
                    let value = match tree {
                        Some(Tree::Struct(values)) => values.get(at),
                        _ => None,
                    };
                    let (here, behind) = rest.split_at_mut(field.n_leaves());
                    field.shred(value, (definition, repetition), depth, here);
                    rest = behind;
                }
            }
        }
    }

    /// The paths through structs alone, `name` first, each with where it leads.
    fn paths(&self, name: &str, steps: &[usize]) -> Vec<(String, Vec<usize>)> {
        let mut all = vec![(name.to_owned(), steps.to_vec())];
        if let Shape::Struct(fields) = &self.shape {
            for (at, field) in fields.iter().enumerate() {
                all.extend(field.paths(&format!("{name}.f{at}"), &[steps, &[at]].concat()));
            }
        }
        all
    }
}

/// A moment, often near the borders of 64 bits of nanoseconds or microseconds,
/// now and then with more nanoseconds than a day has.
fn moment(dice: &mut Dice) -> Tree {
    let near = |dice: &mut Dice, of: i128| {
        let nanos = of + i128::try_from(dice.below(5)).unwrap() - 2
            + i128::from(EPOCH) * 86_400_000_000_000;
        let day = nanos.div_euclid(i128::from(DAY));
        (
            u32::try_from(day).unwrap(),
            u64::try_from(nanos.rem_euclid(i128::from(DAY))).unwrap(),
        )
    };
    let (day, nanos) = match dice.below(12) {
        0 => near(dice, i128::from(i64::MAX)),
        1 => near(dice, i128::from(i64::MIN)),
        2 => (u32::MAX, DAY - 1),
        3 => (0, 0),
        // The year 9999, and what is more than a day.
        4 => (EPOCH + 2_932_896, 7),
        5 => (EPOCH + 3, DAY + 5),
        6 => (EPOCH, u64::MAX),
        7 => near(dice, 0),
        _ => {
            let day = EPOCH - 1000 + u32::try_from(dice.below(20_000)).unwrap();
            let nanos = u64::try_from(dice.below(86_400)).unwrap() * 1_000_000_000;
            let fine = [0, 1, 1_000, 999_999_999][dice.below(4)];
            (day, nanos + fine)
        }
    };
    Tree::Moment(day, nanos)
}

fn int96(day: u32, nanos: u64) -> Int96 {
    let [low, high] = [nanos & 0xffff_ffff, nanos >> 32].map(|n| u32::try_from(n).unwrap());
    let mut moment = Int96::new();
    moment.set_data(low, high, day);
    moment
}

/// The moment as a number of `unit`, if that holds it exactly.
fn exact(day: u32, nanos: u64, unit: TimeUnit) -> Option<i64> {
    let days = i128::from(day) - i128::from(EPOCH);
    // More than a day has reach into the next, but none is below 0.
    let nanos = i128::from(i64::try_from(nanos).ok()?) + days * i128::from(DAY);
    let step = if unit == TimeUnit::Nanosecond {
        1
    } else {
        1000
    };
    i64::try_from((nanos % step == 0).then(|| nanos / step)?).ok()
}

impl Tree {
    /// What the steps lead to.
    fn at(&self, steps: &[usize]) -> &Self {
        match (steps.split_first(), self) {
            (Some((first, rest)), Self::Struct(fields)) => fields[*first].at(rest),
            _ => self,
        }
    }

    /// Whether `unit` holds each moment in it.
    fn fits(&self, unit: TimeUnit) -> bool {
        match self {
            Self::Null | Self::Number(_) => true,
            Self::Moment(day, nanos) => exact(*day, *nanos, unit).is_some(),
            Self::List(inner) | Self::Struct(inner) => inner.iter().all(|tree| tree.fits(unit)),
        }
    }

    /// Whether the array has this value at `row`.
    fn is(&self, array: &ArrayRef, row: usize, unit: TimeUnit) -> bool {
        if array.is_null(row) {
            return matches!(self, Self::Null);
        }
        match self {
            Self::Null => false,
            Self::Number(number) => {
                array
                    .as_primitive::<arrow::datatypes::Int32Type>()
                    .value(row)
                    == *number
            }
            Self::Moment(day, nanos) => {
                let value = match unit {
                    TimeUnit::Nanosecond => {
                        array.as_primitive::<TimestampNanosecondType>().value(row)
                    }
                    _ => array.as_primitive::<TimestampMicrosecondType>().value(row),
                };
                exact(*day, *nanos, unit) == Some(value)
            }
            Self::List(items) => {
                let there = array.as_list::<i32>().value(row);
                let all = items.iter().enumerate();
                there.len() == items.len()
                    && all.into_iter().all(|(at, item)| item.is(&there, at, unit))
            }
            Self::Struct(fields) => {
                let there = array.as_struct();
                let all = fields.iter().enumerate();
                all.into_iter()
                    .all(|(at, field)| field.is(there.column(at), row, unit))
            }
        }
    }
}

fn write(path: &Path, node: &Node, rows: &[Tree], dice: &mut Dice) {
    let mut message = "message m { ".to_owned();
    node.message("c", &mut message);
    message.push('}');
    let schema = Arc::new(parse_message_type(&message).unwrap());
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(dice.below(2) == 0)
        .set_data_page_row_count_limit(1 + dice.below(8))
        .set_write_batch_size(1 + dice.below(8))
        .build();
    let mut leaves: Vec<Leaf> = (0..node.n_leaves()).map(|_| Leaf::default()).collect();
    for row in rows {
        node.shred(Some(row), (0, 0), 0, &mut leaves);
    }
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema.clone(), Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for leaf in leaves {
        let mut column = group.next_column().unwrap().unwrap();
        let levels = (
            Some(leaf.definition.as_slice()),
            Some(leaf.repetition.as_slice()),
        );
        if leaf.moments.is_empty() && !leaf.numbers.is_empty() || is_number(&mut column) {
            let typed = column.typed::<Int32Type>();
            typed
                .write_batch(&leaf.numbers, levels.0, levels.1)
                .unwrap();
        } else {
            let typed = column.typed::<Int96Type>();
            typed
                .write_batch(&leaf.moments, levels.0, levels.1)
                .unwrap();
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

fn is_number(column: &mut parquet::file::writer::SerializedColumnWriter<'_>) -> bool {
    matches!(
        column.untyped(),
        parquet::column::writer::ColumnWriter::Int32ColumnWriter(_)
    )
}

/// The column of this dotted name, with timestamps in `unit`.
fn projection(path: &Path, column: &str, unit: TimeUnit) -> SchemaRef {
    let file = for_format(Format::Parquet).describe(path).unwrap().schema;
    let mut names = column.split('.');
    let mut field = file.field_with_name(names.next().unwrap()).unwrap().clone();
    for name in names {
        let DataType::Struct(fields) = field.data_type() else {
            unreachable!("{field} is no struct");
        };
        field = Field::clone(fields.find(name).unwrap().1);
    }
    let data_type = in_unit(field.data_type(), unit);
    let field = Field::new(column, data_type, true);
    Arc::new(Schema::new(vec![field]))
}

fn has_struct(data_type: &DataType) -> bool {
    match data_type {
        DataType::Struct(_) => true,
        DataType::List(item) => has_struct(item.data_type()),
        _ => false,
    }
}

fn in_unit(data_type: &DataType, unit: TimeUnit) -> DataType {
    let of = |field: &Field| {
        let data_type = in_unit(field.data_type(), unit);
        Arc::new(field.clone().with_data_type(data_type))
    };
    match data_type {
        DataType::Timestamp(_, zone) => DataType::Timestamp(unit, zone.clone()),
        DataType::List(item) => DataType::List(of(item)),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| of(field)).collect())
        }
        other => other.clone(),
    }
}

#[test]
fn moments_anywhere_are_exact_or_refused_by_name() {
    for seed in 0..300 {
        let dice = &mut Dice::new(seed);
        let node = Node::random(dice, 3);
        let rows: Vec<Tree> = (0..=dice.below(30)).map(|_| node.value(dice)).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.parquet");
        write(&path, &node, &rows, dice);
        for (column, steps) in node.paths("c", &[]) {
            for unit in [TimeUnit::Nanosecond, TimeUnit::Microsecond] {
                let schema = projection(&path, &column, unit);
                // Plans ask for what is in structs, and for no struct itself.
                if has_struct(schema.field(0).data_type()) {
                    continue;
                }
                let start_row = dice.below(rows.len()) as u64 * u64::from(seed % 3 == 0);
                let reading = Reading {
                    start_row,
                    batch_bytes: [1, 100, 1 << 20][dice.below(3)],
                    ..Reading::new(Format::Parquet, &schema).quarantine()
                };
                let batches = reading.batches(&path).unwrap();
                let case = format!("seed {seed}, {column} in {unit:?}");
                check(&rows, &steps, (&batches, start_row, unit), &case);
            }
        }
    }
}

fn check(
    rows: &[Tree],
    steps: &[usize],
    (batches, start_row, unit): (&[Batch], u64, TimeUnit),
    case: &str,
) {
    let (good, bad): (Vec<u64>, Vec<u64>) = (start_row..rows.len() as u64).partition(|row| {
        let row = usize::try_from(*row).unwrap();
        rows[row].at(steps).fits(unit)
    });
    let aside = set_aside(batches);
    for (row, why) in &aside {
        assert!(
            why.starts_with("column \"c") && why.contains("expected timestamps that"),
            "{case}, row {row}: {why}"
        );
    }
    let told = format!("{case}: {aside:?}");
    let aside: Vec<u64> = aside.into_iter().map(|(row, _)| row).collect();
    assert_eq!(aside, bad, "{told}");
    let read: Vec<u64> = batches
        .iter()
        .flat_map(|batch| batch.rows.clone())
        .collect();
    assert_eq!(read, good, "{case}");
    for batch in batches {
        let column = batch.columns.column(0);
        for (at, row) in batch.rows.iter().enumerate() {
            let tree = rows[usize::try_from(*row).unwrap()].at(steps);
            assert!(tree.is(column, at, unit), "{case}, row {row}: {column:?}");
        }
    }
}
