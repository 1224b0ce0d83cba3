//! Files of what was learned, for [`crate::fuzzing`].

use assort_core::Ensemble;
use xxhash_rust::xxh3::xxh3_128;

use super::learned::{FitCounts, Learned};
use super::model_file::{DIGEST, decode, encode};
use super::source_categories::SourceCategories;
use crate::store::Epoch;

/// Decodes a file, first as it is, then with its digest made right. What is read
/// must be written and read again as the same.
pub(crate) fn model(bytes: &[u8]) -> bool {
    let body = &bytes[..bytes.len().saturating_sub(DIGEST)];
    let digest = xxh3_128(body);
    let sealed = [body, &digest.to_le_bytes()].concat();
    let Some(learned) = decode(&sealed, digest, &|_| None) else {
        return false;
    };
    let (again, digest) = encode(&learned);
    assert_eq!(decode(&again, digest, &|_| None), Some(learned));
    true
}

pub(crate) fn model_seeds() -> Vec<Vec<u8>> {
    let sizes = [0, 1, 20];
    let learned = sizes.map(|rows| Learned {
        epoch: Epoch {
            taxonomy: vec![1; rows],
            generation: 1,
        },
        counts: FitCounts::default(),
        mean: (rows > 0).then(|| vec![0.5; 3]),
        leaves: vec![0.25; 3 * rows],
        prior: vec![0.1; rows],
        by_labels: Vec::new(),
        self_trained: None,
        heads: Vec::new(),
        pictures: None,
        source_categories: SourceCategories::new(
            vec![1.0; rows],
            (0..rows as u64).map(|at| (at, vec![(1, 0.5)])).collect(),
            Default::default(),
        ),
        trained_on: 0,
        ensemble: Ensemble::default(),
    });
    learned.map(|learned| encode(&learned).0).into()
}
