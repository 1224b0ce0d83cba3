//! Filing products: the engine gathers evidence, core judges it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use assort_core::compose::category_texts;
use assort_core::{
    CategoryIndex, Decision, Evidence, Method, Neighbor, Product, Role, Taxonomy, TextEvidence,
    text_hash, vector,
};
use rayon::prelude::*;

use crate::catalog::Catalog;
use crate::classifier::cache::Model;
use crate::embedding::{Item, embed_all};
use crate::knn::graph::Effort;
use crate::knn::labelled::voters;
use crate::snapshot::{Changes, Snapshot};
use crate::store::{DecisionRecord, Reader, SpaceRecord};
use crate::{Error, Result};

/// How to classify.
#[derive(Clone, Debug)]
pub struct ClassifyOptions {
    /// Which evidence counts.
    pub method: Method,
    /// How many alternatives a decision shows.
    pub top: usize,
    /// Decisions less sure than this abstain; between 0 and 1.
    pub min_confidence: f32,
    /// Whether decisions name the category texts that speak for them.
    pub explain: bool,
}

impl Default for ClassifyOptions {
    fn default() -> Self {
        Self {
            method: Method::Auto,
            top: 3,
            min_confidence: 0.0,
            explain: false,
        }
    }
}

/// Texts of an explanation, most similar first.
const TEXTS: usize = 3;

impl Catalog {
    /// Files products, which need not be in the catalog; one that is (by its
    /// id) has no vote on itself. Decisions come in the order of `products`,
    /// and each is what the product alone would get.
    ///
    /// # Errors
    /// [`Error::NoEmbedder`], [`Error::Embed`], and [`Error::Argument`] for
    /// [`Method::Neighbors`] where no product has a label.
    pub fn classify(
        &self,
        products: &[Product],
        options: &ClassifyOptions,
    ) -> Result<Vec<Decision>> {
        self.again_if_moved(|| self.decide(products, options))
    }

    fn decide(&self, products: &[Product], options: &ClassifyOptions) -> Result<Vec<Decision>> {
        let embedder = self.embedder_for(&self.state.store.read()?)?;
        let items: Vec<Item<'_>> = products.iter().map(Item::of_product).collect();
        let own = items.iter().copied();
        let made = embed_all(embedder.as_ref(), Role::Document, own, |_| true)?;
        let mut queries = Vec::new();
        for item in &items {
            queries.extend(made.get(&item.hash).into_iter().flatten());
        }
        let (model, reader, snapshot) = self.ready()?;
        let (catalog, given) = (reader.space()?.space(), embedder.space());
        if catalog != *given {
            let given = given.clone();
            return Err(Error::SpaceMismatch { catalog, given });
        }
        let without = products.iter().map(|product| reader.row(&product.id));
        let without: Vec<Option<u32>> = without.collect::<Result<_>>()?;
        judge(&model, &reader, &snapshot, &queries, &without, options)
    }

    /// Files products of the catalog by their stored vectors; see
    /// [`Self::classify`].
    ///
    /// # Errors
    /// [`Error::NoProduct`], and those of [`Self::classify`].
    pub fn classify_stored(
        &self,
        ids: &[&str],
        options: &ClassifyOptions,
    ) -> Result<Vec<Decision>> {
        let (model, reader, snapshot) = self.ready()?;
        let mut queries = Vec::new();
        let mut without = Vec::with_capacity(ids.len());
        for id in ids {
            let missing = || Error::NoProduct((*id).to_owned());
            let row = reader.row(id)?.ok_or_else(missing)?;
            queries.extend(snapshot.vector(row)?.ok_or_else(missing)?);
            without.push(Some(row));
        }
        judge(&model, &reader, &snapshot, &queries, &without, options)
    }

    /// The classifier and a commit it may judge by.
    fn ready(&self) -> Result<(Arc<Model>, Reader<'_>, Arc<Snapshot>)> {
        loop {
            let model = self.model(&mut ())?;
            let (reader, snapshot) = self.state.view()?;
            // Otherwise the taxonomy or the space was replaced between the two.
            if model.epoch == *snapshot.epoch() {
                return Ok((model, reader, snapshot));
            }
        }
    }

    /// Ids of the products that have no label, in the order they came.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn unlabelled(&self) -> Result<Vec<String>> {
        let reader = self.state.store.read()?;
        let taxonomy = self.state.taxonomy_in(&reader)?;
        let mut labelled = std::collections::HashSet::new();
        reader.each_label(|row, label| {
            if taxonomy.by_id(label).is_some() {
                labelled.insert(row);
            }
            Ok(())
        })?;
        let mut ids = Vec::new();
        reader.each_product(|row, product| {
            if !labelled.contains(&row) {
                ids.push(product.id.as_str().to_owned());
            }
            Ok(())
        })?;
        Ok(ids)
    }

    /// Keeps decisions in the catalog, all of them in one transaction;
    /// abstentions and products it does not have are left out. Returns how
    /// many were kept.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Damaged`] or [`Error::Io`].
    pub fn apply<'d>(
        &self,
        method: Method,
        decisions: impl IntoIterator<Item = (&'d str, &'d Decision)>,
    ) -> Result<usize> {
        let reader = self.state.store.read()?;
        let taxonomy = self.state.taxonomy_in(&reader)?;
        let mut kept = Vec::new();
        for (id, decision) in decisions {
            let (Some(row), Some(category)) = (reader.row(id)?, decision.category) else {
                continue;
            };
            // Decisions of a taxonomy that was replaced may name more.
            let Some(category) = taxonomy.categories().get(category as usize) else {
                continue;
            };
            let record = DecisionRecord {
                category: category.id.clone(),
                confidence: decision.confidence,
                method: method.as_str().to_owned(),
            };
            kept.push((row, record));
        }
        let mut count = 0;
        self.commit(|writer| {
            for (row, record) in &kept {
                // Another thread may have removed the product.
                if writer.has_product(*row)? {
                    writer.set_decision(*row, record)?;
                    count += 1;
                }
            }
            Ok(Changes::default())
        })?;
        Ok(count)
    }
}

fn judge(
    model: &Model,
    reader: &Reader<'_>,
    snapshot: &Snapshot,
    queries: &[f32],
    without: &[Option<u32>],
    options: &ClassifyOptions,
) -> Result<Vec<Decision>> {
    if options.method == Method::Neighbors && model.taught.is_none() {
        return Err(Error::argument(
            "no product has a label yet, so there are no neighbours to ask; label some with `assort label`, or use --method zero-shot",
        ));
    }
    let effort = Effort::tuned(reader.tuning()?);
    let evidence = gather(model, snapshot, queries, without, options.method, effort)?;
    let mut decisions: Vec<Decision> = evidence
        .into_par_iter()
        .map(|evidence| {
            let (method, top, sure) = (options.method, options.top, options.min_confidence);
            model
                .judge
                .decide(method, &model.plain, evidence, top, sure)
        })
        .collect();
    if options.explain {
        explain(reader, &model.taxonomy, queries, &mut decisions)?;
    }
    Ok(decisions)
}

/// Names the texts of the best alternatives' categories.
fn explain(
    reader: &Reader<'_>,
    taxonomy: &Taxonomy,
    queries: &[f32],
    decisions: &mut [Decision],
) -> Result<()> {
    let space = reader.space()?;
    let mut known: HashMap<CategoryIndex, Vec<(TextEvidence, Vec<f32>)>> = HashMap::new();
    let rows = queries.chunks_exact(space.dimensions as usize);
    for (decision, query) in decisions.iter_mut().zip(rows) {
        let Some(best) = decision
            .alternatives
            .first()
            .map(|alternative| alternative.category)
        else {
            continue;
        };
        let texts = match known.entry(best) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(known_texts(reader, &space, taxonomy, best)?),
        };
        decision.texts = texts
            .iter()
            .map(|(evidence, own)| TextEvidence {
                similarity: vector::dot(query, own),
                ..evidence.clone()
            })
            .collect();
        decision
            .texts
            .sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
        decision.texts.truncate(TEXTS);
    }
    Ok(())
}

/// The evidence a method asks for.
fn gather(
    model: &Model,
    snapshot: &Snapshot,
    queries: &[f32],
    without: &[Option<u32>],
    method: Method,
    effort: Effort,
) -> Result<Vec<Evidence>> {
    let asks_neighbors = method != Method::ZeroShot && model.taught.is_some();
    let neighbors: Vec<Vec<Neighbor>> = if asks_neighbors {
        voters(snapshot, &model.plain, queries, without, effort)?
    } else {
        vec![Vec::new(); without.len()]
    };
    queries
        .par_chunks_exact(snapshot.dimensions())
        .zip(neighbors)
        .map(|(query, neighbors)| {
            let scores = model.scores(method, query)?;
            Ok(Evidence { scores, neighbors })
        })
        .collect()
}

/// The texts of a category with their vectors.
fn known_texts(
    reader: &Reader<'_>,
    space: &SpaceRecord,
    taxonomy: &Taxonomy,
    category: CategoryIndex,
) -> Result<Vec<(TextEvidence, Vec<f32>)>> {
    let texts = category_texts(taxonomy, category);
    let hashes: Vec<u128> = texts.iter().map(|(_, text)| text_hash(text)).collect();
    let vectors = reader.text_vectors(space, &hashes)?;
    let known = texts
        .into_iter()
        .zip(vectors)
        .filter_map(|((kind, text), vector)| {
            let evidence = TextEvidence {
                kind,
                text,
                similarity: 0.0,
            };
            Some((evidence, vector?))
        });
    Ok(known.collect())
}
