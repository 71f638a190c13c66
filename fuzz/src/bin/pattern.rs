//! libFuzzer over [`fuelrail_fuzz::pattern`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuelrail_fuzz::pattern(data));
