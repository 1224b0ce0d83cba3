//! Looking after a catalog: statistics, verification, compaction.

use std::collections::HashSet;

use assort_core::compose::product_text;
use assort_core::{Method, Product, Space, text_hash};

use crate::catalog::Catalog;
use crate::embedding::is_unit;
use crate::store::{Reader, SpaceRecord};
use crate::{Error, Result};

/// What a catalog holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// Number of products.
    pub products: u64,
    /// Number of products with a label.
    pub labelled: u64,
    /// Number of products with an applied decision.
    pub decided: u64,
    /// Number of categories.
    pub categories: usize,
    /// Number of categories without children.
    pub leaves: usize,
    /// Levels of the taxonomy.
    pub levels: usize,
    /// The space of the vectors.
    pub space: Space,
    /// How the embedder is opened.
    pub embedder: String,
    /// A move to another space that was begun: the space, and how many
    /// products have been moved.
    pub moving_to: Option<(Space, u64)>,
    /// Methods whose confidence has been calibrated on labels.
    pub calibrated: Vec<Method>,
    /// Bytes on disk.
    pub bytes: u64,
}

/// Something wrong with a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub mend: &'static str,
}

const RESTORE: &str = "restore the catalog from a backup, or make a new one and import again";
// Unchanged rows are passed over by an import, so what is wrong has to go first.
const REIMPORT: &str = "remove the product with `assort remove` and import it again";
const RELABEL: &str = "import the taxonomy that has the category, or label the product anew";

/// Problems listed at most; more say nothing new.
const MOST: usize = 100;

impl Catalog {
    /// Counts what the catalog holds.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn stats(&self) -> Result<Stats> {
        let reader = self.store.read()?;
        let counts = reader.counts()?;
        let taxonomy = self.taxonomy_in(&reader)?;
        let space = reader.space()?;
        let moving_to = match reader.next_space()? {
            Some(next) => Some((next.space(), reader.vectors(&next)?)),
            None => None,
        };
        let curves = reader.fit()?.map_or_else(Vec::new, |fit| fit.calibrations);
        let calibrated = Method::ALL.into_iter().zip(curves);
        Ok(Stats {
            products: counts.products,
            labelled: counts.labels,
            decided: counts.decisions,
            categories: taxonomy.len(),
            leaves: taxonomy.leaves().count(),
            levels: taxonomy.depth(),
            space: space.space(),
            embedder: space.embedder,
            moving_to,
            calibrated: calibrated
                .filter(|(_, curve)| curve.is_some())
                .map(|(method, _)| method)
                .collect(),
            bytes: self.store.size(),
        })
    }

    /// Verifies everything that is stored: the file's checksums, every value,
    /// and that all of them fit together. Returns what is wrong, at most
    /// a hundred findings.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read.
    pub fn check(&mut self) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        if self.store.is_writer() && !self.store.verify_file()? {
            self.forget();
            problems.push(Problem {
                what: "the file's checksums did not match; it has been repaired to the last whole commit".to_owned(),
                mend: "run the check again; if it is clean, all is well",
            });
        }
        let reader = self.store.read()?;
        match check_values(&reader, &mut problems) {
            Err(Error::Damaged { what, .. }) => problems.push(Problem {
                what,
                mend: RESTORE,
            }),
            other => other?,
        }
        problems.truncate(MOST);
        Ok(problems)
    }

    /// Gives unused space back to the file system; returns the bytes saved.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] or [`Error::Io`].
    pub fn compact(&mut self) -> Result<u64> {
        let before = self.store.size();
        self.store.compact()?;
        Ok(before.saturating_sub(self.store.size()))
    }
}

fn check_values(reader: &Reader<'_>, problems: &mut Vec<Problem>) -> Result<()> {
    let space = reader.space()?;
    let taxonomy = reader.taxonomy()?;
    if taxonomy.is_empty() {
        problems.push(Problem {
            what: "the taxonomy is empty".to_owned(),
            mend: RESTORE,
        });
    }
    let rows = check_products(reader, &space, problems)?;
    check_ids(reader, &rows, problems)?;
    check_vectors(reader, &space, &rows, problems)?;
    if let Some(next) = reader.next_space()? {
        check_vectors(reader, &next, &rows, problems)?;
    }
    let mut orphans = 0u64;
    reader.each_label(|row, label| {
        if !rows.contains(&row) {
            problems.push(stray("a label", row));
        }
        orphans += u64::from(taxonomy.by_id(label).is_none());
        Ok(())
    })?;
    if orphans > 0 {
        problems.push(Problem {
            what: format!("{orphans} labels name categories that the taxonomy does not have"),
            mend: RELABEL,
        });
    }
    reader.each_decision(|row, _| {
        if !rows.contains(&row) {
            problems.push(stray("a decision", row));
        }
        Ok(())
    })?;
    reader.fit().map(drop)
}

fn stray(what: &str, row: u32) -> Problem {
    Problem {
        what: format!("{what} belongs to row {row}, which has no product"),
        mend: RESTORE,
    }
}

/// The rows of all products.
fn check_products(
    reader: &Reader<'_>,
    space: &SpaceRecord,
    problems: &mut Vec<Problem>,
) -> Result<HashSet<u32>> {
    let mut rows = HashSet::new();
    let mut from = 0;
    loop {
        let group = reader.products_from(from, 1024)?;
        let Some((last, _)) = group.last() else { break };
        from = last + 1;
        for (row, record) in group {
            rows.insert(row);
            if reader.row(&record.id)? != Some(row) {
                problems.push(Problem {
                    what: format!(
                        "the product `{}` in row {row} is not found by its id",
                        record.id
                    ),
                    mend: RESTORE,
                });
            }
            let (id, stored) = (record.id.clone(), record.content_hash);
            let product = Product::from(record);
            if product.content_hash() != stored {
                problems.push(Problem {
                    what: format!("the product `{id}` does not match its digest"),
                    mend: REIMPORT,
                });
            }
            if reader.text_hash(space, row)? != Some(text_hash(&product_text(&product))) {
                problems.push(Problem {
                    what: format!("the vector of the product `{id}` is missing or of another text"),
                    mend: REIMPORT,
                });
            }
        }
        if problems.len() > MOST {
            break;
        }
    }
    Ok(rows)
}

fn check_ids(reader: &Reader<'_>, rows: &HashSet<u32>, problems: &mut Vec<Problem>) -> Result<()> {
    reader.each_id(|id, row| {
        if !rows.contains(&row) {
            problems.push(Problem {
                what: format!("the id `{id}` leads to row {row}, which has no product"),
                mend: REIMPORT,
            });
        }
        Ok(())
    })
}

fn check_vectors(
    reader: &Reader<'_>,
    space: &SpaceRecord,
    rows: &HashSet<u32>,
    problems: &mut Vec<Problem>,
) -> Result<()> {
    reader.each_vector(space, |row, view| {
        if !rows.contains(&row) {
            problems.push(stray("a vector", row));
        }
        let square: f32 = view.to_vec().iter().map(|value| value * value).sum();
        if !is_unit(square) {
            problems.push(Problem {
                what: format!("the vector in row {row} is not of unit length"),
                mend: REIMPORT,
            });
        }
        Ok(())
    })
}
