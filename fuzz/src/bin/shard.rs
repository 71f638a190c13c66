//! libFuzzer over [`fuelrail_fuzz::shard`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuelrail_fuzz::shard(data));
