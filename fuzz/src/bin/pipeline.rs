//! libFuzzer over [`fuelrail_fuzz::pipeline`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuelrail_fuzz::pipeline(data));
