//! What was learned, as a file: `models/DIGEST.model` in the catalog's directory.
//!
//! Magic, version (`u32`) and length of the header (`u32`), the header as JSON,
//! zeros up to a multiple of 64, the numbers as little-endian `f32`, and the
//! XXH3 digest (`u128`) of everything before it, by which the file is named. A
//! file that is missing, changed or of another version is none: what it holds
//! can be learned again. Heads are files beside it, which it names by their digests.

use std::collections::BTreeMap;

use assort_core::{
    BetaCalibration, Calibrations, Ensemble, Method, Outcome, Outcomes, RidgeClassifier, Source,
    SparseShares, Weights,
};
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_128;

use super::heads::KnownHead;
use super::learned::{FitCounts, Learned};
use super::pictures::PictureModel;
use super::source_categories::SourceCategories;
use crate::store::Epoch;

const MAGIC: &[u8; 8] = b"ASRTMODL";

/// Version of the layout, and of what the numbers mean.
const VERSION: u32 = 5;

/// The oldest that is read: it knows nothing of pictures, and no categories of sources.
const OLDEST: u32 = 3;

/// Numbers begin at a multiple of this.
const ALIGNMENT: usize = 64;

/// Bytes before the header.
const PREFIX: usize = MAGIC.len() + 8;

/// Bytes of the digest at the end.
pub(super) const DIGEST: usize = 16;

/// The bytes of a model file, and their digest.
pub(super) fn encode(learned: &Learned) -> (Vec<u8>, u128) {
    let mean = learned.mean.as_deref().unwrap_or_default();
    let outcomes = outcome_numbers(&learned.ensemble.calibrations);
    let pictures = learned.pictures.as_ref();
    let pictures = pictures.map(|pictures| pictures.classifier.parts().0);
    let pictures = pictures.unwrap_or_default();
    let (attracted, expected, counted) = learned.source_categories.parts();
    let (expected, counted) = (pairs(expected), pairs(counted));
    let sections = [
        mean,
        &learned.leaves,
        &learned.prior,
        &learned.by_labels,
        &outcomes,
        &pictures,
        &learned.ensemble.priors,
        attracted,
        &expected,
        &counted,
    ];
    let header = header(learned, sections.map(<[f32]>::len)).to_string();
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((header.len() as u32).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
    for value in sections.into_iter().flatten() {
        bytes.extend(value.to_le_bytes());
    }
    let digest = xxh3_128(&bytes);
    bytes.extend(digest.to_le_bytes());
    (bytes, digest)
}

/// Numbers that an outcome is written as.
const OUTCOME: usize = 3;

/// The outcomes of all methods, one after another.
fn outcome_numbers(calibrations: &Calibrations) -> Vec<f32> {
    let all = Method::ALL.into_iter();
    let known = all.filter_map(|method| calibrations.outcomes(method));
    known
        .flat_map(Outcomes::as_slice)
        .flat_map(|one| {
            [
                one.confidence,
                one.truth_share,
                f32::from(u8::from(one.right)),
            ]
        })
        .collect()
}

fn header(learned: &Learned, lengths: [usize; 10]) -> Value {
    let FitCounts {
        products,
        labels,
        changed_vectors,
        changed_labels,
    } = learned.counts;
    let [
        mean,
        leaves,
        prior,
        by_labels,
        outcomes,
        pictures,
        priors,
        attracted,
        expected,
        counted,
    ] = lengths;
    let weights: serde_json::Map<String, Value> = Source::ALL
        .into_iter()
        .map(|source| {
            let weight = learned.ensemble.weights.of(source);
            (source.as_str().to_owned(), json!(weight))
        })
        .collect();
    let calibrations: Vec<Value> = learned
        .ensemble
        .calibrations
        .iter()
        .map(|(method, level, curve)| {
            json!({"method": method.as_str(), "level": level, "weights": curve.weights()})
        })
        .collect();
    let trials: serde_json::Map<String, Value> = Method::ALL
        .into_iter()
        .filter_map(|method| {
            let outcomes = learned.ensemble.calibrations.outcomes(method)?;
            Some((method.as_str().to_owned(), json!(outcomes.as_slice().len())))
        })
        .collect();
    json!({
        "taxonomy": learned.epoch.taxonomy,
        "generation": learned.epoch.generation,
        "products": products,
        "labels": labels,
        "changed": [changed_vectors, changed_labels],
        "has_mean": learned.mean.is_some(),
        "lengths": {
            "mean": mean,
            "leaves": leaves,
            "prior": prior,
            "by_labels": by_labels,
            "outcomes": outcomes,
            "pictures": pictures,
            "priors": priors,
            "source_categories_attracted": attracted,
            "source_categories_expected": expected,
            "source_categories_labels": counted,
        },
        "pictures": learned.pictures.as_ref().map(|pictures| json!({
            "generation": pictures.generation,
            "dimensions": pictures.classifier.dimensions(),
            "places": pictures.classifier.parts().1,
        })),
        "source_categories": {
            "expected": keys(learned.source_categories.parts().1),
            "labels": keys(learned.source_categories.parts().2),
        },
        "outcomes": trials,
        "self_trained": learned.self_trained.as_ref().map(digest_of),
        "heads": learned.heads.iter().map(digest_of).collect::<Vec<_>>(),
        "trained_on": learned.trained_on,
        "weights": weights,
        "roots": learned.ensemble.roots,
        "calibrations": calibrations,
    })
}

/// Shares by categories of sources: pairs of a place and its share, one after another.
fn pairs(shares: &BTreeMap<u64, SparseShares>) -> Vec<f32> {
    let pairs = shares.values().flatten();
    pairs
        .flat_map(|&(place, share)| [place as f32, share])
        .collect()
}

/// Digests of their names, each with the number of its pairs.
fn keys(shares: &BTreeMap<u64, SparseShares>) -> Vec<(u64, usize)> {
    let keys = shares.iter();
    keys.map(|(key, shares)| (*key, shares.len())).collect()
}

/// The shares of these keys.
fn source_shares(keys: &Value, numbers: &[f32]) -> Option<BTreeMap<u64, SparseShares>> {
    let (pairs, []) = numbers.as_chunks::<2>() else {
        return None;
    };
    let mut pairs = pairs.iter();
    let mut shares = BTreeMap::new();
    for key in keys.as_array()? {
        let count = usize::try_from(key[1].as_u64()?).ok()?;
        let own = pairs.by_ref().take(count);
        let own: SparseShares = own.map(|&[place, share]| (place as u32, share)).collect();
        if own.len() != count {
            return None;
        }
        shares.insert(key[0].as_u64()?, own);
    }
    pairs.next().is_none().then_some(shares)
}

fn digest_of(head: &KnownHead) -> String {
    format!("{:032x}", head.0.digest())
}

/// The digests of the heads that a model file names; none if it is not whole or of
/// another version.
pub(super) fn heads(bytes: &[u8], digest: u128) -> Option<Vec<u128>> {
    let (header, _) = parts(bytes, digest)?;
    let own = Some(&header["self_trained"]).filter(|value| !value.is_null());
    let named = own.into_iter().chain(header["heads"].as_array()?);
    named.map(head_digest).collect()
}

/// What tells categories from pictures, as the header and its numbers say.
fn picture_model(header: &Value, numbers: &[f32]) -> Option<PictureModel> {
    let number = |value: &Value| u32::try_from(value.as_u64()?).ok();
    let places: Option<Vec<u32>> = header["places"].as_array()?.iter().map(number).collect();
    let dimensions = number(&header["dimensions"])? as usize;
    Some(PictureModel {
        generation: number(&header["generation"])?,
        classifier: RidgeClassifier::from_parts(numbers, places?, dimensions)?,
    })
}

fn head_digest(value: &Value) -> Option<u128> {
    u128::from_str_radix(value.as_str()?, 16).ok()
}

/// The header and the numbers of a file that is whole and of this version.
fn parts(bytes: &[u8], digest: u128) -> Option<(Value, &[u8])> {
    let (body, end) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST)?)?;
    if end != digest.to_le_bytes() || xxh3_128(body) != digest {
        return None;
    }
    let rest = body.strip_prefix(MAGIC)?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    if !(OLDEST..=VERSION).contains(&u32::from_le_bytes(*version)) {
        return None;
    }
    let length = u32::from_le_bytes(*length) as usize;
    let header: Value = serde_json::from_slice(rest.get(..length)?).ok()?;
    let numbers = body.get((PREFIX + length).next_multiple_of(ALIGNMENT)..)?;
    Some((header, numbers))
}

/// What a model file holds, if it is whole and of this version; `open` opens the head of
/// a digest.
pub(super) fn decode(
    bytes: &[u8],
    digest: u128,
    open: &dyn Fn(u128) -> Option<KnownHead>,
) -> Option<Learned> {
    let (header, numbers) = parts(bytes, digest)?;
    let (numbers, []) = numbers.as_chunks::<4>() else {
        return None;
    };
    let mut numbers = numbers.iter().map(|number| f32::from_le_bytes(*number));
    let mut section = |name: &str| -> Option<Vec<f32>> {
        let length = usize::try_from(header["lengths"][name].as_u64()?).ok()?;
        let values: Vec<f32> = numbers.by_ref().take(length).collect();
        (values.len() == length && values.iter().all(|value| value.is_finite())).then_some(values)
    };
    let mean = section("mean")?;
    let (leaves, prior) = (section("leaves")?, section("prior")?);
    let (by_labels, outcomes) = (section("by_labels")?, section("outcomes")?);
    let pictures = match &header["pictures"] {
        Value::Null => None,
        named => Some(picture_model(named, &section("pictures")?)?),
    };
    // An older file has none.
    let priors = match &header["lengths"]["priors"] {
        Value::Null => Vec::new(),
        _ => section("priors")?,
    };
    let source_categories = match &header["source_categories"] {
        Value::Null => SourceCategories::default(),
        named => {
            let attracted = section("source_categories_attracted")?;
            let expected = section("source_categories_expected")?;
            let counted = section("source_categories_labels")?;
            let expected = source_shares(&named["expected"], &expected)?;
            SourceCategories::new(
                attracted,
                expected,
                source_shares(&named["labels"], &counted)?,
            )
        }
    };
    let head = |value: &Value| open(head_digest(value)?);
    let self_trained = match &header["self_trained"] {
        Value::Null => None,
        named => Some(head(named)?),
    };
    let heads: Option<Vec<KnownHead>> = header["heads"].as_array()?.iter().map(head).collect();
    let stamp = header["taxonomy"].as_array()?.iter();
    let stamp: Option<Vec<u8>> = stamp.map(|byte| byte.as_u64()?.try_into().ok()).collect();
    let learned = Learned {
        epoch: Epoch {
            taxonomy: stamp?,
            generation: u32::try_from(header["generation"].as_u64()?).ok()?,
        },
        counts: FitCounts {
            products: header["products"].as_u64()?,
            labels: header["labels"].as_u64()?,
            changed_vectors: header["changed"][0].as_u64()?,
            changed_labels: header["changed"][1].as_u64()?,
        },
        mean: header["has_mean"].as_bool()?.then_some(mean),
        leaves,
        prior,
        by_labels,
        self_trained,
        heads: heads?,
        pictures,
        source_categories,
        trained_on: header["trained_on"].as_u64()?,
        ensemble: Ensemble {
            priors,
            ..ensemble(&header, &outcomes)?
        },
    };
    numbers.next().is_none().then_some(learned)
}

fn ensemble(header: &Value, outcomes: &[f32]) -> Option<Ensemble> {
    let mut weights = [0.0; Source::COUNT];
    for source in Source::ALL {
        // An older file has no weight for a source that it does not know.
        let weight = &header["weights"][source.as_str()];
        weights[source as usize] = weight.as_f64().unwrap_or(1.0) as f32;
    }
    let roots = header["roots"].as_f64()? as f32;
    let mut calibrations = Calibrations::default();
    for one in header["calibrations"].as_array()? {
        let method: Method = one["method"].as_str()?.parse().ok()?;
        let level = u32::try_from(one["level"].as_u64()?).ok()?;
        let weight = |at: usize| Some(one["weights"][at].as_f64()? as f32);
        let curve = BetaCalibration::new([weight(0)?, weight(1)?, weight(2)?]);
        calibrations.set(method, level, Some(curve));
    }
    let mut rest = outcomes;
    for method in Method::ALL {
        let Some(count) = header["outcomes"][method.as_str()].as_u64() else {
            continue;
        };
        let count = usize::try_from(count).ok()?.checked_mul(OUTCOME)?;
        let (own, others) = rest.split_at_checked(count)?;
        rest = others;
        let own = own.as_chunks::<OUTCOME>().0.iter();
        let own = own.map(|&[confidence, truth_share, right]| Outcome {
            confidence,
            truth_share,
            right: right > 0.5,
        });
        calibrations.set_outcomes(method, Outcomes::new(own.collect()));
    }
    rest.is_empty().then(|| Ensemble {
        weights: Weights::new(weights),
        roots,
        calibrations,
        ..Ensemble::default()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn learned(values: Vec<f32>, has_mean: bool) -> Learned {
        let mut calibrations = Calibrations::default();
        let curve = BetaCalibration::new([0.1, -1.5, 1e-7]);
        calibrations.set(Method::Auto, 0, Some(curve));
        calibrations.set(Method::Neighbors, 2, Some(curve));
        let outcome = |confidence| Outcome {
            confidence,
            truth_share: 0.25,
            right: confidence > 0.5,
        };
        let outcomes = Outcomes::new(vec![outcome(0.9), outcome(0.4)]);
        calibrations.set_outcomes(Method::Auto, outcomes);
        Learned {
            epoch: Epoch {
                taxonomy: vec![1, 0, 255],
                generation: 3,
            },
            counts: FitCounts {
                products: 1 << 40,
                labels: 3,
                changed_vectors: 17,
                changed_labels: 4,
            },
            mean: has_mean.then(|| values.clone()),
            leaves: values.iter().map(|value| value * 2.0).collect(),
            prior: values.clone(),
            by_labels: Vec::new(),
            self_trained: None,
            heads: Vec::new(),
            trained_on: 7,
            pictures: PictureModel::of_two(),
            source_categories: SourceCategories::new(
                vec![0.5; 4],
                [(u64::MAX, vec![(3, 0.5), (0, 0.25)]), (7, Vec::new())].into(),
                [(9, vec![(1, 2.0)])].into(),
            ),
            ensemble: Ensemble {
                weights: Weights::new([0.3, 0.7, 1.5, 0.0, 1.0, 0.5, 0.2]),
                roots: 0.5,
                priors: vec![0.5, -1.0],
                calibrations,
            },
        }
    }

    proptest! {
        #[test]
        fn what_was_learned_comes_back(
            values in prop::collection::vec(-1e3f32..1e3, 0..40),
            has_mean: bool,
        ) {
            let learned = learned(values, has_mean);
            let (bytes, digest) = encode(&learned);
            prop_assert_eq!(decode(&bytes, digest, &|_| None), Some(learned));
        }

        #[test]
        fn a_changed_file_is_none(at in 0usize..400, bit in 0u8..8, cut in 0usize..400) {
            let (bytes, digest) = encode(&learned(vec![1.0, 2.0], true));
            let mut changed = bytes.clone();
            let at = at % bytes.len();
            changed[at] ^= 1 << bit;
            prop_assert_eq!(decode(&changed, digest, &|_| None), None);
            prop_assert_eq!(decode(&bytes[..cut % bytes.len()], digest, &|_| None), None);
        }

        #[test]
        fn any_bytes_are_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            // With the digest that would be theirs.
            let body = bytes.len().saturating_sub(DIGEST);
            prop_assert_eq!(decode(&bytes, xxh3_128(&bytes[..body]), &|_| None), None);
        }
    }
}
