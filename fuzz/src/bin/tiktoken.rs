//! libFuzzer over [`fuelrail_fuzz::tiktoken`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuelrail_fuzz::tiktoken(data));
