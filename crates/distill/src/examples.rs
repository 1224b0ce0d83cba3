//! Texts as rows of the table that they are sums of.

use assort_core::features::Features;
use assort_core::vector::kernel;
use rayon::prelude::*;

use crate::start::Start;
use crate::vocabulary::Vocabulary;

/// The rows of a text.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    /// Of its features.
    pub(crate) places: &'a [u32],
    /// Of its pieces.
    pub(crate) pieces: &'a [u32],
    /// One over the root of the number of features, and of pieces.
    pub(crate) root: f32,
    pub(crate) piece_root: f32,
}

impl Found<'_> {
    /// The sum of a text's rows, each kind over the root of its number, plus the last row.
    pub(crate) fn sum(self, rows: &[f32], last: u32, sum: &mut [f32]) {
        sum.fill(0.0);
        if !self.pieces.is_empty() {
            kernel::add_rows(sum, rows, self.pieces);
            let ratio = self.piece_root / self.root;
            sum.iter_mut().for_each(|value| *value *= ratio);
        }
        kernel::add_rows(sum, rows, self.places);
        sum.iter_mut().for_each(|value| *value *= self.root);
        kernel::add_rows(sum, rows, &[last]);
    }
}

/// Lists of places, one after another.
struct Lists {
    all: Vec<u32>,
    /// Where each list begins; one more than there are lists.
    starts: Vec<usize>,
}

impl Lists {
    fn new() -> Self {
        Self {
            all: Vec::new(),
            starts: vec![0],
        }
    }

    fn end(&mut self) {
        self.starts.push(self.all.len());
    }

    fn get(&self, at: usize) -> &[u32] {
        &self.all[self.starts[at]..self.starts[at + 1]]
    }
}

/// Texts as places in the table.
pub(crate) struct Examples<'a> {
    places: Lists,
    /// Places of pieces; without any where nothing was started from.
    pieces: Lists,
    pub(crate) targets: &'a [f32],
}

impl<'a> Examples<'a> {
    /// Reads `texts`, and finds which features are in the vocabulary: those that at least
    /// `min_df` texts have, which share `buckets` rows. Behind these and the row that every
    /// text has are those of pieces.
    pub(crate) fn read(
        texts: &[&str],
        targets: &'a [f32],
        min_df: u32,
        buckets: usize,
        start: Option<&Start>,
    ) -> (Self, Vocabulary) {
        let found: Vec<Vec<u64>> = texts
            .par_iter()
            .map_init(Features::default, |features, text| {
                features.read(text).to_vec()
            })
            .collect();
        let vocabulary = Vocabulary::of(&found, min_df, buckets);
        let (mut places, mut pieces) = (Lists::new(), Lists::new());
        let first = buckets as u32 + 1;
        for (text, found) in found.iter().enumerate() {
            vocabulary.places(found, &mut places.all);
            places.end();
            let own = start.map(|start| start.places(text)).into_iter().flatten();
            pieces.all.extend(own.map(|place| first + place));
            pieces.end();
        }
        let examples = Self {
            places,
            pieces,
            targets,
        };
        (examples, vocabulary)
    }

    pub(crate) fn found(&self, text: usize) -> Found<'_> {
        let (places, pieces) = (self.places.get(text), self.pieces.get(text));
        Found {
            places,
            pieces,
            root: root(places.len()),
            piece_root: root(pieces.len()),
        }
    }
}

/// One over the root of a number, of one at least.
pub(crate) fn root(count: usize) -> f32 {
    (count.max(1) as f32).sqrt().recip()
}
