//! libFuzzer over [`fuelrail_fuzz::digest`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuelrail_fuzz::digest(data));
