#![no_main]

libfuzzer_sys::fuzz_target!(
    init: assort_fuzz::write_seeds("products"),
    |bytes: &[u8]| {
        assort::fuzzing::products(bytes);
    }
);
