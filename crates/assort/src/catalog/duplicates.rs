//! Products that are nearly the same by their texts or their pictures.

use std::collections::BTreeMap;

use assort_core::Modality;

use crate::catalog::search::check_similarity;
use crate::catalog::{Catalog, StoredProduct};
use crate::knn::effort::Effort;
use crate::knn::graph::nearest;
use crate::observer::{Observer, Progress};
use crate::snapshot::RowFilter;
use crate::{Error, Result};

/// Products that are looked at for each, the nearest. Of more that are as near, each of
/// the others still finds its own nearest.
const NEAREST: usize = 32;

/// Products that are nearly the same.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Duplicates {
    /// Two products at least, in the order they were stored, each with its greatest
    /// similarity to another one of them.
    pub products: Vec<(StoredProduct, f32)>,
}

impl Catalog {
    /// Groups of products that are nearly the same by texts or by pictures, the largest first:
    /// each product is at least so similar to another one of its group, which two of a
    /// group need not be to each other (connected components of the graph of neighbours).
    /// An index may miss a neighbour. Products without a vector are in no group.
    ///
    /// # Errors
    /// [`Error::Argument`] for a similarity that is not between −1 and 1,
    /// [`Error::NoPictures`], [`Error::Interrupted`], [`Error::Damaged`] or [`Error::Io`].
    pub fn duplicates(
        &self,
        by: Modality,
        min_similarity: f32,
        observer: &mut dyn Observer,
    ) -> Result<Vec<Duplicates>> {
        check_similarity(min_similarity)?;
        let (reader, texts) = self.state.view()?;
        let snapshot = match by {
            Modality::Image => self.state.pictures(&reader)?.ok_or(Error::NoPictures)?,
            _ => texts,
        };
        let effort = Effort::tuned(reader.tuning()?);
        let (mut near, mut done) = (Near::default(), 0);
        let total = reader.counts()?.products;
        for chunk in snapshot.chunks() {
            if observer.stop() {
                return Err(Error::Interrupted);
            }
            let (mut rows, mut vectors) = (Vec::new(), Vec::new());
            chunk.each(|row, vector| {
                rows.push(Some(row));
                vectors.extend_from_slice(vector);
            })?;
            let found = nearest(&snapshot, &vectors, NEAREST, RowFilter::All, &rows, effort)?;
            done += rows.len() as u64;
            for (row, hits) in rows.into_iter().flatten().zip(found) {
                let hits = hits.into_iter();
                let hits = hits.take_while(|hit| hit.similarity >= min_similarity);
                hits.for_each(|hit| near.join(row, hit.row, hit.similarity.min(1.0)));
            }
            observer.progress(Progress::Comparing { done, total });
        }
        let stored = |(row, similarity)| {
            let product = self.stored(&reader, row)?;
            Ok(product.map(|product| (product, similarity)))
        };
        let groups = near.groups().into_iter().map(|rows| {
            let products = rows.into_iter().map(stored);
            let products: Result<Vec<_>> = products.filter_map(Result::transpose).collect();
            Ok(Duplicates {
                products: products?,
            })
        });
        groups.collect()
    }
}

/// Rows that are near others.
#[derive(Default)]
struct Near {
    /// The row above each in its tree (Galler and Fischer, 1964), and its greatest similarity.
    rows: BTreeMap<u32, (u32, f32)>,
}

impl Near {
    fn join(&mut self, one: u32, other: u32, similarity: f32) {
        for row in [one, other] {
            let (_, most) = self.rows.entry(row).or_insert((row, similarity));
            *most = most.max(similarity);
        }
        let (one, other) = (self.root(one), self.root(other));
        if let Some((above, _)) = self.rows.get_mut(&one.max(other)) {
            *above = one.min(other);
        }
    }

    /// The lowest row of a row's group. Halves the way to it for the next time.
    fn root(&mut self, mut row: u32) -> u32 {
        while let Some(&(above, _)) = self.rows.get(&row)
            && above != row
        {
            let next = self.rows.get(&above).map_or(above, |(next, _)| *next);
            if let Some((above, _)) = self.rows.get_mut(&row) {
                *above = next;
            }
            row = next;
        }
        row
    }

    /// The rows of each group with their similarities, the largest group first.
    fn groups(mut self) -> Vec<Vec<(u32, f32)>> {
        let rows: Vec<(u32, f32)> = self
            .rows
            .iter()
            .map(|(row, (_, most))| (*row, *most))
            .collect();
        let mut groups: BTreeMap<u32, Vec<(u32, f32)>> = BTreeMap::new();
        for (row, similarity) in rows {
            let root = self.root(row);
            groups.entry(root).or_default().push((row, similarity));
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
        groups
    }
}
