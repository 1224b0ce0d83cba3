//! `AttributeService`

use std::collections::HashSet;
use std::sync::Arc;

use assort::core::{AttributeKind, fold};
use assort::{AttributeSummary, Facet};
use assort_proto::v1;
use assort_proto::v1::attribute_service_server::AttributeService;
use tonic::{Request, Response, Status};

use crate::access::Role;
use crate::call::Call;
use crate::limits::{check_batch, check_facets, page_size_of};
use crate::names;
use crate::reason::{Refusal, of_error};
use crate::served::{Served, Shared};

/// Values of a facet that does not say how many.
const USUAL: usize = 10;

/// Attributes of products.
pub(crate) struct Attributes(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl AttributeService for Attributes {
    async fn list_attributes(
        &self,
        request: Request<v1::ListAttributesRequest>,
    ) -> Result<Response<v1::ListAttributesResponse>, Status> {
        let call = Call::of(&request)?;
        let name = names::catalog("parent", &request.get_ref().parent)?;
        let served = self.0.catalog(&call, Role::ReadOnly, name)?;
        let list = |served: &Served| {
            let attributes = served.catalog.attributes();
            let attributes = attributes.map_err(|error| of_error(&error))?.into_iter();
            Ok(v1::ListAttributesResponse {
                attributes: attributes.map(attribute).collect(),
            })
        };
        self.0.work(&call, &served, list).await.map(Response::new)
    }

    async fn batch_set_kinds(
        &self,
        request: Request<v1::BatchSetKindsRequest>,
    ) -> Result<Response<v1::BatchSetKindsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let name = names::catalog("parent", &request.parent)?;
        let served = self.0.writable(&call, Role::ReadWrite, name)?;
        check_batch("kinds", request.kinds.len())?;
        let (kinds, validate_only) = (kinds(&request.kinds)?, request.validate_only);
        let set = move |served: &Served| {
            let catalog = &served.catalog;
            let schema = catalog
                .attribute_schema()
                .map_err(|error| of_error(&error))?;
            let others = kinds
                .iter()
                .filter(|(name, kind)| schema.get(name) != Some(*kind));
            let changed = others.count() as i64;
            if !validate_only {
                let kinds = kinds.iter().map(|(name, kind)| (name.as_str(), *kind));
                let set = catalog.set_attribute_kinds(kinds);
                set.map_err(|error| of_error(&error))?;
            }
            Ok(v1::BatchSetKindsResponse { changed })
        };
        let done = self
            .0
            .write_once(&call, &served, &request.request_id, &request, set);
        done.await.map(Response::new)
    }

    async fn count_facets(
        &self,
        request: Request<v1::CountFacetsRequest>,
    ) -> Result<Response<v1::CountFacetsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let name = names::catalog("parent", &request.parent)?;
        let served = self.0.catalog(&call, Role::ReadOnly, name)?;
        if request.attributes.is_empty() {
            let what = "there is no attribute to count; give at least one";
            return Err(Refusal::of_field("attributes", what).status());
        }
        check_facets("attributes", &request.attributes)?;
        let limit = page_size_of("limit", request.limit, USUAL)?;
        let count = move |served: &Served| {
            let names: Vec<&str> = request.attributes.iter().map(String::as_str).collect();
            let filter = Some(request.filter.as_str()).filter(|filter| !filter.trim().is_empty());
            let counted = served.catalog.facets(filter, &names, limit);
            let facets = counted.map_err(|error| match error {
                assort::Error::Argument(what) => {
                    let is_filter = served.catalog.facets(filter, &[], 0).is_err();
                    let field = if is_filter { "filter" } else { "attributes" };
                    Refusal::of_field(field, what).status()
                }
                other => of_error(&other),
            })?;
            Ok(v1::CountFacetsResponse {
                facets: facets.into_iter().map(facet).collect(),
            })
        };
        self.0.work(&call, &served, count).await.map(Response::new)
    }
}

/// The kinds that a request sets, each attribute once.
fn kinds(asked: &[v1::AttributeKind]) -> Result<Vec<(String, AttributeKind)>, Status> {
    let mut seen = HashSet::new();
    let kinds = asked.iter().enumerate().map(|(at, asked)| {
        let refused = |part: &str, what: String| {
            let field = format!("kinds[{at}].{part}");
            let what = format!("`{field}`: {what}");
            Err(Refusal::of_field(field, what).status())
        };
        if asked.name.trim().is_empty() {
            return refused("name", "an attribute needs a name".to_owned());
        }
        if !seen.insert(fold(&asked.name)) {
            return refused("name", format!("`{}` was named before", asked.name));
        }
        match asked.kind.parse() {
            Ok(kind) => Ok((asked.name.clone(), kind)),
            Err(what) => refused("kind", what),
        }
    });
    kinds.collect()
}

fn attribute(one: AttributeSummary) -> v1::Attribute {
    let (least, greatest) = one.range.unzip();
    v1::Attribute {
        name: one.name,
        kind: one.kind.to_string(),
        likely_kind: one
            .likely_kind
            .map_or_else(String::new, |kind| kind.to_string()),
        products: one.products as i64,
        missing: one.missing,
        distinct: one.distinct.map(|distinct| distinct as i64),
        unreadable: one.unreadable as i64,
        unreadable_values: one.unreadable_values,
        least,
        greatest,
        currencies: counts(one.currencies),
        top: counts(one.top),
    }
}

fn counts(pairs: Vec<(String, u64)>) -> Vec<v1::ValueCount> {
    let pairs = pairs.into_iter();
    let counts = pairs.map(|(value, products)| v1::ValueCount {
        value,
        products: products as i64,
    });
    counts.collect()
}

/// A facet of the contract.
pub(crate) fn facet(facet: Facet) -> v1::Facet {
    let ranges = facet.ranges.into_iter();
    let ranges = ranges.map(|(least, greatest, products)| v1::ValueRange {
        least,
        greatest,
        products: products as i64,
    });
    v1::Facet {
        attribute: facet.name,
        products: facet.products as i64,
        present: facet.present as i64,
        distinct: facet.distinct as i64,
        values: counts(facet.values),
        ranges: ranges.collect(),
        partial: facet.is_partial,
    }
}
