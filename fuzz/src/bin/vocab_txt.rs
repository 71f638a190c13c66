//! libFuzzer over [`fuelrail_fuzz::vocab_txt`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuelrail_fuzz::vocab_txt(data));
