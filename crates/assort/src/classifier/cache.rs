//! The classifier of one commit: prototypes, and how evidence is judged.

use std::sync::Arc;

use assort_core::compose::category_texts;
use assort_core::{
    CategoryIndex, Ensemble, Method, PlattScaling, Prototypes, Role, Taxonomy, TextKind, mean_of,
    text_hash, vector,
};

use crate::catalog::Catalog;
use crate::classifier::fit;
use crate::classifier::prototype_index::Shortlist;
use crate::embedding::{Item, embed_all};
use crate::knn::graph::Effort;
use crate::observer::{Observer, Progress};
use crate::snapshot::{Changes, Snapshot};
use crate::state::{read, write};
use crate::store::{Counts, Epoch, FitRecord, Reader, SpaceRecord};
use crate::{Error, Result};

/// Chunk of the products or labels that may change before the fit is made anew.
const STALE: f64 = 0.1;

/// Category texts that are stored in one transaction.
const TEXTS: usize = 2048;

/// Coordinates of fitted prototypes that are worth keeping in the store.
const MOST_KEPT: usize = 1 << 25;

/// Everything needed to classify, as of one commit.
pub(crate) struct Model {
    /// What it was made from.
    pub(crate) epoch: Epoch,
    pub(crate) taxonomy: Arc<Taxonomy>,
    /// Prototypes of the texts, fitted to the catalog without labels.
    pub(crate) plain: Prototypes,
    /// The same taught by labels; none without labels.
    pub(crate) taught: Option<Prototypes>,
    pub(crate) judge: Ensemble,
    /// Indexes of `plain` and `taught`, where there are very many candidates.
    shortlists: (Option<Shortlist>, Option<Shortlist>),
}

impl Model {
    /// Scores of all candidates by a method's prototypes; none where it has no
    /// use for them.
    pub(crate) fn scores(&self, method: Method, query: &[f32]) -> Result<Vec<f32>> {
        let (prototypes, shortlist) = match (method, &self.taught) {
            (Method::Neighbors, _) => return Ok(Vec::new()),
            (Method::Auto, Some(taught)) => (taught, &self.shortlists.1),
            _ => (&self.plain, &self.shortlists.0),
        };
        match shortlist {
            Some(shortlist) => shortlist.scores(prototypes, query),
            None => Ok(prototypes.scores(query)),
        }
    }
}

impl Catalog {
    /// Makes everything ready that classifying needs: embeds category texts
    /// that were not embedded yet, and fits the classifier to the catalog where
    /// that was not done or the catalog has changed much since. Classifying
    /// does it by itself; call it to follow or stop the work.
    ///
    /// # Errors
    /// [`Error::NoEmbedder`] if texts are to be embedded and there is none,
    /// [`Error::Interrupted`] if `observer` stopped it.
    pub fn prepare(&self, observer: &mut dyn Observer) -> Result<()> {
        self.model(observer).map(drop)
    }

    pub(crate) fn model(&self, observer: &mut dyn Observer) -> Result<Arc<Model>> {
        let known = read(&self.model).clone();
        if let Some((version, model)) = known
            && version == self.state.store.read()?.version()?
        {
            return Ok(model);
        }
        let (reader, snapshot) = self.state.view()?;
        let space = reader.space()?;
        let taxonomy = self.state.taxonomy_in(&reader)?;
        let counts = reader.counts()?;
        let fit = reader.fit()?.filter(|fit| is_current(fit, counts));
        let (rows, commits) = self.category_rows(&reader, &space, &taxonomy, observer)?;
        let candidates: Vec<CategoryIndex> = taxonomy.leaves().collect();
        let dimensions = space.dimensions as usize;
        let start = |mean| Prototypes::new(&taxonomy, candidates, &rows, dimensions, mean);
        let mut version = snapshot.version() + commits;
        let parts = match fit {
            Some(fit) => restored(start(fit.mean.clone()), fit),
            None => {
                observer.progress(Progress::Learning);
                let mean = fit::mean(&snapshot)?;
                let effort = Effort::tuned(reader.tuning()?);
                let embedder = self.embedder_for(&reader).ok();
                let was_taught = |row| {
                    let text = reader.text_hash(&space, row)?;
                    let student = embedder.as_ref().and_then(|known| known.as_student());
                    Ok(text
                        .zip(student)
                        .is_some_and(|(text, student)| student.was_taught(text)))
                };
                let start = start(mean.clone());
                let parts = learned(&snapshot, start, mean.is_some(), &was_taught, effort)?;
                version += self.keep(&parts, mean, counts, snapshot.epoch())?;
                parts
            }
        };
        let taught = parts.taught.as_ref();
        let model = Arc::new(Model {
            epoch: snapshot.epoch().clone(),
            taxonomy,
            shortlists: (
                Shortlist::of(&parts.plain)?,
                taught.map_or(Ok(None), Shortlist::of)?,
            ),
            plain: parts.plain,
            taught: parts.taught,
            judge: parts.judge,
        });
        // It is current unless others have committed meanwhile.
        *write(&self.model) = Some((version, Arc::clone(&model)));
        Ok(model)
    }

    /// Keeps what was learned, so that another process need not learn it
    /// again; tells the number of commits this took.
    fn keep(
        &self,
        parts: &Parts,
        mean: Option<Vec<f32>>,
        counts: Counts,
        epoch: &Epoch,
    ) -> Result<u64> {
        if !self.state.store.is_writer() || parts.plain.learned().0.len() > MOST_KEPT {
            return Ok(0);
        }
        let record = record(parts, mean, counts);
        self.commit(|writer| {
            // Nothing is learned of a taxonomy that was replaced meanwhile.
            if self.state.store.read()?.epoch()? == *epoch {
                writer.set_fit(&record)?;
            }
            Ok(Changes::default())
        })?;
        Ok(1)
    }

    /// Unit rows of all leaves: means of the vectors of their texts. Tells the
    /// number of commits this took too.
    fn category_rows(
        &self,
        reader: &Reader<'_>,
        space: &SpaceRecord,
        taxonomy: &Taxonomy,
        observer: &mut dyn Observer,
    ) -> Result<(Vec<f32>, u64)> {
        let dimensions = space.dimensions as usize;
        let texts: Vec<Vec<(TextKind, String)>> = taxonomy
            .leaves()
            .map(|leaf| category_texts(taxonomy, leaf))
            .collect();
        let hashes: Vec<u128> = texts
            .iter()
            .flatten()
            .map(|(_, text)| text_hash(text))
            .collect();
        let mut vectors = reader.text_vectors(space, &hashes)?;
        let all: Vec<&str> = texts
            .iter()
            .flatten()
            .map(|(_, text)| text.as_str())
            .collect();
        let missing: Vec<usize> = (0..vectors.len())
            .filter(|&at| vectors[at].is_none())
            .collect();
        let total = missing.len() as u64;
        if total > 0 {
            observer.progress(Progress::CategoryTexts { done: 0, total });
        }
        let (mut done, mut commits) = (0, 0);
        for chunk in missing.chunks(TEXTS) {
            let made = embed_all(
                self.embedder_for(reader)?.as_ref(),
                Role::Query,
                chunk.iter().map(|&at| Item::of_text(all[at])),
                |count| {
                    let done = done + count as u64;
                    observer.progress(Progress::CategoryTexts { done, total });
                    !observer.stop()
                },
            )?;
            for &at in chunk {
                vectors[at] = made.get(&hashes[at]).cloned();
            }
            if self.state.store.is_writer() {
                let made: Vec<(u128, Vec<f32>)> = made.into_iter().collect();
                self.commit(|writer| {
                    writer.put_texts(space, &made)?;
                    Ok(Changes::default())
                })?;
                commits += 1;
            }
            done += chunk.len() as u64;
            if observer.stop() {
                return Err(Error::Interrupted);
            }
        }
        if vectors.iter().any(Option::is_none) {
            // It was stopped within a batch, even if `observer` has forgotten.
            return Err(Error::Interrupted);
        }
        let mut rows = Vec::with_capacity(texts.len() * dimensions);
        let mut vectors = vectors.into_iter().flatten();
        for texts in &texts {
            let own: Vec<f32> = vectors.by_ref().take(texts.len()).flatten().collect();
            let mut row = mean_of(&own, dimensions);
            vector::normalize(&mut row);
            rows.extend(row);
        }
        Ok((rows, commits))
    }
}

/// What is learned of a catalog, or restored.
struct Parts {
    plain: Prototypes,
    taught: Option<Prototypes>,
    judge: Ensemble,
}

fn learned(
    snapshot: &Snapshot,
    start: Prototypes,
    has_mean: bool,
    was_taught: &dyn Fn(u32) -> Result<bool>,
    effort: Effort,
) -> Result<Parts> {
    let plain = if has_mean {
        fit::adapted(snapshot, &start)?
    } else {
        start
    };
    Ok(match fit::taught(snapshot, &plain, was_taught, effort)? {
        Some(taught) => Parts {
            plain,
            taught: Some(taught.prototypes),
            judge: taught.judge,
        },
        None => Parts {
            plain,
            taught: None,
            judge: Ensemble::default(),
        },
    })
}

/// Whether the catalog is still much as it was when the fit was made.
fn is_current(fit: &FitRecord, counts: Counts) -> bool {
    let near = |then: u64, now: u64| then.abs_diff(now) as f64 <= STALE * then as f64;
    let few = |then: u64, now: u64, of: u64| now.abs_diff(then) as f64 <= STALE * of as f64;
    let (vectors, labels) = fit.changed;
    near(fit.products, counts.products)
        && near(fit.labels, counts.labels)
        && few(vectors, counts.changed.vectors, fit.products)
        && few(labels, counts.changed.labels, fit.labels)
}

fn record(model: &Parts, mean: Option<Vec<f32>>, counts: Counts) -> FitRecord {
    let (leaves, prior) = model.plain.learned();
    FitRecord {
        products: counts.products,
        labels: counts.labels,
        changed: (counts.changed.vectors, counts.changed.labels),
        mean,
        leaves: leaves.to_vec(),
        prior: prior.to_vec(),
        taught: model
            .taught
            .as_ref()
            .map_or_else(Vec::new, |taught| taught.learned().0.to_vec()),
        votes: model.judge.votes,
        calibrations: model
            .judge
            .calibrations
            .iter()
            .map(|calibration| calibration.map(|curve| curve.weights()))
            .collect(),
    }
}

fn restored(start: Prototypes, fit: FitRecord) -> Parts {
    let plain = start.with_learned(fit.leaves, fit.prior.clone());
    let taught =
        (!fit.taught.is_empty()).then(|| plain.clone().with_learned(fit.taught, fit.prior));
    let mut curves = fit.calibrations.into_iter();
    let judge = Ensemble {
        votes: fit.votes,
        calibrations: [(); 3].map(|()| curves.next().flatten().map(PlattScaling::new)),
    };
    Parts {
        plain,
        taught,
        judge,
    }
}
