//! Moving a catalog to another space, beside reads and over restarts.
//!
//! New vectors gather in tables of their own while the old ones are searched.
//! The last commit makes the new space the catalog's and drops the old tables.

use std::sync::Arc;

use assort_core::{Embedder, Role};
use assort_index::BuildOptions;

use crate::catalog::Catalog;
use crate::catalog::following::{Meter, observed};
use crate::embedding::{Item, embed_all};
use crate::error::Maintenance;
use crate::locks::write;
use crate::observer::{Observer, Progress};
use crate::segments::{MOST, seal};
use crate::snapshot::Changes;
use crate::store::{ProductRecord, SpaceRecord};
use crate::{Error, Result};

/// Products that are embedded and committed together.
const GROUP: usize = 2048;

/// What a re-embedding did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReembedReport {
    /// Products of the catalog.
    pub products: u64,
    /// Products embedded in this run; the rest was done before.
    pub embedded: u64,
    /// Whether it was stopped; run it again with the same embedder to go on.
    pub stopped: bool,
}

impl Catalog {
    /// Embeds all products with `embedder` and makes its space the catalog's.
    /// Searches and imports go on in the old space meanwhile; what is imported
    /// is moved too. A stopped or killed run goes on where it was when run again
    /// with the same embedder; another one starts anew.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::ReadOnly`], [`Error::Embed`], [`Error::Io`]; the
    /// catalog stays in its old space.
    pub fn reembed(
        &self,
        embedder: Arc<dyn Embedder>,
        spec: &str,
        observer: &mut dyn Observer,
    ) -> Result<ReembedReport> {
        let _under_way = self.begin(Maintenance::Reembed)?;
        self.move_to(embedder, spec, observer)
    }

    /// The same, when the caller has begun long work.
    pub(super) fn move_to(
        &self,
        embedder: Arc<dyn Embedder>,
        spec: &str,
        observer: &mut dyn Observer,
    ) -> Result<ReembedReport> {
        let old = self.state.store.read()?.space()?;
        if old.space() == *embedder.space() {
            return Err(Error::Precondition(format!(
                "the catalog is already in the space {}",
                embedder.space()
            )));
        }
        let next = self.next_space(&old, embedder.as_ref(), spec)?;
        let counts = self.state.store.read()?.counts()?;
        let mut report = ReembedReport {
            products: counts.products,
            ..ReembedReport::default()
        };
        let mut furthest = 0;
        self.embed_missing(
            &next,
            embedder.as_ref(),
            &mut report,
            &mut furthest,
            observer,
        )?;
        // Other threads may have stored products behind it. Now they wait.
        let _moving = write(&self.moving);
        let now = self.state.store.read()?.counts()?;
        if !report.stopped && now.changed.vectors != counts.changed.vectors {
            self.embed_missing(
                &next,
                embedder.as_ref(),
                &mut report,
                &mut furthest,
                observer,
            )?;
        }
        if !report.stopped {
            self.switch(&old, &next, embedder)?;
        }
        Ok(report)
    }

    /// Embeds the products that have no current vector in `next`; counts them
    /// in `report`, and whether it was stopped. Progress never falls behind
    /// `furthest`.
    fn embed_missing(
        &self,
        next: &SpaceRecord,
        embedder: &dyn Embedder,
        report: &mut ReembedReport,
        furthest: &mut u64,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let (mut from, mut done) = (0, 0);
        let mut tell = |done: u64, observer: &mut dyn Observer| {
            *furthest = done.max(*furthest);
            observer.progress(Progress::Reembed {
                done: *furthest,
                // Products may have come since they were counted.
                total: report.products.max(*furthest),
            });
        };
        tell(done, observer);
        loop {
            let group = self.state.store.read()?.products_from(from, GROUP)?;
            let Some((last, _)) = group.last() else {
                return Ok(());
            };
            from = last + 1;
            let size = group.len() as u64;
            let (embedded, left) = self.embed_group(next, embedder, &group, observer)?;
            report.embedded += embedded;
            done += size - left;
            tell(done, observer);
            if observer.stop() {
                report.stopped = true;
                return Ok(());
            }
            self.seal_next(next, observer)?;
        }
    }

    /// Makes `next` the catalog's space, and `embedder` its embedder.
    fn switch(
        &self,
        old: &SpaceRecord,
        next: &SpaceRecord,
        embedder: Arc<dyn Embedder>,
    ) -> Result<()> {
        self.background.rest();
        let segments = self.state.lock_segments();
        let outdated = self.segments_of(old)?;
        // Who sees the new space gets its embedder.
        let mut own = write(&self.embedder);
        self.state.switch_space(old, next)?;
        *own = Some(embedder);
        drop(own);
        self.forget();
        outdated
            .iter()
            .for_each(|&number| self.state.segment_files.discard(number));
        drop(segments);
        self.background.wake(&self.state);
        Ok(())
    }

    /// The space that is moved to: the one that was begun, if it is the same.
    fn next_space(
        &self,
        old: &SpaceRecord,
        embedder: &dyn Embedder,
        spec: &str,
    ) -> Result<SpaceRecord> {
        let begun = self.state.store.read()?.next_space()?;
        if let Some(begun) = &begun
            && begun.space() == *embedder.space()
        {
            return Ok(begun.clone());
        }
        let outdated = begun
            .as_ref()
            .map_or(Ok(Vec::new()), |begun| self.segments_of(begun))?;
        let latest = begun
            .as_ref()
            .map_or(old.generation, |begun| begun.generation);
        let next = SpaceRecord::new(latest + 1, embedder.space(), spec);
        self.commit(|writer| {
            if let Some(begun) = &begun {
                writer.drop_vectors(begun)?;
            }
            writer.set_next_space(Some(&next))?;
            Ok(Changes::default())
        })?;
        outdated
            .iter()
            .for_each(|&number| self.state.segment_files.discard(number));
        Ok(next)
    }

    /// Numbers of the segments of a space.
    pub(super) fn segments_of(&self, space: &SpaceRecord) -> Result<Vec<u32>> {
        let all = self.state.store.read()?.segments()?.into_iter();
        let own = all.filter(|(_, record)| record.generation == space.generation);
        Ok(own.map(|(number, _)| number).collect())
    }

    /// Seals what has gathered in the space that is moved to, so that memory
    /// stays bounded.
    fn seal_next(&self, next: &SpaceRecord, observer: &mut dyn Observer) -> Result<()> {
        let planned = || {
            let live = self.state.store.read()?.live_vectors(next)?;
            Ok(if live < MOST as u64 { 0 } else { MOST as u64 })
        };
        if planned()? == 0 {
            return Ok(());
        }
        observed(&mut Meter::new(&self.state, &planned), observer, |stop| {
            seal(&self.state, next, &BuildOptions::default(), stop)
        })?;
        Ok(())
    }

    /// Embeds the products of a group that have no current vector yet; tells
    /// how many were embedded, and how many are left because it was stopped.
    fn embed_group(
        &self,
        next: &SpaceRecord,
        embedder: &dyn Embedder,
        group: &[(u32, ProductRecord)],
        observer: &dyn Observer,
    ) -> Result<(u64, u64)> {
        let reader = self.state.store.read()?;
        let mut missing: Vec<(u32, Item<'_>)> = Vec::new();
        for (row, record) in group {
            let item = Item::of_fields(&record.title, &record.text);
            if reader.text_hash(next, *row)? != Some(item.hash) {
                missing.push((*row, item));
            }
        }
        if missing.is_empty() {
            return Ok((0, 0));
        }
        let items = missing.iter().map(|(_, item)| *item);
        let made = embed_all(embedder, Role::Document, items, |_| !observer.stop())?;
        let vectors: Vec<(u32, u128, Vec<f32>)> = missing
            .iter()
            .filter_map(|(row, item)| Some((*row, item.hash, made.get(&item.hash)?.clone())))
            .collect();
        let embedded = vectors.len();
        self.state.commit_vectors(next, vectors)?;
        Ok((embedded as u64, (missing.len() - embedded) as u64))
    }
}
