//! See `robocache_fuzz::npz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    robocache_fuzz::npz::run(data);
});
