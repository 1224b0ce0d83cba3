//! Filing a batch of requests together, and decisions as the contract has them.

use std::sync::Arc;

use assort::core::{Alternative, Decision, Method, PictureProblem, Product, Reasons, Taxonomy};
use assort::{Catalog, ClassifyOptions, Observer, Pack};
use assort_proto::v1;
use assort_proto::v1::reasons::{NeighborReason, SourceReason, TextReason, WordReason};
use tonic::Status;

use crate::names;
use crate::reason::{Reason, Refusal, of_error, refuse};
use crate::values::category_ref;

/// How often products are filed again because the taxonomy was replaced meanwhile.
const ATTEMPTS: usize = 3;

/// Alternatives that a decision shows unless told otherwise.
const TOP: usize = 3;

/// Products to be filed together with others.
pub(crate) struct Asked {
    pub(crate) products: Vec<Product>,
    pub(crate) options: v1::ClassifyOptions,
    pub(crate) parsed: ClassifyOptions,
}

/// A decision as the engine has it, to be kept, and as the contract does.
pub(crate) struct Filed {
    pub(crate) decision: Decision,
    pub(crate) told: v1::Decision,
}

/// What files products: the catalog, or the pack that its own were filed by.
pub(crate) struct Filer {
    catalog: Arc<Catalog>,
    pack: Option<Pack>,
}

impl Filer {
    pub(crate) fn new(catalog: Arc<Catalog>, pack: Option<Pack>) -> Self {
        Self { catalog, pack }
    }

    /// Makes ready what filing needs.
    pub(crate) fn prepare(&self, observer: &mut dyn Observer) -> assort::Result<()> {
        match &self.pack {
            Some(_) => Ok(()),
            None => self.catalog.prepare(observer),
        }
    }

    fn classify(
        &self,
        products: &[Product],
        options: &ClassifyOptions,
    ) -> assort::Result<Vec<Decision>> {
        match &self.pack {
            Some(pack) => pack.classify(products, options),
            None => self.catalog.classify(products, options),
        }
    }

    fn classify_stored(
        &self,
        ids: &[&str],
        options: &ClassifyOptions,
    ) -> assort::Result<Vec<Decision>> {
        let Some(pack) = &self.pack else {
            return self.catalog.classify_stored(ids, options);
        };
        let products = ids.iter().map(|id| Ok(self.catalog.product(id)?.product));
        pack.classify(&products.collect::<assort::Result<Vec<_>>>()?, options)
    }
}

/// Options of the engine.
pub(crate) fn options(given: &v1::ClassifyOptions) -> Result<ClassifyOptions, Status> {
    let share = |field: &str, value: f32| match (0.0..=1.0).contains(&value) {
        true => Ok(value),
        false => {
            let what = format!("`{field}` is {value}, and lies between 0 and 1");
            Err(Refusal::of_field(format!("options.{field}"), what).status())
        }
    };
    let optional = |field: &str, value: Option<f32>| value.map(|value| share(field, value));
    let top = match usize::try_from(given.top) {
        Ok(0) => TOP,
        Ok(top) => top.min(crate::limits::MAX_PAGE),
        Err(_) => {
            let what = format!("`top` is {}, and cannot be less than 0", given.top);
            return Err(Refusal::of_field("options.top", what).status());
        }
    };
    Ok(ClassifyOptions::default()
        .with_method(method(given.method)?)
        .with_top(top)
        .with_min_confidence(share("min_confidence", given.min_confidence)?)
        .with_target_precision(optional("target_precision", given.target_precision).transpose()?)
        .with_set_coverage(optional("set_coverage", given.set_coverage).transpose()?)
        .with_explain(given.explain))
}

fn method(given: i32) -> Result<Method, Status> {
    match v1::Method::try_from(given) {
        Ok(v1::Method::Unspecified | v1::Method::Auto) => Ok(Method::Auto),
        Ok(v1::Method::ZeroShot) => Ok(Method::ZeroShot),
        Ok(v1::Method::Neighbors) => Ok(Method::Neighbors),
        Ok(v1::Method::Head) => Ok(Method::Head),
        Ok(v1::Method::Pictures) => Ok(Method::Pictures),
        Err(_) => {
            let what = format!("the server knows no method {given}");
            Err(Refusal::of_field("options.method", what).status())
        }
    }
}

/// Files the products of several requests: those with the same options together, and
/// each request alone if that fails.
pub(crate) fn file(
    filer: &Filer,
    name: &str,
    batch: Vec<Asked>,
) -> Vec<Result<Vec<Filed>, Status>> {
    let mut results: Vec<Option<Result<Vec<Filed>, Status>>> = batch.iter().map(|_| None).collect();
    for at in 0..batch.len() {
        if results[at].is_some() {
            continue;
        }
        let alike: Vec<usize> = (at..batch.len())
            .filter(|&other| batch[other].options == batch[at].options)
            .collect();
        let asked: Vec<&Asked> = alike.iter().map(|&other| &batch[other]).collect();
        let found = file_alike(filer, name, &asked);
        for (other, result) in alike.into_iter().zip(found) {
            results[other] = Some(result);
        }
    }
    let all = results.into_iter();
    all.map(|result| result.unwrap_or_else(|| Err(crate::pool::fault())))
        .collect()
}

/// Files the products of one request.
pub(crate) fn file_alone(filer: &Filer, name: &str, asked: &Asked) -> Result<Vec<Filed>, Status> {
    decide(filer, name, &asked.parsed, |options| {
        filer.classify(&asked.products, options)
    })
}

fn file_alike(filer: &Filer, name: &str, asked: &[&Asked]) -> Vec<Result<Vec<Filed>, Status>> {
    let alone = |one: &Asked| file_alone(filer, name, one);
    let [first, _, ..] = asked else {
        return asked.iter().map(|one| alone(one)).collect();
    };
    let products: Vec<Product> = asked.iter().flat_map(|one| one.products.clone()).collect();
    let together = decide(filer, name, &first.parsed, |options| {
        filer.classify(&products, options)
    });
    match together {
        Ok(filed) => {
            let mut filed = filed.into_iter();
            let own = asked
                .iter()
                .map(|one| filed.by_ref().take(one.products.len()).collect());
            own.map(Ok).collect()
        }
        Err(_) => asked.iter().map(|one| alone(one)).collect(),
    }
}

/// Files products of the catalog.
pub(crate) fn file_stored(
    filer: &Filer,
    name: &str,
    ids: &[&str],
    options: &ClassifyOptions,
) -> Result<Vec<Filed>, Status> {
    decide(filer, name, options, |options| {
        filer.classify_stored(ids, options)
    })
}

/// Decides, again if the taxonomy was replaced meanwhile, so that categories can be
/// named.
fn decide(
    filer: &Filer,
    name: &str,
    options: &ClassifyOptions,
    decide: impl Fn(&ClassifyOptions) -> assort::Result<Vec<Decision>>,
) -> Result<Vec<Filed>, Status> {
    for _ in 0..ATTEMPTS {
        let decisions = decide(options).map_err(|error| of_error(&error))?;
        let taxonomy = filer.catalog.taxonomy().map_err(|error| of_error(&error))?;
        let current = |decision: &Decision| decision.taxonomy == taxonomy.version();
        if decisions.iter().all(current) {
            return Ok(told(name, &taxonomy, decisions));
        }
    }
    let what = "the taxonomy is being replaced again and again; try again later";
    Err(refuse(Reason::Busy, what).status())
}

fn told(name: &str, taxonomy: &Arc<Taxonomy>, decisions: Vec<Decision>) -> Vec<Filed> {
    let filed = decisions.into_iter().map(|decision| Filed {
        told: one(name, taxonomy, &decision),
        decision,
    });
    filed.collect()
}

fn one(name: &str, taxonomy: &Taxonomy, decision: &Decision) -> v1::Decision {
    let alternative = |one: &Alternative| v1::Alternative {
        category: Some(category_ref(one.category, taxonomy)),
        confidence: one.confidence,
    };
    let all = |many: &[Alternative]| many.iter().map(alternative).collect::<Vec<_>>();
    v1::Decision {
        category: decision
            .category
            .map(|category| category_ref(category, taxonomy)),
        confidence: decision.confidence,
        calibrated: decision.is_calibrated,
        margin: decision.margin,
        alternatives: all(&decision.alternatives),
        levels: all(&decision.levels),
        set: decision.set.as_ref().map(|set| v1::CategorySet {
            alternatives: all(set),
        }),
        reasons: decision
            .reasons
            .as_ref()
            .map(|why| reasons(name, taxonomy, why)),
        picture_problem: match &decision.picture_problem {
            None => String::new(),
            Some(PictureProblem::Unopened(why)) => why.clone(),
            // What an embedder says names models.
            Some(PictureProblem::NotEmbedded(why)) => {
                tracing::warn!(catalog = name, why, "a picture was not embedded");
                "the picture could not be embedded".to_owned()
            }
        },
    }
}

fn reasons(name: &str, taxonomy: &Taxonomy, why: &Reasons) -> v1::Reasons {
    let texts = why.texts.iter().map(|text| TextReason {
        kind: text.kind.as_str().to_owned(),
        text: text.text.clone(),
        similarity: text.similarity,
    });
    let neighbors = why.neighbors.iter().map(|neighbor| NeighborReason {
        product: names::of_product(name, &neighbor.id),
        title: neighbor.title.clone(),
        category: Some(category_ref(neighbor.category, taxonomy)),
        similarity: neighbor.similarity,
        image_uri: neighbor.image.clone().unwrap_or_default(),
    });
    let words = why.words.iter().map(|word| WordReason {
        word: word.word.clone(),
        effect: word.effect,
    });
    let sources = why.sources.iter().map(|one| SourceReason {
        source: one.source.as_str().to_owned(),
        effect: one.effect,
    });
    v1::Reasons {
        texts: texts.collect(),
        neighbors: neighbors.collect(),
        words: words.collect(),
        sources: sources.collect(),
    }
}
