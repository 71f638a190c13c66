//! libFuzzer over [`fuelrail_fuzz::model_settings`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuelrail_fuzz::model_settings(data));
