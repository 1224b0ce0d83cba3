//! How well all candidates are ranked, not only the first.

/// Products times candidates above which no areas under curves are computed.
const MOST_SHARES: usize = 100_000_000;

/// How the truth stands among all candidates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// Part of the products whose truth is among the five best candidates.
    pub top5_accuracy: f64,
    /// Mean of −ln of the truth's share.
    pub log_loss: f64,
    /// Area under the curve of true and false positives, one category against the rest,
    /// the mean of all categories that occur (Hanley and McNeil, 1982); none for too
    /// many products and candidates.
    pub auc: Option<f64>,
}

/// What is ranked: shares of all candidates, product by product, and the place of each
/// truth; none where it is no candidate.
#[derive(Clone, Debug, Default)]
pub struct RankingInput {
    products: usize,
    top5: usize,
    loss: f64,
    /// All shares, as long as they are few enough.
    shares: Vec<f32>,
    truth: Vec<Option<u32>>,
    candidates: usize,
    too_many: bool,
}

impl RankingInput {
    /// Adds a product's shares of all `candidates` (none if nothing is known of it), and
    /// the places of its truth: one, or all below an inner category, any of which is
    /// right and whose shares are added up.
    pub fn add(&mut self, shares: &[f32], candidates: usize, truth: &[u32]) {
        self.products += 1;
        self.candidates = candidates;
        let own = truth.iter().filter_map(|&at| shares.get(at as usize));
        if let Some(&best) = own.clone().max_by(|a, b| a.total_cmp(b)) {
            let better = shares.iter().filter(|share| **share > best).count();
            self.top5 += usize::from(better < 5);
        }
        self.loss -= f64::from(own.sum::<f32>().max(1e-12).ln());
        self.too_many |= self.shares.len() + candidates > MOST_SHARES;
        if self.too_many {
            self.shares = Vec::new();
        } else {
            let end = self.shares.len() + candidates;
            self.shares.extend(shares);
            self.shares.resize(end, 0.0);
            let only = truth.first().filter(|_| truth.len() == 1);
            self.truth.push(only.copied());
        }
    }

    /// The figures; none without products.
    pub fn finish(&self) -> Option<Ranking> {
        let total = self.products as f64;
        (self.products > 0).then(|| Ranking {
            top5_accuracy: self.top5 as f64 / total,
            log_loss: self.loss / total,
            auc: (!self.too_many).then(|| self.auc()).flatten(),
        })
    }

    fn auc(&self) -> Option<f64> {
        let areas: Vec<f64> = (0..self.candidates)
            .filter_map(|at| self.area(at))
            .collect();
        let mean = areas.iter().sum::<f64>() / areas.len() as f64;
        (!areas.is_empty()).then_some(mean)
    }

    /// The chance that a product of a category has a greater share of it than another;
    /// none if all or no products are of it.
    fn area(&self, candidate: usize) -> Option<f64> {
        let is_own = |product: &usize| self.truth[*product] == Some(candidate as u32);
        let (own, others): (Vec<usize>, Vec<usize>) = (0..self.truth.len()).partition(is_own);
        if own.is_empty() || others.is_empty() {
            return None;
        }
        let share = |product: &usize| self.shares[product * self.candidates + candidate];
        let mut positive: Vec<f32> = own.iter().map(share).collect();
        positive.sort_unstable_by(f32::total_cmp);
        let wins: f64 = others
            .iter()
            .map(|product| {
                let share = share(product);
                let below = positive.partition_point(|own| *own < share);
                let equal = positive.partition_point(|own| *own <= share) - below;
                (positive.len() - below - equal) as f64 + 0.5 * equal as f64
            })
            .sum();
        Some(wins / (own.len() as f64 * others.len() as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_ranking_has_all_and_a_reversed_one_nothing() {
        let mut perfect = RankingInput::default();
        let mut reversed = RankingInput::default();
        for at in 0..30 {
            let truth = at % 3;
            let mut shares = vec![0.1; 3];
            shares[truth] = 0.8;
            perfect.add(&shares, 3, &[truth as u32]);
            let mut shares = vec![0.45; 3];
            shares[truth] = 0.1;
            reversed.add(&shares, 3, &[truth as u32]);
        }
        let (perfect, reversed) = (perfect.finish().unwrap(), reversed.finish().unwrap());
        assert_eq!(perfect.auc, Some(1.0));
        assert_eq!(reversed.auc, Some(0.0));
        assert!(perfect.log_loss < reversed.log_loss);
        assert_eq!(perfect.top5_accuracy, 1.0);
    }

    #[test]
    fn equal_shares_are_worth_half() {
        let mut input = RankingInput::default();
        for at in 0..10 {
            input.add(&[0.5, 0.5], 2, &[at % 2]);
        }
        assert_eq!(input.finish().unwrap().auc, Some(0.5));
        assert_eq!(RankingInput::default().finish(), None);
        // A product of which nothing is known is ranked like any other.
        input.add(&[], 2, &[1]);
        assert!(input.finish().unwrap().auc.is_some());
    }

    #[test]
    fn the_shares_below_an_inner_truth_are_added_up() {
        let mut input = RankingInput::default();
        input.add(&[0.3, 0.2, 0.5], 3, &[0, 1]);
        let found = input.finish().unwrap();
        assert!((found.log_loss - 2f64.ln()).abs() < 1e-6);
        assert_eq!(found.top5_accuracy, 1.0);
    }
}
