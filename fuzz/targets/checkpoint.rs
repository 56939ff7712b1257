//! Owns the fuzzer's way into the parser `checkpoint`.
//! Refuses to say what must hold; `shared/src/fuzzing.rs` does.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| assent_shared::fuzzing::checkpoint(bytes));
