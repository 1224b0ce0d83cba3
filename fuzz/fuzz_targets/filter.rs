#![no_main]

libfuzzer_sys::fuzz_target!(
    init: assort_fuzz::write_seeds("filter"),
    |bytes: &[u8]| {
        assort::fuzzing::filter(bytes);
    }
);
