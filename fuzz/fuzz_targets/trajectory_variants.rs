//! See `robocache_fuzz::trajectory::variants`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    robocache_fuzz::trajectory::variants::run(data);
});
