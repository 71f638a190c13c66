//! Which buffers a column has, by its type and the version of the metadata.
//!
//! The decoder takes a message's buffers one after the other, so one too many or
//! too few would give a column the bytes of another.

use arrow::datatypes::{DataType, Field, Schema, UnionMode};
use arrow::ipc::{self, MetadataVersion};

/// Refuses types whose buffers are not defined in `version`: metadata of version
/// V4 is older than run-end encoding, and writers put a buffer there that the
/// format does not have.
pub(super) fn check_types(version: MetadataVersion, schema: &Schema) -> Result<(), String> {
    if version >= MetadataVersion::V5 {
        return Ok(());
    }
    match schema.fields().iter().find(|field| has_runs(field)) {
        None => Ok(()),
        Some(field) => Err(format!(
            "column {:?} is run-end encoded, for which metadata of version V4, that of Arrow \
             before 1.0, defines no buffers; write the file with version V5",
            field.name()
        )),
    }
}

fn has_runs(field: &Field) -> bool {
    match field.data_type() {
        DataType::RunEndEncoded(..) => true,
        DataType::Dictionary(_, values) => matches!(**values, DataType::RunEndEncoded(..)),
        nested => children(nested).iter().any(|child| has_runs(child)),
    }
}

/// Refuses a batch that has more or fewer buffers than the columns of `schema`,
/// and unions of version V4 that have nulls of their own, which are not read.
pub(super) fn check_counts(
    version: MetadataVersion,
    schema: &Schema,
    batch: ipc::RecordBatch<'_>,
) -> Result<(), String> {
    let mut wanted = Wanted {
        version,
        null_counts: batch
            .nodes()
            .iter()
            .flatten()
            .map(ipc::FieldNode::null_count)
            .collect(),
        variadic: batch.variadicBufferCounts().into_iter().flatten().collect(),
        n_nodes: 0,
        n_views: 0,
        n_buffers: 0,
    };
    for field in schema.fields() {
        wanted.add(field)?;
    }
    let n_nodes = batch.nodes().map_or(0, |nodes| nodes.len());
    let n_buffers = batch.buffers().map_or(0, |buffers| buffers.len());
    if n_nodes != wanted.n_nodes {
        return Err(format!(
            "expected {} field nodes for the columns of the schema, got {n_nodes}",
            wanted.n_nodes
        ));
    }
    if n_buffers as u64 != wanted.n_buffers {
        return Err(format!(
            "expected {} buffers for the columns of the schema, got {n_buffers}",
            wanted.n_buffers
        ));
    }
    Ok(())
}

/// What columns need, counted up.
struct Wanted {
    version: MetadataVersion,
    /// Nulls by field node.
    null_counts: Vec<i64>,
    /// Buffers with the values of views, by column of views.
    variadic: Vec<i64>,
    n_nodes: usize,
    n_views: usize,
    n_buffers: u64,
}

impl Wanted {
    fn add(&mut self, field: &Field) -> Result<(), String> {
        let null_count = self.null_counts.get(self.n_nodes).copied();
        self.n_nodes += 1;
        let data_type = field.data_type();
        self.n_buffers = self.n_buffers.saturating_add(match data_type {
            DataType::Null | DataType::RunEndEncoded(..) => 0,
            DataType::Struct(_) | DataType::FixedSizeList(..) => 1,
            DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::ListView(_)
            | DataType::LargeListView(_) => 3,
            DataType::Utf8View | DataType::BinaryView => 2 + self.next_views(field)?,
            DataType::Union(_, mode) => self.of_union(field, *mode, null_count)?,
            _ => 2,
        });
        children(data_type)
            .into_iter()
            .try_for_each(|child| self.add(child))
    }

    fn next_views(&mut self, field: &Field) -> Result<u64, String> {
        let stated = self.variadic.get(self.n_views).copied();
        self.n_views += 1;
        let n = stated.and_then(|n| u64::try_from(n).ok());
        n.ok_or_else(|| {
            format!(
                "the batch does not state how many buffers the values of column {:?} have",
                field.name()
            )
        })
    }

    /// Until V4 a union has a validity of its own.
    fn of_union(
        &self,
        field: &Field,
        mode: UnionMode,
        null_count: Option<i64>,
    ) -> Result<u64, String> {
        let is_old = self.version < MetadataVersion::V5;
        if is_old && null_count.is_some_and(|n| n != 0) {
            return Err(format!(
                "column {:?} is a union with nulls of its own, which only metadata before version \
                 V5 has; write the file with version V5",
                field.name()
            ));
        }
        let of_mode = match mode {
            UnionMode::Dense => 2,
            UnionMode::Sparse => 1,
        };
        Ok(of_mode + u64::from(is_old))
    }
}

/// The fields whose nodes follow that of a column of this type.
fn children(data_type: &DataType) -> Vec<&Field> {
    match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::Map(field, _)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => vec![field],
        DataType::Struct(fields) => fields.iter().map(AsRef::as_ref).collect(),
        DataType::Union(fields, _) => fields.iter().map(|(_, field)| field.as_ref()).collect(),
        DataType::RunEndEncoded(ends, values) => vec![ends, values],
        _ => Vec::new(),
    }
}
