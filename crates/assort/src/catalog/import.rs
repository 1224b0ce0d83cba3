//! Storing products: what changed is embedded, everything is committed in
//! batches, and a bad row never stops the rest.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use assort_core::{Embedder, Product, Role, Taxonomy, text_hash};

use crate::catalog::Catalog;
use crate::embedding::{Item, embed_all, familiarity};
use crate::import_report::ImportReport;
use crate::locks::read;
use crate::observer::{Observer, Progress};
use crate::read::{ProductRow, Rejected};
use crate::segments::BACKLOG;
use crate::snapshot::Changes;
use crate::store::{
    ArchivedProductRecord, FamiliarityRecord, ProductRecord, Put, Reader, SpaceRecord,
};
use crate::{Error, Result};

/// Products that are embedded and committed together: enough for batches of
/// like length, few enough to lose little when the power goes.
const GROUP: usize = 2048;

/// Products that are committed together when none of them is embedded.
const QUIET_GROUP: usize = 16_384;

/// Bytes of products that wait to be committed, at most: rows may hold whole
/// pages of text.
const GROUP_BYTES: usize = 64 << 20;

/// One product in so many is looked at for how well a student knows it, and
/// the last so many of those are remembered.
const LOOKED_AT: usize = 8;
const REMEMBERED: f64 = 10_000.0;

/// How to import.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ImportOptions {
    /// Count what would be done and change nothing.
    pub dry_run: bool,
    /// Remove the products that the input does not have, unless a row was
    /// rejected or the import was stopped.
    pub prune: bool,
}

impl ImportOptions {
    /// The same with another value of [`Self::dry_run`].
    #[must_use]
    pub fn with_dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// The same with another value of [`Self::prune`].
    #[must_use]
    pub fn with_prune(mut self, prune: bool) -> Self {
        self.prune = prune;
        self
    }
}

/// A row of the input: a product, or why it is none. An outer error ends the
/// import.
pub type InputRow = Result<std::result::Result<ProductRow, Rejected>>;

impl Catalog {
    /// Stores products from rows, such as a [`crate::read::ProductReader`]
    /// gives. Rows of known ids replace what was there; unchanged ones cost no
    /// embedding. What is committed is durable; a stop or an error later does
    /// not undo it.
    ///
    /// `done` tells which part of the input has been read, between 0 and 1,
    /// where that is known.
    ///
    /// ```no_run
    /// # fn example(catalog: &assort::Catalog) -> assort::Result<()> {
    /// use assort::ImportOptions;
    /// use assort::read::{Input, Mapping, ProductReader};
    ///
    /// let rows = ProductReader::new(Input::open("products.csv", None)?, &Mapping::default())?;
    /// let report = catalog.import(rows, &ImportOptions::default(), &|| None, &mut ())?;
    /// println!("{} new, {} rejected", report.added, report.rejected);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::NoEmbedder`], [`crate::Error::Embed`],
    /// [`crate::Error::Io`], and the first error among `rows`.
    pub fn import(
        &self,
        rows: impl IntoIterator<Item = InputRow>,
        options: &ImportOptions,
        done: &dyn Fn() -> Option<f64>,
        observer: &mut dyn Observer,
    ) -> Result<ImportReport> {
        let (reader, space, embedder) = self.latest()?;
        let mut importer = Importer {
            catalog: self,
            embedder,
            space,
            taxonomy: self.state.taxonomy_in(&reader)?,
            reader,
            options,
            done,
            observer,
            seen: HashMap::new(),
            contents: HashSet::new(),
            waiting: Vec::new(),
            to_embed: 0,
            waiting_bytes: 0,
            done_before: done(),
            report: ImportReport::default(),
        };
        self.background.gather(true);
        let outcome = importer.run(rows);
        let flushed = importer.flush();
        self.background.gather(false);
        self.background.wake(&self.state);
        outcome.and(flushed)?;
        if options.prune && importer.report.rejected == 0 && !importer.report.stopped {
            importer.prune()?;
        }
        Ok(importer.report)
    }

    /// The last commit, with its space and the embedder of that.
    fn latest(&self) -> Result<(Reader<'_>, SpaceRecord, Arc<dyn Embedder>)> {
        self.again_if_moved(|| {
            let reader = self.state.store.read()?;
            let (space, embedder) = (reader.space()?, self.embedder_for(&reader)?);
            Ok((reader, space, embedder))
        })
    }

    /// Stores products in one transaction; see [`Self::import`].
    ///
    /// # Errors
    /// As [`Self::import`].
    pub fn put(&self, products: impl IntoIterator<Item = Product>) -> Result<ImportReport> {
        let rows = products.into_iter().zip(1..).map(|(product, line)| {
            Ok(Ok(ProductRow {
                line,
                product: product.sorted(),
                category: None,
            }))
        });
        self.import(rows, &ImportOptions::default(), &|| None, &mut ())
    }
}

/// A product that is to be written.
struct Waiting {
    product: ProductRecord,
    label: Option<String>,
    /// Whether it is to be embedded: the stored vector is not of its text.
    embeds: bool,
    /// Digest of the product's text.
    text_hash: u128,
    is_new: bool,
}

struct Importer<'a> {
    catalog: &'a Catalog,
    embedder: Arc<dyn Embedder>,
    space: SpaceRecord,
    taxonomy: Arc<Taxonomy>,
    reader: Reader<'a>,
    options: &'a ImportOptions,
    done: &'a dyn Fn() -> Option<f64>,
    observer: &'a mut dyn Observer,
    /// Digests of the ids of this input and the lines they stood on.
    seen: HashMap<u128, u64>,
    /// Digests of contents of this input, to count duplicates.
    contents: HashSet<u64>,
    waiting: Vec<Waiting>,
    to_embed: usize,
    waiting_bytes: usize,
    /// Part of the input that was done when the group began.
    done_before: Option<f64>,
    report: ImportReport,
}

impl Importer<'_> {
    fn run(&mut self, rows: impl IntoIterator<Item = InputRow>) -> Result<()> {
        self.tell(0);
        for row in rows {
            self.report.rows += 1;
            let taken = match row? {
                Ok(row) => self.take(row)?,
                Err(rejected) => Err(rejected),
            };
            if let Err(rejected) = taken {
                self.reject(&rejected);
            }
            if self.to_embed >= GROUP
                || self.waiting.len() >= QUIET_GROUP
                || self.waiting_bytes >= GROUP_BYTES
            {
                self.flush()?;
            }
            if self.report.rows.is_multiple_of(1024) {
                self.tell(0);
            }
            if self.report.stopped || self.observer.stop() {
                self.report.stopped = true;
                break;
            }
        }
        Ok(())
    }

    fn reject(&mut self, rejected: &Rejected) {
        self.report.rejected += 1;
        if let Some(id) = &rejected.id {
            self.seen.entry(text_hash(id)).or_insert(rejected.line);
        }
        self.observer.rejected(rejected);
    }

    /// Compares a row with what is stored and remembers what is to be done.
    fn take(&mut self, row: ProductRow) -> Result<std::result::Result<(), Rejected>> {
        let ProductRow {
            line,
            product,
            category,
        } = row;
        let reject = |reason: String| {
            let id = Some(product.id.clone());
            Ok(Err(Rejected::new(line, id, reason)))
        };
        if let Some(first) = self.seen.get(&text_hash(&product.id)) {
            return reject(format!(
                "the id `{}` is repeated; it stood on line {first} first",
                product.id
            ));
        }
        let label = match category
            .map(|category| self.taxonomy.resolve(&category))
            .transpose()
        {
            Ok(label) => label.map(|index| self.taxonomy.category(index).id.clone()),
            Err(error) => return reject(error.to_string()),
        };
        self.seen.insert(text_hash(&product.id), line);
        let record = ProductRecord::from(product);
        if !self.contents.insert(record.content_hash as u64) {
            self.report.duplicates += 1;
        }
        self.compare(record, label)?;
        Ok(Ok(()))
    }

    fn compare(&mut self, product: ProductRecord, label: Option<String>) -> Result<()> {
        let row = self.reader.row(&product.id)?;
        let same = |stored: &ArchivedProductRecord| {
            stored.content_hash.to_native() == product.content_hash
        };
        let stored = match row {
            Some(row) => self.reader.with_product(row, same)?,
            None => None,
        };
        let label = match (label, row) {
            (Some(label), Some(row)) if self.reader.label(row)?.as_ref() == Some(&label) => None,
            (label, _) => label,
        };
        if stored == Some(true) && label.is_none() {
            self.report.unchanged += 1;
            return Ok(());
        }
        let known = match row {
            Some(row) => self.reader.text_hash(&self.space, row)?,
            None => None,
        };
        let text_hash = item(&product).hash;
        let embeds = known != Some(text_hash);
        self.to_embed += usize::from(embeds);
        self.waiting_bytes += bytes(&product);
        self.waiting.push(Waiting {
            product,
            label,
            embeds,
            text_hash,
            is_new: stored.is_none(),
        });
        Ok(())
    }

    /// Embeds and commits what is waiting; if stopped meanwhile, only what is
    /// whole.
    fn flush(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        self.to_embed = 0;
        self.waiting_bytes = 0;
        if waiting.is_empty() {
            return Ok(());
        }
        if self.options.dry_run {
            waiting
                .iter()
                .for_each(|item| count(&mut self.report, item));
            return Ok(());
        }
        let vectors = self.embed(&waiting)?;
        let known = self.known(&waiting)?;
        let mut puts = Vec::with_capacity(waiting.len());
        let mut report = self.report.clone();
        for item in waiting {
            let vector = vectors.get(&item.text_hash).cloned();
            if item.embeds && vector.is_none() {
                continue;
            }
            count(&mut report, &item);
            puts.push(Put {
                product: item.product,
                text_hash: item.text_hash,
                vector,
                label: item.label,
            });
        }
        let mut lacking = self.store(puts, known)?;
        while !lacking.is_empty() {
            lacking = self.complete(lacking)?;
        }
        self.report = report;
        match self.catalog.seal_backlog(BACKLOG, self.observer) {
            // What is stored stays.
            Err(Error::Interrupted) => self.report.stopped = true,
            other => other?,
        }
        self.refresh()?;
        self.done_before = (self.done)();
        self.tell(0);
        Ok(())
    }

    fn embed(&mut self, waiting: &[Waiting]) -> Result<HashMap<u128, Vec<f32>>> {
        let items = waiting.iter().filter(|waiting| waiting.embeds);
        let items: Vec<Item<'_>> = items.map(|waiting| item(&waiting.product)).collect();
        let total = items.len().max(1) as f64;
        let (done_before, done_now) = (self.done_before, (self.done)());
        let (report, observer) = (&mut self.report, &mut *self.observer);
        let embedded_before = report.embedded;
        embed_all(self.embedder.as_ref(), Role::Document, items, |count| {
            report.embedded = embedded_before + count as u64;
            let part = count as f64 / total;
            let fraction = done_before
                .zip(done_now)
                .map(|(from, to)| from + (to - from) * part);
            observer.progress(Progress::Import {
                report,
                pending: count as u64,
                fraction,
            });
            report.stopped |= observer.stop();
            !report.stopped
        })
    }

    /// How well a student knows new products, these included; none for another
    /// embedder.
    fn known(&self, waiting: &[Waiting]) -> Result<Option<FamiliarityRecord>> {
        let embedded = waiting.iter().filter(|waiting| waiting.embeds);
        let parts: Option<Vec<f32>> = embedded
            .step_by(LOOKED_AT)
            .map(|Waiting { product, .. }| {
                familiarity(self.embedder.as_ref(), &product.title, &product.text)
            })
            .collect();
        let Some(parts) = parts.filter(|parts| !parts.is_empty()) else {
            return Ok(None);
        };
        let mut record = self.reader.familiarity(&self.space)?;
        record.products += parts.len() as f64;
        record.known += parts.iter().copied().map(f64::from).sum::<f64>();
        if record.products > REMEMBERED {
            record.known *= REMEMBERED / record.products;
            record.products = REMEMBERED;
        }
        Ok(Some(record))
    }

    /// Commits; gives back the products whose stored vector was to be kept
    /// and is not there any more, and all if the catalog has moved to another
    /// space.
    fn store(&self, puts: Vec<Put>, known: Option<FamiliarityRecord>) -> Result<Vec<Put>> {
        let mut lacking = Vec::new();
        let _stays = read(&self.catalog.moving);
        self.catalog.commit(|writer| {
            if writer.space()? != self.space {
                lacking = puts;
                return Ok(Changes::default());
            }
            if let Some(known) = &known {
                writer.set_familiarity(known)?;
            }
            let mut whole = Vec::with_capacity(puts.len());
            for put in puts {
                if writer.lacks_vector(&self.space, &put)? {
                    lacking.push(put);
                } else {
                    whole.push(put);
                }
            }
            let taxonomy = self.catalog.taxonomy()?;
            let rows = writer.put(&self.space, &whole)?;
            let mut changes = Changes::default();
            for (put, row) in whole.into_iter().zip(rows) {
                if let Some(label) = &put.label {
                    changes.labels.push((row, taxonomy.by_id(label)));
                }
                if let Some(vector) = put.vector {
                    changes.vectors.push((row, vector));
                }
            }
            Ok(changes)
        })?;
        Ok(lacking)
    }

    /// Stores products that could not be stored as they were compared, because
    /// another thread has changed or removed them or moved the catalog, with
    /// vectors of their own. Gives back those that this holds of again.
    fn complete(&mut self, mut puts: Vec<Put>) -> Result<Vec<Put>> {
        self.refresh()?;
        let items = puts.iter().map(|put| item(&put.product));
        let vectors = embed_all(self.embedder.as_ref(), Role::Document, items, |_| true)?;
        for put in &mut puts {
            put.vector = vectors.get(&put.text_hash).cloned();
        }
        self.store(puts, None)
    }

    /// Goes on from the last commit.
    fn refresh(&mut self) -> Result<()> {
        (self.reader, self.space, self.embedder) = self.catalog.latest()?;
        Ok(())
    }

    /// Removes what the input did not have.
    fn prune(&mut self) -> Result<()> {
        let mut gone: Vec<String> = Vec::new();
        self.reader.each_id(|id, _| {
            if !self.seen.contains_key(&text_hash(id)) {
                gone.push(id.to_owned());
            }
            Ok(())
        })?;
        self.report.pruned = if self.options.dry_run {
            gone.len() as u64
        } else if gone.is_empty() {
            0
        } else {
            self.catalog.remove(gone.iter().map(String::as_str))? as u64
        };
        Ok(())
    }

    fn tell(&mut self, pending: u64) {
        self.observer.progress(Progress::Import {
            report: &self.report,
            pending,
            fraction: self.done_before,
        });
    }
}

/// What of a product is embedded.
fn item(product: &ProductRecord) -> Item<'_> {
    Item::of_fields(&product.title, &product.text)
}

/// Bytes of what a product says, nearly.
fn bytes(product: &ProductRecord) -> usize {
    let attributes = product.attributes.iter();
    let attributes: usize = attributes
        .map(|(name, value)| name.len() + value.len())
        .sum();
    product.title.len() + product.text.len() + attributes
}

fn count(report: &mut ImportReport, item: &Waiting) {
    let counter = if item.is_new {
        &mut report.added
    } else {
        &mut report.updated
    };
    *counter += 1;
    report.labelled += u64::from(item.label.is_some());
}
