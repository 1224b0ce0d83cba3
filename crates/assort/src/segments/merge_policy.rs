//! When vectors are sealed, and which segments are merged.

use crate::Result;
use crate::store::{Reader, SpaceRecord};

/// Live vectors at which they are sealed: compared with each query, so many take
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

/// Part of a segment that may be dead before it is written anew.
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
    Ok(merge(&sizes(reader, space)?).map(Work::Merge))
}

/// Rows that all steps will write that are due, and those that will be after
/// them, when live vectors are sealed at `live`: what is merged again counts
/// again.
pub(crate) fn planned_rows(reader: &Reader<'_>, space: &SpaceRecord, live: u64) -> Result<u64> {
    let sizes = sizes(reader, space)?;
    Ok(plan(sizes, reader.live_vectors(space)?, live))
}

/// Follows the policy to its end, from segments and live vectors.
fn plan(mut segments: Vec<(u32, u64, u64)>, mut waiting: u64, live: u64) -> u64 {
    let mut written = 0;
    let last = segments.iter().map(|(number, ..)| *number).max();
    for number in last.map_or(0, |last| last.saturating_add(1)).. {
        let rows = if waiting >= live.max(1) {
            let rows = waiting.min(MOST as u64);
            waiting -= rows;
            rows
        } else {
            let Some(merged) = merge(&segments) else {
                break;
            };
            let of = |number: &u32| merged.contains(number);
            let sizes = segments.iter().filter(|(number, ..)| of(number));
            let rows = sizes
                .map(|(_, rows, dead)| rows.saturating_sub(*dead))
                .sum();
            segments.retain(|(number, ..)| !of(number));
            rows
        };
        if rows > 0 {
            segments.push((number, rows, 0));
        }
        written += rows;
    }
    written
}

/// The segments of a space: number, rows, and how many of them are dead.
pub(super) fn sizes(reader: &Reader<'_>, space: &SpaceRecord) -> Result<Vec<(u32, u64, u64)>> {
    let mut sizes = Vec::new();
    for (number, record) in reader.segments()? {
        if record.generation == space.generation {
            let dead = reader.dead(number)?.len() as u64;
            sizes.push((number, u64::from(record.rows), dead));
        }
    }
    Ok(sizes)
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
    fn what_a_plan_will_write_is_known_before_it_begins() {
        assert_eq!(plan(vec![], LIVE - 1, LIVE), 0);
        assert_eq!(plan(vec![], LIVE, LIVE), LIVE);
        assert_eq!(plan(vec![], 20_000, LIVE), 20_000);
        // The fourth segment of a size brings a merge of all four.
        let three = [1, 2, 3].map(|number| (number, LIVE, 0)).to_vec();
        assert_eq!(plan(three.clone(), LIVE, LIVE), LIVE + 4 * LIVE);
        assert_eq!(plan(three, 100, LIVE), 0);
        // What is dead is not written again, and many are sealed in shares.
        assert_eq!(plan(vec![(7, 100_000, 50_000)], 0, LIVE), 50_000);
        assert_eq!(plan(vec![(7, 9, 9)], 0, LIVE), 0);
        let most = MOST as u64;
        assert_eq!(plan(vec![], 3 * most, LIVE), 3 * most);
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
