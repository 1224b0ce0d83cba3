//! Heads as a source of evidence: the categories they know among the candidates.

use std::sync::Arc;

use assort_core::{Candidates, Taxonomy};
use assort_head::{Head, HeadInput};

/// Part of what a head says that categories share which it does not know.
const UNKNOWN: f32 = 0.1;

/// A head that is known by its digest.
#[derive(Clone, Debug)]
pub(crate) struct KnownHead(pub(crate) Arc<Head>);

impl PartialEq for KnownHead {
    fn eq(&self, other: &Self) -> bool {
        self.0.digest() == other.0.digest()
    }
}

/// Heads whose scores are averaged, over the candidates of a taxonomy.
pub(crate) struct HeadScorer {
    heads: Vec<(KnownHead, Vec<Vec<u32>>)>,
    candidates: usize,
}

impl HeadScorer {
    /// None without heads, or if none of them knows a category of the taxonomy.
    pub(crate) fn new(
        heads: &[KnownHead],
        taxonomy: &Taxonomy,
        candidates: &Candidates,
    ) -> Option<Self> {
        let heads: Vec<(KnownHead, Vec<Vec<u32>>)> = heads
            .iter()
            .map(|head| {
                let places = head.0.categories().iter();
                let places = places.map(|id| places_of(id, taxonomy, candidates));
                (head.clone(), places.collect::<Vec<_>>())
            })
            .filter(|(_, places)| places.iter().any(|places| !places.is_empty()))
            .collect();
        (!heads.is_empty()).then_some(Self {
            heads,
            candidates: candidates.len(),
        })
    }

    /// Logarithms of the candidates' shares of each product; none for one of which
    /// no head knows anything.
    pub(crate) fn log_shares(&self, inputs: &[HeadInput<'_>]) -> Vec<Option<Vec<f32>>> {
        let mut all: Vec<Option<Vec<f32>>> = vec![None; inputs.len()];
        for (head, places) in &self.heads {
            for (sum, own) in all.iter_mut().zip(head.0.log_shares(inputs)) {
                let Some(own) = own.map(|own| self.spread(&own, places)) else {
                    continue;
                };
                let sum = sum.get_or_insert_with(|| vec![0.0; self.candidates]);
                let part = 1.0 / self.heads.len() as f32;
                assort_core::vector::add_scaled(sum, &own, part);
            }
        }
        all
    }

    /// From the categories of a head to the candidates: an inner category speaks for
    /// all below it alike.
    fn spread(&self, own: &[f32], places: &[Vec<u32>]) -> Vec<f32> {
        let plain = places.iter().all(|places| places.len() == 1);
        if plain && own.len() == self.candidates {
            let mut spread = vec![0.0; self.candidates];
            for (log_share, places) in own.iter().zip(places) {
                spread[places[0] as usize] = *log_share;
            }
            return spread;
        }
        let mut shares = vec![UNKNOWN / self.candidates as f32; self.candidates];
        for (log_share, places) in own.iter().zip(places) {
            let share = log_share.exp() / places.len().max(1) as f32;
            places.iter().for_each(|&at| shares[at as usize] += share);
        }
        shares.iter().map(|share| share.ln()).collect()
    }
}

fn places_of(id: &str, taxonomy: &Taxonomy, candidates: &Candidates) -> Vec<u32> {
    let Some(category) = taxonomy.by_id(id) else {
        return Vec::new();
    };
    match candidates.position(category) {
        Some(at) => vec![at as u32],
        None => candidates.below_category(category).to_vec(),
    }
}
