//! From evidence to a decision.

use super::calibration::{Calibrations, LEAF};
use super::candidates::Candidates;
use super::knn::{self, Neighbor};
use super::weights::Weights;
use crate::decision::{Alternative, Decision, Method};
use crate::source::Source;
use crate::taxonomy::CategoryIndex;

/// What was found out about one product: what each source says of it, in the
/// order of [`Source::ALL`]. A source that was not asked, or knows nothing, says
/// nothing.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    log_shares: [Option<Vec<f32>>; Source::COUNT],
    neighbors: Vec<Neighbor>,
}

impl Evidence {
    /// Adds what a source says: the logarithm of a share for each candidate.
    #[must_use]
    pub fn with(mut self, source: Source, log_shares: Option<Vec<f32>>) -> Self {
        self.log_shares[source as usize] = log_shares;
        self
    }

    /// Adds the votes of labelled products, nearest first.
    #[must_use]
    pub fn with_neighbors(mut self, candidates: &Candidates, neighbors: Vec<Neighbor>) -> Self {
        let log_shares = knn::log_shares(candidates, &neighbors);
        self.log_shares[Source::Neighbors as usize] = log_shares;
        self.neighbors = neighbors;
        self
    }

    /// The same without what was found by the product's vector.
    #[must_use]
    pub fn by_words_alone(mut self) -> Self {
        for source in Source::ALL.into_iter().filter(|one| one.needs_vector()) {
            self.log_shares[source as usize] = None;
        }
        self.neighbors.clear();
        self
    }

    /// What a source says, if anything.
    pub fn of(&self, source: Source) -> Option<&[f32]> {
        self.log_shares[source as usize].as_deref()
    }

    /// The labelled products that voted, nearest first.
    pub fn into_neighbors(self) -> Vec<Neighbor> {
        self.neighbors
    }
}

/// The sources that a method hears.
pub fn sources(method: Method) -> &'static [Source] {
    match method {
        Method::Auto => &Source::ALL,
        Method::ZeroShot => &[
            Source::Prototypes,
            Source::Lexical,
            Source::SelfTrained,
            Source::SourceCategory,
        ],
        Method::Neighbors => &[Source::Neighbors],
        Method::Head => &[Source::Head],
        Method::Pictures => &[Source::Pictures],
    }
}

/// Weights of the sources and calibrations of confidence: how evidence becomes
/// a decision. Both were found by filing labelled products as if they had no
/// label.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    /// How much each source counts in [`Method::Auto`].
    pub weights: Weights,
    /// How much the share of a candidate's root counts beside its own.
    pub roots: f32,
    /// What is added for each candidate in [`Method::Auto`]: how much more common it is
    /// among products than among labels, as a logarithm; nothing if nobody knows.
    pub priors: Vec<f32>,
    /// How shares become confidence.
    pub calibrations: Calibrations,
}

/// How much roots count before anything was measured: many leaves that are believed in a
/// little speak for the root above them all.
const ROOTS: f32 = 1.0;

/// Evidence is multiplied by this before it is summed up for roots.
const ROOT_SCALE: f32 = 0.5;

impl Default for Ensemble {
    fn default() -> Self {
        Self {
            weights: Weights::default(),
            roots: ROOTS,
            priors: Vec::new(),
            calibrations: Calibrations::default(),
        }
    }
}

/// Adds the logarithm of its root's share to each candidate.
fn add_roots(logits: &mut [f32], candidates: &Candidates, factor: f32) {
    let mut shares = logits.to_vec();
    super::prototypes::softmax(&mut shares, ROOT_SCALE);
    let mut sums = vec![0.0f32; candidates.inner().len()];
    for (share, root) in shares.iter().zip(candidates.roots()) {
        if let Some(root) = root {
            sums[*root as usize] += share;
        }
    }
    for sum in &mut sums {
        *sum = factor * sum.max(f32::MIN_POSITIVE).ln();
    }
    for (logit, root) in logits.iter_mut().zip(candidates.roots()) {
        *logit += root.map_or(0.0, |root| sums[root as usize]);
    }
}

/// Nothing is certain.
const MOST_CONFIDENCE: f32 = 0.9999;

/// Where less than this is left for others, they share what confidence leaves by as much:
/// the difference to one is rounding.
const LEAST_LEFT: f32 = 1e-6;

/// How to decide.
#[derive(Clone, Copy, Debug)]
pub struct DecideOptions {
    /// Alternatives that are told.
    pub top: usize,
    /// Decisions less sure than this go up to a category that is sure enough.
    pub min_confidence: f32,
    /// How often a set of categories must hold the truth; none without a set.
    pub set_coverage: Option<f32>,
}

/// Shares of all candidates, in their order, and of the inner categories above
/// them: what a level believes is the sum of what lies below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shares {
    own: Vec<f32>,
    inner: Vec<f32>,
}

impl Shares {
    /// Of the share of each candidate, in their order.
    pub fn of(candidates: &Candidates, own: Vec<f32>) -> Self {
        let mut inner = vec![0.0; candidates.inner().len()];
        for (at, share) in own.iter().enumerate() {
            for &place in candidates.above(at) {
                inner[place as usize] += share;
            }
        }
        Self { own, inner }
    }

    /// Whether no source said anything.
    pub fn is_empty(&self) -> bool {
        self.own.is_empty()
    }

    /// The share of each candidate.
    pub fn own(&self) -> &[f32] {
        &self.own
    }

    /// The share of a category, or of what lies below it.
    pub fn of_category(&self, candidates: &Candidates, category: CategoryIndex) -> f32 {
        let own = candidates
            .position(category)
            .and_then(|at| self.own.get(at));
        let mut inner = candidates.inner().iter();
        let place = inner.position(|&inner| inner == category);
        let share = own.or_else(|| self.inner.get(place?));
        share.copied().unwrap_or_default()
    }

    /// The `count` candidates of the greatest shares, best first, ties by category.
    pub fn best(&self, candidates: &Candidates, count: usize) -> Vec<(CategoryIndex, f32)> {
        let mut best: Vec<(CategoryIndex, f32)> = Vec::with_capacity(count + 1);
        let mut least = f32::MIN_POSITIVE;
        for (&category, &share) in candidates.categories().iter().zip(&self.own) {
            if share.is_nan() || share < least {
                continue;
            }
            let at = best.partition_point(|other| other.1 >= share);
            best.insert(at, (category, share));
            if best.len() >= count {
                best.truncate(count);
                least = best.last().map_or(least, |(_, share)| *share);
            }
        }
        best
    }

    /// The category of the greatest share on each level, the roots first, as far down
    /// as inner categories go.
    pub fn best_by_level(&self, candidates: &Candidates) -> Vec<(CategoryIndex, f32)> {
        let mut best: Vec<(CategoryIndex, f32)> = Vec::new();
        for (place, (&category, &share)) in candidates.inner().iter().zip(&self.inner).enumerate() {
            let level = candidates.depth(place);
            best.resize(best.len().max(level + 1), (category, -1.0));
            let known = best[level];
            if share > known.1 || (share == known.1 && category < known.0) {
                best[level] = (category, share);
            }
        }
        best.retain(|(_, share)| *share >= 0.0);
        best
    }
}

impl Ensemble {
    /// What all sources that a method hears say together; nothing if none of them says
    /// anything.
    pub fn fuse(&self, method: Method, candidates: &Candidates, evidence: &Evidence) -> Shares {
        let weights = match method {
            Method::Auto => self.weights,
            _ => Weights::default(),
        };
        let mut logits: Vec<f32> = Vec::new();
        for &source in sources(method) {
            if let Some(log_shares) = evidence.of(source) {
                logits.resize(candidates.len(), 0.0);
                crate::vector::add_scaled(&mut logits, log_shares, weights.of(source));
            }
        }
        if logits.is_empty() {
            return Shares::default();
        }
        let roots = match method {
            Method::Auto => self.roots,
            Method::ZeroShot => ROOTS,
            Method::Neighbors | Method::Head | Method::Pictures => 0.0,
        };
        if roots > 0.0 {
            add_roots(&mut logits, candidates, roots);
        }
        if method == Method::Auto && self.priors.len() == logits.len() {
            crate::vector::add_scaled(&mut logits, &self.priors, 1.0);
        }
        super::prototypes::softmax(&mut logits, 1.0);
        Shares::of(candidates, logits)
    }

    /// Decides by the evidence. The decision is the best candidate if it is at least
    /// as sure as is asked for, else the deepest category above the candidates that
    /// is, else none.
    pub fn decide(
        &self,
        method: Method,
        candidates: &Candidates,
        evidence: &Evidence,
        options: DecideOptions,
    ) -> Decision {
        let shares = self.fuse(method, candidates, evidence);
        self.decide_by(method, candidates, &shares, options)
    }

    /// [`Self::decide`] by shares that [`Self::fuse`] gave.
    pub fn decide_by(
        &self,
        method: Method,
        candidates: &Candidates,
        shares: &Shares,
        options: DecideOptions,
    ) -> Decision {
        let best = shares.best(candidates, options.top.max(2));
        let Some(&first) = best.first() else {
            return Decision::unknown(candidates.taxonomy());
        };
        let alternatives = self.alternatives(method, &best);
        let confidence = alternatives[0].confidence;
        let second = alternatives.get(1).map_or(0.0, |second| second.confidence);
        let chosen = if confidence >= options.min_confidence {
            Some(alternatives[0])
        } else {
            self.above(method, candidates, shares, options.min_confidence)
        };
        let shown = chosen.map_or(first.0, |chosen| chosen.category);
        let lineage = self.levels(method, candidates, shares, shown);
        Decision {
            category: chosen.map(|chosen| chosen.category),
            confidence: chosen.map_or(confidence, |chosen| chosen.confidence),
            margin: confidence - second,
            levels: lineage,
            alternatives: alternatives.into_iter().take(options.top.max(1)).collect(),
            is_calibrated: self.calibrations.get(method, LEAF).is_some(),
            set: options
                .set_coverage
                .and_then(|coverage| self.set(method, candidates, shares, coverage)),
            ..Decision::unknown(candidates.taxonomy())
        }
    }

    /// Confidence in a share on a level; the share itself where nothing is known.
    pub fn confidence(&self, method: Method, level: u32, share: f32) -> f32 {
        let curve = self.calibrations.get(method, level);
        let confidence = curve.map_or(share, |curve| curve.apply(share));
        confidence.min(MOST_CONFIDENCE)
    }

    /// The deepest inner category that is sure enough.
    fn above(
        &self,
        method: Method,
        candidates: &Candidates,
        shares: &Shares,
        least: f32,
    ) -> Option<Alternative> {
        let levels = shares.best_by_level(candidates);
        let sure = (1..)
            .zip(levels)
            .map(|(level, (category, share))| Alternative {
                category,
                confidence: self.confidence(method, level, share),
            });
        sure.filter(|one| one.confidence >= least).last()
    }

    /// The best alternatives. The best one's confidence is calibrated; the others
    /// share what is left by their shares, none of them above the best.
    fn alternatives(&self, method: Method, best: &[(CategoryIndex, f32)]) -> Vec<Alternative> {
        let Some((&(category, share), others)) = best.split_first() else {
            return Vec::new();
        };
        let confidence = self.confidence(method, LEAF, share);
        let left = (1.0 - confidence) / (1.0 - share).max(LEAST_LEFT);
        let others = others.iter().map(|&(category, share)| Alternative {
            category,
            confidence: (left * share).min(confidence),
        });
        let first = Alternative {
            category,
            confidence,
        };
        std::iter::once(first).chain(others).collect()
    }

    /// Confidence in a category and those above it, from the root down.
    fn levels(
        &self,
        method: Method,
        candidates: &Candidates,
        shares: &Shares,
        category: CategoryIndex,
    ) -> Vec<Alternative> {
        let mut below = 0.0f32;
        let lineage = candidates.lineage(category);
        let mut levels: Vec<Alternative> = (1..)
            .zip(lineage)
            .collect::<Vec<(u32, CategoryIndex)>>()
            .into_iter()
            .rev()
            .map(|(level, category)| {
                let is_leaf = candidates.position(category).is_some();
                let level = if is_leaf { LEAF } else { level };
                let share = shares.of_category(candidates, category);
                // What lies below a category belongs to it.
                below = below.max(self.confidence(method, level, share));
                Alternative {
                    category,
                    confidence: below,
                }
            })
            .collect();
        levels.reverse();
        levels
    }

    /// The categories that hold the truth as often as asked, best first: at least the
    /// best one.
    fn set(
        &self,
        method: Method,
        candidates: &Candidates,
        shares: &Shares,
        coverage: f32,
    ) -> Option<Vec<Alternative>> {
        let outcomes = self.calibrations.outcomes(method)?;
        let least = outcomes.set_share(f64::from(coverage))?;
        let count = shares.own.iter().filter(|share| **share >= least).count();
        let best = shares.best(candidates, count.max(1));
        Some(self.alternatives(method, &best))
    }
}

#[cfg(test)]
mod tests {
    use super::super::calibration::BetaCalibration;
    use super::super::prototypes::log_shares;
    use super::*;
    use crate::taxonomy::Taxonomy;

    const ASKED: DecideOptions = DecideOptions {
        top: 5,
        min_confidence: 0.0,
        set_coverage: None,
    };

    fn candidates() -> Candidates {
        Candidates::leaves(&Taxonomy::from_paths(["a", "b"]).unwrap())
    }

    fn texts_only() -> Evidence {
        Evidence::default().with(Source::Prototypes, Some(log_shares(&[0.9, 0.7])))
    }

    fn evidence() -> Evidence {
        let near = Neighbor {
            row: 7,
            category: 1,
            similarity: 0.9,
        };
        texts_only().with_neighbors(&candidates(), vec![near])
    }

    #[test]
    fn each_method_hears_its_own_evidence() {
        let (candidates, ensemble) = (candidates(), Ensemble::default());
        let decide = |method| ensemble.decide(method, &candidates, &evidence(), ASKED);
        assert_eq!(decide(Method::ZeroShot).category, Some(0));
        assert_eq!(decide(Method::Neighbors).category, Some(1));
        assert_eq!(decide(Method::Auto).category, Some(1));
        assert_eq!(decide(Method::Head).category, None);
    }

    #[test]
    fn a_label_far_away_changes_nothing() {
        let (candidates, ensemble) = (candidates(), Ensemble::default());
        let far = Neighbor {
            row: 7,
            category: 1,
            similarity: 0.1,
        };
        let with = texts_only().with_neighbors(&candidates, vec![far]);
        let confidence = |evidence| {
            ensemble
                .decide(Method::Auto, &candidates, evidence, ASKED)
                .confidence
        };
        assert!((confidence(&with) - confidence(&texts_only())).abs() < 1e-3);
    }

    #[test]
    fn too_little_confidence_abstains_but_still_shows_the_alternatives() {
        let options = DecideOptions {
            min_confidence: 0.999,
            ..ASKED
        };
        let ensemble = Ensemble::default();
        let decision = ensemble.decide(Method::Auto, &candidates(), &texts_only(), options);
        assert_eq!(decision.category, None);
        assert_eq!(decision.alternatives[0].category, 0);
        assert!(!decision.is_calibrated);
    }

    #[test]
    fn who_is_unsure_of_the_leaf_may_be_sure_of_what_is_above() {
        let taxonomy = Taxonomy::from_paths(["x > a", "x > b", "y > c"]).unwrap();
        let candidates = Candidates::leaves(&taxonomy);
        let scores = Some(log_shares(&[0.9, 0.9, 0.1]));
        let evidence = Evidence::default().with(Source::Prototypes, scores);
        let decide = |min_confidence| {
            let options = DecideOptions {
                min_confidence,
                ..ASKED
            };
            Ensemble::default().decide(Method::ZeroShot, &candidates, &evidence, options)
        };
        let unsure = decide(0.9);
        assert_eq!(unsure.category, taxonomy.resolve("x").ok());
        assert!(unsure.confidence > 0.99);
        assert_eq!(unsure.levels.len(), 1);
        let any = decide(0.0);
        let [root, leaf] = any.levels.as_slice() else {
            panic!("two levels were expected: {:?}", any.levels);
        };
        assert_eq!(Some(leaf.category), any.category);
        let both = any.alternatives[0].confidence + any.alternatives[1].confidence;
        assert!((root.confidence - both).abs() < 1e-3);
    }

    #[test]
    fn alternatives_never_claim_more_than_everything() {
        let mut ensemble = Ensemble::default();
        for method in Method::ALL {
            let curve = BetaCalibration::new([0.05, 0.0, 3.0]);
            ensemble.calibrations.set(method, LEAF, Some(curve));
        }
        for method in Method::ALL {
            let decision = ensemble.decide(method, &candidates(), &evidence(), ASKED);
            let confidences = decision.alternatives.iter().map(|one| one.confidence);
            let total: f32 = confidences.clone().sum();
            assert!(total <= 1.0 + 1e-6, "{method}: {total}");
            assert!(confidences.is_sorted_by(|a, b| a >= b));
        }
    }

    #[test]
    fn alternatives_of_a_sure_decision_are_none() {
        let scores = Some(log_shares(&[9.0, 0.0]));
        let evidence = Evidence::default().with(Source::Prototypes, scores);
        let decision = Ensemble::default().decide(Method::Auto, &candidates(), &evidence, ASKED);
        assert!(
            decision.confidence < 1.0 && decision.margin > 0.99,
            "{decision:?}"
        );
    }

    #[test]
    fn no_evidence_is_no_decision() {
        let (ensemble, nothing) = (Ensemble::default(), Evidence::default());
        let decision = ensemble.decide(Method::Neighbors, &candidates(), &nothing, ASKED);
        assert_eq!(decision.category, None);
        assert!(decision.alternatives.is_empty());
    }

    #[test]
    fn auto_without_labels_is_zero_shot() {
        let (candidates, ensemble) = (candidates(), Ensemble::default());
        let decide = |method| ensemble.decide(method, &candidates, &texts_only(), ASKED);
        let (auto, zero_shot) = (decide(Method::Auto), decide(Method::ZeroShot));
        assert_eq!(auto.alternatives, zero_shot.alternatives);
    }
}
