//! What does each variant keep in the workspace, and where?

use super::form::keys_of_words;
use super::params::{LEVELS, ORDER_LEVEL};
use crate::{Determinism, Form, Order, Output, Problem};

/// Cells of a node.
pub(super) const NODE: u64 = 256;
/// Nodes whose bits are counted together: `NODES` in kernels/voxelize/trie.cuh.
pub(super) const PART: u64 = 1024;
/// Nodes of the first level of which every one exists, bits or not: as many take 32 MB to clear.
const MOST_TOP_NODES: u64 = 1 << 20;
/// Words from one count to the next where owners of cells are counted: atomics on a sector wait for each other.
const APART: usize = 8;
/// `MOST_KEPT` in kernels/voxelize/magnitude.cuh: columns of which a block keeps what it found.
pub(super) const MOST_KEPT: usize = 128;
/// Columns of a word of `beyond`: `BEYOND_COLUMNS` in kernels/voxelize/feature.cuh.
const BEYOND_COLUMNS: usize = 16;

/// Where everything is, in bytes from the beginning. What is zero at first comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Room {
    pub bytes: usize,
    pub zero_bytes: usize,
    /// Keys of a cloud: its cells, filled up as far as a variant wants.
    pub keys: u64,
    /// Voxels that are worked on.
    pub slots: usize,
    /// Words from one of `others` to the next.
    pub apart: usize,
    pub levels: usize,
    pub level: [Option<Level>; LEVELS],
    pub node_of: usize,
    pub bit_of: usize,
    pub magnitude: usize,
    pub most: Option<usize>,
    pub owner: usize,
    pub others: usize,
    pub totals: Totals,
    pub listed: Option<usize>,
    pub by_tile: Option<TileRoom>,
    pub owners: Option<OwnerRoom>,
}

/// Sums and the like of slots, each wanted or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub first: Option<usize>,
    pub fixed: Option<usize>,
    pub beyond: Option<usize>,
    pub loose: Option<usize>,
    pub highest: Option<usize>,
    pub lowest: Option<usize>,
}

impl Totals {
    fn new(problem: &Problem, slots: usize, tape: &mut Tape) -> Totals {
        let f = problem.features;
        let wants = |output| f > 0 && problem.wants(output);
        let sums = wants(Output::Sum) || wants(Output::Mean);
        let fixed = sums && problem.determinism != Determinism::NotGuaranteed;
        let by_first = problem.order == Order::FirstPoint;
        Totals {
            first: tape.words(by_first || problem.wants(Output::First), slots, 1),
            fixed: tape.words(fixed, slots, 2 * f),
            beyond: tape.words(fixed, slots, f.div_ceil(BEYOND_COLUMNS)),
            loose: tape.words(sums && !fixed, slots, f),
            highest: tape.words(wants(Output::Max), slots, f),
            lowest: tape.words(wants(Output::Min), slots, f),
        }
    }
}

/// Cells and their owners: `Owners` in kernels/voxelize/params.cuh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnerRoom {
    pub state: usize,
    pub slot_of: usize,
    pub key_of: usize,
    pub members: usize,
    pub lengths: usize,
    pub least: usize,
}

/// Points by tiles: `Tiles` in kernels/voxelize/params.cuh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TileRoom {
    pub records: usize,
    pub begins: usize,
    pub totals: usize,
    pub ticket: usize,
    pub written: usize,
    pub shift: u32,
    pub tiles: usize,
    pub chunks: usize,
    pub each: usize,
    pub room: usize,
    pub row: usize,
    pub group: usize,
    pub heavy: usize,
    pub part: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub bits: usize,
    pub counts: usize,
    pub prefix: usize,
    pub parts: usize,
    pub total: usize,
    pub nodes: u64,
}

/// Hands out bytes one after another.
struct Tape(usize);

impl Tape {
    /// Room for so many elements; aligned for any access.
    fn take(&mut self, count: usize, size: usize) -> usize {
        let at = self.0;
        let bytes = count.saturating_mul(size).saturating_add(255) & !255;
        self.0 = self.0.saturating_add(bytes);
        at
    }

    fn words(&mut self, wanted: bool, each: usize, count: usize) -> Option<usize> {
        wanted.then(|| self.take(each.saturating_mul(count), 4))
    }
}

impl Room {
    /// Nothing; keys are numbers of cells.
    pub fn none(problem: &Problem) -> Room {
        Room {
            keys: problem.shape.iter().map(|&n| n as u64).product(),
            ..Room::default()
        }
    }

    /// For points by tiles of this many and size.
    pub fn of_tiles(problem: &Problem, mut tiles: TileRoom) -> Room {
        let mut tape = Tape(0);
        tiles.totals = tape.take(tiles.tiles, 4);
        tiles.ticket = tape.take(1, 4);
        tiles.written = tape.take(tiles.tiles, 4);
        let zero_bytes = tape.0;
        tiles.records = tape.take(tiles.chunks * tiles.room, 2);
        tiles.begins = tape.take((tiles.tiles + 1) * tiles.row, 2);
        Room {
            bytes: tape.0,
            zero_bytes,
            by_tile: Some(tiles),
            ..Room::none(problem)
        }
    }

    /// For owners of cells, of fewer than 2^31 keys, with so many blocks that mark them.
    pub fn of_owners(problem: &Problem, blocks: usize) -> Room {
        let keys = keys_of_words(problem);
        let all = keys as usize * problem.batch;
        // Of the cells that have several points.
        let slots = (problem.points / 2).min(all);
        let mut tape = Tape(0);
        let state = tape.take(all / 16, 4);
        let lengths = tape.take(1, 8);
        let magnitude = tape.take(problem.features, 4);
        let zero_bytes = tape.0;
        let owners = OwnerRoom {
            state,
            slot_of: tape.take(all, 4),
            key_of: tape.take(slots, 4),
            members: tape.take(problem.points, 8),
            lengths,
            least: tape.take(blocks, 4 * problem.features.min(MOST_KEPT)),
        };
        let node_of = tape.take(problem.points, 4);
        let others = tape.take(slots, 4 * APART);
        let totals = Totals::new(problem, slots, &mut tape);
        Room {
            zero_bytes,
            keys,
            slots,
            apart: APART,
            node_of,
            magnitude,
            others,
            totals,
            owners: Some(owners),
            bytes: tape.0,
            ..Room::default()
        }
    }

    /// For totals of every cell, of fewer than 2^31 keys, with so many blocks that find magnitudes.
    pub fn of_cells(problem: &Problem, blocks: usize) -> Room {
        let keys = keys_of_words(problem);
        let slots = keys as usize * problem.batch;
        let mut tape = Tape(0);
        let others = tape.take(slots, 4);
        let totals = Totals::new(problem, slots, &mut tape);
        let zero_bytes = tape.0;
        let magnitude = tape.take(problem.features, 4);
        // Points are looked at twice if they are weighed.
        let weighs = totals.fixed.is_some();
        let most = tape.words(weighs, problem.features, blocks);
        let node_of = tape.words(weighs, problem.points, 1).unwrap_or_default();
        Room {
            zero_bytes,
            keys,
            slots,
            apart: 1,
            node_of,
            magnitude,
            most,
            others,
            totals,
            bytes: tape.0,
            ..Room::default()
        }
    }

    /// For a problem whose clouds have less than 2^63 keys together.
    pub fn new(problem: &Problem) -> Room {
        let sizes = problem.shape.iter().map(|&n| n as u64);
        let keys = sizes.product::<u64>().next_multiple_of(NODE);
        let all_keys = keys * problem.batch as u64;
        let nodes = nodes(problem, all_keys);
        let levels = nodes.iter().take_while(|nodes| nodes.is_some()).count();
        let slots = (problem.points as u64).min(all_keys) as usize;
        let slots = match (problem.form, problem.order) {
            (Form::Sparse, Order::Key) => slots.min(problem.capacity),
            _ => slots,
        };
        let mut tape = Tape(0);
        let mut level = [None; LEVELS];
        // Of what grows from level to level only the first can be cleared before anything is known.
        let is_known = |index: usize| index == 0 || index == ORDER_LEVEL as usize;
        for (index, nodes) in nodes.into_iter().enumerate() {
            let Some(nodes) = nodes else { continue };
            let whole = nodes.next_multiple_of(PART) as usize;
            let mut found = Level {
                bits: 0,
                counts: 0,
                prefix: 0,
                parts: tape.take(whole / PART as usize, 4),
                total: tape.take(1, 4),
                nodes,
            };
            if is_known(index) {
                found.bits = tape.take(nodes as usize, 32);
                found.counts = tape.take(whole, 4);
            }
            level[index] = Some(found);
        }
        let magnitude = tape.take(problem.features, 4);
        let others = tape.take(slots, 4);
        let totals = Totals::new(problem, slots, &mut tape);
        let gathered = problem.gathered;
        let gathers = problem.wants(Output::Gathered) && problem.features > 0 && gathered > 0;
        let listed = tape.words(gathers, slots, gathered);
        let zero_bytes = tape.0;

        for (index, found) in level.iter_mut().enumerate() {
            let Some(found) = found else { continue };
            let whole = found.nodes.next_multiple_of(PART) as usize;
            if !is_known(index) {
                found.bits = tape.take(found.nodes as usize, 32);
                found.counts = tape.take(whole, 4);
            }
            found.prefix = tape.take(whole, 4);
        }
        Room {
            zero_bytes,
            keys,
            slots,
            apart: 1,
            levels,
            level,
            node_of: tape.take(problem.points, 4),
            bit_of: tape.take(problem.points, 1),
            owner: tape.take(slots, 4),
            magnitude,
            most: None,
            others,
            totals,
            listed,
            by_tile: None,
            owners: None,
            bytes: tape.0,
        }
    }
}

/// How many nodes there can be on each level. A dense form has one level, as every cell is looked at anyway.
fn nodes(problem: &Problem, all_keys: u64) -> [Option<u64>; LEVELS] {
    let covered = |levels: u32| u128::from(NODE).pow(levels);
    let top = |levels: u32| u128::from(all_keys).div_ceil(covered(levels)).max(1) as u64;
    let mut levels = 1;
    while problem.form == Form::Sparse && top(levels) > MOST_TOP_NODES {
        levels += 1;
    }
    let mut nodes = [None; LEVELS];
    let mut known = top(levels);
    for level in &mut nodes[..levels as usize] {
        *level = Some(known);
        known = known.saturating_mul(NODE).min(problem.points.max(1) as u64);
    }
    if problem.order == Order::FirstPoint {
        nodes[ORDER_LEVEL as usize] = Some((problem.points as u64).div_ceil(NODE).max(1));
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use robocache_testkit::mirror::header;

    #[test]
    fn the_kernels_count_alike() {
        assert!(header("voxelize/trie.cuh").contains(&format!("NODES = {PART};")));
        let kept = format!("MOST_KEPT = {MOST_KEPT};");
        assert!(header("voxelize/magnitude.cuh").contains(&kept));
        let columns = format!("BEYOND_COLUMNS = {BEYOND_COLUMNS};");
        assert!(header("voxelize/feature.cuh").contains(&columns));
        assert!(header("voxelize/params.cuh").contains(&format!("ORDER_LEVEL = {ORDER_LEVEL};")));
    }
}
