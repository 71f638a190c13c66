//! libFuzzer over [`fuelrail_fuzz_images::gif`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuelrail_fuzz_images::gif(data));
