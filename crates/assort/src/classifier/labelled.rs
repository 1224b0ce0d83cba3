//! The labelled products of a catalog, and the means of their categories.

use assort_core::{AttributeSchema, Candidates, CategoryIndex, ClassMeans, Prototypes};
use rayon::prelude::*;

use super::content::{Groups, Words, words};
use crate::snapshot::Snapshot;
use crate::store::Reader;
use crate::{Error, Result};

/// All labelled products that have a vector, by row.
pub(super) struct LabelledProducts {
    pub(super) rows: Vec<u32>,
    pub(super) categories: Vec<CategoryIndex>,
    pub(super) words: Vec<Words>,
    pub(super) groups: Groups,
    /// Kinds of their attributes.
    pub(super) schema: AttributeSchema,
}

impl LabelledProducts {
    /// Those whose label is a candidate or above one.
    pub(super) fn read(
        reader: &Reader<'_>,
        snapshot: &Snapshot,
        candidates: &Candidates,
    ) -> Result<Self> {
        let mut labelled: Vec<(u32, CategoryIndex)> = Vec::new();
        for chunk in snapshot.chunks() {
            let rows = chunk.rows()?;
            let known = rows.iter().filter_map(|(_, row)| {
                let label = snapshot.label(*row)?;
                candidates.holds(label).then_some((*row, label))
            });
            labelled.extend(known);
        }
        labelled.sort_unstable();
        let rows: Vec<u32> = labelled.iter().map(|(row, _)| *row).collect();
        let words = words(reader, &rows)?;
        Ok(Self {
            groups: Groups::with_attributes(&words),
            schema: reader.schema()?,
            categories: labelled.into_iter().map(|(_, category)| category).collect(),
            words,
            rows,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many of them say something of their own.
    pub(super) fn contents(&self) -> usize {
        (0..self.len())
            .filter(|&at| self.groups.is_first(at))
            .count()
    }

    /// The number of the product in a row.
    pub(super) fn at(&self, row: u32) -> Option<usize> {
        self.rows.binary_search(&row).ok()
    }

    /// How much a product counts: those of the same content and label count as one.
    pub(super) fn weight(&self, at: usize) -> f32 {
        1.0 / self.variants(at).count().max(1) as f32
    }

    /// All products of the same content and label, itself included.
    pub(super) fn variants(&self, at: usize) -> impl Iterator<Item = usize> {
        let label = self.categories[at];
        let members = self.groups.members(at).iter().copied();
        members.filter(move |&other| self.categories[other] == label)
    }
}

/// The means of the labelled products of each candidate.
pub(super) fn class_means(
    snapshot: &Snapshot,
    labelled: &LabelledProducts,
    plain: &Prototypes,
) -> Result<ClassMeans> {
    let chunks = snapshot.chunks();
    let share = chunks.len().div_ceil(rayon::current_num_threads()).max(1);
    let sums: Vec<ClassMeans> = chunks
        .par_chunks(share)
        .map(|chunks| {
            let mut sums = ClassMeans::empty(plain);
            for chunk in chunks {
                chunk.each(|row, vector| {
                    let at = labelled.at(row);
                    let place = at.and_then(|at| {
                        let place = plain.candidates().position(labelled.categories[at])?;
                        Some((place, labelled.weight(at)))
                    });
                    if let Some((candidate, weight)) = place {
                        sums.add(candidate, &plain.center(vector), weight);
                    }
                })?;
            }
            Ok::<_, Error>(sums)
        })
        .collect::<Result<_>>()?;
    Ok(sums
        .iter()
        .fold(ClassMeans::empty(plain), ClassMeans::merged))
}
