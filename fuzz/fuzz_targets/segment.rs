#![no_main]

libfuzzer_sys::fuzz_target!(
    init: assort_fuzz::write_seeds("segment"),
    |bytes: &[u8]| {
        assort::fuzzing::segment(bytes);
    }
);
