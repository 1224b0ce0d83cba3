//! Products that are embedded and committed together.

use std::collections::HashMap;

use assort_core::ProductUpdate;

use crate::Result;
use crate::catalog::Catalog;
use crate::embedding::Item;
use crate::import_report::ImportReport;
use crate::locks::read;
use crate::snapshot::Changes;
use crate::store::{FamiliarityRecord, ProductRecord, Put, SpaceRecord, Writer};

/// A product that is to be written.
pub(super) struct Waiting {
    pub(super) product: ProductRecord,
    pub(super) label: Option<String>,
    /// Whether it is to be embedded: the stored vector is not of its text.
    pub(super) embeds: bool,
    /// Digest of the product's text.
    pub(super) text_hash: u128,
    pub(super) is_new: bool,
    /// The update that made it, if one did.
    pub(super) update: Option<Applied>,
}

/// An update with the digest of the content it was applied to.
pub(super) struct Applied {
    pub(super) update: ProductUpdate,
    pub(super) before: u128,
}

/// A product that is to be stored, and the update that made it, if one did.
pub(super) struct Ready {
    pub(super) put: Put,
    pub(super) update: Option<Applied>,
}

/// What is told of products once they are stored.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    added: u64,
    updated: u64,
    labelled: u64,
}

impl Counts {
    pub(super) fn add(&mut self, item: &Waiting) {
        let counter = if item.is_new {
            &mut self.added
        } else {
            &mut self.updated
        };
        *counter += 1;
        self.labelled += u64::from(item.label.is_some());
    }

    pub(super) fn add_to(self, report: &mut ImportReport) {
        report.added += self.added;
        report.updated += self.updated;
        report.labelled += self.labelled;
    }
}

/// Products with their vectors, which are to be committed.
pub(super) struct Group {
    /// The space of the vectors.
    pub(super) space: SpaceRecord,
    pub(super) products: Vec<Ready>,
    /// How well a student knows some of them.
    pub(super) known: Option<Vec<f32>>,
    pub(super) counts: Counts,
}

/// What became of a group.
pub(super) struct Stored {
    pub(super) counts: Counts,
    /// Products that have to be made anew.
    pub(super) lacking: Vec<Ready>,
}

impl Group {
    /// Those of the products that need no vector, or that have one among `vectors`, by the
    /// digests of their texts.
    pub(super) fn new(
        space: SpaceRecord,
        waiting: Vec<Waiting>,
        vectors: &HashMap<u128, Vec<f32>>,
        known: Option<Vec<f32>>,
    ) -> Self {
        let mut counts = Counts::default();
        let mut products = Vec::with_capacity(waiting.len());
        for item in waiting {
            let vector = vectors.get(&item.text_hash).cloned();
            if item.embeds && vector.is_none() {
                continue;
            }
            counts.add(&item);
            products.push(Ready {
                put: Put {
                    product: item.product,
                    text_hash: item.text_hash,
                    vector,
                    label: item.label,
                },
                update: item.update,
            });
        }
        Self {
            space,
            products,
            known,
            counts,
        }
    }

    /// Commits, with what is known of all products then. Lacking are those that another
    /// thread has changed or removed, and all if the catalog has moved to another space.
    pub(super) fn store(
        self,
        catalog: &Catalog,
        familiarity: Option<&FamiliarityRecord>,
    ) -> Result<Stored> {
        let (space, products) = (&self.space, self.products);
        let mut lacking = Vec::new();
        let _stays = read(&catalog.moving);
        catalog.commit(|writer| {
            if writer.space()? != *space {
                lacking = products;
                return Ok(Changes::default());
            }
            if let Some(familiarity) = familiarity {
                writer.set_familiarity(familiarity)?;
            }
            let mut whole = Vec::with_capacity(products.len());
            for ready in products {
                if is_stale(writer, space, &ready)? {
                    lacking.push(ready);
                } else {
                    whole.push(ready.put);
                }
            }
            let taxonomy = catalog.taxonomy()?;
            let rows = writer.put(space, &whole)?;
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
        Ok(Stored {
            counts: self.counts,
            lacking,
        })
    }
}

/// Whether another thread has changed what a product was made of: the vector that it
/// keeps, or the product that its update was applied to.
fn is_stale(writer: &Writer<'_>, space: &SpaceRecord, ready: &Ready) -> Result<bool> {
    let before = ready.update.as_ref().map(|applied| applied.before);
    let is_other = match before {
        Some(before) => writer.content_hash(&ready.put.product.id)? != Some(before),
        None => false,
    };
    Ok(is_other || writer.lacks_vector(space, &ready.put)?)
}

/// What of a product is embedded.
pub(super) fn item(product: &ProductRecord) -> Item<'_> {
    Item::of_fields(&product.title, &product.text)
}
