//! Which columns does one call resample?

use super::assign::{Column, Share};
use super::log::{Block, Log};
use anyhow::{Result, bail};
use std::collections::BTreeMap;

/// The shares of each call, in the order of their first columns, so that columns lie as they do in the
/// log if they can.
///
/// # Errors
/// For a rotation of columns of several types.
pub(super) fn parts(log: &Log, shares: &[Share]) -> Result<Vec<Vec<Share>>> {
    // By block, the first of those that it is resampled with.
    let mut leader: Vec<usize> = (0..log.blocks.len()).collect();
    for share in shares {
        for value in share.columns.chunks_exact(share.kind.width()) {
            join(log, value, &mut leader)?;
        }
    }
    let mut parts: BTreeMap<usize, Vec<Share>> = BTreeMap::new();
    for &Share { kind, ref columns } in shares {
        for &column in columns {
            let part = parts.entry(leader[column.block]).or_default();
            match part.iter_mut().find(|share| share.kind == kind) {
                Some(share) => share.columns.push(column),
                None => part.push(Share {
                    kind,
                    columns: vec![column],
                }),
            }
        }
    }
    for part in parts.values_mut() {
        for share in part.iter_mut().filter(|share| share.kind.width() == 1) {
            share.columns.sort_unstable();
        }
        part.sort_by_key(|share| share.columns.first().copied());
    }
    Ok(parts.into_values().collect())
}

/// Joins the blocks of columns that make one value.
fn join(log: &Log, value: &[Column], leader: &mut [usize]) -> Result<()> {
    let Some((first, others)) = value.split_first() else {
        return Ok(());
    };
    for other in others {
        let (one, another) = (&log.blocks[first.block], &log.blocks[other.block]);
        if std::mem::discriminant(&one.data) != std::mem::discriminant(&another.data) {
            let name = |block: &Block| block.fields.first().map(|field| field.name.clone());
            bail!(
                "{}: the arrays {:?} and {:?} hold parts of one rotation but have different types; \
                 save them in one type",
                log.path.display(),
                name(one).unwrap_or_default(),
                name(another).unwrap_or_default()
            );
        }
        let (low, high) = (leader[first.block], leader[other.block]);
        let (low, high) = (low.min(high), low.max(high));
        if low != high {
            let joined = leader.iter_mut().filter(|leader| **leader == high);
            joined.for_each(|leader| *leader = low);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::log::Data;
    use crate::resample::log::testing::{block, log};
    use robocache::trajectory::{Kind, Quaternion};

    const SLERP: Kind = Kind::Slerp(Quaternion::Xyzw);

    fn share(kind: Kind, columns: &[(usize, usize)]) -> Share {
        let columns = columns.iter().map(|&(block, at)| Column { block, at });
        let columns = columns.collect();
        Share { kind, columns }
    }

    #[test]
    fn a_call_takes_a_block_or_those_that_share_a_rotation() {
        let single = || block(&["q"], Data::F32(vec![0.0; 2]));
        let mut blocks: Vec<Block> = (0..6).map(|_| single()).collect();
        let shares = [
            share(SLERP, &[(4, 0), (3, 0), (1, 0), (0, 0)]),
            share(Kind::Linear, &[(2, 0), (5, 0)]),
        ];
        let found = parts(&log(blocks), &shares).expect("parts");
        let expected = [
            vec![shares[0].clone()],
            vec![share(Kind::Linear, &[(2, 0)])],
            vec![share(Kind::Linear, &[(5, 0)])],
        ];
        assert_eq!(found, expected);
        blocks = (0..6).map(|_| single()).collect();
        blocks[1].data = Data::F64(vec![0.0; 2]);
        let error = parts(&log(blocks), &shares).expect_err("of two types");
        assert!(error.to_string().contains("different types"), "{error}");
    }
}
