//! See `robocache_fuzz::trajectory::plan`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    robocache_fuzz::trajectory::plan::run(data);
});
