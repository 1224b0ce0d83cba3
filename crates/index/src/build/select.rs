//! Choosing the links of a row among candidates.

use crate::codes::Bytes;

/// A row and its distance from the row that looks for links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub(super) distance: u32,
    pub(super) id: u32,
}

/// Sorts the nearest first, ties by row, and drops repetitions.
pub(super) fn sort(candidates: &mut Vec<Candidate>) {
    candidates.sort_unstable_by(|a, b| a.distance.cmp(&b.distance).then(a.id.cmp(&b.id)));
    candidates.dedup_by_key(|candidate| candidate.id);
}

/// Keeps at most `most` of `candidates` (nearest first) that lie in different
/// directions: one that is nearer to a kept one than to the row itself can be
/// reached through it (algorithm 4 of Malkov and Yashunin, 2018).
pub(super) fn diverse(bytes: &Bytes, candidates: &[Candidate], most: usize, kept: &mut Vec<u32>) {
    kept.clear();
    for candidate in candidates {
        if kept.len() == most {
            break;
        }
        let row = bytes.row(candidate.id);
        let hidden = kept
            .iter()
            .any(|&id| row.distance(bytes.row(id)) < candidate.distance);
        if !hidden {
            kept.push(candidate.id);
        }
    }
}
