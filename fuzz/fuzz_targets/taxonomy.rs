#![no_main]

libfuzzer_sys::fuzz_target!(
    init: assort_fuzz::write_seeds("taxonomy"),
    |bytes: &[u8]| {
        assort::fuzzing::taxonomy(bytes);
    }
);
