//! See `robocache_fuzz::voxelize::variants`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    robocache_fuzz::voxelize::variants::run(data);
});
