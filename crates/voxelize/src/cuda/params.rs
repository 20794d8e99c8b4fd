//! The parameter struct of every kernel: `Params` in kernels/voxelize/params.cuh, offset by offset.

use super::form::{has_fours, has_quads, is_quick, keeps_features, target_form};
use super::room::{OwnerRoom, Room, TileRoom};
use crate::request::{Reductions, Request};
use crate::{Clouds, Grid, Order, Output, Outside, Problem};
use robocache_core::{DType, TensorViewMut};

const CLAMP: u32 = 1;
const QUICK: u32 = 2;
const OFFSETS_ARE_64_BIT: u32 = 4;
const BY_FIRST: u32 = 8;
const FOURS: u32 = 16;
const QUADS: u32 = 32;
const ALL_ADD: u32 = 64;

/// Levels of a trie, and behind them the one for the order of first points.
pub(super) const LEVELS: usize = 9;
pub(super) const ORDER_LEVEL: u32 = LEVELS as u32 - 1;

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Target {
    to: u64,
    stride: [i64; 5],
    dtype: u32,
    form: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Level {
    bits: u64,
    counts: u64,
    prefix: u64,
    parts: u64,
    total: u64,
    nodes: i64,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Tiles {
    records: u64,
    begins: u64,
    totals: u64,
    ticket: u64,
    written: u64,
    shift: u32,
    tiles: u32,
    chunks: u32,
    each: u32,
    room: u32,
    row: u32,
    group: u32,
    heavy: u32,
    part: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Owners {
    state: u64,
    slot_of: u64,
    key_of: u64,
    members: u64,
    lengths: u64,
    least: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Params {
    points: u64,
    features: u64,
    offsets: u64,
    point_stride: [i64; 2],
    feature_stride: [i64; 2],
    offsets_stride: i64,
    cells: u64,
    keys: u64,
    count: u32,
    batch: u32,
    columns: u32,
    column_inverse: u32,
    four_inverse: u32,
    point_dtype: u32,
    feature_dtype: u32,
    flags: u32,
    min: [f32; 3],
    size: [f32; 3],
    inverse: [f32; 3],
    limit: [f32; 3],
    shape: [u32; 3],
    empty: f64,
    capacity: u32,
    rows: u32,
    slots: u32,
    apart: u32,
    levels: u32,
    pub level_now: u32,
    zeros: u64,
    zero_bytes: u64,
    node_of: u64,
    bit_of: u64,
    magnitude: u64,
    most: u64,
    owner: u64,
    others: u64,
    first: u64,
    fixed: u64,
    beyond: u64,
    loose: u64,
    highest: u64,
    lowest: u64,
    listed: u64,
    by_tile: Tiles,
    owners: Owners,
    level: [Level; LEVELS],
    target: [Target; Output::COUNT],
}

/// What a request has that its problem has not.
struct Given<'r, 'a> {
    clouds: &'r Clouds<'a>,
    grid: Grid,
    empty: f64,
    /// By [`Output`]; 0 for what is not wanted.
    to: [u64; Output::COUNT],
}

fn address<const R: usize>(view: &Option<TensorViewMut<'_, R>>) -> u64 {
    view.as_ref().map_or(0, TensorViewMut::address)
}

fn put_reductions<const C: usize, const V: usize>(
    to: &mut [u64; Output::COUNT],
    of: &Reductions<'_, C, V>,
) {
    to[Output::Count as usize] = address(&of.count);
    to[Output::First as usize] = address(&of.first);
    to[Output::Sum as usize] = address(&of.sum);
    to[Output::Mean as usize] = address(&of.mean);
    to[Output::Max as usize] = address(&of.max);
    to[Output::Min as usize] = address(&of.min);
}

impl<'r, 'a> Given<'r, 'a> {
    fn of(request: &'r Request<'a>) -> Given<'r, 'a> {
        let mut to = [0; Output::COUNT];
        match request {
            Request::Dense(dense) => {
                to[Output::Occupancy as usize] = address(&dense.occupancy);
                to[Output::Bits as usize] = address(&dense.bits);
                put_reductions(&mut to, &dense.cells);
                Given {
                    clouds: &dense.clouds,
                    grid: dense.grid,
                    empty: dense.options.empty,
                    to,
                }
            }
            Request::Sparse(sparse) => {
                to[Output::Number as usize] = sparse.number.address();
                to[Output::Coords as usize] = sparse.coords.address();
                to[Output::PointToVoxel as usize] = address(&sparse.point_to_voxel);
                to[Output::Gathered as usize] = address(&sparse.gathered);
                put_reductions(&mut to, &sparse.voxels);
                Given {
                    clouds: &sparse.clouds,
                    grid: sparse.grid,
                    empty: sparse.options.empty,
                    to,
                }
            }
        }
    }
}

impl Params {
    /// Of a request with a workspace that begins at an address.
    pub fn new(problem: &Problem, room: &Room, request: &Request<'_>, workspace: u64) -> Params {
        let given = Given::of(request);
        let grid = given.grid;
        let flag = |on: bool, bit: u32| if on { bit } else { 0 };
        let clamp = problem.outside == Outside::Clamp;
        let at = |place: Option<usize>| place.map_or(0, |byte| workspace + byte as u64);
        let level = |level: usize| {
            let found = room.level[level];
            found.map_or(Level::default(), |found| Level {
                bits: workspace + found.bits as u64,
                counts: workspace + found.counts as u64,
                prefix: workspace + found.prefix as u64,
                parts: workspace + found.parts as u64,
                total: workspace + found.total as u64,
                nodes: found.nodes as i64,
            })
        };
        let features = given.clouds.features.as_ref();
        let offsets = given.clouds.offsets.as_ref();
        Params {
            points: given.clouds.points.address(),
            features: features.map_or(0, |view| view.address()),
            offsets: offsets.map_or(0, |view| view.address()),
            point_stride: problem.point_strides.map(|stride| stride as i64),
            feature_stride: problem.feature_strides.map(|stride| stride as i64),
            offsets_stride: problem.offsets_stride as i64,
            cells: grid.cells(),
            keys: room.keys,
            count: problem.points as u32,
            batch: problem.batch as u32,
            columns: problem.features as u32,
            column_inverse: inverse(problem.features),
            four_inverse: inverse(problem.features / 4),
            point_dtype: problem.point_dtype as u32,
            feature_dtype: problem.feature_dtype as u32,
            min: grid.min(),
            size: grid.voxel_size(),
            inverse: grid.voxel_size().map(f32::recip),
            limit: grid.shape().map(|cells| cells as f32),
            shape: grid.shape().map(|cells| cells as u32),
            empty: given.empty,
            capacity: problem.capacity as u32,
            rows: problem.gathered as u32,
            slots: room.slots as u32,
            apart: room.apart as u32,
            levels: room.levels as u32,
            level_now: 0,
            flags: flag(clamp, CLAMP)
                // Which tells nothing of points outside.
                | flag(!clamp && is_quick(&grid), QUICK)
                | flag(
                    problem.offsets_dtype == Some(DType::I64),
                    OFFSETS_ARE_64_BIT,
                )
                | flag(problem.order == Order::FirstPoint, BY_FIRST)
                | flag(has_fours(problem), FOURS)
                | flag(has_quads(problem), QUADS)
                | flag(!keeps_features(problem), ALL_ADD),
            zeros: workspace,
            zero_bytes: room.zero_bytes as u64,
            node_of: at(Some(room.node_of)),
            bit_of: at(Some(room.bit_of)),
            magnitude: at(Some(room.magnitude)),
            most: at(room.most),
            owner: at(Some(room.owner)),
            others: at(Some(room.others)),
            first: at(room.totals.first),
            fixed: at(room.totals.fixed),
            beyond: at(room.totals.beyond),
            loose: at(room.totals.loose),
            highest: at(room.totals.highest),
            lowest: at(room.totals.lowest),
            listed: at(room.listed),
            by_tile: room
                .by_tile
                .map_or(Tiles::default(), |t| Tiles::new(&t, workspace)),
            owners: room
                .owners
                .map_or(Owners::default(), |o| Owners::new(&o, workspace)),
            level: std::array::from_fn(level),
            target: Output::ALL.map(|output| target(problem, output, given.to)),
        }
    }
}

/// 2^16 over a number, rounded up: what numbers up to 32 are divided with in kernels/voxelize/feature.cuh.
fn inverse(columns: usize) -> u32 {
    match columns {
        0 => 0,
        _ => (1_usize << 16).div_ceil(columns) as u32,
    }
}

impl Tiles {
    fn new(room: &TileRoom, workspace: u64) -> Tiles {
        Tiles {
            records: workspace + room.records as u64,
            begins: workspace + room.begins as u64,
            totals: workspace + room.totals as u64,
            ticket: workspace + room.ticket as u64,
            written: workspace + room.written as u64,
            shift: room.shift,
            tiles: room.tiles as u32,
            chunks: room.chunks as u32,
            each: room.each as u32,
            room: room.room as u32,
            row: room.row as u32,
            group: room.group as u32,
            heavy: room.heavy as u32,
            part: room.part as u32,
        }
    }
}

impl Owners {
    fn new(room: &OwnerRoom, workspace: u64) -> Owners {
        Owners {
            state: workspace + room.state as u64,
            slot_of: workspace + room.slot_of as u64,
            key_of: workspace + room.key_of as u64,
            members: workspace + room.members as u64,
            lengths: workspace + room.lengths as u64,
            least: workspace + room.least as u64,
        }
    }
}

fn target(problem: &Problem, output: Output, to: [u64; Output::COUNT]) -> Target {
    let Some(form) = problem.outputs[output as usize] else {
        return Target::default();
    };
    Target {
        to: to[output as usize],
        stride: form.strides.map(|stride| stride as i64),
        dtype: form.dtype as u32,
        form: target_form(problem, output, &form),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn lanes_are_divided_by_columns() {
        for columns in (1..5000).chain([1 << 16, 1 << 20]) {
            for lanes in 0..=32 {
                let quotient = (lanes as u32 * inverse(columns)) >> 16;
                assert_eq!(quotient as usize, lanes / columns, "{lanes} / {columns}");
            }
        }
    }

    use super::super::form::{CHUNKS, FLAT, WHOLE};
    use super::*;
    use robocache_testkit::mirror::{fields, header};
    use robocache_testkit::offsets;

    const HEADER: &str = "voxelize/params.cuh";

    #[test]
    fn the_kernels_see_the_same_structs() {
        let (target, target_bytes) = fields(HEADER, "Target", &[]);
        assert_eq!(target, offsets!(Target: to, stride, dtype, form));
        assert_eq!(target_bytes, size_of::<Target>());
        let (level, level_bytes) = fields(HEADER, "Level", &[]);
        let expected = offsets!(Level: bits, counts, prefix, parts, total, nodes);
        assert_eq!((level, level_bytes), (expected, size_of::<Level>()));
        let (tiles, tiles_bytes) = fields(HEADER, "Tiles", &[]);
        let expected = offsets!(Tiles:
            records, begins, totals, ticket, written, shift, tiles, chunks, each, room, row, group, heavy, part);
        assert_eq!((tiles, tiles_bytes), (expected, size_of::<Tiles>()));
        let (owners, owners_bytes) = fields(HEADER, "Owners", &[]);
        let expected = offsets!(Owners: state, slot_of, key_of, members, lengths, least);
        assert_eq!((owners, owners_bytes), (expected, size_of::<Owners>()));
        let inner = [
            ("Target", target_bytes, 8),
            ("Level", level_bytes, 8),
            ("Tiles", tiles_bytes, 8),
            ("Owners", owners_bytes, 8),
        ];
        let (params, bytes) = fields(HEADER, "Params", &inner);
        let expected = offsets!(Params:
            points, features, offsets, point_stride, feature_stride, offsets_stride, cells, keys, count, batch, columns, column_inverse, four_inverse,
            point_dtype, feature_dtype, flags, min, size, inverse, limit, shape, empty, capacity, rows, slots, apart, levels,
            level_now, zeros,
            zero_bytes, node_of, bit_of, magnitude, most, owner, others, first, fixed, beyond, loose, highest, lowest,
            listed, by_tile, owners, level, target);
        assert_eq!(params, expected);
        assert_eq!(bytes, size_of::<Params>());
        let text = header(HEADER);
        assert!(text.contains(&format!("Level level[{LEVELS}];")));
        assert!(text.contains(&format!("Target target[{}];", Output::COUNT)));
    }

    #[test]
    fn the_kernels_know_the_same_numbers() {
        let text = header(HEADER);
        for output in Output::ALL {
            let line = format!("OUT_{} = {},", output.name().to_uppercase(), output as u32);
            assert!(text.contains(&line), "{line}");
        }
        for (name, value) in [
            ("CLAMP", CLAMP),
            ("QUICK", QUICK),
            ("OFFSETS_ARE_64_BIT", OFFSETS_ARE_64_BIT),
            ("BY_FIRST", BY_FIRST),
            ("FOURS", FOURS),
            ("QUADS", QUADS),
            ("ALL_ADD", ALL_ADD),
            ("FLAT", FLAT),
            ("CHUNKS", CHUNKS),
            ("WHOLE", WHOLE),
        ] {
            assert!(text.contains(&format!("{name} = {value},")), "{name}");
        }
    }
}
