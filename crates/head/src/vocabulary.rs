//! The features that a head knows, and products as weights of them.

use std::cmp::Reverse;

use assort_core::chance::mix;
use assort_core::features::Features;
use rayon::prelude::*;

use crate::attributes::Attributes;
use crate::input::HeadInput;
use crate::options::TrainOptions;

/// Characters of further text that are read.
const TEXT_CHARS: usize = 400;

/// Tells features of further text from those of titles.
const OF_TEXT: u64 = 0x7465_7874_0000_0001;

/// Bits of a feature that say where to look for it.
const DIRECTORY_BITS: u32 = 16;

/// Finds the features of products, field by field.
pub(crate) struct Fields {
    features: Features,
}

impl Fields {
    pub(crate) fn new(shortest_sequence: usize) -> Self {
        Self {
            features: Features::with_sequences_from(shortest_sequence),
        }
    }

    /// Features of the title and of the further text.
    pub(crate) fn read(&mut self, input: &HeadInput<'_>) -> [Vec<u64>; 2] {
        let input = input.text;
        let title = self.features.read(input.title()).to_vec();
        let further = input.further();
        let end = further.char_indices().nth(TEXT_CHARS);
        let further = &further[..end.map_or(further.len(), |(end, _)| end)];
        let text = self.features.read(further).iter();
        [title, text.map(|feature| mix(feature ^ OF_TEXT)).collect()]
    }
}

/// The features that are known, each with its inverse document frequency.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Vocabulary {
    /// In ascending order.
    pub(crate) features: Vec<u64>,
    pub(crate) idf: Vec<f32>,
    pub(crate) shortest_sequence: usize,
    pub(crate) text_weight: f32,
    pub(crate) attributes: Attributes,
    /// Where features begin whose first bits are at least so much.
    directory: Vec<u32>,
}

impl Vocabulary {
    /// The features of words that enough documents have, the most frequent ones if they
    /// are too many, and those of attributes, all of which count the same.
    pub(crate) fn of(
        documents: &[&[Vec<u64>; 2]],
        (attributes, of_attributes): (Attributes, Vec<u64>),
        options: &TrainOptions,
    ) -> Self {
        let most = options.max_features;
        let mut all: Vec<u64> = documents
            .par_iter()
            .flat_map_iter(|fields| {
                let mut own = fields.concat();
                own.sort_unstable();
                own.dedup();
                own
            })
            .collect();
        all.par_sort_unstable();
        let mut counted: Vec<(u64, u32)> = all
            .chunk_by(|a, b| a == b)
            .map(|same| (same[0], same.len() as u32))
            .filter(|(_, count)| *count >= options.min_df)
            .collect();
        if counted.len() > most {
            counted.sort_unstable_by_key(|(feature, count)| (Reverse(*count), *feature));
            counted.truncate(most);
            counted.sort_unstable();
        }
        let total = documents.len() as f32;
        let idf = |count: u32| ((1.0 + total) / (1.0 + count as f32)).ln() + 1.0;
        let words = counted
            .into_iter()
            .map(|(feature, count)| (feature, idf(count)));
        let mut known: Vec<(u64, f32)> = words.collect();
        if !of_attributes.is_empty() {
            known.extend(of_attributes.into_iter().map(|feature| (feature, 1.0)));
            known.sort_by_key(|(feature, _)| *feature);
            known.dedup_by_key(|(feature, _)| *feature);
        }
        let (features, idf) = known.into_iter().unzip();
        Self::new(
            features,
            idf,
            options.shortest_sequence,
            options.text_weight,
            attributes,
        )
    }

    pub(crate) fn new(
        features: Vec<u64>,
        idf: Vec<f32>,
        shortest_sequence: usize,
        text_weight: f32,
        attributes: Attributes,
    ) -> Self {
        let mut directory = vec![0u32; (1 << DIRECTORY_BITS) + 1];
        for feature in &features {
            directory[(feature >> (64 - DIRECTORY_BITS)) as usize + 1] += 1;
        }
        for at in 1..directory.len() {
            directory[at] += directory[at - 1];
        }
        Self {
            features,
            idf,
            shortest_sequence,
            text_weight,
            attributes,
            directory,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.features.len()
    }

    fn place(&self, feature: u64) -> Option<u32> {
        let block = (feature >> (64 - DIRECTORY_BITS)) as usize;
        let (begin, end) = (self.directory[block], self.directory[block + 1]);
        let block = &self.features[begin as usize..end as usize];
        block
            .binary_search(&feature)
            .ok()
            .map(|at| begin + at as u32)
    }

    pub(crate) fn fields(&self) -> Fields {
        Fields::new(self.shortest_sequence)
    }

    /// A product as weights of known features: (1 + ln tf) · idf of words, each field of
    /// unit length times its weight.
    pub(crate) fn weights(
        &self,
        words: &[Vec<u64>; 2],
        attributes: &[(String, String)],
    ) -> Vec<(u32, f32)> {
        let mut weights = Vec::new();
        for (found, factor) in words.iter().zip([1.0, self.text_weight]) {
            let begin = weights.len();
            let places = found.iter().filter_map(|feature| self.place(*feature));
            let mut places: Vec<u32> = places.collect();
            places.sort_unstable();
            for same in places.chunk_by(|a, b| a == b) {
                let weight = (1.0 + (same.len() as f32).ln()) * self.idf[same[0] as usize];
                weights.push((same[0], weight));
            }
            scale(&mut weights[begin..], factor);
        }
        let begin = weights.len();
        for found in self.attributes.features(attributes) {
            let place = self.place(found.feature);
            let place = place.or_else(|| self.place(found.instead?));
            weights.extend(place.map(|place| (place, found.weight)));
        }
        scale(&mut weights[begin..], self.attributes.weight);
        weights
    }
}

/// Gives a field that length.
fn scale(weights: &mut [(u32, f32)], length: f32) {
    let square: f32 = weights.iter().map(|(_, weight)| weight * weight).sum();
    let scale = length / square.sqrt().max(f32::MIN_POSITIVE);
    weights.iter_mut().for_each(|(_, weight)| *weight *= scale);
}
