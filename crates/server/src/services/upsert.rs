//! Storing a batch of products.

use std::collections::HashSet;
use std::sync::Arc;

use assort::core::Taxonomy;
use assort::read::{ProductRow, Rejected};
use assort::{ImportOptions, ImportReport, Observer};
use assort_proto::v1;
use tonic::Status;

use crate::access::Role;
use crate::call::Call;
use crate::limits::check_batch;
use crate::mask::Mask;
use crate::names;
use crate::reason::{Reason, Refusal, of_error, refuse};
use crate::served::{Served, Shared, Turn};
use crate::values::{self, Wrong};

/// So few products do not wait behind writes of many.
const FEW: usize = 16;

/// A batch that is to be stored.
struct Batch {
    products: Vec<v1::Product>,
    mask: Mask,
    validate_only: bool,
}

/// Stores a batch; if one of its products cannot be stored, none is.
pub(super) async fn batch(
    shared: &Shared,
    call: &Call,
    request: v1::BatchUpsertProductsRequest,
) -> Result<v1::BatchUpsertProductsResponse, Status> {
    let name = names::catalog("parent", &request.parent)?;
    let served = shared.writable(call, Role::ReadWrite, name)?;
    check_batch("products", request.products.len())?;
    let batch = Batch {
        mask: Mask::changing(request.update_mask)?,
        products: request.products,
        validate_only: request.validate_only,
    };
    // What depends on what was read must see no other write in between.
    let has_etag = batch
        .products
        .iter()
        .any(|product| !product.etag.is_empty());
    let turn = match has_etag || !batch.mask.is_all() {
        true => Turn::alone(&served, call).await?,
        false => Turn::beside_others(&served, call).await?,
    };
    let pool = match batch.products.len() {
        0..=FEW => &shared.quick,
        _ => &shared.bulk,
    };
    let work = move || {
        let _turn = turn;
        store_all(&served, batch)
    };
    let counts = Some(pool.run(call.deadline, work).await?);
    Ok(v1::BatchUpsertProductsResponse { counts })
}

fn store_all(served: &Served, batch: Batch) -> Result<v1::UpsertCounts, Status> {
    let taxonomy = served
        .catalog
        .taxonomy()
        .map_err(|error| of_error(&error))?;
    let mut rows = Vec::with_capacity(batch.products.len());
    let mut ids = HashSet::new();
    let mut refusal: Option<Refusal> = None;
    for (at, given) in batch.products.into_iter().enumerate() {
        let given = changed(served, given, &batch.mask, &taxonomy)?;
        let row = row(at as u64 + 1, given, &taxonomy);
        let row = row.and_then(|row| match ids.insert(row.product.id.clone()) {
            true => Ok(row),
            false => Err(Wrong {
                field: "id".to_owned(),
                what: format!("the id `{}` is repeated", row.product.id),
            }),
        });
        match row {
            Ok(row) => rows.push(row),
            Err(wrong) => refusal = Some(wrong.among("products", at, refusal)),
        }
    }
    if let Some(refusal) = refusal {
        return Err(refusal.status());
    }
    let stored = store(served, rows, batch.validate_only)?;
    match stored.rejected.first() {
        None => Ok(counts(&stored.report)),
        Some(rejected) => {
            let field = format!("products[{}]", rejected.line.saturating_sub(1));
            Err(Refusal::of_field(field, &rejected.reason).status())
        }
    }
}

/// The product as it is to be stored: with what the mask leaves of the one there is,
/// which must have the etag that was given.
fn changed(
    served: &Served,
    given: v1::Product,
    mask: &Mask,
    taxonomy: &Arc<Taxonomy>,
) -> Result<v1::Product, Status> {
    if given.etag.is_empty() && mask.is_all() {
        return Ok(given);
    }
    let found = match served.catalog.product(given.id.trim()) {
        Ok(found) => Some(values::stored(found, &served.name, taxonomy)),
        Err(assort::Error::NoProduct(_)) => None,
        Err(error) => return Err(of_error(&error)),
    };
    let etag = found.as_ref().map_or("", |found| found.etag.as_str());
    check_etag(
        &given.etag,
        etag,
        &names::of_product(&served.name, &given.id),
    )?;
    Ok(match found {
        Some(found) if !mask.is_all() => mask.change(found, &given),
        _ => given,
    })
}

/// Refuses an etag, if there is one, that is not that of the resource.
pub(super) fn check_etag(given: &str, now: &str, name: &str) -> Result<(), Status> {
    if given.is_empty() || given == now {
        return Ok(());
    }
    let what = format!("`{name}` was changed since its etag was read; read it again");
    let refusal = refuse(Reason::EtagMismatch, what);
    Err(refusal.with_resource("assort.v1.Product", name).status())
}

/// A product with its label, as a row of an import.
pub(super) fn row(line: u64, given: v1::Product, taxonomy: &Taxonomy) -> Result<ProductRow, Wrong> {
    let label = given
        .label
        .as_ref()
        .map(|label| values::category(label, taxonomy));
    let label = label.transpose().map_err(|what| Wrong {
        field: "label".to_owned(),
        what,
    })?;
    Ok(ProductRow {
        line,
        product: values::product(given, true)?,
        category: label.map(|label| taxonomy.category(label).id.clone()),
        ..ProductRow::default()
    })
}

/// What storing came to.
pub(super) struct Stored {
    pub(super) report: ImportReport,
    pub(super) rejected: Vec<Rejected>,
}

/// Stores rows in one commit.
pub(super) fn store(
    served: &Served,
    rows: Vec<ProductRow>,
    dry_run: bool,
) -> Result<Stored, Status> {
    let options = ImportOptions::default()
        .with_dry_run(dry_run)
        .with_only_known_categories(true);
    let mut rejects = Rejects(Vec::new());
    let report = served
        .catalog
        .import(rows, &options, &|| None, &mut rejects);
    Ok(Stored {
        report: report.map_err(|error| of_error(&error))?,
        rejected: rejects.0,
    })
}

/// Gathers rows that were not taken.
struct Rejects(Vec<Rejected>);

impl Observer for Rejects {
    fn rejected(&mut self, rejected: &Rejected) {
        self.0.push(rejected.clone());
    }
}

/// What an import did, as the contract has it.
pub(super) fn counts(report: &ImportReport) -> v1::UpsertCounts {
    v1::UpsertCounts {
        added: report.added as i64,
        updated: report.updated as i64,
        unchanged: report.unchanged as i64,
        labelled: report.labelled as i64,
    }
}
