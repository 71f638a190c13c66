//! What the program sets for the libraries it loads.
#![expect(
    unsafe_code,
    reason = "variables can be set only while there is one thread"
)]

use std::env;

/// Tells Mesa's layer for Vulkan not to ask the desktop which GPU it prefers,
/// where there is no desktop to ask: it would print an error of its own, and we
/// choose by a rule of our own. Who chooses by that layer's variable still does.
pub(crate) fn prepare() {
    const CHOICES: [&str; 3] = [
        "XDG_RUNTIME_DIR",
        "MESA_VK_DEVICE_SELECT",
        "NODEVICE_SELECT",
    ];
    if CHOICES.iter().any(|name| env::var_os(name).is_some()) {
        return;
    }
    // SAFETY: `main` calls this first, when no other thread has been started.
    unsafe { env::set_var("NODEVICE_SELECT", "1") };
}
