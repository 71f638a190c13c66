//! libFuzzer over [`fuelrail_fuzz::sentencepiece`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuelrail_fuzz::sentencepiece(data));
