//! The work of an import, from rows to commits.

use std::collections::{HashMap, HashSet};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::ScopedJoinHandle;

use assort_core::{
    CategoryIndex, Embedder, Product, ProductUpdate, Role, Taxonomy, TextInput, knows_each,
};
use rayon::prelude::*;

use super::ImportOptions;
use super::group::{Applied, Counts, Group, Ready, Stored, Waiting, item};
use super::kinds::Kinds;
use crate::catalog::Catalog;
use crate::embedding::{Item, embed_all, familiarity};
use crate::import_report::ImportReport;
use crate::input_row::InputRow;
use crate::observer::{Observer, Progress};
use crate::segments::BACKLOG;
use crate::store::{
    ArchivedProductRecord, FamiliarityRecord, Ids, ProductRecord, Reader, SpaceRecord,
};
use crate::{Error, Result};
use assort_read::{ByDigest, ProductRow, Rejected, SeenIds, UpdateRow};

/// Products that are embedded and committed together: enough for batches of
/// like length, few enough to lose little when the power goes.
const GROUP: usize = 2048;

/// Products that are committed together when none of them is embedded.
const QUIET_GROUP: usize = 16_384;

/// Bytes of products that wait to be committed, at most: rows may hold whole
/// pages of text.
const GROUP_BYTES: usize = 64 << 20;

/// Texts whose categories are remembered, at most.
const LABELS: usize = 16_384;

/// Texts that one thread looks at together for what the embedder knows of them.
const LOOKED_AT_TOGETHER: usize = 1024;

/// One product in so many is looked at for how well a student knows it, and
/// the last so many of those are remembered.
const LOOKED_AT: usize = 8;
const REMEMBERED: f64 = 10_000.0;

/// The id of a label and further attributes, or why a row is rejected.
type Categorized = std::result::Result<(Option<String>, Vec<(String, String)>), String>;

/// What is done of a row, or why it is rejected.
type Taken = Result<std::result::Result<(), Rejected>>;

pub(super) struct Importer<'a> {
    catalog: &'a Catalog,
    embedder: Arc<dyn Embedder>,
    space: SpaceRecord,
    taxonomy: Arc<Taxonomy>,
    /// Categories that single texts have been read as, and nothing else beside.
    labels: HashMap<String, CategoryIndex>,
    reader: Reader<'a>,
    /// The rows that the reader sees.
    ids: Ids<'a>,
    options: &'a ImportOptions,
    done: &'a dyn Fn() -> Option<f64>,
    observer: &'a mut dyn Observer,
    seen: SeenIds,
    /// Digests of contents of this input, to count duplicates.
    contents: HashSet<u64, ByDigest>,
    waiting: Vec<Waiting>,
    to_embed: usize,
    waiting_bytes: usize,
    /// What is embedded, and committed while the next group is embedded.
    embedded: Option<Group>,
    /// Part of the input that was done when the group began.
    done_before: Option<f64>,
    /// What attributes hold whose kind is not known.
    kinds: Kinds,
    report: ImportReport,
}

impl<'a> Importer<'a> {
    pub(super) fn new(
        catalog: &'a Catalog,
        options: &'a ImportOptions,
        done: &'a dyn Fn() -> Option<f64>,
        observer: &'a mut dyn Observer,
    ) -> Result<Self> {
        let (reader, space, embedder) = catalog.latest()?;
        Ok(Self {
            catalog,
            embedder,
            space,
            taxonomy: catalog.state.taxonomy_in(&reader)?,
            labels: HashMap::new(),
            kinds: Kinds::new(reader.schema()?),
            ids: reader.ids()?,
            reader,
            options,
            done,
            observer,
            seen: SeenIds::default(),
            contents: HashSet::default(),
            waiting: Vec::new(),
            to_embed: 0,
            waiting_bytes: 0,
            embedded: None,
            done_before: done(),
            report: ImportReport::default(),
        })
    }

    pub(super) fn run(&mut self, rows: impl IntoIterator<Item: Into<InputRow>>) -> Result<()> {
        // One call of a quick embedder takes more.
        let group = self.embedder.batch().clamp(GROUP, QUIET_GROUP);
        self.tell(0);
        for row in rows {
            self.report.rows += 1;
            let taken = match row.into().numbered(self.report.rows) {
                InputRow::Product(row) => self.take(row)?,
                InputRow::Update(row) => self.take_update(row)?,
                InputRow::Rejected(rejected) => Err(rejected),
                InputRow::Failed(error) => return Err(error),
            };
            if let Err(rejected) = taken {
                self.reject(&rejected);
            }
            if self.to_embed >= group
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
        match &rejected.id {
            Some(id) => {
                // It may be there already.
                let _ = self.seen.add(id, rejected.line);
            }
            None => self.report.without_id += 1,
        }
        self.observer.rejected(rejected);
    }

    /// Compares a product with what is stored and remembers what is to be done.
    fn take(&mut self, row: ProductRow) -> Taken {
        let mut product = row.product;
        let (line, checked) = (row.line, product.check());
        if let Err(rejected) = self.check(line, &product.id, checked) {
            return Ok(Err(rejected));
        }
        let read = self.read_category(row.category, &row.more_categories);
        let (label, others) = match read {
            Ok(read) => read,
            Err(reason) => return Ok(Err(Rejected::new(line, Some(product.id), reason))),
        };
        self.kinds.see(&product.attributes);
        product.attributes.extend(others);
        self.compare(product.sorted().into(), label, None)?;
        Ok(Ok(()))
    }

    /// Keeps the kinds that were found.
    pub(super) fn keep_kinds(&mut self) -> Result<()> {
        let kinds = self.kinds.found();
        if !self.options.dry_run && !self.report.stopped {
            let named = kinds.iter().map(|(name, kind)| (name.as_str(), *kind));
            self.catalog.set_attribute_kinds(named)?;
        }
        self.report.kinds = kinds;
        Ok(())
    }

    /// The same with what an update makes of the product that is stored.
    fn take_update(&mut self, row: UpdateRow) -> Taken {
        let (line, mut update) = (row.line, row.update);
        let checked = update.check();
        if let Err(rejected) = self.check(line, &update.id, checked) {
            return Ok(Err(rejected));
        }
        let id = update.id.clone();
        let wrong = |reason: String| Ok(Err(Rejected::new(line, Some(id.clone()), reason)));
        let (label, others) = match self.read_category(row.category, &row.more_categories) {
            Ok(read) => read,
            Err(reason) => return wrong(reason),
        };
        update.attributes.extend(others);
        let Some((product, applied)) = self.apply(update)? else {
            return wrong(format!("the catalog has no product with the id `{id}`"));
        };
        self.compare(product, label, Some(applied))?;
        Ok(Ok(()))
    }

    /// The product of an update's id with the update; none if there is no such product.
    fn apply(&self, update: ProductUpdate) -> Result<Option<(ProductRecord, Applied)>> {
        let Some(row) = self.ids.row(&update.id)? else {
            return Ok(None);
        };
        Ok(self.reader.product(row)?.map(|stored| {
            let before = stored.content_hash;
            let after = Product::from(stored).updated(update.clone());
            (after.into(), Applied { update, before })
        }))
    }

    /// Checks what can be wrong with a row of any kind.
    fn check(
        &mut self,
        line: u64,
        id: &str,
        checked: std::result::Result<(), String>,
    ) -> std::result::Result<(), Rejected> {
        let checked = checked.and_then(|()| self.seen.add(id, line));
        checked.map_err(|reason| Rejected::new(line, Some(id.to_owned()), reason))
    }

    /// The id of the label that a row gives, and what else it gives as attributes.
    fn read_category(&mut self, category: Option<String>, more: &[String]) -> Categorized {
        let Some(category) = category else {
            return Ok((None, Vec::new()));
        };
        let id = |index: CategoryIndex| self.taxonomy.category(index).id.clone();
        let foreign = &mut self.report.foreign;
        if let Some(index) = self.labels.get(&category).filter(|_| more.is_empty()) {
            foreign.given += 1;
            return Ok((Some(id(*index)), Vec::new()));
        }
        let single = more.is_empty() && self.labels.len() < LABELS;
        let text = single.then(|| category.clone());
        let only_known = self.options.only_known_categories;
        let read = foreign.read(&self.taxonomy, category, more, only_known);
        let (label, others) = read.map_err(|error| error.to_string())?;
        if let (Some(text), Some(index), true) = (text, label, others.is_empty()) {
            self.labels.insert(text, index);
        }
        Ok((label.map(id), others))
    }

    fn compare(
        &mut self,
        mut product: ProductRecord,
        label: Option<String>,
        update: Option<Applied>,
    ) -> Result<()> {
        if !self.contents.insert(product.content_hash as u64) {
            self.report.duplicates += 1;
        }
        let row = self.ids.row(&product.id)?;
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
        let text_hash = item(&product).hash;
        let embeds = self.known_text(row)? != Some(text_hash);
        if self.options.dry_run {
            // What is not stored need not wait.
            product.attributes = Vec::new();
        }
        self.to_embed += usize::from(embeds);
        self.waiting_bytes += bytes(&product);
        self.waiting.push(Waiting {
            product,
            label,
            embeds,
            text_hash,
            is_new: stored.is_none(),
            update,
        });
        Ok(())
    }

    /// Digest of the text that the row's vector was made from.
    fn known_text(&self, row: Option<u32>) -> Result<Option<u128>> {
        match row {
            Some(row) => self.reader.text_hash(&self.space, row),
            None => Ok(None),
        }
    }

    /// Embeds what is waiting, and meanwhile commits what was embedded before.
    fn flush(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        self.to_embed = 0;
        self.waiting_bytes = 0;
        if waiting.is_empty() {
            return Ok(());
        }
        if self.options.dry_run {
            self.look(&waiting);
            let mut counts = Counts::default();
            waiting.iter().for_each(|item| counts.add(item));
            counts.add_to(&mut self.report);
            return Ok(());
        }
        let before = self.embedded.take();
        let familiarity = self.familiarity(before.as_ref())?;
        let catalog = self.catalog;
        let (vectors, stored) = std::thread::scope(|scope| {
            let storing =
                before.map(|group| scope.spawn(move || group.store(catalog, familiarity.as_ref())));
            self.look(&waiting);
            let vectors = self.embed(&waiting);
            let stored = storing.map(ScopedJoinHandle::join);
            (
                vectors,
                stored.map(|stored| stored.unwrap_or_else(|panic| resume_unwind(panic))),
            )
        });
        let (space, known) = (self.space.clone(), self.known(&waiting));
        if let Some(stored) = stored {
            self.complete(stored?)?;
        }
        self.embedded = Some(Group::new(space, waiting, &vectors?, known));
        Ok(())
    }

    /// Embeds and commits all that is left.
    pub(super) fn finish_group(&mut self) -> Result<()> {
        let flushed = self.flush();
        let Some(group) = self.embedded.take() else {
            return flushed;
        };
        let familiarity = self.familiarity(Some(&group))?;
        self.complete(group.store(self.catalog, familiarity.as_ref())?)?;
        flushed
    }

    /// Stores what of a group is lacking, and goes on from there.
    fn complete(&mut self, stored: Stored) -> Result<()> {
        let Stored {
            counts,
            mut lacking,
        } = stored;
        while !lacking.is_empty() {
            lacking = self.store_anew(lacking)?;
        }
        counts.add_to(&mut self.report);
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

    /// Counts what is to be embedded of which the embedder knows nothing.
    fn look(&mut self, waiting: &[Waiting]) {
        let embedder = self.embedder.as_ref();
        let embedded: Vec<TextInput<'_>> = waiting
            .iter()
            .filter(|waiting| waiting.embeds)
            .map(|Waiting { product, .. }| TextInput::of_product(&product.title, &product.text))
            .collect();
        let parts = embedded.par_chunks(LOOKED_AT_TOGETHER);
        let known: Vec<Option<bool>> = parts
            .flat_map_iter(|part| knows_each(embedder, part))
            .collect();
        for (text, knows) in embedded.into_iter().zip(known) {
            self.report.unknown.count(text, knows);
        }
    }

    /// How well a student knows some of the products that are embedded; none for another
    /// embedder.
    fn known(&self, waiting: &[Waiting]) -> Option<Vec<f32>> {
        let embedded = waiting.iter().filter(|waiting| waiting.embeds);
        let parts: Option<Vec<f32>> = embedded
            .step_by(LOOKED_AT)
            .map(|Waiting { product, .. }| {
                familiarity(self.embedder.as_ref(), &product.title, &product.text)
            })
            .collect();
        parts.filter(|parts| !parts.is_empty())
    }

    /// How well a student knows new products, those of a group included that is to be
    /// committed to the last commit; none for another embedder.
    fn familiarity(&self, group: Option<&Group>) -> Result<Option<FamiliarityRecord>> {
        let Some((space, parts)) =
            group.and_then(|group| Some((&group.space, group.known.as_ref()?)))
        else {
            return Ok(None);
        };
        let mut record = self.reader.familiarity(space)?;
        record.products += parts.len() as f64;
        record.known += parts.iter().copied().map(f64::from).sum::<f64>();
        if record.products > REMEMBERED {
            record.known *= REMEMBERED / record.products;
            record.products = REMEMBERED;
        }
        Ok(Some(record))
    }

    /// Makes products anew that could not be stored as they were compared, and stores
    /// them. Gives back those of which the same holds again. An update of a product that
    /// has been removed meanwhile came before that, and is done.
    fn store_anew(&mut self, lacking: Vec<Ready>) -> Result<Vec<Ready>> {
        self.refresh()?;
        let mut anew = Vec::with_capacity(lacking.len());
        for Ready { mut put, update } in lacking {
            let update = match update {
                None => None,
                Some(Applied { update, .. }) => {
                    let Some((product, applied)) = self.apply(update)? else {
                        continue;
                    };
                    put.text_hash = item(&product).hash;
                    put.product = product;
                    Some(applied)
                }
            };
            put.vector = None;
            let known = self.known_text(self.ids.row(&put.product.id)?)?;
            anew.push((known != Some(put.text_hash), Ready { put, update }));
        }
        let items = anew.iter().filter(|(embeds, _)| *embeds);
        let items = items.map(|(_, ready)| item(&ready.put.product));
        let vectors = embed_all(self.embedder.as_ref(), Role::Document, items, |_| true)?;
        let anew = anew.into_iter().map(|(_, mut ready)| {
            ready.put.vector = vectors.get(&ready.put.text_hash).cloned();
            ready
        });
        let anew = Group {
            space: self.space.clone(),
            products: anew.collect(),
            known: None,
            counts: Counts::default(),
        };
        Ok(anew.store(self.catalog, None)?.lacking)
    }

    /// Goes on from the last commit.
    fn refresh(&mut self) -> Result<()> {
        (self.reader, self.space, self.embedder) = self.catalog.latest()?;
        self.ids = self.reader.ids()?;
        Ok(())
    }

    /// What was done, after removing what the input did not have, if that was asked for.
    pub(super) fn finish(mut self) -> Result<ImportReport> {
        if self.options.prune && self.report.without_id == 0 && !self.report.stopped {
            self.prune()?;
        }
        Ok(self.report)
    }

    /// Removes what the input did not have.
    fn prune(&mut self) -> Result<()> {
        let mut gone: Vec<String> = Vec::new();
        self.reader.each_id(|id, _| {
            if !self.seen.has(id) {
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

/// Bytes of what a product says, nearly.
fn bytes(product: &ProductRecord) -> usize {
    let attributes = product.attributes.iter();
    let attributes: usize = attributes
        .map(|(name, value)| name.len() + value.len())
        .sum();
    product.title.len() + product.text.len() + attributes
}
