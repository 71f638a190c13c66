//! Tensors of batches and of rows as arrays of `ndarray`, read where they lie.
//!
//! ```text
//! let batch: Batch = …;                       // of a Feed
//! let tokens = batch.tensor("tokens")…;       // uint16, [rows, length]
//! let tokens = tokens.array::<u16>()?;        // CowArray, borrowed from the slot
//! let first = tokens.index_axis(Axis(0), 0);  // the first row
//! ```

use std::borrow::Cow;

use bytemuck::Pod;
use half::{bf16, f16};
use ndarray::{ArrayD, ArrayViewD, CowArray, IxDyn};

use super::batch::Tensor;
use super::reader::RowsTensor;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Dtype;

/// A type of numbers that tensors hold. Booleans are read as `u8`, 0 or 1.
pub trait Scalar: Pod {
    /// What a tensor of them holds.
    const DTYPE: Dtype;
}

/// One line for each type.
macro_rules! scalars {
    ($($number:ty => $dtype:ident),* $(,)?) => {
        $(impl Scalar for $number {
            const DTYPE: Dtype = Dtype::$dtype;
        })*
    };
}

scalars! {
    i8 => I8, i16 => I16, i32 => I32, i64 => I64,
    u8 => U8, u16 => U16, u32 => U32, u64 => U64,
    f16 => F16, bf16 => BF16, f32 => F32, f64 => F64,
}

impl Tensor {
    /// All elements, in the tensor's dimensions: where they lie, but for a view of
    /// a file, which others may change and which is copied, and for a device, from
    /// which they are copied down.
    ///
    /// # Errors
    /// `Usage` if the tensor holds another type than `T`; `Device` where it lies on
    /// one that fails.
    pub fn array<T: Scalar>(&self) -> Result<CowArray<'_, T, IxDyn>> {
        check::<T>(self.name(), self.dtype())?;
        match self.bytes()? {
            Cow::Borrowed(bytes) => Ok(view(self.name(), self.shape(), bytes)?.into()),
            Cow::Owned(bytes) => {
                let elements = bytemuck::pod_collect_to_vec(&bytes);
                let array = ArrayD::from_shape_vec(dimensions(self.shape())?, elements);
                Ok(array.map_err(|error| cannot(self.name(), &error))?.into())
            }
        }
    }
}

impl<'a> RowsTensor<'a> {
    /// All elements, in the tensor's dimensions, where they lie.
    ///
    /// # Errors
    /// `Usage` if the tensor holds another type than `T`.
    pub fn array<T: Scalar>(&self) -> Result<ArrayViewD<'a, T>> {
        check::<T>(self.name, self.dtype)?;
        view(self.name, self.shape, self.bytes)
    }
}

fn check<T: Scalar>(name: &str, dtype: Dtype) -> Result<()> {
    let is_it = dtype == T::DTYPE || (dtype, T::DTYPE) == (Dtype::Bool, Dtype::U8);
    if is_it {
        return Ok(());
    }
    let [held, asked] = [dtype, T::DTYPE].map(Dtype::as_str);
    let message = format!("expected a tensor of {asked}, it holds {held}");
    Err(Error::new(ErrorKind::Usage, message)
        .with_column(name)
        .with_hint("ask for its own type, or for another dtype in the options"))
}

fn view<'a, T: Scalar>(name: &str, shape: &[u64], bytes: &'a [u8]) -> Result<ArrayViewD<'a, T>> {
    let elements = bytemuck::try_cast_slice(bytes).map_err(|error| cannot(name, &error))?;
    ArrayViewD::from_shape(dimensions(shape)?, elements).map_err(|error| cannot(name, &error))
}

fn dimensions(shape: &[u64]) -> Result<IxDyn> {
    let lengths = shape.iter().map(|len| usize::try_from(*len));
    let lengths: Vec<usize> = lengths
        .collect::<Result<_, _>>()
        .map_err(|_| Error::internal("a tensor larger than memory"))?;
    Ok(IxDyn(&lengths))
}

fn cannot(name: &str, error: &impl ToString) -> Error {
    Error::internal("cannot show a tensor as an array")
        .with_column(name)
        .with_source(error.to_string())
}
