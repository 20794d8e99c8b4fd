//! See `robocache_fuzz::voxelize::plan`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    robocache_fuzz::voxelize::plan::run(data);
});
