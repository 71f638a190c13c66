//! Starting the CUDA driver, asking it for its devices, and what its errors
//! mean.
//!
//! The calls here and in `owned` are in every driver that knows the version of
//! our PTX, so none is looked up in vain.
#![expect(unsafe_code, reason = "the driver is a C library")]

use std::ffi::{CStr, c_char, c_int};
use std::fmt;
use std::ptr::null_mut;
use std::sync::{Arc, OnceLock};

use cudarc::driver::sys;

use crate::error::{Error, Result};

/// A call that failed.
#[derive(Debug)]
struct Failure {
    call: &'static str,
    code: u32,
    name: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} gave {} ({})", self.call, self.name, self.code)
    }
}

impl std::error::Error for Failure {}

/// The result of a call.
pub(super) fn check(call: &'static str, code: sys::CUresult) -> Result<()> {
    if code == sys::CUresult::CUDA_SUCCESS {
        return Ok(());
    }
    let mut name: *const c_char = std::ptr::null();
    // SAFETY: `name` outlives the call.
    let named = unsafe { sys::cuGetErrorName(code, &raw mut name) };
    let name = if named == sys::CUresult::CUDA_SUCCESS && !name.is_null() {
        // SAFETY: the driver gave a text that lives as long as it does.
        let name = unsafe { CStr::from_ptr(name) };
        name.to_string_lossy().into_owned()
    } else {
        "an unknown error".to_owned()
    };
    let error = Error::device("the CUDA driver refused").with_source(Failure {
        call,
        code: code as u32,
        name,
    });
    Err(match hint(code) {
        Some(hint) => error.with_hint(hint),
        None => error,
    })
}

/// What to do about errors that have one usual remedy.
fn hint(code: sys::CUresult) -> Option<&'static str> {
    use sys::CUresult as Code;
    match code {
        Code::CUDA_ERROR_OUT_OF_MEMORY => Some(
            "lower the size of batches or the number of columns a step works on, or free \
             memory of the GPU and pinned memory of the host",
        ),
        Code::CUDA_ERROR_UNSUPPORTED_PTX_VERSION
        | Code::CUDA_ERROR_NO_BINARY_FOR_GPU
        | Code::CUDA_ERROR_SYSTEM_DRIVER_MISMATCH => {
            Some("update NVIDIA's driver: 525 or newer is needed")
        }
        Code::CUDA_ERROR_NO_DEVICE => {
            Some("`nvidia-smi -L` should list the GPU, and CUDA_VISIBLE_DEVICES should not hide it")
        }
        Code::CUDA_ERROR_STUB_LIBRARY => Some(
            "this libcuda is the toolkit's stub: leave its folder (`stubs`) out of \
             LD_LIBRARY_PATH, and install NVIDIA's driver",
        ),
        Code::CUDA_ERROR_SYSTEM_NOT_READY => Some(
            "start the services of the driver: `nvidia-fabricmanager` where GPUs are joined by \
             NVSwitch",
        ),
        Code::CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE => Some(
            "libcuda and the driver's kernel module are of different versions: leave cuda-compat \
             out of LD_LIBRARY_PATH, or restart after an update",
        ),
        Code::CUDA_ERROR_UNKNOWN
        | Code::CUDA_ERROR_NOT_INITIALIZED
        | Code::CUDA_ERROR_OPERATING_SYSTEM => Some(
            "`nvidia-smi` should list the GPU: if not, load the driver's modules (`modprobe \
             nvidia_uvm`), or hand the GPU to the container (`--gpus all`)",
        ),
        _ => None,
    }
}

/// The process in which the driver was started.
static STARTED_IN: OnceLock<u32> = OnceLock::new();

/// Starts the driver, if there is one.
///
/// # Errors
/// `Device` where there is none, it refuses, or this process was forked from
/// one that had started it.
pub(super) fn start() -> Result<()> {
    // SAFETY: loading the library runs NVIDIA's initialisers, which any program
    // that uses CUDA runs.
    if !unsafe { sys::is_culib_present() } {
        return Err(Error::device("there is no CUDA driver (libcuda)")
            .with_hint("install NVIDIA's driver, or choose another device"));
    }
    same_process(*STARTED_IN.get_or_init(std::process::id))?;
    // SAFETY: no precondition.
    check("cuInit", unsafe { sys::cuInit(0) })
}

/// Refuses to go on in a child of the process that started the driver.
pub(super) fn same_process(started_in: u32) -> Result<()> {
    if std::process::id() == started_in {
        return Ok(());
    }
    Err(
        Error::device("CUDA was started before this process was forked").with_hint(
            "start fuelrail after the fork, or start processes anew (Python: the `spawn` method)",
        ),
    )
}

/// How many devices there are.
pub(super) fn n_devices() -> Result<u32> {
    let mut n: c_int = 0;
    // SAFETY: `n` outlives the call.
    check("cuDeviceGetCount", unsafe {
        sys::cuDeviceGetCount(&raw mut n)
    })?;
    Ok(u32::try_from(n).unwrap_or(0))
}

/// The driver's version: 12040 for CUDA 12.4.
pub(super) fn version() -> Result<i32> {
    let mut version: c_int = 0;
    // SAFETY: `version` outlives the call.
    check("cuDriverGetVersion", unsafe {
        sys::cuDriverGetVersion(&raw mut version)
    })?;
    Ok(version)
}

/// The handle of device `index`.
fn device(index: u32) -> Result<sys::CUdevice> {
    let mut device = 0;
    let index = c_int::try_from(index).unwrap_or(c_int::MAX);
    // SAFETY: `device` outlives the call.
    check("cuDeviceGet", unsafe {
        sys::cuDeviceGet(&raw mut device, index)
    })?;
    Ok(device)
}

/// What its maker calls device `index`.
pub(super) fn name(index: u32) -> Result<String> {
    let device = device(index)?;
    text("cuDeviceGetName", |at, len| {
        // SAFETY: `at` has room for `len` bytes.
        unsafe { sys::cuDeviceGetName(at, len, device) }
    })
}

/// Where it is on the bus.
pub(super) fn pci_address(index: u32) -> Result<String> {
    let device = device(index)?;
    text("cuDeviceGetPCIBusId", |at, len| {
        // SAFETY: `at` has room for `len` bytes.
        unsafe { sys::cuDeviceGetPCIBusId(at, len, device) }
    })
}

/// A text that a call writes to a place of some length.
fn text(
    call: &'static str,
    write: impl FnOnce(*mut c_char, c_int) -> sys::CUresult,
) -> Result<String> {
    let mut bytes = [0u8; 256];
    check(call, write(bytes.as_mut_ptr().cast(), 255))?;
    let text = CStr::from_bytes_until_nul(&bytes).unwrap_or_default();
    Ok(text.to_string_lossy().into_owned())
}

/// Bytes of memory of device `index`.
pub(super) fn total_memory(index: u32) -> Result<usize> {
    let device = device(index)?;
    let mut len = 0;
    // SAFETY: `len` outlives the call.
    check("cuDeviceTotalMem_v2", unsafe {
        sys::cuDeviceTotalMem_v2(&raw mut len, device)
    })?;
    Ok(len)
}

/// What a device can be asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attribute {
    CapabilityMajor,
    CapabilityMinor,
    Multiprocessors,
}

/// An attribute of device `index`.
pub(super) fn attribute(index: u32, attribute: Attribute) -> Result<i32> {
    use sys::CUdevice_attribute as Code;
    let code = match attribute {
        Attribute::CapabilityMajor => Code::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
        Attribute::CapabilityMinor => Code::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
        Attribute::Multiprocessors => Code::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT,
    };
    let device = device(index)?;
    let mut value: c_int = 0;
    // SAFETY: `value` outlives the call.
    check("cuDeviceGetAttribute", unsafe {
        sys::cuDeviceGetAttribute(&raw mut value, code, device)
    })?;
    Ok(value)
}

/// The primary context of a device, which other libraries in this process use
/// as well.
#[derive(Debug)]
pub(super) struct PrimaryContext {
    device: sys::CUdevice,
    raw: sys::CUcontext,
    pid: u32,
}

// SAFETY: the driver's calls may be made from any thread.
unsafe impl Send for PrimaryContext {}
// SAFETY: as above; the handles in it never change.
unsafe impl Sync for PrimaryContext {}

impl PrimaryContext {
    /// Takes a share in the primary context of device `index`.
    pub(super) fn retain(index: u32) -> Result<Arc<Self>> {
        let device = device(index)?;
        let mut raw = null_mut();
        // SAFETY: `raw` outlives the call, and `device` is the driver's.
        check("cuDevicePrimaryCtxRetain", unsafe {
            sys::cuDevicePrimaryCtxRetain(&raw mut raw, device)
        })?;
        let pid = std::process::id();
        Ok(Arc::new(Self { device, raw, pid }))
    }

    /// Makes it the context of this thread, which every call below needs.
    pub(super) fn enter(&self) -> Result<()> {
        same_process(self.pid)?;
        // SAFETY: the context is retained as long as `self` lives.
        check("cuCtxSetCurrent", unsafe { sys::cuCtxSetCurrent(self.raw) })
    }
}

impl PrimaryContext {
    /// Makes it the context of this thread until the visit ends: for threads that
    /// have one of their own, as those of a consumer may.
    pub(super) fn visit(&self) -> Result<ContextVisit> {
        same_process(self.pid)?;
        let mut before = null_mut();
        // SAFETY: `before` outlives the call.
        check("cuCtxGetCurrent", unsafe {
            sys::cuCtxGetCurrent(&raw mut before)
        })?;
        let is_elsewhere = before != self.raw;
        if is_elsewhere {
            self.enter()?;
        }
        Ok(ContextVisit {
            before: is_elsewhere.then_some(before),
        })
    }

    /// Waits until all that the device was given in it has run, by whomever.
    pub(super) fn synchronize(&self) -> Result<()> {
        let _visit = self.visit()?;
        // SAFETY: no precondition.
        check("cuCtxSynchronize", unsafe { sys::cuCtxSynchronize() })
    }
}

/// A time in which another context than its own may be a thread's.
#[derive(Debug)]
pub(in crate::device) struct ContextVisit {
    /// What was the thread's before; null if it had none.
    before: Option<sys::CUcontext>,
}

impl ContextVisit {
    /// A visit to whatever device this thread comes to.
    pub(in crate::device) fn anywhere() -> Self {
        let mut before = null_mut();
        // SAFETY: loading the library runs NVIDIA's initialisers, which any program
        // that uses CUDA runs.
        if !unsafe { sys::is_culib_present() } {
            return Self { before: None };
        }
        // SAFETY: `before` outlives the call. Before the driver is started, there is
        // none, and it stays null.
        unsafe { sys::cuCtxGetCurrent(&raw mut before) };
        Self {
            before: Some(before),
        }
    }
}

impl Drop for ContextVisit {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            // SAFETY: the driver said that it was this thread's, and whoever made it
            // so keeps it. An error leaves nothing to do.
            unsafe { sys::cuCtxSetCurrent(before) };
        }
    }
}

impl Drop for PrimaryContext {
    fn drop(&mut self) {
        if same_process(self.pid).is_ok() {
            // SAFETY: retained once, released once. An error leaves nothing to do.
            unsafe { sys::cuDevicePrimaryCtxRelease_v2(self.device) };
        }
    }
}
