//! Maps as data, checked instruction by instruction as they are put together.

use std::cmp::Ordering;
use std::sync::Arc;

use super::edges::{Edge, Side, threshold};
use super::{MAX_ENTRIES, MAX_INSTRUCTIONS, MapError};
use crate::element::Element;

/// Instructions on numbers; see the [contract](super).
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    pub(super) from: Element,
    pub(super) instructions: Vec<Instruction>,
    pub(super) to: Element,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq)]
pub enum Instruction {
    /// Rounds to binary32.
    ToF32,
    /// Rounds to binary64.
    ToF64,
    /// Takes a constant away.
    Subtract(f64),
    /// Multiplies with a constant.
    Multiply(f64),
    /// Brings what lies beyond a bound to it.
    Clamp {
        /// The least; negative infinity for none.
        low: f64,
        /// The greatest; infinity for none.
        high: f64,
    },
    /// Counts edges.
    Search(Search),
    /// Takes an entry of a table.
    Lookup(Entries),
}

/// Edges as a search compares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The type of the numbers compared.
    register: Element,
    /// Keys that a number's must reach, ascending; as many as there are edges that
    /// any number reaches.
    keys: Arc<[u64]>,
    /// Edges, those included that no number reaches.
    n_edges: usize,
}

/// What indices stand for.
#[derive(Debug, Clone, PartialEq)]
pub enum Entries {
    /// Whole numbers of 32 bits.
    I32(Arc<[i32]>),
    /// Whole numbers.
    I64(Arc<[i64]>),
    /// Binary32.
    F32(Arc<[f32]>),
    /// Binary64.
    F64(Arc<[f64]>),
}

impl Search {
    /// The type of the numbers compared.
    #[must_use]
    pub fn register(&self) -> Element {
        self.register
    }

    /// The keys, ascending; below 2^32 where the register has 32 bits.
    #[must_use]
    pub fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// How many edges there are, those included that no number reaches.
    #[must_use]
    pub fn n_edges(&self) -> usize {
        self.n_edges
    }
}

impl Entries {
    /// Whole numbers, of 32 bits each if all fit.
    #[must_use]
    pub fn whole(numbers: &[i64]) -> Self {
        let narrow: Result<Arc<[i32]>, _> = numbers.iter().map(|it| i32::try_from(*it)).collect();
        narrow.map_or_else(|_| Self::I64(numbers.into()), Self::I32)
    }

    /// Its entries in memory.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::I32(numbers) => bytemuck::cast_slice(numbers),
            Self::I64(numbers) => bytemuck::cast_slice(numbers),
            Self::F32(numbers) => bytemuck::cast_slice(numbers),
            Self::F64(numbers) => bytemuck::cast_slice(numbers),
        }
    }

    /// The type of its entries.
    #[must_use]
    pub fn register(&self) -> Element {
        match self {
            Self::I32(_) => Element::I32,
            Self::I64(_) => Element::I64,
            Self::F32(_) => Element::F32,
            Self::F64(_) => Element::F64,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn n_entries(&self) -> usize {
        match self {
            Self::I32(numbers) => numbers.len(),
            Self::I64(numbers) => numbers.len(),
            Self::F32(numbers) => numbers.len(),
            Self::F64(numbers) => numbers.len(),
        }
    }
}

impl Instruction {
    /// The type of the register behind it, where it is `before` in front of it.
    #[must_use]
    pub fn behind(&self, before: Element) -> Element {
        match self {
            Self::ToF32 => Element::F32,
            Self::ToF64 => Element::F64,
            Self::Subtract(_) | Self::Multiply(_) | Self::Clamp { .. } => before,
            Self::Search(_) => Element::U32,
            Self::Lookup(table) => table.register(),
        }
    }
}

/// The type of the register that holds a number of this type.
#[must_use]
pub(super) fn register_of(from: Element) -> Element {
    match from {
        Element::U8 | Element::U16 | Element::U32 => Element::U32,
        Element::I8 | Element::I16 | Element::I32 => Element::I32,
        Element::F16 | Element::BF16 | Element::F32 => Element::F32,
        Element::U64 | Element::I64 | Element::F64 => from,
    }
}

impl Map {
    /// Begins a map of numbers of this type.
    #[must_use]
    pub fn read(from: Element) -> MapBuilder {
        MapBuilder {
            from,
            instructions: Vec::new(),
            register: register_of(from),
            most: match from {
                Element::U8 => Some(u8::MAX.into()),
                Element::U16 => Some(u16::MAX.into()),
                _ => None,
            },
        }
    }

    /// The type read.
    #[must_use]
    pub fn from(&self) -> Element {
        self.from
    }

    /// The instructions.
    #[must_use]
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// The type written.
    #[must_use]
    pub fn to(&self) -> Element {
        self.to
    }

    /// The types of the register: in front of each instruction, and at the end.
    pub fn registers(&self) -> impl Iterator<Item = Element> {
        let first = register_of(self.from);
        let behind = self
            .instructions
            .iter()
            .scan(first, |register, instruction| {
                *register = instruction.behind(*register);
                Some(*register)
            });
        std::iter::once(first).chain(behind)
    }

    /// Whether it needs numbers of 64 bits, which wgpu does not have.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        self.from.is_wide() || self.to.is_wide() || self.registers().any(Element::is_wide)
    }

    /// The same, written as numbers of another type.
    #[must_use]
    pub fn written_as(self, to: Element) -> Self {
        Self { to, ..self }
    }
}

/// A map as far as it goes.
#[derive(Debug, Clone)]
pub struct MapBuilder {
    from: Element,
    instructions: Vec<Instruction>,
    register: Element,
    /// The greatest number in the register, where it is an index.
    most: Option<u64>,
}

impl MapBuilder {
    /// The type of the register.
    #[must_use]
    pub fn register(&self) -> Element {
        self.register
    }

    /// Makes the register a float: binary64 where it has 64 bits, else binary32.
    #[must_use]
    pub fn to_float(self) -> Self {
        match self.register {
            Element::F32 | Element::F64 => self,
            Element::U64 | Element::I64 => self.with(Instruction::ToF64),
            _ => self.with(Instruction::ToF32),
        }
    }

    /// Takes a constant away.
    ///
    /// # Errors
    /// Where the register is no float, or the constant not finite in its type.
    pub fn subtract(self, constant: f64) -> Result<Self, MapError> {
        let constant = self.constant("subtract", "mean", constant)?;
        Ok(self.with(Instruction::Subtract(constant)))
    }

    /// Multiplies with a constant.
    ///
    /// # Errors
    /// As [`MapBuilder::subtract`].
    pub fn multiply(self, constant: f64) -> Result<Self, MapError> {
        let constant = self.constant("multiply", "factor", constant)?;
        Ok(self.with(Instruction::Multiply(constant)))
    }

    /// Brings what lies below `low` or above `high` to them; a bound may be
    /// infinite on its own side.
    ///
    /// # Errors
    /// As [`MapBuilder::subtract`], and where `low` is above `high`.
    pub fn clamp(self, [low, high]: [f64; 2]) -> Result<Self, MapError> {
        if low > high {
            return Err(MapError::Bounds { low, high });
        }
        let bound = |value: f64, none: f64| match self.constant("clamp", "bound", value) {
            Err(MapError::NotFinite { .. }) if value.to_bits() == none.to_bits() => Ok(none),
            bound => bound,
        };
        let low = bound(low, f64::NEG_INFINITY)?;
        let high = bound(high, f64::INFINITY)?;
        Ok(self.with(Instruction::Clamp { low, high }))
    }

    /// Counts the edges that lie on `side` of a number.
    ///
    /// # Errors
    /// Where there are none or too many, or they do not ascend or are not finite.
    pub fn search(mut self, edges: &[Edge], side: Side) -> Result<Self, MapError> {
        count("edges", edges.len())?;
        let not_finite = edges.iter().find_map(|edge| match edge {
            Edge::Real(value) if !value.is_finite() => Some(*value),
            Edge::Real(_) | Edge::Whole(_) => None,
        });
        if let Some(value) = not_finite {
            let what = "edges";
            return Err(MapError::NotFinite { what, value });
        }
        for (index, pair) in edges.windows(2).enumerate() {
            if pair[0].order(pair[1]) == Some(Ordering::Greater) {
                return Err(MapError::Order {
                    index: index + 1,
                    before: pair[0],
                    after: pair[1],
                });
            }
        }
        let register = self.register;
        let keys = edges.iter();
        let keys = keys.map_while(|edge| threshold(register, *edge, side));
        let keys: Arc<[u64]> = keys.collect();
        let n_edges = edges.len();
        self.most = Some(n_edges as u64);
        Ok(self.with(Instruction::Search(Search {
            register,
            keys,
            n_edges,
        })))
    }

    /// Takes the entries of `table` for indices.
    ///
    /// # Errors
    /// Where the register holds no index, or one may lie beyond the table.
    pub fn lookup(mut self, table: Entries) -> Result<Self, MapError> {
        let n_entries = table.n_entries();
        count("entries", n_entries)?;
        let Some(most) = self.most.filter(|_| self.register == Element::U32) else {
            return Err(MapError::Register {
                instruction: "lookup",
                expected: "an index: uint8, uint16 or what a search gives",
                got: self.register,
            });
        };
        if most >= n_entries as u64 {
            let got = n_entries;
            return Err(MapError::Index { most, got });
        }
        self.most = None;
        Ok(self.with(Instruction::Lookup(table)))
    }

    /// Ends it: numbers are written as those of this type.
    ///
    /// # Errors
    /// Where it has too many instructions.
    pub fn write(self, to: Element) -> Result<Map, MapError> {
        if self.instructions.len() > MAX_INSTRUCTIONS {
            return Err(MapError::Count {
                what: "instructions",
                most: MAX_INSTRUCTIONS,
                got: self.instructions.len(),
            });
        }
        Ok(Map {
            from: self.from,
            instructions: self.instructions,
            to,
        })
    }

    fn with(mut self, instruction: Instruction) -> Self {
        self.register = instruction.behind(self.register);
        if self.register.is_float() {
            self.most = None;
        }
        self.instructions.push(instruction);
        self
    }

    /// A constant in the register's type, tiny ones zero.
    fn constant(
        &self,
        instruction: &'static str,
        what: &'static str,
        value: f64,
    ) -> Result<f64, MapError> {
        #[expect(clippy::cast_possible_truncation, reason = "rounding is asked for")]
        let (kept, least) = match self.register {
            Element::F64 => (value, f64::MIN_POSITIVE),
            Element::F32 => (f64::from(value as f32), f32::MIN_POSITIVE.into()),
            got => {
                let expected = "float32 or float64";
                return Err(MapError::Register {
                    instruction,
                    expected,
                    got,
                });
            }
        };
        if !kept.is_finite() {
            return Err(MapError::NotFinite { what, value });
        }
        Ok(if kept.abs() <= least { 0.0 } else { kept })
    }
}

fn count(what: &'static str, got: usize) -> Result<(), MapError> {
    let most = MAX_ENTRIES;
    match got {
        1..=MAX_ENTRIES => Ok(()),
        _ => Err(MapError::Count { what, most, got }),
    }
}
