//! See `robocache_fuzz::npy`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    robocache_fuzz::npy::run(data);
});
