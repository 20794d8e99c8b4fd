//! See `robocache_fuzz::registry`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    robocache_fuzz::registry::run(data);
});
