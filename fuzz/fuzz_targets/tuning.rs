//! See `robocache_fuzz::tuning`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    robocache_fuzz::tuning::run(data);
});
