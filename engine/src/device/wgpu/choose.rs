//! Which adapter a user means.

use std::sync::Arc;

use super::adapters::{Software, WgpuBackend, backends};
use crate::device::Backend;
use crate::error::{Error, Result};

/// All adapters, software ones last.
///
/// # Errors
/// `Device` where there is none.
pub(crate) fn list() -> Result<Vec<Arc<dyn Backend>>> {
    let all = backends(Software::With);
    if all.is_empty() {
        return Err(
            Error::device("no adapter: no driver for Vulkan was found").with_hint(no_driver())
        );
    }
    Ok(all.into_iter().map(shared).collect())
}

/// The best adapter that is hardware, or the one of this number.
///
/// # Errors
/// `Device` where there is none.
pub(crate) fn open(index: Option<u32>) -> Result<Arc<dyn Backend>> {
    let all = backends(Software::Without);
    let n_all = all.len();
    let wanted = usize::try_from(index.unwrap_or(0)).unwrap_or(usize::MAX);
    all.into_iter().nth(wanted).map(shared).ok_or_else(|| {
        let message = match n_all {
            0 => "no adapter that is hardware was found".to_owned(),
            n => format!("expected an adapter below {n}, got {wanted}"),
        };
        Error::device(message).with_hint(
            "`fuelrail doctor` lists the adapters; wgpu:software runs on the processor, for tests",
        )
    })
}

/// The first adapter that runs on the processor.
///
/// # Errors
/// `Device` where there is none.
pub(crate) fn open_software() -> Result<Arc<dyn Backend>> {
    let all = list()?;
    let mut software = all
        .into_iter()
        .filter(|backend| backend.report().is_software);
    software.next().ok_or_else(|| {
        Error::device("no software implementation of Vulkan was found")
            .with_hint("install one, such as Debian's mesa-vulkan-drivers")
    })
}

/// What helps where the loader or all drivers are missing.
fn no_driver() -> String {
    // The loader's order; the second is the old name of the first.
    let mut named = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].into_iter();
    match named.find(|name| std::env::var_os(name).is_some()) {
        Some(name) => format!("{name} is set, and no driver that works is there: unset it"),
        None => "install the Vulkan loader (libvulkan1) and your GPU's Vulkan driver, or \
                 mesa-vulkan-drivers for wgpu:software"
            .to_owned(),
    }
}

fn shared(backend: WgpuBackend) -> Arc<dyn Backend> {
    Arc::new(backend)
}
