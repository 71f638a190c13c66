//! libFuzzer over [`fuelrail_fuzz::jsonl`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuelrail_fuzz::jsonl(data));
