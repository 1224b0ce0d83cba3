//! Ranking what a walk or a scan found: by twelve bits a coordinate, then the
//! best of it by whole vectors.
//!
//! Results are cut where the similarity of whole vectors says, and by the same
//! similarity they are told. So every row is compared whole that may be among
//! the best `k` by twelve bits, give or take their rounding.

use crate::codes::CodeQuery;
use crate::hit::Hit;
use crate::kernel::{dot16, prefetch};
use crate::segment::Segment;

/// A row that may be among the best.
struct Candidate {
    slot: u32,
    /// Similarity by twelve bits a coordinate.
    similarity: f32,
    /// How far it may be from that of the whole vector.
    margin: f32,
}

/// Ranks candidates, with working memory that is used again.
#[derive(Default)]
pub(crate) struct Ranking {
    candidates: Vec<Candidate>,
    /// What the similarity of each candidate is at least.
    least: Vec<f32>,
}

impl Ranking {
    /// Adds those of `slots` to `hits` that may be among the best `k`, with the
    /// similarity of their whole vectors: at least `k` if there are so many, and
    /// more where rounding leaves open which ones they are.
    pub(crate) fn rank(
        &mut self,
        segment: &Segment,
        query: &[f32],
        codes: &CodeQuery,
        slots: impl Iterator<Item = u32> + Clone,
        k: usize,
        hits: &mut Vec<Hit>,
    ) {
        self.compare(segment, query, codes, slots);
        self.cut(k);
        let slots = self.candidates.iter().map(|candidate| candidate.slot);
        slots.for_each(|slot| segment.prefetch_half(slot));
        hits.extend(self.candidates.iter().filter_map(|candidate| {
            // None has been read from changed bytes; the search fails then.
            let row = segment.row(candidate.slot)?;
            let similarity = dot16(query, segment.half(candidate.slot)?);
            Some(Hit { row, similarity })
        }));
    }

    /// Compares the twelve bits of all slots.
    fn compare(
        &mut self,
        segment: &Segment,
        query: &[f32],
        codes: &CodeQuery,
        slots: impl Iterator<Item = u32> + Clone,
    ) {
        let (records, refinements) = (segment.records().records, segment.refinements());
        self.candidates.clear();
        slots
            .clone()
            .for_each(|slot| prefetch(refinements.records, slot));
        for slot in slots.filter(|&slot| refinements.trusts(slot)) {
            let close = codes.similarity(records, refinements.records, slot);
            let whole = || Some((dot16(query, segment.half(slot)?), 0.0));
            if let Some((similarity, margin)) = close.or_else(whole) {
                self.candidates.push(Candidate {
                    slot,
                    similarity,
                    margin,
                });
            }
        }
    }

    /// Drops what is surely behind `k` others.
    fn cut(&mut self, k: usize) {
        if self.candidates.len() <= k {
            return;
        }
        let Some(last) = k.checked_sub(1) else {
            self.candidates.clear();
            return;
        };
        self.least.clear();
        let least = self.candidates.iter();
        self.least
            .extend(least.map(|candidate| candidate.similarity - candidate.margin));
        let (_, &mut bound, _) = self
            .least
            .select_nth_unstable_by(last, |a, b| b.total_cmp(a));
        self.candidates
            .retain(|candidate| candidate.similarity + candidate.margin >= bound);
    }
}
