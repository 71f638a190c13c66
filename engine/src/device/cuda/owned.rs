//! Owners of what the CUDA driver hands out: streams, events, memory, modules.
//!
//! An owner that outlives a fork gives nothing back in the child, which has no
//! device.
#![expect(unsafe_code, reason = "the driver is a C library")]

use std::ffi::{CString, c_uint, c_void};
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

use cudarc::driver::sys;

use super::driver::{PrimaryContext, check};
use crate::error::{Error, Result};

/// Defines the owner of a handle that one call destroys.
macro_rules! owner {
    ($(#[$doc:meta])* $Owner:ident($raw:ty), $destroy:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $Owner {
            raw: $raw,
            context: Arc<PrimaryContext>,
        }

        // SAFETY: the driver's calls may be made from any thread.
        unsafe impl Send for $Owner {}
        // SAFETY: as above; the handle never changes.
        unsafe impl Sync for $Owner {}

        impl Drop for $Owner {
            fn drop(&mut self) {
                if let Ok(_visit) = self.context.visit() {
                    // SAFETY: made by this context, and nobody else has it.
                    unsafe { sys::$destroy(self.raw) };
                }
            }
        }
    };
}

owner! {
    /// Operations that run one after another.
    Stream(sys::CUstream), cuStreamDestroy_v2
}

impl Stream {
    /// A stream that waits for no other.
    pub(super) fn new(context: &Arc<PrimaryContext>) -> Result<Self> {
        let flags = sys::CUstream_flags::CU_STREAM_NON_BLOCKING as c_uint;
        let mut raw = null_mut();
        // SAFETY: `raw` outlives the call.
        check("cuStreamCreate", unsafe {
            sys::cuStreamCreate(&raw mut raw, flags)
        })?;
        let context = Arc::clone(context);
        Ok(Self { raw, context })
    }

    /// Lets what comes wait for `event` as last recorded.
    pub(super) fn wait_for(&self, event: &Event) -> Result<()> {
        // SAFETY: both handles are live.
        check("cuStreamWaitEvent", unsafe {
            sys::cuStreamWaitEvent(self.raw, event.raw, 0)
        })
    }

    /// Waits until all of it has run.
    pub(super) fn synchronize(&self) -> Result<()> {
        // SAFETY: the handle is live.
        check("cuStreamSynchronize", unsafe {
            sys::cuStreamSynchronize(self.raw)
        })
    }

    /// Copies the first `len` bytes of `src` to an address of the device.
    ///
    /// # Safety
    /// `src` is neither written nor freed, and `dst` neither used elsewhere nor
    /// freed, before the copy has been made; both have `len` bytes.
    pub(super) unsafe fn upload(&self, dst: u64, src: &Pinned, len: usize) -> Result<()> {
        let from = src.at.as_ptr().cast();
        // SAFETY: the caller's promise.
        check("cuMemcpyHtoDAsync_v2", unsafe {
            sys::cuMemcpyHtoDAsync_v2(dst, from, len, self.raw)
        })
    }

    /// Copies all of `src` up and waits for that.
    pub(super) fn upload_and_wait(&self, dst: Memory, src: Pinned) -> Result<Memory> {
        // Freed only once the copy is known to have been made.
        let (dst, src) = (ManuallyDrop::new(dst), ManuallyDrop::new(src));
        // SAFETY: neither is used or freed before `synchronize` says so.
        unsafe { self.upload(dst.raw, &src, src.len) }?;
        self.synchronize()?;
        drop(ManuallyDrop::into_inner(src));
        Ok(ManuallyDrop::into_inner(dst))
    }

    /// Copies bytes from an address of the device to this range of `dst`.
    ///
    /// # Safety
    /// `dst` is neither read, written nor freed, and `src` neither written
    /// elsewhere nor freed, before the copy has been made; both have these
    /// bytes.
    pub(super) unsafe fn download(
        &self,
        dst: &Pinned,
        src: u64,
        range: &Range<usize>,
    ) -> Result<()> {
        // SAFETY: the caller's promise: the range lies within it.
        let to = unsafe { dst.at.add(range.start) };
        // SAFETY: the caller's promise.
        check("cuMemcpyDtoHAsync_v2", unsafe {
            sys::cuMemcpyDtoHAsync_v2(to.as_ptr().cast(), src, range.len(), self.raw)
        })
    }

    /// Copies bytes on the device, from one address to another.
    ///
    /// # Safety
    /// Both are as many bytes of memory, apart from one another, that is neither
    /// freed nor, but by who waits for this, written (the first) or used (the second)
    /// before the copy has been made.
    pub(super) unsafe fn copy(&self, src: u64, dst: u64, len: usize) -> Result<()> {
        // SAFETY: the caller's promise.
        check("cuMemcpyDtoDAsync_v2", unsafe {
            sys::cuMemcpyDtoDAsync_v2(dst, src, len, self.raw)
        })
    }

    /// Writes zeros.
    ///
    /// # Safety
    /// The bytes belong to memory that is neither used elsewhere nor freed
    /// before they have been written.
    pub(super) unsafe fn zero(&self, at: u64, len: usize) -> Result<()> {
        // SAFETY: the caller's promise.
        check("cuMemsetD8Async", unsafe {
            sys::cuMemsetD8Async(at, 0, len, self.raw)
        })
    }

    /// Starts a kernel on a grid of blocks, with addresses as its arguments.
    ///
    /// # Safety
    /// The addresses are what the kernel expects, and the memory behind them is
    /// neither used elsewhere nor freed before it has run.
    pub(super) unsafe fn launch(
        &self,
        function: Function,
        [grid_x, grid_y, block]: [u32; 3],
        arguments: &[u64],
    ) -> Result<()> {
        let mut pointers: Vec<*mut c_void> = arguments
            .iter()
            .map(|argument| std::ptr::from_ref(argument).cast_mut().cast())
            .collect();
        // SAFETY: the driver copies the arguments during the call; the rest is
        // the caller's promise.
        check("cuLaunchKernel", unsafe {
            sys::cuLaunchKernel(
                function.0,
                grid_x,
                grid_y,
                1,
                block,
                1,
                1,
                0,
                self.raw,
                pointers.as_mut_ptr(),
                null_mut(),
            )
        })
    }
}

owner! {
    /// A point in a stream.
    Event(sys::CUevent), cuEventDestroy_v2
}

impl Event {
    /// An event whose waiters sleep.
    pub(super) fn new(context: &Arc<PrimaryContext>) -> Result<Self> {
        let flags = sys::CUevent_flags::CU_EVENT_DISABLE_TIMING as c_uint
            | sys::CUevent_flags::CU_EVENT_BLOCKING_SYNC as c_uint;
        let mut raw = null_mut();
        // SAFETY: `raw` outlives the call.
        check("cuEventCreate", unsafe {
            sys::cuEventCreate(&raw mut raw, flags)
        })?;
        let context = Arc::clone(context);
        Ok(Self { raw, context })
    }

    /// Marks the end of what a stream of others has been given. `None` where that
    /// cannot be told: while the stream is captured into a graph, or where the driver
    /// does not take it for a stream.
    ///
    /// # Safety
    /// `stream` is a handle of the driver's header, or a live stream of a context of
    /// this process.
    pub(super) unsafe fn behind(
        context: &Arc<PrimaryContext>,
        stream: usize,
    ) -> Result<Option<Self>> {
        let raw: sys::CUstream = std::ptr::without_provenance_mut(stream);
        let mut captured = sys::CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_NONE;
        // SAFETY: `captured` outlives the call; the rest is the caller's promise.
        let asked = unsafe { sys::cuStreamIsCapturing(raw, &raw mut captured) };
        let is_plain = asked == sys::CUresult::CUDA_SUCCESS
            && captured == sys::CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_NONE;
        if !is_plain {
            return Ok(None);
        }
        let event = Self::new(context)?;
        // SAFETY: the event is live; the stream is the caller's promise.
        let recorded = unsafe { sys::cuEventRecord(event.raw, raw) };
        Ok((recorded == sys::CUresult::CUDA_SUCCESS).then_some(event))
    }

    /// Lets what comes in a stream of others wait for the point last recorded.
    ///
    /// # Safety
    /// As for [`Event::behind`].
    pub(super) unsafe fn hold_up(&self, stream: usize) -> Result<()> {
        let raw: sys::CUstream = std::ptr::without_provenance_mut(stream);
        // SAFETY: the event is live; the stream is the caller's promise.
        check("cuStreamWaitEvent", unsafe {
            sys::cuStreamWaitEvent(raw, self.raw, 0)
        })
    }

    /// Marks the end of what `stream` has been given.
    pub(super) fn record(&self, stream: &Stream) -> Result<()> {
        // SAFETY: both handles are live.
        check("cuEventRecord", unsafe {
            sys::cuEventRecord(self.raw, stream.raw)
        })
    }

    /// Waits until the point last recorded has been reached.
    pub(super) fn synchronize(&self) -> Result<()> {
        // SAFETY: the handle is live.
        check("cuEventSynchronize", unsafe {
            sys::cuEventSynchronize(self.raw)
        })
    }
}

owner! {
    /// Memory of the device.
    Memory(sys::CUdeviceptr), cuMemFree_v2
}

impl Memory {
    /// `len` bytes, more than none, that hold anything.
    pub(super) fn new(context: &Arc<PrimaryContext>, len: usize) -> Result<Self> {
        let mut raw = 0;
        // SAFETY: `raw` outlives the call.
        check("cuMemAlloc_v2", unsafe {
            sys::cuMemAlloc_v2(&raw mut raw, len)
        })?;
        let context = Arc::clone(context);
        Ok(Self { raw, context })
    }

    /// Where it begins on the device.
    pub(super) fn address(&self) -> u64 {
        self.raw
    }
}

owner! {
    /// Compiled kernels.
    Module(sys::CUmodule), cuModuleUnload
}

/// A kernel; it may be launched as long as its module lives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function(sys::CUfunction);

// SAFETY: the driver's calls may be made from any thread.
unsafe impl Send for Function {}
// SAFETY: as above; the handle never changes.
unsafe impl Sync for Function {}

impl Module {
    /// Lets the driver translate a PTX text.
    pub(super) fn new(context: &Arc<PrimaryContext>, ptx: &str) -> Result<Self> {
        let text = CString::new(ptx)
            .map_err(|error| Error::internal("PTX with a NUL").with_source(error))?;
        let mut raw = null_mut();
        // SAFETY: `raw` and the text, which ends with NUL, outlive the call.
        check("cuModuleLoadData", unsafe {
            sys::cuModuleLoadData(&raw mut raw, text.as_ptr().cast())
        })?;
        let context = Arc::clone(context);
        Ok(Self { raw, context })
    }

    /// The kernel of this name.
    pub(super) fn function(&self, name: &str) -> Result<Function> {
        let name = CString::new(name)
            .map_err(|error| Error::internal("a kernel's name with a NUL").with_source(error))?;
        let mut raw = null_mut();
        // SAFETY: `raw` and the name outlive the call; the module is live.
        check("cuModuleGetFunction", unsafe {
            sys::cuModuleGetFunction(&raw mut raw, self.raw, name.as_ptr())
        })?;
        Ok(Function(raw))
    }
}

/// Memory of the host that the device reads and writes itself; it begins at a
/// page, and the processor reads it through its caches.
#[derive(Debug)]
pub(super) struct Pinned {
    at: NonNull<u8>,
    len: usize,
    context: Arc<PrimaryContext>,
}

// SAFETY: it is memory, owned by this alone.
unsafe impl Send for Pinned {}
// SAFETY: as above; it is written through `&mut` only.
unsafe impl Sync for Pinned {}

impl Pinned {
    /// `len` bytes, more than none, of zeros.
    pub(super) fn new(context: &Arc<PrimaryContext>, len: usize) -> Result<Self> {
        let mut raw = null_mut();
        // SAFETY: `raw` outlives the call. No flag makes it write-combined.
        check("cuMemHostAlloc", unsafe {
            sys::cuMemHostAlloc(&raw mut raw, len, 0)
        })?;
        let at = NonNull::new(raw.cast::<u8>())
            .ok_or_else(|| Error::device("the CUDA driver gave no pinned memory"))?;
        // SAFETY: these are the bytes just allocated.
        unsafe { at.write_bytes(0, len) };
        let context = Arc::clone(context);
        Ok(Self { at, len, context })
    }

    /// The bytes, which no copy under way writes.
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: allocated and initialised; `Stream::download` makes sure that
        // the device writes none of it while it can be read.
        unsafe { std::slice::from_raw_parts(self.at.as_ptr(), self.len) }
    }

    /// The bytes, which no copy under way reads.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `Stream::upload` makes sure that the device
        // reads none of it while it can be written.
        unsafe { std::slice::from_raw_parts_mut(self.at.as_ptr(), self.len) }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Ok(_visit) = self.context.visit() {
            // SAFETY: allocated by `cuMemHostAlloc`, freed once.
            unsafe { sys::cuMemFreeHost(self.at.as_ptr().cast()) };
        }
    }
}
