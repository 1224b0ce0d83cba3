#![no_main]

libfuzzer_sys::fuzz_target!(
    init: assort_fuzz::write_seeds("model"),
    |bytes: &[u8]| {
        assort::fuzzing::model(bytes);
    }
);
