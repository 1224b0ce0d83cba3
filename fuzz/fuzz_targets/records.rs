#![no_main]

libfuzzer_sys::fuzz_target!(
    init: assort_fuzz::write_seeds("records"),
    |bytes: &[u8]| {
        assort::fuzzing::records(bytes);
    }
);
