//! libFuzzer over [`fuelrail_fuzz::gpt2_files`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuelrail_fuzz::gpt2_files(data));
