//! libFuzzer over [`fuelrail_fuzz::state`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuelrail_fuzz::state(data));
