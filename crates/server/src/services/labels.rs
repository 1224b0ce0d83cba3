//! `LabelService`

use std::collections::HashSet;
use std::sync::Arc;

use assort::core::{Product, Taxonomy};
use assort::read::ProductRow;
use assort::{LabelOptions, LabelReport};
use assort_proto::v1;
use assort_proto::v1::label_service_server::LabelService;
use tonic::{Request, Response, Status};

use crate::access::Role;
use crate::call::Call;
use crate::limits::check_batch;
use crate::names;
use crate::reason::{Reason, Refusal, of_error, refuse};
use crate::served::{Served, Shared};
use crate::values;

/// Labels of products.
pub(crate) struct Labels(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl LabelService for Labels {
    async fn batch_set_labels(
        &self,
        request: Request<v1::BatchSetLabelsRequest>,
    ) -> Result<Response<v1::BatchSetLabelsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let name = names::catalog("parent", &request.parent)?;
        let served = self.0.writable(&call, Role::ReadWrite, name)?;
        check_batch("labels", request.labels.len())?;
        let products = request.labels.iter().map(|label| label.product.as_str());
        let changes = Changes {
            ids: ids(&served, "labels", ".product", products)?,
            categories: Some(request.labels.iter().map(category).collect()),
            validate_only: request.validate_only,
        };
        let work = move |served: &Served| {
            let report = changes.make(served)?;
            Ok(v1::BatchSetLabelsResponse {
                changed: report.changed as i64,
                unchanged: report.unchanged as i64,
            })
        };
        let done = self
            .0
            .write_once(&call, &served, &request.request_id, &request, work);
        done.await.map(Response::new)
    }

    async fn batch_clear_labels(
        &self,
        request: Request<v1::BatchClearLabelsRequest>,
    ) -> Result<Response<v1::BatchClearLabelsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let name = names::catalog("parent", &request.parent)?;
        let served = self.0.writable(&call, Role::ReadWrite, name)?;
        check_batch("products", request.products.len())?;
        let products = request.products.iter().map(String::as_str);
        let changes = Changes {
            ids: ids(&served, "products", "", products)?,
            categories: None,
            validate_only: request.validate_only,
        };
        let work = move |served: &Served| {
            let report = changes.make(served)?;
            Ok(v1::BatchClearLabelsResponse {
                changed: report.changed as i64,
                unchanged: report.unchanged as i64,
            })
        };
        let done = self
            .0
            .write_once(&call, &served, &request.request_id, &request, work);
        done.await.map(Response::new)
    }
}

fn category(label: &v1::Label) -> v1::CategoryRef {
    label.category.clone().unwrap_or_default()
}

/// The ids of products that a request names, each once.
fn ids<'n>(
    served: &Served,
    many: &str,
    part: &str,
    names: impl Iterator<Item = &'n str>,
) -> Result<Vec<String>, Status> {
    let mut seen = HashSet::new();
    let ids = (0..).zip(names).map(|(at, name)| {
        let field = format!("{many}[{at}]{part}");
        let id = names::product_of(&field, name, &served.name)?;
        match seen.insert(id.clone()) {
            true => Ok(id),
            false => {
                let what = format!("`{field}` names `{name}`, which was named before");
                Err(Refusal::of_field(field, what).status())
            }
        }
    });
    ids.collect()
}

/// Labels that are to be set, or taken away.
struct Changes {
    ids: Vec<String>,
    /// The categories to set; none to take labels away.
    categories: Option<Vec<v1::CategoryRef>>,
    validate_only: bool,
}

impl Changes {
    fn make(&self, served: &Served) -> Result<LabelReport, Status> {
        let taxonomy = served
            .catalog
            .taxonomy()
            .map_err(|error| of_error(&error))?;
        let categories = self.resolved(&taxonomy)?;
        let mut report = LabelReport::default();
        let mut missing: Option<Refusal> = None;
        for (at, (id, category)) in self.ids.iter().zip(&categories).enumerate() {
            let found = match served.catalog.product(id) {
                Err(assort::Error::NoProduct(_)) => {
                    missing = Some(self.missing(served, at, id, missing));
                    continue;
                }
                found => found.map_err(|error| of_error(&error))?,
            };
            let before = found
                .label
                .map(|label| taxonomy.category(label).id.as_str());
            let same = before == category.as_deref();
            report.unchanged += u64::from(same);
            report.changed += u64::from(!same);
        }
        if let Some(missing) = missing {
            return Err(missing.status());
        }
        if self.validate_only {
            return Ok(report);
        }
        let rows = (1..).zip(self.ids.iter().zip(categories));
        let rows = rows.map(|(line, (id, category))| {
            let product = Product {
                id: id.clone(),
                ..Product::default()
            };
            ProductRow {
                line,
                product,
                category,
                ..ProductRow::default()
            }
        });
        let options = LabelOptions::default()
            .with_clear(self.categories.is_none())
            .with_strict(true);
        let report = served.catalog.label(rows, options, &mut ());
        report.map_err(|error| of_error(&error))
    }

    /// A product that is not there, beside others that are not.
    fn missing(&self, served: &Served, at: usize, id: &str, others: Option<Refusal>) -> Refusal {
        let name = names::of_product(&served.name, id);
        let what = format!("there is no `{name}`");
        let field = match self.categories {
            Some(_) => format!("labels[{at}].product"),
            None => format!("products[{at}]"),
        };
        let refusal = others.unwrap_or_else(|| {
            refuse(Reason::NotFound, what.clone()).with_resource("assort.v1.Product", &name)
        });
        refusal.with_field(field, what)
    }

    /// The ids of the categories to set, for each product.
    fn resolved(&self, taxonomy: &Taxonomy) -> Result<Vec<Option<String>>, Status> {
        let Some(given) = &self.categories else {
            return Ok(vec![None; self.ids.len()]);
        };
        let mut categories = Vec::with_capacity(given.len());
        let mut refusal: Option<Refusal> = None;
        for (at, given) in given.iter().enumerate() {
            match values::category(given, taxonomy) {
                Ok(category) => categories.push(Some(taxonomy.category(category).id.clone())),
                Err(what) => {
                    let wrong = values::Wrong {
                        field: "category".to_owned(),
                        what,
                    };
                    refusal = Some(wrong.among("labels", at, refusal));
                }
            }
        }
        refusal.map_or(Ok(categories), |refusal| Err(refusal.status()))
    }
}
