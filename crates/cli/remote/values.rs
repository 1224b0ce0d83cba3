//! Answers of a server as what the library gives.

use std::sync::Arc;

use assort::core::{
    Alternative, CategoryIndex, Decision, Method, NeighborEvidence, PictureProblem, Reasons,
    Source, SourceEvidence, Space, Taxonomy, TextEvidence, TextKind, Weights, WordEvidence,
};
use assort::students::QueryEncoder;
use assort::{
    Accuracy, DistillReport, Found, Group, Page, Plan, Problem, ProblemKind, SegmentStats, Stats,
    Step, StoredDecision, StoredProduct, TrainReport, Tuning,
};
use assort_client::v1::search_step::Plan as Told;
use assort_client::{names, v1};

use super::attributes::facet;
use crate::failure::Failure;

/// A category that is not in the tree: it was replaced.
pub(super) struct UnknownCategory(String);

impl From<UnknownCategory> for Failure {
    fn from(unknown: UnknownCategory) -> Self {
        Self::Failed(format!(
            "the taxonomy was replaced meanwhile, and has no category `{}`; run the command again",
            unknown.0
        ))
    }
}

type Result<T> = std::result::Result<T, UnknownCategory>;

/// A tree in which categories are looked up.
pub(super) struct Tree(pub(super) Arc<Taxonomy>);

impl Tree {
    fn index(&self, category: &v1::CategoryRef) -> Result<CategoryIndex> {
        let index = self.0.by_id(&category.id);
        index.ok_or_else(|| UnknownCategory(category.id.clone()))
    }

    fn optional(&self, category: Option<&v1::CategoryRef>) -> Result<Option<CategoryIndex>> {
        category.map(|category| self.index(category)).transpose()
    }

    /// A product of a catalog.
    pub(super) fn product(&self, found: &assort_client::StoredProduct) -> Result<StoredProduct> {
        let decision = found.decision.as_ref().map(|kept| {
            let category = kept.category.clone().unwrap_or_default();
            StoredDecision {
                // Without a path it is gone.
                category: self.0.by_id(&category.id),
                category_id: category.id,
                confidence: kept.confidence,
                method: kept.method.clone(),
            }
        });
        Ok(StoredProduct {
            product: found.product.clone(),
            label: self.optional(found.label.as_ref())?,
            decision,
        })
    }

    /// What a search found.
    pub(super) fn page(&self, results: &assort_client::Results) -> Result<Page> {
        let found = results.found.iter().map(|found| {
            Ok(Found {
                product: self.product(&found.product)?,
                similarity: found.similarity,
                group: found.group.as_ref().map(|group| Group {
                    number: group.number as usize,
                    value: group.value.clone(),
                }),
            })
        });
        Ok(Page {
            facets: results.facets.iter().cloned().map(facet).collect(),
            found: found.collect::<Result<_>>()?,
            matches: results.matches,
            steps: results.steps.iter().map(step).collect(),
            state: 0,
        })
    }

    /// A decision.
    pub(super) fn decision(&self, told: &v1::Decision) -> Result<Decision> {
        let mut decision = Decision::unknown(self.0.version());
        decision.category = self.optional(told.category.as_ref())?;
        decision.confidence = told.confidence;
        decision.is_calibrated = told.calibrated;
        decision.margin = told.margin;
        decision.alternatives = self.alternatives(&told.alternatives)?;
        decision.levels = self.alternatives(&told.levels)?;
        let set = told.set.as_ref();
        decision.set = set
            .map(|set| self.alternatives(&set.alternatives))
            .transpose()?;
        let problem = Some(&told.picture_problem).filter(|problem| !problem.is_empty());
        decision.picture_problem = problem.cloned().map(PictureProblem::Unopened);
        decision.reasons = told
            .reasons
            .as_ref()
            .map(|why| self.reasons(why))
            .transpose()?;
        Ok(decision)
    }

    fn alternatives(&self, told: &[v1::Alternative]) -> Result<Vec<Alternative>> {
        let all = told.iter().map(|one| {
            Ok(Alternative {
                category: self.index(&one.category.clone().unwrap_or_default())?,
                confidence: one.confidence,
            })
        });
        all.collect()
    }

    fn reasons(&self, why: &v1::Reasons) -> Result<Reasons> {
        let texts = why.texts.iter().filter_map(|text| {
            // A kind of a newer server cannot be told.
            let kind = TextKind::ALL
                .into_iter()
                .find(|kind| kind.as_str() == text.kind)?;
            Some(TextEvidence {
                kind,
                text: text.text.clone(),
                similarity: text.similarity,
            })
        });
        let neighbors = why.neighbors.iter().map(|neighbor| {
            Ok(NeighborEvidence {
                id: names::product_id(&neighbor.product)
                    .map(|(_, id)| id)
                    .unwrap_or_default(),
                title: neighbor.title.clone(),
                category: self.index(&neighbor.category.clone().unwrap_or_default())?,
                similarity: neighbor.similarity,
                image: Some(neighbor.image_uri.clone()).filter(|image| !image.is_empty()),
            })
        });
        let words = why.words.iter().map(|word| WordEvidence {
            word: word.word.clone(),
            effect: word.effect,
        });
        let sources = why.sources.iter().filter_map(|one| {
            // A source of a newer server cannot be told.
            let source = Source::ALL
                .into_iter()
                .find(|source| source.as_str() == one.source)?;
            Some(SourceEvidence {
                source,
                effect: one.effect,
            })
        });
        Ok(Reasons {
            texts: texts.collect(),
            neighbors: neighbors.collect::<Result<_>>()?,
            words: words.collect(),
            sources: sources.collect(),
        })
    }
}

fn step(told: &v1::SearchStep) -> Step {
    Step {
        segment: told.segment.map(|number| number as u32),
        products: told.products as usize,
        matches: told.matches as usize,
        plan: match told.plan() {
            Told::Scan => Plan::Scan,
            Told::Graph => Plan::Graph,
            Told::FilteredGraph => Plan::FilteredGraph,
            Told::Exact | Told::Unspecified => Plan::Exact,
        },
    }
}

/// A method for the contract.
pub(super) fn method(method: Method) -> v1::Method {
    match method {
        Method::Auto => v1::Method::Auto,
        Method::ZeroShot => v1::Method::ZeroShot,
        Method::Neighbors => v1::Method::Neighbors,
        Method::Head => v1::Method::Head,
        Method::Pictures => v1::Method::Pictures,
    }
}

fn space(told: &v1::Space) -> Space {
    Space {
        model: told.model.clone(),
        fingerprint: told.fingerprint.clone(),
        dimensions: told.dimensions as usize,
    }
}

/// What a catalog holds. How its embedder is opened is the server's own; the model is told.
pub(super) fn stats(told: &v1::CatalogStats) -> Stats {
    let own = space(&told.space.clone().unwrap_or_default());
    let moving = told.moving_to.as_ref().map(space);
    let known = Method::ALL.into_iter();
    let segments = told.segments.iter().map(|segment| SegmentStats {
        number: segment.number as u32,
        products: segment.products as u64,
        dead: segment.dead as u64,
    });
    Stats {
        products: told.products as u64,
        labelled: told.labelled as u64,
        decided: told.decided as u64,
        categories: told.categories as usize,
        leaves: told.leaves as usize,
        levels: told.levels as usize,
        embedder: own.model.clone(),
        space: own,
        moving_to: moving.map(|space| (space, told.moved as u64)),
        calibrated: known
            .filter(|one| told.calibrated.contains(&method(*one).into()))
            .collect(),
        live: told.live as u64,
        segments: segments.collect(),
        tuned: told
            .tuned_ef
            .zip(told.tuned_recall)
            .map(|(ef, recall)| (ef as u32, recall)),
        familiarity: told.familiarity,
        bytes: told.bytes as u64,
    }
}

/// What came of training.
pub(super) fn trained(told: &v1::TrainHeadResponse) -> TrainReport {
    let weight = |source: Source| told.weights.get(source.as_str()).copied();
    let mut report = TrainReport::default();
    report.labels = told.labels as u64;
    report.contents = told.contents as u64;
    report.categories = told.categories as u64;
    report.attributes = told.attributes as u64;
    report.features = told.features as u64;
    report.bytes = told.bytes as u64;
    report.held_out = told.held_out as u64;
    report.head_accuracy = told.head_accuracy;
    report.accuracy = told.accuracy;
    report.accuracy_without = told.accuracy_without;
    report.weights = Weights::new(Source::ALL.map(|source| weight(source).unwrap_or_default()));
    report.in_force = told.in_force;
    report
}

/// What a student is worth.
pub(super) fn distilled(told: &v1::DistillStudentResponse) -> DistillReport {
    DistillReport {
        learned: told.learned as u64,
        taught: told.taught as u64,
        held_out: told.held_out as u64,
        cosine: told.cosine,
        rounding: told.rounding,
        overlap: told.overlap,
        accuracy: told.accuracy.as_ref().map(|accuracy| Accuracy {
            zero_shot_teacher: accuracy.zero_shot_teacher,
            zero_shot_student: accuracy.zero_shot_student,
            zero_shot_mixed: accuracy.zero_shot_mixed,
            neighbor_teacher: accuracy.neighbor_teacher,
            neighbor_student: accuracy.neighbor_student,
        }),
        left: told.left,
        queries: told.queries.parse().unwrap_or(QueryEncoder::Student),
        rate: told.rate,
        size: told.bytes as u64,
        seconds: told.seconds,
    }
}

/// How well the graph is searched.
pub(super) fn tuned(told: &v1::TuneCatalogResponse) -> Tuning {
    Tuning {
        ef: told.ef as usize,
        slack: told.slack.unwrap_or(f32::INFINITY),
        recall: told.recall,
        queries: told.queries as usize,
    }
}

/// Something wrong with a catalog.
pub(super) fn problem(told: &v1::Problem) -> Problem {
    use v1::problem::Kind;
    let kind = match told.kind() {
        Kind::Checksums => ProblemKind::Checksums,
        Kind::Product => ProblemKind::Product(told.product_id.clone()),
        Kind::Segment => ProblemKind::Segment,
        Kind::Index => ProblemKind::Index,
        Kind::Labels => ProblemKind::Labels,
        Kind::Pictures => ProblemKind::Pictures,
        Kind::Store | Kind::Unspecified => ProblemKind::Store,
    };
    let what = told.what.clone();
    Problem { kind, what }
}
