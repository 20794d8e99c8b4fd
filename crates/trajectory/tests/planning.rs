//! Sizes and strides at the ends of their types are planned with, not overflowed; and to look at a request, as every
//! launch does, takes no memory.

use robocache_core::{Layout, TensorView, TensorViewMut, TimeAxis, TimeScalar};
use robocache_trajectory::{
    Kind, Kinds, Options, Plan, Problem, Quaternion, Resample, Span, Spans,
};
use std::alloc::{GlobalAlloc, Layout as Piece, System};
use std::cell::Cell;

/// Counts what each thread asks for.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, piece: Piece) -> *mut u8 {
        // Fails only while a thread ends.
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(piece) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, piece: Piece) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, piece) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_sound_request_is_looked_at_without_an_allocation() {
    let (data, mut out) = ([0f32; 2 * 5 * 7], [0f32; 2 * 3 * 7]);
    let (mut mask, mut age) = ([0u8; 2 * 3], [0f32; 2 * 3]);
    let (own, all) = ([0f64; 2 * 5], [0f64; 3]);
    let span = |columns, kind| Span { columns, kind };
    let rotation = Kind::Slerp(Quaternion::Xyzw);
    let pose = Spans::new(&[span(3, Kind::Linear), span(4, rotation)]).unwrap();
    for kind in [Kinds::All(Kind::Linear), Kinds::Spans(pose)] {
        let mut request = Resample::new(
            TensorView::from_slice(&data, [2, 5, 7]).unwrap(),
            TimeAxis::PerRow(TensorView::from_slice(&own, [2, 5]).unwrap()),
            TimeAxis::Shared(TensorView::from_slice(&all, [3]).unwrap()),
            TensorViewMut::from_slice(&mut out, [2, 3, 7]).unwrap(),
        )
        .options(Options::default().kind(kind));
        request.mask = Some(TensorViewMut::from_slice(&mut mask, [2, 3]).unwrap());
        request.age = Some(TensorViewMut::from_slice(&mut age, [2, 3]).unwrap());
        let before = COUNT.get();
        let problem = Problem::of(&request);
        assert_eq!(COUNT.get() - before, 0);
        assert!(problem.unwrap().columns_adjacent());
    }
    let before = COUNT.get();
    drop(std::hint::black_box(vec![0u8; 3]));
    assert_eq!(COUNT.get() - before, 1, "what is there is counted");
}

fn uniform(len: usize) -> TimeAxis<'static> {
    TimeAxis::Uniform {
        start: TimeScalar::F64(0.0),
        step: TimeScalar::F64(1.0),
        len,
    }
}

#[test]
fn the_bytes_of_a_vast_problem_without_columns_are_counted() {
    let (batch, targets) = (1usize << 40, 1usize << 30);
    let mut none = [0f32; 0];
    let out = TensorViewMut::from_slice(&mut none, [batch, targets, 0]).unwrap();
    let data = TensorView::from_slice(&[0f32; 0], [batch, 2, 0]).unwrap();
    let request = Resample::new(data, uniform(2), uniform(targets), out);
    let problem = Problem::of(&request).unwrap();
    assert!(problem.is_empty());
    assert_eq!(problem.bytes(), 0);
    Plan::new_cpu(&request).unwrap().run(request).unwrap();
}

#[test]
fn the_bytes_of_repeated_samples_are_counted() {
    // A batch of 2^58 rows that are one row, of which nothing is wanted.
    let batch = 1usize << 58;
    let repeated = Layout::strided([batch, 2, 1], [0, 1, 1]).unwrap();
    let data = TensorView::from_slice_strided(&[0f64, 1.0], repeated, 0).unwrap();
    let mut none = [0f64; 0];
    let out = TensorViewMut::from_slice(&mut none, [batch, 0, 1]).unwrap();
    let times = Layout::strided([batch, 2], [0, 1]).unwrap();
    let times = TensorView::from_slice_strided(&[0f64, 1.0], times, 0).unwrap();
    let request = Resample::new(data, TimeAxis::PerRow(times), uniform(0), out);
    let bytes = Problem::of(&request).unwrap().bytes();
    assert_eq!(
        bytes,
        2 * batch * 8,
        "no samples are used, all times are there"
    );
}

/// The ids of the variants that take a request on an H200.
#[cfg(feature = "cuda")]
fn takers(request: &Resample<'_>) -> Vec<&'static str> {
    use robocache_registry::Descriptor;
    use robocache_testkit::stub::Device;

    let caps = Device::H200.caps(0);
    let problem = Problem::of(request).unwrap();
    robocache_trajectory::dispatcher()
        .survey(&problem, &caps)
        .filter(|(_, refusal)| refusal.is_ok())
        .map(|(variant, _)| {
            variant.rank(&problem, &caps);
            variant.info.id
        })
        .collect()
}

#[cfg(feature = "cuda")]
#[test]
fn a_stride_along_one_element_may_be_any_number() {
    for stride in [isize::MIN, isize::MAX, isize::MIN + 4] {
        let samples = [0f32; 16];
        let data = Layout::strided([1, 2, 8], [stride, 8, 1]).unwrap();
        let data = TensorView::from_slice_strided(&samples, data, 0).unwrap();
        let mut values = [0f32; 8];
        let layout = Layout::strided([1, 1, 8], [stride, stride, 1]).unwrap();
        let out = TensorViewMut::from_slice_strided(&mut values, layout, 0).unwrap();
        let request = Resample::new(data, uniform(2), uniform(1), out);
        assert!(takers(&request).contains(&"trajectory.generic.sm80"));
        Plan::new_cpu(&request).unwrap().run(request).unwrap();
    }
}

/// Its kernel counts the values of a tile in 32 bits, and rows without samples fit the shared memory
/// whatever their columns.
#[cfg(feature = "cuda")]
#[test]
fn the_row_variant_leaves_vast_rows_without_samples_to_others() {
    let takes = |targets, columns| {
        let mut none = [0f32; 0];
        let out = TensorViewMut::from_slice(&mut none, [0, targets, columns]).unwrap();
        let data = TensorView::from_slice(&[0f32; 0], [0, 0, columns]).unwrap();
        takers(&Resample::new(data, uniform(0), uniform(targets), out))
    };
    let row = "trajectory.row.sm80";
    assert!(takes(512, (1 << 22) - 1).contains(&row));
    for (targets, columns) in [
        (512, 1 << 22),
        (1, 1 << 31),
        (0, 1 << 62),
        (100_000, 1 << 40),
    ] {
        let takers = takes(targets, columns);
        assert!(
            !takers.contains(&row) && !takers.is_empty(),
            "{targets} x {columns}: {takers:?}"
        );
    }
}
