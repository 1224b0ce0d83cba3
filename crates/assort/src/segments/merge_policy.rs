//! When vectors are sealed, and which segments are merged.

use crate::Result;
use crate::store::{Reader, SpaceRecord};

/// Live vectors at which they are sealed: searched exactly, so many take
/// about as long as a walk of a large graph.
pub(crate) const LIVE: u64 = 8192;

/// Vectors that are sealed together at most: they are in memory meanwhile.
pub(crate) const MOST: usize = 1 << 17;

/// Live vectors at which an import waits for sealing: each takes up to twice
/// its size in the store's file, which does not shrink by itself.
pub(crate) const BACKLOG: u64 = 2 * MOST as u64;

/// Segments of like size that are merged: each row is written once for each
/// power of this that the catalog is larger than [`LIVE`].
const FAN: usize = 4;

/// Chunk of a segment that may be dead before it is written anew.
const DEAD: f64 = 0.3;

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Live vectors become a segment.
    Seal,
    /// Segments become one.
    Merge(Vec<u32>),
}

/// What the catalog needs most, when live vectors are sealed at `live`.
pub(crate) fn due(reader: &Reader<'_>, space: &SpaceRecord, live: u64) -> Result<Option<Work>> {
    if reader.live_vectors(space)? >= live.max(1) {
        return Ok(Some(Work::Seal));
    }
    let mut sizes = Vec::new();
    for (number, record) in reader.segments()? {
        if record.generation == space.generation {
            let dead = reader.dead(number)?.len() as u64;
            sizes.push((number, u64::from(record.rows), dead));
        }
    }
    Ok(merge(&sizes).map(Work::Merge))
}

/// The segments to merge, of all with their rows and how many of them are dead.
fn merge(segments: &[(u32, u64, u64)]) -> Option<Vec<u32>> {
    let mut tiers: Vec<(u32, u32)> = segments
        .iter()
        .map(|&(number, rows, dead)| (tier(rows.saturating_sub(dead)), number))
        .collect();
    tiers.sort_unstable();
    let full = tiers
        .chunk_by(|a, b| a.0 == b.0)
        .find(|tier| tier.len() >= FAN);
    if let Some(tier) = full {
        return Some(tier.iter().map(|(_, number)| *number).collect());
    }
    let worn = segments
        .iter()
        .find(|(_, rows, dead)| *dead as f64 > DEAD * *rows as f64);
    worn.map(|(number, ..)| vec![*number])
}

/// Which segments are of like size: a power of [`FAN`] times [`LIVE`].
fn tier(rows: u64) -> u32 {
    (rows / LIVE).max(1).ilog(FAN as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_of_like_size_are_merged_and_worn_ones_written_anew() {
        assert_eq!(merge(&[]), None);
        assert_eq!(merge(&[(1, 9000, 0), (2, 9000, 0), (3, 9000, 0)]), None);
        assert_eq!(
            merge(&[
                (1, 9000, 0),
                (2, 9000, 0),
                (3, 900_000, 0),
                (4, 8000, 0),
                (5, 20, 0)
            ]),
            Some(vec![1, 2, 4, 5])
        );
        assert_eq!(merge(&[(7, 100_000, 50_000)]), Some(vec![7]));
        assert_eq!(merge(&[(7, 100_000, 20_000)]), None);
    }

    #[test]
    fn a_growing_catalog_has_few_segments_and_writes_each_row_a_few_times() {
        let (mut segments, mut written): (Vec<(u32, u64, u64)>, u64) = (Vec::new(), 0);
        let rounds = 256;
        for number in 0..rounds {
            segments.push((number, LIVE, 0));
            written += LIVE;
            while let Some(merged) = merge(&segments) {
                let rows: u64 = segments
                    .iter()
                    .filter(|(number, ..)| merged.contains(number))
                    .map(|(_, rows, _)| rows)
                    .sum();
                segments.retain(|(number, ..)| !merged.contains(number));
                segments.push((1000 + number, rows, 0));
                written += rows;
            }
            assert!(segments.len() <= 3 * 5);
        }
        assert!(written <= 5 * LIVE * u64::from(rounds));
    }
}
