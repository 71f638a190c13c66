//! Lines of JSON into columns, line by line accounted for.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;
use arrow::json::reader::Decoder;

use super::super::contain::contain;
use super::super::context::Bad;
use super::super::lines::{Decode, Line, Lines};
use super::super::records::excerpt;
use crate::error::{Error, Result};

/// Nesting beyond this is bad content: the decoder describes a value it did
/// not expect by recursion.
const MAX_DEPTH: usize = 512;

/// Decodes lines into columns of a fixed schema.
#[derive(Debug)]
pub(super) struct LineDecoder {
    schema: SchemaRef,
    max_lines: usize,
    /// `None` after a fault, which leaves a decoder in the middle of things.
    decoder: Option<Decoder>,
}

impl LineDecoder {
    /// A decoder for at most `max_lines` at once, or why the schema cannot be
    /// read from JSON.
    pub(super) fn new(schema: &SchemaRef, max_lines: usize) -> std::result::Result<Self, String> {
        let decoder = build(schema, max_lines).map_err(|e| reason(&e))?;
        Ok(Self {
            schema: schema.clone(),
            max_lines,
            decoder: Some(decoder),
        })
    }

    /// Tells good lines from bad ones, each on its own.
    fn sort_out<'a>(&self, lines: &[Line<'a>]) -> Result<(Vec<Line<'a>>, Vec<Bad>)> {
        let mut single = Self::new(&self.schema, 1).map_err(Error::internal)?;
        let mut good = Vec::with_capacity(lines.len());
        let mut bad = Vec::new();
        for line in lines {
            match single.decode_all(std::slice::from_ref(line)) {
                Ok(_) => good.push(*line),
                Err(reason) => bad.push(Bad::line(line.row, reason, excerpt(line.bytes))),
            }
        }
        Ok((good, bad))
    }

    /// One batch of all `lines`, or why one of them is bad.
    fn decode_all(&mut self, lines: &[Line<'_>]) -> std::result::Result<RecordBatch, String> {
        if lines.is_empty() {
            return Ok(RecordBatch::new_empty(self.schema.clone()));
        }
        let mut decoder = match self.decoder.take() {
            Some(decoder) => decoder,
            None => build(&self.schema, self.max_lines).map_err(|e| reason(&e))?,
        };
        let columns = contain(|| feed(&mut decoder, lines))??;
        self.decoder = Some(decoder);
        Ok(columns)
    }
}

impl Decode for LineDecoder {
    /// The decoder reserves room for as many.
    const MAX_LINES: usize = 8192;

    fn decode(&mut self, lines: &[Line<'_>]) -> Result<Lines> {
        let lines: Vec<_> = lines
            .iter()
            .filter(|line| !is_blank(line))
            .copied()
            .collect();
        if let Ok(columns) = self.decode_all(&lines) {
            return Ok(Lines {
                rows: lines.iter().map(|line| line.row).collect(),
                columns,
                bad: Vec::new(),
                notes: Vec::new(),
            });
        }
        let (good, bad) = self.sort_out(&lines)?;
        let columns = self.decode_all(&good).map_err(Error::internal)?;
        Ok(Lines {
            rows: good.iter().map(|line| line.row).collect(),
            columns,
            bad,
            notes: Vec::new(),
        })
    }
}

/// Whether a line is no row: nothing but JSON's white space.
fn is_blank(line: &Line<'_>) -> bool {
    let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
    line.bytes.iter().all(blank)
}

fn build(schema: &SchemaRef, max_lines: usize) -> std::result::Result<Decoder, ArrowError> {
    ReaderBuilder::new(schema.clone())
        .with_batch_size(max_lines)
        // A number or boolean where text is expected is its own JSON text.
        .with_coerce_primitive(true)
        .build_decoder()
}

fn feed(decoder: &mut Decoder, lines: &[Line<'_>]) -> std::result::Result<RecordBatch, String> {
    for (index, line) in lines.iter().enumerate() {
        check_depth(line.bytes)?;
        let took = decoder.decode(line.bytes).map_err(|e| reason(&e))?;
        // The line's end completes a bare number.
        decoder.decode(b"\n").map_err(|e| reason(&e))?;
        if decoder.has_partial_record() {
            return Err("expected one JSON object, the line ends within it".to_owned());
        }
        if decoder.len() != index + 1 || took != line.bytes.len() {
            return Err("expected one JSON object, got more on the same line".to_owned());
        }
    }
    decoder
        .flush()
        .map_err(|e| reason(&e))?
        .ok_or_else(|| "expected one JSON object, got none".to_owned())
}

/// The decoder's reason, without the name of its error type.
fn reason(error: &ArrowError) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("Json error: ").unwrap_or(&text);
    // It quotes the value it met, which may be the whole line.
    let text: String = text.chars().take(400).collect();
    format!(
        "expected a JSON object of the columns' types: {}",
        lower(&text)
    )
}

/// Another library's sentence within one of ours.
fn lower(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

/// Refuses a line nested deeper than [`MAX_DEPTH`].
fn check_depth(line: &[u8]) -> std::result::Result<(), String> {
    if memchr::memchr2_iter(b'[', b'{', line)
        .nth(MAX_DEPTH)
        .is_none()
    {
        return Ok(());
    }
    let mut depth = 0_usize;
    let mut bytes = line.iter();
    let mut quoted = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if quoted => {
                bytes.next();
            }
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(format!(
                "expected JSON nested at most {MAX_DEPTH} deep, got deeper"
            ));
        }
    }
    Ok(())
}
