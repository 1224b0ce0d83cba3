#![no_main]

libfuzzer_sys::fuzz_target!(
    init: assort_fuzz::write_seeds("manifest"),
    |bytes: &[u8]| {
        assort::fuzzing::manifest(bytes);
    }
);
