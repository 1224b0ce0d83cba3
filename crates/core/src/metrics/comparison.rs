//! Two methods on the same products: a paired bootstrap (Efron and Tibshirani, *An
//! introduction to the bootstrap*, 1993) that draws whole groups of products, since
//! those of one group are no independent evidence (Field and Welsh, 2007).

use std::collections::{BTreeMap, HashMap};

use super::{Pair, Paths, cut_both, depth, paths_of, ratio};
use crate::CategoryIndex;
use crate::chance::below;

/// Samples that are drawn: as many, or with very many products fewer.
const SAMPLES: usize = 2_000;
const LEAST_SAMPLES: usize = 200;

/// Products times levels that are counted in all samples together.
const BUDGET: usize = 1_000_000_000;

/// Part of the samples below and above the interval.
const TAIL: f64 = 0.025;

/// Stands for no decision.
const NONE: u32 = u32::MAX;

/// What two methods decided on the same products.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// The true category of each product.
    pub truth: &'a [CategoryIndex],
    /// What the first method decided.
    pub first: &'a [Option<CategoryIndex>],
    /// What the second method decided.
    pub second: &'a [Option<CategoryIndex>],
    /// The group of each product: those of one group are drawn together.
    pub groups: &'a [u128],
}

/// How two methods differ.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Groups of products, which the samples are drawn from.
    pub groups: usize,
    /// Samples that were drawn.
    pub samples: usize,
    /// Products that both file rightly.
    pub both_right: usize,
    /// Products that only the first files rightly. This and the next are what McNemar's
    /// test looks at.
    pub only_first_right: usize,
    /// Products that only the second files rightly.
    pub only_second_right: usize,
    /// Products that none files rightly.
    pub none_right: usize,
    /// Share of true decisions.
    pub accuracy: Difference,
    /// F1 weighted by products, the mean of all levels.
    pub mean_weighted_f1: Difference,
}

/// A figure of two methods.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Difference {
    /// The first method's.
    pub first: f64,
    /// The second method's.
    pub second: f64,
    /// How much more the first has.
    pub difference: f64,
    /// Lower end of the interval that holds the difference of 95% of the samples.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// How likely samples would be at least as far on one side of 0 if the methods were
    /// alike: twice the smaller part of the samples on either side.
    pub p_value: f64,
}

impl Comparison {
    /// Compares two methods. `path` is that of [`super::Report::new`]; equal seeds give
    /// equal samples. `go_on` is asked once for each sample; none if it says no.
    pub fn new(
        compared: &Compared<'_>,
        path: impl Fn(CategoryIndex) -> Vec<CategoryIndex>,
        mut seed: u64,
        go_on: &dyn Fn() -> bool,
    ) -> Option<Self> {
        let table = Table::of(compared, path);
        let cost = table.products.len() * (table.levels.len() + 1);
        let samples = (BUDGET / cost.max(1)).clamp(LEAST_SAMPLES, SAMPLES);
        let groups = table.groups;
        let whole = table.figures(&vec![1; groups]);
        let mut drawn = Vec::with_capacity(samples);
        for _ in 0..samples {
            if !go_on() {
                return None;
            }
            let mut times = vec![0; groups];
            (0..groups).for_each(|_| times[below(groups, &mut seed)] += 1);
            drawn.push(table.figures(&times));
        }
        let count = |first, second| {
            let all = table.products.iter();
            all.filter(|one| (one.right[0], one.right[1]) == (first, second))
                .count()
        };
        let difference = |of: fn(&Figures) -> [f64; 2]| {
            let [first, second] = of(&whole);
            let differences = drawn.iter().map(|figures| {
                let [first, second] = of(figures);
                first - second
            });
            Difference::of(first, second, differences.collect())
        };
        Some(Self {
            groups,
            samples,
            both_right: count(true, true),
            only_first_right: count(true, false),
            only_second_right: count(false, true),
            none_right: count(false, false),
            accuracy: difference(|figures| figures.accuracy),
            mean_weighted_f1: difference(|figures| figures.mean_weighted_f1),
        })
    }
}

impl Difference {
    fn of(first: f64, second: f64, mut samples: Vec<f64>) -> Self {
        samples.sort_unstable_by(f64::total_cmp);
        let beyond = (TAIL * samples.len() as f64) as usize;
        let at = |at: usize| samples.get(at).copied().unwrap_or_default();
        let part = |wanted: fn(f64) -> bool| {
            let count = samples.iter().filter(|sample| wanted(**sample)).count();
            ratio(count + 1, samples.len() + 1)
        };
        let smaller = part(|sample| sample <= 0.0).min(part(|sample| sample >= 0.0));
        Self {
            first,
            second,
            difference: first - second,
            low: at(beyond),
            high: at(samples.len().saturating_sub(beyond + 1)),
            p_value: (2.0 * smaller).min(1.0),
        }
    }
}

/// Figures of both methods.
struct Figures {
    accuracy: [f64; 2],
    mean_weighted_f1: [f64; 2],
}

/// What is counted of a product.
struct Row {
    group: usize,
    decided: [bool; 2],
    right: [bool; 2],
}

/// Truth and both decisions on a level, as places among the categories of that level.
struct LevelRows {
    categories: usize,
    rows: Vec<[u32; 3]>,
}

/// Everything that figures of a sample are counted from.
struct Table {
    groups: usize,
    products: Vec<Row>,
    levels: Vec<LevelRows>,
}

impl Table {
    fn of(compared: &Compared<'_>, path: impl Fn(CategoryIndex) -> Vec<CategoryIndex>) -> Self {
        let pairs = |decided: &[Option<CategoryIndex>]| -> Vec<Pair> {
            let truth = compared.truth.iter().copied();
            truth.zip(decided.iter().copied()).collect()
        };
        let both = [pairs(compared.first), pairs(compared.second)];
        let paths = paths_of(both.iter().flatten().copied(), path);
        let mut places: HashMap<u128, usize> = HashMap::new();
        let all = both[0].iter().zip(&both[1]).zip(compared.groups);
        let products: Vec<Row> = all
            .map(|((first, second), group)| {
                let next = places.len();
                let cut = [first, second].map(|pair| cut_both(&paths, *pair, usize::MAX));
                Row {
                    group: *places.entry(*group).or_insert(next),
                    decided: cut.map(|(_, decided)| decided.is_some()),
                    right: cut.map(|(truth, decided)| decided == Some(truth)),
                }
            })
            .collect();
        let levels = 1..=depth(&paths);
        Self {
            groups: places.len(),
            products,
            levels: levels
                .map(|level| LevelRows::of(&both, &paths, level))
                .collect(),
        }
    }

    /// The figures of a sample in which each group is so many times.
    fn figures(&self, times: &[usize]) -> Figures {
        let (mut decided, mut right) = ([0; 2], [0; 2]);
        for row in &self.products {
            for method in 0..2 {
                decided[method] += times[row.group] * usize::from(row.decided[method]);
                right[method] += times[row.group] * usize::from(row.right[method]);
            }
        }
        let mut sums = [0.0; 2];
        for level in &self.levels {
            let own = level.weighted_f1(&self.products, times);
            sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        }
        let levels = self.levels.len().max(1) as f64;
        Figures {
            accuracy: [0, 1].map(|method| ratio(right[method], decided[method])),
            mean_weighted_f1: sums.map(|sum| sum / levels),
        }
    }
}

impl LevelRows {
    fn of(both: &[Vec<Pair>; 2], paths: &Paths, level: usize) -> Self {
        let mut places: BTreeMap<CategoryIndex, u32> = BTreeMap::new();
        let mut place = |category: Option<CategoryIndex>| {
            let next = places.len() as u32;
            category.map_or(NONE, |category| *places.entry(category).or_insert(next))
        };
        let all = both[0].iter().zip(&both[1]);
        let rows = all
            .map(|(first, second)| {
                let (truth, first) = cut_both(paths, *first, level);
                let (_, second) = cut_both(paths, *second, level);
                [Some(truth), first, second].map(&mut place)
            })
            .collect();
        Self {
            rows,
            categories: places.len(),
        }
    }

    /// F1 of both methods, weighted by the products of each category.
    fn weighted_f1(&self, products: &[Row], times: &[usize]) -> [f64; 2] {
        let mut truth = vec![0; self.categories];
        let mut decided = [truth.clone(), truth.clone()];
        let mut right = decided.clone();
        for (row, product) in self.rows.iter().zip(products) {
            let count = times[product.group];
            if count == 0 {
                continue;
            }
            truth[row[0] as usize] += count;
            for method in 0..2 {
                let own = row[1 + method];
                if own != NONE {
                    decided[method][own as usize] += count;
                    right[method][own as usize] += count * usize::from(own == row[0]);
                }
            }
        }
        let total: usize = truth.iter().sum();
        [0, 1].map(|method| {
            let all = truth.iter().zip(&decided[method]).zip(&right[method]);
            let weighted = all.map(|((&truth, &decided), &right)| {
                truth as f64 * ratio(2 * right, truth + decided)
            });
            weighted.sum::<f64>() / total.max(1) as f64
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::Report;

    /// Trees `0 > (2, 3)` and `1 > (4, 5)`.
    fn path(category: CategoryIndex) -> Vec<CategoryIndex> {
        match category {
            2 | 3 => vec![0, category],
            4 | 5 => vec![1, category],
            root => vec![root],
        }
    }

    fn compared(
        truth: &[CategoryIndex],
        first: &[Option<CategoryIndex>],
        second: &[Option<CategoryIndex>],
        groups: &[u128],
    ) -> Comparison {
        let all = Compared {
            truth,
            first,
            second,
            groups,
        };
        Comparison::new(&all, path, 1, &|| true).unwrap()
    }

    #[test]
    fn two_groups_have_three_samples() {
        // The first is right in all of group 7, the second in all of group 8, which is
        // three times as large: the difference is 1, 0 (of equal chance) or −1 by the
        // number of products, −½ where both are drawn.
        let truth = [2, 3, 2, 2];
        let first = [2, 4, 4, 4].map(Some);
        let second = [4, 3, 2, 2].map(Some);
        let found = compared(&truth, &first, &second, &[7, 8, 8, 8]);
        assert_eq!((found.groups, found.samples), (2, SAMPLES));
        assert_eq!((found.only_first_right, found.only_second_right), (1, 3));
        assert_eq!((found.both_right, found.none_right), (0, 0));
        let accuracy = found.accuracy;
        assert_eq!((accuracy.first, accuracy.second), (0.25, 0.75));
        assert_eq!(
            (accuracy.difference, accuracy.low, accuracy.high),
            (-0.5, -1.0, 1.0)
        );
        // A quarter of the samples is of group 7 alone.
        assert!((accuracy.p_value - 0.5).abs() < 0.05, "{accuracy:?}");
    }

    #[test]
    fn a_method_that_is_always_better_is_surely_better() {
        let truth = [2; 40];
        let groups: Vec<u128> = (0..40).collect();
        let second: Vec<_> = (0..40).map(|at| Some(2 + at % 2)).collect();
        let found = compared(&truth, &truth.map(Some), &second, &groups);
        assert!(found.accuracy.low > 0.2 && found.accuracy.high < 0.8);
        assert!(found.accuracy.p_value < 0.002);
        // Were all products of one group, nothing could be told.
        let found = compared(&truth, &truth.map(Some), &second, &[1; 40]);
        assert_eq!((found.groups, found.accuracy.low), (1, 0.5));
    }

    #[test]
    fn figures_are_those_of_the_report() {
        let truth = [2, 3, 4, 5, 2, 2, 1];
        let decided = [Some(2), Some(4), None, Some(4), Some(0), Some(3), Some(5)];
        let found = compared(&truth, &decided, &truth.map(Some), &[1, 2, 3, 4, 5, 6, 7]);
        let report = Report::new(&truth, &decided, path);
        let mean = found.mean_weighted_f1.first;
        assert!((mean - report.mean_weighted_f1()).abs() < 1e-12);
        assert!((found.accuracy.first - report.scores.accuracy).abs() < 1e-12);
        assert_eq!(found.mean_weighted_f1.second, 1.0);
    }

    #[test]
    fn it_can_be_stopped() {
        let all = Compared {
            truth: &[2],
            first: &[None],
            second: &[Some(2)],
            groups: &[1],
        };
        assert_eq!(Comparison::new(&all, path, 1, &|| false), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn a_method_equals_itself_and_sides_can_be_changed(
            rows in prop::collection::vec(
                (2u32..6, prop::option::of(2u32..6), prop::option::of(2u32..6), 0u128..9),
                0..60,
            ),
        ) {
            let truth: Vec<u32> = rows.iter().map(|row| row.0).collect();
            let first: Vec<_> = rows.iter().map(|row| row.1).collect();
            let second: Vec<_> = rows.iter().map(|row| row.2).collect();
            let groups: Vec<u128> = rows.iter().map(|row| row.3).collect();
            let same = compared(&truth, &first, &first, &groups);
            for one in [same.accuracy, same.mean_weighted_f1] {
                prop_assert_eq!((one.difference, one.low, one.high), (0.0, 0.0, 0.0));
                prop_assert_eq!(one.p_value, 1.0);
            }
            let there = compared(&truth, &first, &second, &groups);
            let back = compared(&truth, &second, &first, &groups);
            prop_assert_eq!(there.only_first_right, back.only_second_right);
            for (a, b) in [
                (there.accuracy, back.accuracy),
                (there.mean_weighted_f1, back.mean_weighted_f1),
            ] {
                // Sums of floats, which their order rounds.
                let gaps = [
                    a.first - b.second,
                    a.second - b.first,
                    a.difference + b.difference,
                    a.low + b.high,
                    a.high + b.low,
                ];
                prop_assert!(gaps.iter().all(|gap| gap.abs() < 1e-12), "{gaps:?}");
                prop_assert_eq!(a.p_value, b.p_value);
            }
        }
    }
}
