//! Ranking what a walk or a scan found: by twelve bits a coordinate, then the
//! best of it by whole vectors.
//!
//! Results are cut where the similarity of whole vectors says, and by the same
//! similarity they are told. So every row is compared whole that may be among
//! the best `k` by twelve bits, give or take their rounding. By twelve bits those are compared
//! that may be among the best `k` by four, give or take what four bits were wrong by so far.

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
    /// How much more four bits made of it.
    surplus: f32,
}

/// Usual errors of four bits by which a row may be worse than they say that is compared by
/// twelve.
const COARSE_ERRORS: f32 = 6.0;

/// Ranks candidates, with working memory that is used again.
#[derive(Default)]
pub(crate) struct Ranking {
    candidates: Vec<Candidate>,
    /// What the similarity of each candidate is at least.
    least: Vec<f32>,
}

impl Ranking {
    /// Adds those rows to `hits` that may be among the best `k`, with the similarity of their
    /// whole vectors: at least `k` if there are so many, and more where rounding leaves open
    /// which ones they are. `found` are slots with their products by four bits, best first.
    pub(crate) fn rank(
        &mut self,
        segment: &Segment,
        query: &[f32],
        codes: &CodeQuery,
        found: impl Iterator<Item = (i32, u32)> + Clone,
        k: usize,
        hits: &mut Vec<Hit>,
    ) {
        self.candidates.clear();
        let above = |least: f32| {
            let reaches = move |(product, _): &(i32, u32)| codes.by_four_bits(*product) >= least;
            found.clone().take_while(reaches)
        };
        // What will be compared for the most part is fetched before that is known.
        let last = found.clone().take(k).last();
        let last = last.map_or(f32::INFINITY, |(product, _)| codes.by_four_bits(product));
        fetch(segment, above(last - COARSE_ERRORS * codes.error));
        self.compare(segment, query, codes, found.clone().take(k));
        let rest = above(self.least(codes)).skip(k);
        fetch(segment, rest.clone());
        self.compare(segment, query, codes, rest);
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

    /// Compares the twelve bits of all that was found.
    fn compare(
        &mut self,
        segment: &Segment,
        query: &[f32],
        codes: &CodeQuery,
        found: impl Iterator<Item = (i32, u32)>,
    ) {
        let (records, refinements) = (segment.records().records, segment.refinements());
        for (product, slot) in found.filter(|&(_, slot)| refinements.trusts(slot)) {
            let close = codes.similarity(records, refinements.records, slot);
            let whole = || Some((dot16(query, segment.half(slot)?), 0.0));
            if let Some((similarity, margin)) = close.or_else(whole) {
                self.candidates.push(Candidate {
                    slot,
                    similarity,
                    margin,
                    surplus: codes.by_four_bits(product) - similarity,
                });
            }
        }
    }

    /// What four bits say at least of a row that may be better than all candidates so far are
    /// at worst. Where coordinates lie far outside the rest of the data, four bits are wrong by
    /// more than usual: as much as they were for these.
    fn least(&self, codes: &CodeQuery) -> f32 {
        let all = || self.candidates.iter();
        let worst = all().map(|candidate| candidate.similarity - candidate.margin);
        let squares: f32 = all().map(|candidate| candidate.surplus.powi(2)).sum();
        let wrong = (squares / self.candidates.len().max(1) as f32).sqrt();
        worst.fold(f32::INFINITY, f32::min) - COARSE_ERRORS * wrong.max(codes.error)
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

/// Fetches what twelve bits need beside the four that were compared.
fn fetch(segment: &Segment, found: impl Iterator<Item = (i32, u32)>) {
    let refinements = segment.refinements().records;
    found.for_each(|(_, slot)| prefetch(refinements, slot));
}
