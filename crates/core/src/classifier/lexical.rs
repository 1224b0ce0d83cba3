//! The words that a product shares with its category's: the cosine of TF-IDF
//! weighted words and sequences of characters. Vectors know meaning, words know
//! names; where a title has the very word of a category, that is hard evidence.

use std::collections::BTreeMap;

use super::candidates::Candidates;
use super::prototypes::log_softmax;

use crate::features::Features;
use crate::taxonomy::{CategoryIndex, SEPARATOR, Taxonomy};

/// Similarities are multiplied by this before they become shares.
const SCALE: f32 = 7.5;

/// The words of all candidates.
#[derive(Clone, Debug)]
pub struct Lexicon {
    candidates: usize,
    /// In ascending order.
    features: Vec<u64>,
    idf: Vec<f32>,
    /// Where the postings of each feature begin; one more than there are features.
    starts: Vec<u32>,
    /// Documents that have the feature, and its weight in each.
    postings: Vec<(u32, f32)>,
    /// The candidate of each document.
    owners: Vec<u32>,
    /// What a feature that no category has weighs.
    unknown: f32,
}

impl Lexicon {
    /// The words of the candidates' paths and aliases, one document a language.
    pub fn new(taxonomy: &Taxonomy, candidates: &Candidates) -> Self {
        let mut documents: Vec<(u32, BTreeMap<u64, f32>)> = Vec::new();
        let mut features = Features::default();
        for (at, &category) in (0..).zip(candidates.categories()) {
            for text in texts(taxonomy, category) {
                let mut counts = BTreeMap::new();
                for &feature in features.read(&text) {
                    *counts.entry(feature).or_insert(0.0) += 1.0;
                }
                documents.push((at, counts));
            }
        }
        let mut df: BTreeMap<u64, u32> = BTreeMap::new();
        for (_, counts) in &documents {
            counts
                .keys()
                .for_each(|&feature| *df.entry(feature).or_default() += 1);
        }
        let total = documents.len() as f32;
        let idf_of = |count: f32| ((1.0 + total) / (1.0 + count)).ln() + 1.0;
        let idf: Vec<f32> = df.values().map(|&count| idf_of(count as f32)).collect();
        let known: Vec<u64> = df.keys().copied().collect();
        let mut postings: Vec<Vec<(u32, f32)>> = vec![Vec::new(); known.len()];
        for (document, (_, counts)) in (0..).zip(&mut documents) {
            let mut weighed: Vec<(usize, f32)> = counts
                .iter()
                .filter_map(|(feature, count)| {
                    let at = known.binary_search(feature).ok()?;
                    Some((at, (1.0 + count.ln()) * idf[at]))
                })
                .collect();
            let square: f32 = weighed.iter().map(|(_, weight)| weight * weight).sum();
            let scale = square.sqrt().max(f32::MIN_POSITIVE).recip();
            for (at, weight) in weighed.drain(..) {
                postings[at].push((document, weight * scale));
            }
        }
        let mut starts = vec![0];
        for own in &postings {
            starts.push(starts[starts.len() - 1] + own.len() as u32);
        }
        Self {
            candidates: candidates.len(),
            features: known,
            idf,
            starts,
            postings: postings.concat(),
            owners: documents.iter().map(|(owner, _)| *owner).collect(),
            unknown: idf_of(0.0),
        }
    }

    /// The cosine of a text with each candidate's words, the best of its documents;
    /// none if it has no word of any.
    pub fn similarities(&self, features: &mut Features, text: &str) -> Option<Vec<f32>> {
        let mut found = features.read(text).to_vec();
        found.sort_unstable();
        let mut documents = vec![0.0f32; self.owners.len()];
        let (mut square, mut any) = (0.0, false);
        for same in found.chunk_by(|a, b| a == b) {
            let tf = 1.0 + (same.len() as f32).ln();
            let Ok(at) = self.features.binary_search(&same[0]) else {
                square += (tf * self.unknown).powi(2);
                continue;
            };
            let weight = tf * self.idf[at];
            square += weight * weight;
            any = true;
            let range = self.starts[at] as usize..self.starts[at + 1] as usize;
            for &(document, own) in &self.postings[range] {
                documents[document as usize] += weight * own;
            }
        }
        if !any {
            return None;
        }
        let scale = square.sqrt().max(f32::MIN_POSITIVE).recip();
        let mut similarities = vec![0.0f32; self.candidates];
        for (similarity, &owner) in documents.iter().zip(&self.owners) {
            let best = &mut similarities[owner as usize];
            *best = best.max(similarity * scale);
        }
        Some(similarities)
    }

    /// Logarithms of the shares that the similarities come to; none if a text has no
    /// word of any category.
    pub fn log_shares(&self, features: &mut Features, text: &str) -> Option<Vec<f32>> {
        let similarities = self.similarities(features, text)?;
        Some(log_softmax(&similarities, SCALE))
    }
}

/// What is read of a category: its name and path with its aliases, and each
/// translation on its own.
fn texts(taxonomy: &Taxonomy, category: CategoryIndex) -> Vec<String> {
    let own = taxonomy.category(category);
    let path = taxonomy.names(category).join(SEPARATOR);
    let mut texts = vec![format!("{} {path}", own.name)];
    for alias in &own.aliases {
        texts.push(alias.clone());
    }
    for (_, path) in &own.translations {
        let name = path.last().map_or("", String::as_str);
        texts.push(format!("{name} {}", path.join(SEPARATOR)));
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_category_whose_word_a_title_has_is_nearest() {
        let taxonomy =
            Taxonomy::from_paths(["厨房 > 电热水壶", "厨房 > 炒锅", "Toys > Puzzles"]).unwrap();
        let candidates = Candidates::leaves(&taxonomy);
        let lexicon = Lexicon::new(&taxonomy, &candidates);
        let mut features = Features::default();
        let mut best = |text: &str| {
            let found = lexicon.similarities(&mut features, text)?;
            (0..3).max_by(|&a, &b| found[a].total_cmp(&found[b]))
        };
        let leaf = |path: &str| candidates.position(taxonomy.resolve(path).unwrap());
        assert_eq!(best("不锈钢热水壶 1.5L"), leaf("厨房 > 电热水壶"));
        assert_eq!(best("A puzzle of 500 parts"), leaf("Toys > Puzzles"));
        assert_eq!(best("1234"), None);
    }
}
