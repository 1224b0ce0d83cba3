//! Moving a catalog to another space, beside reads and over restarts.
//!
//! New vectors gather in tables of their own while the old ones are searched.
//! The last commit makes the new space the catalog's and drops the old tables.

use std::sync::Arc;

use assort_core::compose::product_text;
use assort_core::{Embedder, Product, text_hash};
use assort_index::BuildOptions;

use crate::catalog::Catalog;
use crate::catalog::following::{Meter, observed};
use crate::embedding::{Role, embed_all};
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
    /// Searches go on in the old space meanwhile. A stopped or killed run goes
    /// on where it was when run again with the same embedder; another one
    /// starts anew.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Embed`], [`Error::Io`]; the catalog stays
    /// in its old space.
    pub fn reembed(
        &mut self,
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
        let mut report = ReembedReport {
            products: self.state.store.read()?.counts()?.products,
            ..ReembedReport::default()
        };
        let (mut from, mut done) = (0, 0);
        observer.progress(Progress::Reembed {
            done,
            total: report.products,
        });
        loop {
            let group = self.state.store.read()?.products_from(from, GROUP)?;
            let Some((last, _)) = group.last() else { break };
            from = last + 1;
            let size = group.len() as u64;
            let (embedded, left) = self.embed_group(&next, embedder.as_ref(), group, observer)?;
            report.embedded += embedded;
            done += size - left;
            observer.progress(Progress::Reembed {
                done,
                total: report.products,
            });
            if observer.stop() {
                report.stopped = true;
                return Ok(report);
            }
            self.seal_next(&next, observer)?;
        }
        // Nothing is added to the old space any more.
        self.background.rest();
        let outdated = self.segments_of(&old)?;
        self.commit(|writer| {
            writer.switch_space(&old, &next)?;
            Ok(Changes::default())
        })?;
        self.forget();
        outdated
            .iter()
            .for_each(|&number| self.state.segment_files.discard(number));
        self.adopt(embedder);
        self.background.wake(&self.state);
        Ok(report)
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
    fn segments_of(&self, space: &SpaceRecord) -> Result<Vec<u32>> {
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
        group: Vec<(u32, ProductRecord)>,
        observer: &dyn Observer,
    ) -> Result<(u64, u64)> {
        let reader = self.state.store.read()?;
        let mut missing: Vec<(u32, String)> = Vec::new();
        for (row, record) in group {
            let text = product_text(&Product::from(record));
            if reader.text_hash(next, row)? != Some(text_hash(&text)) {
                missing.push((row, text));
            }
        }
        if missing.is_empty() {
            return Ok((0, 0));
        }
        let made = embed_all(
            embedder,
            Role::Document,
            missing.iter().map(|(_, text)| text.as_str()),
            |_| !observer.stop(),
        )?;
        let vectors: Vec<(u32, u128, Vec<f32>)> = missing
            .iter()
            .filter_map(|(row, text)| {
                let hash = text_hash(text);
                Some((*row, hash, made.get(&hash)?.clone()))
            })
            .collect();
        self.commit(|writer| {
            writer.put_vectors(next, &vectors)?;
            Ok(Changes::default())
        })?;
        let left = missing.len() - vectors.len();
        Ok((vectors.len() as u64, left as u64))
    }
}
