#![no_main]

libfuzzer_sys::fuzz_target!(
    init: assort_fuzz::write_seeds("static_embedding"),
    |bytes: &[u8]| {
        assort::fuzzing::static_embedding(bytes);
    }
);
