//! Memory of a device that results stay in, from which consumers read them where
//! they lie.

#[cfg(feature = "cuda")]
use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;

use super::stream::ConsumerStream;
use crate::error::Result;

/// Memory of a device that belongs to a batch, and to another one later.
///
/// It is written through `&mut`, and what was written is there when the call that
/// did so returns, for every stream. In between it may be lent to any number of
/// consumers: when it is written again, that waits on the device for all that they
/// had given their streams by the time they gave it back.
pub(crate) trait Kept: Debug + Send + Sync {
    /// Makes room for `len` bytes, which may hold anything.
    ///
    /// # Errors
    /// `Device` where the device has no such memory or is lost.
    fn begin(&mut self, len: usize) -> Result<()>;

    /// Writes bytes of the host, from byte `at` on.
    ///
    /// # Errors
    /// `Device` where the device refuses or is lost; `Internal` beyond the room.
    fn write(&mut self, at: usize, bytes: &[u8]) -> Result<()>;

    /// Writes zeros.
    ///
    /// # Errors
    /// As [`Kept::write`].
    fn zero(&mut self, ranges: &[Range<usize>]) -> Result<()>;

    /// Copies its first bytes to the host, behind what consumers that have it now
    /// have given their streams.
    ///
    /// # Errors
    /// As [`Kept::write`].
    fn read(&self, dst: &mut [u8]) -> Result<()>;

    /// The same `len` bytes in other memory of the device, copied as by
    /// [`Kept::read`].
    ///
    /// # Errors
    /// As [`Kept::begin`] and [`Kept::write`].
    fn duplicate(&self, len: usize) -> Result<Box<dyn Kept>>;

    /// Its first byte, on the device.
    fn address(&self) -> u64;

    /// The number of the device among those of its kind.
    fn ordinal(&self) -> u32;

    /// Lends it to a consumer: what that gives `stream` from now on comes behind
    /// all that others have given theirs, who had it before.
    ///
    /// # Errors
    /// `Device` where the driver refuses.
    fn lend(&self, stream: ConsumerStream) -> Result<()>;

    /// Takes it back from a consumer, once for each time that it was lent.
    fn give_back(&self, stream: ConsumerStream);

    /// For the device that made it.
    #[cfg(feature = "cuda")]
    fn as_any(&self) -> &dyn Any;
}
