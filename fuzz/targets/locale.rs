//! Owns the fuzzer's way into the parser `locale`.
//! Refuses to say what must hold; `server/src/fuzzing.rs` does.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| assent::fuzzing::locale(bytes));
