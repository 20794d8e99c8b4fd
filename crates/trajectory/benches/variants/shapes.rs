//! What is measured: shapes as robot learning has them, and the inputs for them.

use robocache_core::{DType, Element};

/// `[batch, samples, columns]` onto `[batch, targets]`, f32 times per row, linear.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub batch: usize,
    pub samples: usize,
    pub columns: usize,
    pub targets: usize,
    pub dtype: DType,
}

const fn shape(
    batch: usize,
    samples: usize,
    columns: usize,
    targets: usize,
    dtype: DType,
) -> Shape {
    Shape {
        batch,
        samples,
        columns,
        targets,
        dtype,
    }
}

/// Shapes for a device.
pub const ON_CUDA: &[Shape] = &[
    shape(8, 250, 128, 125, DType::F32),
    shape(32, 500, 256, 250, DType::F32),
    shape(32, 500, 256, 500, DType::F32),
    shape(64, 1000, 512, 500, DType::F32),
    shape(64, 1000, 512, 500, DType::Bf16),
    shape(64, 1000, 512, 500, DType::F16),
    shape(64, 1000, 512, 1000, DType::F32),
    shape(64, 1000, 512, 1000, DType::Bf16),
    shape(256, 1000, 512, 1000, DType::F32),
    shape(1024, 1000, 256, 500, DType::Bf16),
    shape(64, 1000, 512, 500, DType::F64),
    shape(4096, 500, 16, 250, DType::F32),
    shape(4096, 500, 7, 250, DType::F32),
    shape(4096, 500, 14, 250, DType::F32),
    shape(16384, 100, 14, 50, DType::F32),
    shape(16384, 100, 14, 50, DType::Bf16),
    shape(4096, 500, 33, 250, DType::F32),
    shape(1, 200_000, 7, 200_000, DType::F32),
];

/// Shapes for a CPU of few cores.
pub const ON_CPU: &[Shape] = &[
    shape(64, 100, 14, 50, DType::F32),
    shape(32, 500, 256, 256, DType::F32),
    shape(16, 200, 64, 2000, DType::F32),
    shape(1, 200_000, 32, 200_000, DType::F32),
    shape(1, 200_000, 7, 200_000, DType::F64),
    shape(256, 500, 14, 250, DType::F32),
    shape(64, 500, 256, 250, DType::Bf16),
    shape(64, 500, 256, 250, DType::F16),
];

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Shape {
            batch,
            samples,
            columns,
            targets,
            dtype,
        } = self;
        write!(f, "{batch}x{samples}x{columns}->{targets} {dtype}")
    }
}

/// Times of a jittery clock, and targets evenly over its range.
pub struct Times {
    pub source: Vec<f32>,
    pub target: Vec<f32>,
}

impl Times {
    pub fn new(shape: &Shape, seed: u64) -> Times {
        let mut state = seed | 1;
        let mut unit = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u32 << 24) as f32
        };
        // Steps of one tick keep long axes exact in f32; the unit does not matter.
        let mut source = Vec::with_capacity(shape.batch * shape.samples);
        let mut target = Vec::with_capacity(shape.batch * shape.targets);
        for _ in 0..shape.batch {
            source.extend((0..shape.samples).map(|i| i as f32 + 0.4 * unit()));
            let last = (shape.samples - 1) as f32;
            target
                .extend((0..shape.targets).map(|t| (t as f32 + 0.5) * last / shape.targets as f32));
        }
        Times { source, target }
    }

    /// The bytes that have to move: each sample that some target uses once, each value once, the
    /// times once.
    pub fn bytes(&self, shape: &Shape) -> usize {
        let mut rows = 0;
        for b in 0..shape.batch {
            let source = &self.source[b * shape.samples..][..shape.samples];
            let mut used = vec![false; shape.samples];
            for &q in &self.target[b * shape.targets..][..shape.targets] {
                let after = source.partition_point(|&t| t <= q);
                let low = after.saturating_sub(1);
                used[low] = true;
                if after > 0 && after < shape.samples && source[low] != q {
                    used[after] = true;
                }
            }
            rows += used.iter().filter(|&&used| used).count();
        }
        let values = shape.batch * shape.targets;
        (rows + values) * shape.columns * shape.dtype.size()
            + 4 * (self.source.len() + self.target.len())
    }
}

/// Random samples of a type: zeros would be faster than real data on some devices.
pub fn samples<T: Element>(count: usize, seed: u64, convert: impl Fn(f32) -> T) -> Vec<T> {
    let mut state = seed | 1;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            convert((state >> 40) as f32 / (1u32 << 23) as f32 - 1.0)
        })
        .collect()
}

/// Calls `$body` with `$convert`, the conversion from f32 to the shape's element type.
#[macro_export]
macro_rules! with_type {
    ($dtype:expr, $convert:ident, $body:expr) => {
        match $dtype {
            robocache_core::DType::F16 => {
                let $convert = robocache_core::f16::from_f32;
                $body
            }
            robocache_core::DType::Bf16 => {
                let $convert = robocache_core::bf16::from_f32;
                $body
            }
            robocache_core::DType::F64 => {
                let $convert = f64::from;
                $body
            }
            _ => {
                let $convert = |value: f32| value;
                $body
            }
        }
    };
}
