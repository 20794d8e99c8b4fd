//! See `robocache_fuzz::variants`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    robocache_fuzz::variants::run(data);
});
