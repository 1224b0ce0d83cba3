//! How common categories are among the products to be filed, where labels say otherwise:
//! who labels five products of each category says nothing of how many there are (Saerens,
//! Latinne and Decaestecker, "Adjusting the outputs of a classifier to new a priori
//! probabilities", 2002).

use super::ensemble::Shares;

/// Rounds of expectation and maximization.
const ROUNDS: usize = 10;

/// Products of each category that are thought to be there and labelled beside those that
/// are: what is rare says little.
const UNSEEN: f32 = 10.0;

/// A category becomes at most so many times as likely, or as unlikely; a logarithm.
const MOST: f32 = 3.0;

/// So much of all products must be of other categories than labels say, beyond what labels
/// drawn by chance would be off by.
const PART: f32 = 0.2;

/// Logarithms of how much more common each candidate is among some products than among
/// labels: `labels` counts them by candidate, and `shares` are what is believed of the
/// products by what labels taught. None where labels are much as common as products.
pub fn prior_shift(labels: &[u64], shares: &[Shares]) -> Option<Vec<f32>> {
    let shares: Vec<&[f32]> = shares.iter().map(Shares::own).collect();
    let shares: Vec<&[f32]> = shares
        .into_iter()
        .filter(|own| own.len() == labels.len())
        .collect();
    let (products, all) = (shares.len() as f32, labels.iter().sum::<u64>() as f32);
    let candidates = labels.len() as f32;
    // Half a label for each candidate that has none.
    let labelled: Vec<f32> = labels
        .iter()
        .map(|count| (*count as f32 + 0.5) / (all + 0.5 * candidates))
        .collect();
    let shift = |common: &[f32]| -> Vec<f32> {
        let both = common.iter().zip(&labelled);
        both.map(|(common, labelled)| {
            let (there, thought) = (products * common + UNSEEN, products * labelled + UNSEEN);
            (there / thought).ln().clamp(-MOST, MOST)
        })
        .collect()
    };
    let mut common = labelled.clone();
    for _ in 0..ROUNDS {
        let factors: Vec<f32> = shift(&common).into_iter().map(f32::exp).collect();
        let mut sums = vec![0.0; labels.len()];
        for own in &shares {
            let total: f32 = own
                .iter()
                .zip(&factors)
                .map(|(share, factor)| share * factor)
                .sum();
            if total > 0.0 {
                for ((sum, share), factor) in sums.iter_mut().zip(*own).zip(&factors) {
                    *sum += share * factor / total;
                }
            }
        }
        common = sums
            .into_iter()
            .map(|sum: f32| sum / products.max(1.0))
            .collect();
    }
    let both = common.iter().zip(&labelled);
    let off: f32 = both.map(|(one, other)| (one - other).abs() / 2.0).sum();
    (off > by_chance(&labelled, all) + PART).then(|| shift(&common))
}

/// How far shares that so many labels drawn by chance show are off (the mean of half their
/// absolute differences, where each is normally distributed).
fn by_chance(shares: &[f32], labels: f32) -> f32 {
    let mean = (2.0 / std::f32::consts::PI).sqrt() / 2.0;
    let off = shares
        .iter()
        .map(|share| mean * (share / labels.max(1.0)).sqrt());
    off.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::candidates::Candidates;
    use crate::taxonomy::Taxonomy;

    #[test]
    fn what_is_common_among_products_counts_more() {
        let candidates = Candidates::leaves(&Taxonomy::from_paths(["a", "b"]).unwrap());
        let of = |share: f32| Shares::of(&candidates, vec![share, 1.0 - share]);
        // Nine in ten are of the first, of which a third look like the second.
        let shares: Vec<Shares> = (0..1000)
            .map(|at| {
                of(if at % 10 < 6 {
                    0.9
                } else if at % 10 < 9 {
                    0.45
                } else {
                    0.1
                })
            })
            .collect();
        let shift = prior_shift(&[500, 500], &shares).unwrap();
        assert!(shift[0] > 0.3 && shift[1] < -0.5, "{shift:?}");
        // Labels that are as common as products shift nothing.
        let even: Vec<Shares> = (0..1000)
            .map(|at| of(if at % 2 == 0 { 0.9 } else { 0.1 }))
            .collect();
        assert_eq!(prior_shift(&[500, 500], &even), None);
        assert_eq!(prior_shift(&[1, 1], &[]), None);
    }
}
