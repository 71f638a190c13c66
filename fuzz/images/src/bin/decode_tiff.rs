//! libFuzzer over [`fuelrail_fuzz_images::tiff`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuelrail_fuzz_images::tiff(data));
