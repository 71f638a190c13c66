//! Tensors that lie on a device, and their memory in the hands of others.

use std::fmt;
use std::sync::Arc;

use super::batch::Tensor;
use crate::device::{ConsumerStream, Kept};
use crate::error::{Error, Result};

/// Memory of a device that holds a tensor: its batch's, or a copy's own. It is cheap
/// to clone, and the memory is not used for another batch while it is held.
///
/// What it holds is there for every stream. It may be written to as well, by who
/// has it lent.
#[derive(Clone)]
pub struct DeviceMemory {
    of: Owner,
    len: usize,
}

#[derive(Clone)]
enum Owner {
    Batch(Tensor),
    Copy(Arc<dyn Kept>),
}

impl Tensor {
    /// The memory of the device that it lies on; `None` in memory of the host.
    #[must_use]
    pub fn device_memory(&self) -> Option<DeviceMemory> {
        self.kept().is_some().then(|| DeviceMemory {
            of: Owner::Batch(self.clone()),
            len: self.len_bytes(),
        })
    }
}

impl DeviceMemory {
    /// The number of the CUDA device.
    #[must_use]
    pub fn cuda(&self) -> u32 {
        self.kept().map_or(0, Kept::ordinal)
    }

    /// Its first byte, which the host does not read.
    #[must_use]
    pub fn address(&self) -> usize {
        let address = self.kept().map_or(0, Kept::address);
        usize::try_from(address).unwrap_or(0)
    }

    /// Its bytes, counted.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.len
    }

    /// Copies all of it to the host, behind what those have given their streams to
    /// whom it is lent.
    ///
    /// # Errors
    /// `Device` where the device fails; `Internal` for another length.
    pub fn read(&self, dst: &mut [u8]) -> Result<()> {
        if dst.len() != self.len {
            return Err(Error::internal("expected room for all of a tensor"));
        }
        self.there()?.read(dst)
    }

    /// The same bytes in memory of its own on the device, copied in the same way.
    ///
    /// # Errors
    /// `Device` where the device fails or has no more memory.
    pub fn copied(&self) -> Result<Self> {
        Ok(Self {
            of: Owner::Copy(Arc::from(self.there()?.duplicate(self.len)?)),
            len: self.len,
        })
    }

    /// Hands it to a consumer that works on `stream`, until what is returned is
    /// dropped. Before the memory is used for another batch, or freed, the device
    /// then waits for all that the stream has been given by that time.
    ///
    /// # Errors
    /// `Device` where the driver refuses the stream.
    pub fn lend(&self, stream: ConsumerStream) -> Result<Lent> {
        self.there()?.lend(stream)?;
        Ok(Lent {
            memory: self.clone(),
            stream,
        })
    }

    fn there(&self) -> Result<&dyn Kept> {
        let kept = self.kept();
        kept.ok_or_else(|| Error::internal("a tensor that lies on no device"))
    }

    fn kept(&self) -> Option<&dyn Kept> {
        match &self.of {
            Owner::Batch(tensor) => tensor.kept(),
            Owner::Copy(kept) => Some(&**kept),
        }
    }
}

impl fmt::Debug for DeviceMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "DeviceMemory({} bytes on cuda:{})",
            self.len,
            self.cuda()
        )
    }
}

/// Memory in the hands of a consumer; dropped when that gives it back.
#[derive(Debug)]
pub struct Lent {
    memory: DeviceMemory,
    stream: ConsumerStream,
}

impl Drop for Lent {
    fn drop(&mut self) {
        // Before the memory itself is let go, so that nobody writes to it earlier.
        if let Some(kept) = self.memory.kept() {
            kept.give_back(self.stream);
        }
    }
}
