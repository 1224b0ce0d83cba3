//! What a category of a source (a shop's own, or another taxonomy's) means here: by what its
//! words say, by what its products are without it, and by labels.
//!
//! What is known of it are shares of the candidates. What it says of a product is how much
//! more common each candidate is there than among all products (pointwise mutual
//! information): categories that draw many products draw them everywhere, and a broad
//! category of a source says nothing of what lies below.

use super::prototypes::softmax;

/// What the words of a source's category say counts as much as so many of its products.
const WORDS: f32 = 2.0;

/// What products say together counts as much as so many labels.
const PRODUCTS: f32 = 0.7;

/// Part of the products whose source is taken to be mistaken.
const MISTAKES: f32 = 0.1;

/// Part of what is common among all products that all candidates share.
const UNIFORM: f32 = 0.1;

/// What all products are by labels counts as that of so many labels without them.
const PRODUCTS_OF_ALL: f32 = 100.0;

/// Rounds in which products of one source's category settle what it means.
const ROUNDS: usize = 3;

/// Shares that are kept of one source's category, and the least of them.
const KEPT: usize = 64;
const LEAST: f32 = 1e-3;

/// Shares of some candidates by their places, the greatest first; others have none.
pub type SparseShares = Vec<(u32, f32)>;

/// The greatest of all candidates' shares.
pub fn sparse(shares: &[f32]) -> SparseShares {
    let mut kept: SparseShares = (0u32..)
        .zip(shares.iter().copied())
        .filter(|(_, share)| *share >= LEAST)
        .collect();
    kept.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    kept.truncate(KEPT);
    kept
}

/// How common candidates are among all products of a catalog.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commonness(Vec<f32>);

impl Commonness {
    /// Of what is expected of products and known by labels: sums over either, in the order
    /// of the candidates.
    pub fn new(expected: &[f32], labels: &[f32]) -> Self {
        let of_each = (expected.len().max(1) as f32).recip();
        let sum = |of: &[f32]| of.iter().map(|one| one.max(0.0)).sum::<f32>();
        let (all, known) = (sum(expected), sum(labels));
        // Less than any product has is nothing.
        let scale = match all > 1e-3 {
            true => PRODUCTS_OF_ALL / all,
            false => 0.0,
        };
        let total = (known + scale * all).max(1e-3);
        let both = expected.iter().enumerate().map(|(at, expected)| {
            let labels = labels.get(at).copied().unwrap_or_default();
            let own = expected.max(0.0) * scale + labels.max(0.0);
            (1.0 - UNIFORM) * own / total + UNIFORM * of_each
        });
        Self(both.collect())
    }

    /// Number of candidates.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no candidates.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How much more common candidates are than among all products, as logarithms, where
    /// these are their shares.
    fn lifts(&self, shares: impl IntoIterator<Item = (u32, f32)>) -> Vec<f32> {
        let mut lifts = vec![MISTAKES; self.len()];
        for (place, share) in shares {
            if let Some((lift, common)) = lifts
                .get_mut(place as usize)
                .zip(self.0.get(place as usize))
            {
                *lift += (1.0 - MISTAKES) * share / common;
            }
        }
        lifts.iter_mut().for_each(|lift| *lift = lift.ln());
        lifts
    }

    /// Shares where candidates are as much more likely than others as these shares say.
    fn shares_of(&self, likely: Option<&SparseShares>) -> Vec<f32> {
        let likely = likely.filter(|likely| !likely.is_empty());
        let Some(likely) = likely else {
            return self.0.clone();
        };
        let mut shares = vec![0.0; self.len()];
        for &(place, share) in likely {
            if let Some((own, common)) = shares
                .get_mut(place as usize)
                .zip(self.0.get(place as usize))
            {
                *own = share * common;
            }
        }
        let sum = shares.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        shares.iter_mut().for_each(|share| *share /= sum);
        shares
    }

    /// What a source's category means by the products that it has, whose own evidence are
    /// logarithms of shares, held near what its words say: how likely its name is for each
    /// candidate. The products settle it together (expectation maximisation: Dempster,
    /// Laird and Rubin, 1977).
    pub fn agreed(&self, evidence: &[Vec<f32>], words: Option<&SparseShares>) -> Vec<f32> {
        let words = self.shares_of(words);
        let mut means = words.clone();
        let mut shares: Vec<f32> = Vec::new();
        for _ in 0..ROUNDS {
            let lifts = self.lifts((0..).zip(means.iter().copied()));
            let mut sums: Vec<f32> = words.iter().map(|share| WORDS * share).collect();
            for own in evidence {
                shares.clear();
                shares.extend(own.iter().zip(&lifts).map(|(own, lift)| own + lift));
                softmax(&mut shares, 1.0);
                crate::vector::add_scaled(&mut sums, &shares, 1.0);
            }
            let scale = (evidence.len() as f32 + WORDS).recip();
            means.clear();
            means.extend(sums.iter().map(|sum| sum * scale));
        }
        means
    }

    /// What the words of a source's category say alone.
    pub fn by_words(&self, words: &SparseShares) -> SparseShares {
        sparse(&self.shares_of(Some(words)))
    }

    /// What a source's category says of a product: logarithms, one for each candidate;
    /// nothing where nothing is known of it. `expected` is what its products or else its
    /// words say, `labels` how many of its products each candidate has.
    pub fn log_lifts(
        &self,
        expected: Option<&SparseShares>,
        labels: Option<&SparseShares>,
    ) -> Option<Vec<f32>> {
        let labels: &[(u32, f32)] = labels.map_or(&[], |labels| labels);
        let count: f32 = labels.iter().map(|(_, count)| count).sum();
        let expected: &[(u32, f32)] = expected.map_or(&[], |expected| expected);
        let sum: f32 = expected.iter().map(|(_, share)| share).sum();
        let worth = if sum > 0.0 { PRODUCTS / sum } else { 0.0 };
        let total = count + worth * sum;
        if total <= 0.0 {
            return None;
        }
        let expected = expected
            .iter()
            .map(|&(place, share)| (place, worth * share / total));
        let labels = labels.iter().map(|&(place, count)| (place, count / total));
        Some(self.lifts(expected.chain(labels)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(shares: &[f32]) -> Vec<f32> {
        shares.iter().map(|share| share.ln()).collect()
    }

    #[test]
    fn products_settle_together_what_none_knows_alone() {
        let common = Commonness::new(&[1.0; 4], &[]);
        // Each is half sure of the second, and of another.
        let products = [
            evidence(&[0.45, 0.45, 0.05, 0.05]),
            evidence(&[0.05, 0.45, 0.45, 0.05]),
            evidence(&[0.05, 0.45, 0.05, 0.45]),
        ];
        let means = common.agreed(&[&products[..]; 3].concat(), None);
        assert!(means[1] > 0.5, "{means:?}");
        assert!((means.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        // Words that say otherwise hold against one product, and not against many.
        let words = vec![(3, 1.0)];
        assert!(common.agreed(&products[..1], Some(&words))[3] > 0.5);
        let many = vec![evidence(&[0.9, 0.04, 0.03, 0.03]); 50];
        assert!(common.agreed(&many, Some(&words))[0] > 0.6);
    }

    #[test]
    fn a_broad_category_says_nothing_of_what_lies_below() {
        // Of the two first, one has nine products of ten, here as everywhere.
        let common = Commonness::new(&[9.0, 1.0, 5.0, 5.0], &[]);
        let says = common
            .log_lifts(Some(&vec![(0, 0.9), (1, 0.1)]), None)
            .unwrap();
        assert!((says[0] - says[1]).abs() < 0.8, "{says:?}");
        assert!(says[1] > says[2] + 1.0);
    }

    #[test]
    fn labels_say_more_than_what_is_expected() {
        let common = Commonness::new(&[1.0; 4], &[]);
        let (expected, labels) = (vec![(0, 0.9), (1, 0.1)], vec![(2, 9.0)]);
        let says = common.log_lifts(Some(&expected), Some(&labels)).unwrap();
        assert!(
            says[2] > says[0] && says[0] > says[1] && says[1] > says[3],
            "{says:?}"
        );
        assert_eq!(common.log_lifts(None, None), None);
    }

    #[test]
    fn the_greatest_shares_are_kept() {
        assert_eq!(sparse(&[0.2, 0.0, 0.7, 0.0001]), [(2, 0.7), (0, 0.2)]);
        assert_eq!(sparse(&[0.002; 200]).len(), KEPT);
    }
}
