#![no_main]

libfuzzer_sys::fuzz_target!(
    init: assort_fuzz::write_seeds("attributes"),
    |bytes: &[u8]| {
        assort::fuzzing::attributes(bytes);
    }
);
