#![no_main]

libfuzzer_sys::fuzz_target!(
    init: assort_fuzz::write_seeds("student"),
    |bytes: &[u8]| {
        assort::fuzzing::student(bytes);
    }
);
