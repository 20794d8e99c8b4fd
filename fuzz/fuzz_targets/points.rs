//! See `robocache_fuzz::points`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    robocache_fuzz::points::run(data);
});
