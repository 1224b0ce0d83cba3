//! Filing products: the engine gathers evidence, core judges it.

use std::sync::Arc;

use assort_core::{Decision, Method, Product, Space};
use assort_head::HeadInput;

use crate::catalog::Catalog;
use crate::catalog::product_pictures::ProductPictures;
use crate::classifier::{
    Classifier, ClassifyOptions, Decided, Queries, StoredEvidence, Words, decide,
    source_categories, words,
};
use crate::embedding::embed_products;
use crate::knn::effort::Effort;
use crate::observer::Observer;
use crate::snapshot::{Changes, Snapshot};
use crate::store::{DecisionRecord, Reader};
use crate::{Error, Result};

/// Products that were filed, with all that it was done by.
pub(super) struct FiledProducts {
    /// Decisions by each method, with what they were made by.
    pub(super) decided: Vec<Vec<Decided>>,
    pub(super) pictures: ProductPictures,
    pub(super) classifier: Arc<Classifier>,
}

impl Catalog {
    /// Files products, which need not be in the catalog; one that is (by its
    /// id) has no vote on itself. Decisions come in the order of `products`,
    /// and each is what the product alone would get. One of whose text the embedder has
    /// learned nothing (see [`Embedder::known_share`](assort_core::Embedder::known_share))
    /// is filed by its words alone, or not at all. Pictures that the catalog has no vector
    /// of count if it was given what opens them ([`Self::with_picture_source`]).
    ///
    /// ```no_run
    /// # fn example(catalog: &assort::Catalog) -> assort::Result<()> {
    /// use assort::ClassifyOptions;
    /// use assort::core::Product;
    ///
    /// let product = Product {
    ///     id: "4711".into(),
    ///     title: "Electric kettle 1.7 l".into(),
    ///     ..Product::default()
    /// };
    /// let sure = ClassifyOptions::default().with_min_confidence(0.8);
    /// for decision in catalog.classify(&[product], &sure)? {
    ///     println!("{:?}, {:.0}% sure", decision.category, 100.0 * decision.confidence);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NoEmbedder`] and [`Error::Embed`], but for [`Method::Head`] and
    /// [`Method::Pictures`], which need none unless decisions are explained;
    /// [`Error::NoLabels`] for
    /// [`Method::Neighbors`] where no product has a label, [`Error::NoHead`],
    /// [`Error::NoLabelledPictures`].
    pub fn classify(
        &self,
        products: &[Product],
        options: &ClassifyOptions,
    ) -> Result<Vec<Decision>> {
        let methods = std::slice::from_ref(options);
        let judged = self.again_if_moved(|| self.decide(products, methods, false))?;
        let decided = judged.decided.into_iter().flatten();
        Ok(decided.map(|one| one.decision).collect())
    }

    /// How many products are best given to [`Self::classify`] together where there are
    /// many: as many as the embedder embeds while somebody waits for it to stop.
    ///
    /// # Errors
    /// [`Error::NoEmbedder`] where one is needed.
    pub fn classify_batch(&self, options: &ClassifyOptions) -> Result<usize> {
        options.batch(|| Ok(self.embedder()?.batch()))
    }

    /// Decisions by each of some methods, with what they were made by.
    pub(super) fn decide(
        &self,
        products: &[Product],
        methods: &[ClassifyOptions],
        shares: bool,
    ) -> Result<FiledProducts> {
        let (space, vectors) = match methods.iter().any(ClassifyOptions::needs_vectors) {
            true => self.vectors_of(products)?,
            false => Default::default(),
        };
        let (classifier, reader, snapshot) = self.ready()?;
        let catalog = reader.space()?.space();
        if let Some(given) = space.filter(|given| *given != catalog) {
            return Err(Error::SpaceMismatch { catalog, given });
        }
        let without = products.iter().map(|product| reader.row(&product.id));
        let without: Vec<Option<u32>> = without.collect::<Result<_>>()?;
        let inputs: Vec<_> = products.iter().map(HeadInput::of_product).collect();
        let embedder = self.embedder_for(&reader).ok();
        let given = Some(products);
        let pictures = self.pictures_of(&classifier, &reader, &without, methods, given)?;
        let queries = Queries {
            vectors: &vectors,
            inputs: &inputs,
            without: &without,
            pictures: &pictures.vectors,
            source_categories: &products.iter().map(source_categories).collect::<Vec<_>>(),
            embedder: embedder.as_deref(),
        };
        let (stored, effort) = (
            StoredEvidence::of(&reader)?,
            Effort::tuned(reader.tuning()?),
        );
        let decided = methods.iter().map(|one| {
            decide(
                &classifier,
                &snapshot,
                &stored,
                queries,
                one,
                effort,
                shares,
            )
        });
        let mut decided: Vec<Vec<Decided>> = decided.collect::<Result<_>>()?;
        decided.iter_mut().for_each(|some| pictures.tell(some));
        Ok(FiledProducts {
            decided,
            pictures,
            classifier,
        })
    }

    /// The vectors of products, row by row, and the space they are of.
    fn vectors_of(&self, products: &[Product]) -> Result<(Option<Space>, Vec<f32>)> {
        let embedder = self.embedder_for(&self.state.store.read()?)?;
        let vectors = embed_products(embedder.as_ref(), products)?;
        Ok((Some(embedder.space().clone()), vectors))
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
        let (classifier, reader, snapshot) = self.ready()?;
        let mut queries = Vec::new();
        let mut without = Vec::with_capacity(ids.len());
        for id in ids {
            let missing = || Error::NoProduct((*id).to_owned());
            let row = reader.row(id)?.ok_or_else(missing)?;
            queries.extend(snapshot.vector(row)?.ok_or_else(missing)?);
            without.push(Some(row));
        }
        let rows: Vec<u32> = without.iter().flatten().copied().collect();
        let words = words(&reader, &rows)?;
        let inputs: Vec<_> = words.iter().map(Words::input).collect();
        let embedder = self.embedder_for(&reader).ok();
        let methods = std::slice::from_ref(options);
        let pictures = self.pictures_of(&classifier, &reader, &without, methods, None)?;
        let queries = Queries {
            vectors: &queries,
            inputs: &inputs,
            without: &without,
            pictures: &pictures.vectors,
            source_categories: &words
                .iter()
                .map(Words::source_categories)
                .collect::<Vec<_>>(),
            embedder: embedder.as_deref(),
        };
        let (stored, effort) = (
            StoredEvidence::of(&reader)?,
            Effort::tuned(reader.tuning()?),
        );
        let mut decided = decide(
            &classifier,
            &snapshot,
            &stored,
            queries,
            options,
            effort,
            false,
        )?;
        pictures.tell(&mut decided);
        Ok(decided.into_iter().map(|one| one.decision).collect())
    }

    /// Makes everything ready that classifying needs: embeds category texts
    /// that were not embedded yet, and learns from the catalog where that was not
    /// done or the catalog has changed much since. Classifying begins to learn by
    /// itself, in the background where it has an older classifier to answer with;
    /// call this to wait for it, to follow it, or to stop it.
    ///
    /// # Errors
    /// [`Error::NoEmbedder`] if texts are to be embedded and there is none,
    /// [`Error::Interrupted`] if `observer` stopped it.
    pub fn prepare(&self, observer: &mut dyn Observer) -> Result<()> {
        self.again_if_moved(|| {
            let reader = self.state.store.read()?;
            let embedder = self.embedder_for(&reader).ok();
            self.classifier
                .prepare(&self.state, embedder.as_deref(), observer)
        })
    }

    /// The classifier and a commit it may decide by.
    fn ready(&self) -> Result<(Arc<Classifier>, Reader<'_>, Arc<Snapshot>)> {
        loop {
            let (before, _) = self.state.view()?;
            let embedder = self.embedder_for(&before).ok();
            let generation = before.space()?.generation;
            let classifier = match self.classifier.get(&self.state, embedder) {
                // The catalog was moved meanwhile.
                Err(Error::NoEmbedder | Error::SpaceMismatch { .. })
                    if self.state.store.read()?.space()?.generation != generation =>
                {
                    continue;
                }
                classifier => classifier?,
            };
            let (reader, snapshot) = self.state.view()?;
            // Otherwise the taxonomy or the space was replaced between the two.
            if classifier.epoch == *snapshot.epoch() {
                return Ok((classifier, reader, snapshot));
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
    /// [`Error::OtherTaxonomy`] if any of them was made before the taxonomy was
    /// replaced: none is kept then. [`Error::ReadOnly`], [`Error::Damaged`] or
    /// [`Error::Io`].
    pub fn apply<'d>(
        &self,
        method: Method,
        decisions: impl IntoIterator<Item = (&'d str, &'d Decision)>,
    ) -> Result<usize> {
        let decisions: Vec<(&str, &Decision)> = decisions.into_iter().collect();
        let mut count = 0;
        self.commit(|writer| {
            // The taxonomy stays as it is until this is committed.
            let reader = self.state.store.read()?;
            let taxonomy = self.state.taxonomy_in(&reader)?;
            for (id, decision) in decisions {
                if decision.taxonomy != taxonomy.version() {
                    return Err(Error::OtherTaxonomy);
                }
                let category = decision.category.and_then(|category| {
                    let categories = taxonomy.categories();
                    categories.get(category as usize)
                });
                let (Some(row), Some(category)) = (reader.row(id)?, category) else {
                    continue;
                };
                let record = DecisionRecord {
                    category: category.id.clone(),
                    confidence: decision.confidence,
                    method: method.as_str().to_owned(),
                };
                writer.set_decision(row, &record)?;
                count += 1;
            }
            Ok(Changes::default())
        })?;
        Ok(count)
    }
}
