//! `ProductService`

use std::sync::Arc;

use assort_proto::v1;
use assort_proto::v1::product_service_server::ProductService;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::access::Role;
use crate::call::Call;
use crate::limits::{check_batch, page_size};
use crate::mask::Mask;
use crate::names;
use crate::reason::{Refusal, of_error};
use crate::served::{Served, Shared};
use crate::services::upsert::check_etag;
use crate::services::{fitting, upsert, upsert_stream};
use crate::token::{PageToken, digest, expired, invalid};
use crate::values::stored;

/// Products of a page that does not say how many.
const USUAL: usize = 100;

/// Products of catalogs.
pub(crate) struct Products(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl ProductService for Products {
    async fn get_product(
        &self,
        request: Request<v1::GetProductRequest>,
    ) -> Result<Response<v1::Product>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let (name, id) = names::product("name", &request.name)?;
        let served = self.0.catalog(&call, Role::ReadOnly, name)?;
        let mask = Mask::reading(request.read_mask)?;
        let work = move |served: &Served| get(served, &id).map(|product| mask.read(product));
        self.0.work(&call, &served, work).await.map(Response::new)
    }

    async fn list_products(
        &self,
        request: Request<v1::ListProductsRequest>,
    ) -> Result<Response<v1::ListProductsResponse>, Status> {
        let call = Call::of(&request)?;
        let mut request = request.into_inner();
        let name = names::catalog("parent", &request.parent)?;
        let served = self.0.catalog(&call, Role::ReadOnly, name)?;
        let size = page_size(std::mem::take(&mut request.page_size), USUAL)?;
        let token = std::mem::take(&mut request.page_token);
        let digest = digest(&request);
        let listing = Listing {
            token: PageToken::decode(&token, digest)?,
            digest,
            size,
            mask: Mask::reading(request.read_mask)?,
            filter: Some(request.filter).filter(|filter| !filter.trim().is_empty()),
            across_commits: request.across_commits,
        };
        let work = move |served: &Served| list(served, &listing);
        self.0.work(&call, &served, work).await.map(Response::new)
    }

    async fn batch_upsert_products(
        &self,
        request: Request<v1::BatchUpsertProductsRequest>,
    ) -> Result<Response<v1::BatchUpsertProductsResponse>, Status> {
        let call = Call::of(&request)?;
        let stored = upsert::batch(&self.0, &call, request.into_inner());
        stored.await.map(Response::new)
    }

    type StreamUpsertProductsStream =
        ReceiverStream<Result<v1::StreamUpsertProductsResponse, Status>>;

    async fn stream_upsert_products(
        &self,
        request: Request<Streaming<v1::StreamUpsertProductsRequest>>,
    ) -> Result<Response<Self::StreamUpsertProductsStream>, Status> {
        let call = Call::of(&request)?;
        let answers = upsert_stream::open(&self.0, call, request.into_inner());
        answers.await.map(Response::new)
    }

    async fn delete_product(
        &self,
        request: Request<v1::DeleteProductRequest>,
    ) -> Result<Response<v1::DeleteProductResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let (name, id) = names::product("name", &request.name)?;
        let served = self.0.writable(&call, Role::ReadWrite, name)?;
        let asked = request.clone();
        let work = move |served: &Served| delete(served, &id, &asked);
        let done = self
            .0
            .write_once(&call, &served, &request.request_id, &request, work);
        done.await.map(Response::new)
    }

    async fn batch_delete_products(
        &self,
        request: Request<v1::BatchDeleteProductsRequest>,
    ) -> Result<Response<v1::BatchDeleteProductsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let name = names::catalog("parent", &request.parent)?;
        let served = self.0.writable(&call, Role::ReadWrite, name)?;
        check_batch("names", request.names.len())?;
        let ids = (0..)
            .zip(&request.names)
            .map(|(at, name)| names::product_of(&format!("names[{at}]"), name, &served.name));
        let ids: Vec<String> = ids.collect::<Result<_, Status>>()?;
        let only_validate = request.validate_only;
        let work = move |served: &Served| delete_all(served, &ids, only_validate);
        let done = self
            .0
            .write_once(&call, &served, &request.request_id, &request, work);
        done.await.map(Response::new)
    }
}

fn get(served: &Served, id: &str) -> Result<v1::Product, Status> {
    let read = |catalog: &assort::Catalog| catalog.product(id).map_err(|error| of_error(&error));
    let (found, taxonomy) = served.with_taxonomy(read)?;
    Ok(stored(found, &served.name, &taxonomy))
}

/// A request for a page, checked.
struct Listing {
    token: Option<PageToken>,
    /// Digest of the request, for the next page.
    digest: u64,
    size: usize,
    mask: Mask,
    filter: Option<String>,
    across_commits: bool,
}

fn list(served: &Served, listing: &Listing) -> Result<v1::ListProductsResponse, Status> {
    let content = || {
        let content = served.catalog.content_state();
        let content = content.map_err(|error| of_error(&error))?;
        Ok::<_, Status>(served.page_state(content))
    };
    let before = content()?;
    let state = listing.token.as_ref().map_or(before, |token| token.state);
    let position = listing.token.as_ref().map(|token| token.position.clone());
    let after = position.map(String::from_utf8).transpose();
    let after = after.map_err(|_| invalid("the page token is none that this server made"))?;
    // One more, to know whether there is another page.
    let read = |catalog: &assort::Catalog| {
        let found = catalog.list(
            listing.filter.as_deref(),
            after.as_deref(),
            listing.size + 1,
        );
        found.map_err(|error| listing_error(&error))
    };
    let (mut found, taxonomy) = served.with_taxonomy(read)?;
    if !listing.across_commits && listing.token.is_some() && content()? != state {
        return Err(expired());
    }
    let is_last = found.len() <= listing.size;
    found.truncate(listing.size);
    let ids: Vec<String> = found.iter().map(|found| found.product.id.clone()).collect();
    let products = found.into_iter();
    let products = products.map(|found| listing.mask.read(stored(found, &served.name, &taxonomy)));
    let mut products: Vec<v1::Product> = products.collect();
    let goes_on = fitting(&mut products) || !is_last;
    let last = ids.get(products.len().saturating_sub(1));
    let token = last.filter(|_| goes_on).map(|last| PageToken {
        state,
        position: last.clone().into_bytes(),
    });
    Ok(v1::ListProductsResponse {
        products,
        next_page_token: token.map_or_else(String::new, |token| token.encode(listing.digest)),
    })
}

fn listing_error(error: &assort::Error) -> Status {
    match error {
        assort::Error::Argument(what) => Refusal::of_field("filter", what).status(),
        // The product that the page before ended with is gone.
        assort::Error::NoProduct(_) => expired(),
        other => of_error(other),
    }
}

fn delete(
    served: &Served,
    id: &str,
    request: &v1::DeleteProductRequest,
) -> Result<v1::DeleteProductResponse, Status> {
    let found = match get(served, id) {
        Err(status) if status.code() == tonic::Code::NotFound && request.allow_missing => {
            return Ok(v1::DeleteProductResponse {});
        }
        found => found?,
    };
    check_etag(&request.etag, &found.etag, &found.name)?;
    if !request.validate_only {
        let removed = served.catalog.remove([id]);
        removed.map_err(|error| of_error(&error))?;
    }
    Ok(v1::DeleteProductResponse {})
}

fn delete_all(
    served: &Served,
    ids: &[String],
    only_validate: bool,
) -> Result<v1::BatchDeleteProductsResponse, Status> {
    let ids: std::collections::BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let deleted = match only_validate {
        true => ids
            .into_iter()
            .filter(|id| served.catalog.product(id).is_ok())
            .count(),
        false => served
            .catalog
            .remove(ids)
            .map_err(|error| of_error(&error))?,
    };
    Ok(v1::BatchDeleteProductsResponse {
        deleted: deleted as i64,
    })
}
