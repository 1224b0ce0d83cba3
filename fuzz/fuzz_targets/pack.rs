#![no_main]

libfuzzer_sys::fuzz_target!(
    init: assort_fuzz::write_seeds("pack"),
    |bytes: &[u8]| {
        assort::fuzzing::pack(bytes);
    }
);
