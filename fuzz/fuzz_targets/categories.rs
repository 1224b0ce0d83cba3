#![no_main]

libfuzzer_sys::fuzz_target!(
    init: assort_fuzz::write_seeds("categories"),
    |bytes: &[u8]| {
        assort::fuzzing::categories(bytes);
    }
);
