//! Products of a catalog, page by page.

use assort_proto::v1;
use assort_proto::v1::product_service_client::ProductServiceClient;
use prost_types::FieldMask;

use crate::connection::{Client, MOST_ANSWER};
use crate::error::Result;
use crate::search::clamped;
use crate::values::{StoredProduct, stored};

/// Products of a catalog in the order they came, page by page.
///
/// ```no_run
/// # async fn example(shop: &assort_client::Catalog) -> assort_client::Result<()> {
/// let mut pages = shop.products().filter("price < 10");
/// while let Some(page) = pages.next().await? {
///     for stored in page {
///         println!("{}", stored.product.title);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Products {
    client: Client,
    request: v1::ListProductsRequest,
    /// Whether the last page was given.
    is_done: bool,
}

impl Products {
    pub(crate) fn new(client: Client, parent: String) -> Self {
        Self {
            client,
            request: v1::ListProductsRequest {
                parent,
                page_size: i32::MAX,
                across_commits: true,
                ..v1::ListProductsRequest::default()
            },
            is_done: false,
        }
    }

    /// Only products that match an expression, such as `brand = "HP" and price < 100`.
    pub fn filter(mut self, filter: impl Into<String>) -> Self {
        self.request.filter = filter.into();
        self
    }

    /// Products of a page; as many as the server gives at once unless told otherwise.
    pub fn page_size(mut self, products: usize) -> Self {
        self.set_page_size(products);
        self
    }

    /// Changes how many products the pages that follow have.
    pub fn set_page_size(&mut self, products: usize) {
        self.request.page_size = clamped(products.max(1));
    }

    /// Only these fields of the products; all unless told otherwise.
    pub fn fields<'f>(mut self, fields: impl IntoIterator<Item = &'f str>) -> Self {
        let paths = fields.into_iter().map(str::to_owned).collect();
        self.request.read_mask = Some(FieldMask { paths });
        self
    }

    /// All pages are of one state of the catalog; a write in between ends them with
    /// `PAGE_TOKEN_EXPIRED`. Otherwise a product that comes or goes meanwhile may be missed.
    pub fn of_one_state(mut self) -> Self {
        self.request.across_commits = false;
        self
    }

    /// Whether there may be another page.
    pub fn has_more(&self) -> bool {
        !self.is_done
    }

    /// The next page, which may be shorter than asked for; none after the last one.
    ///
    /// # Errors
    /// As all calls, see [`Error`](crate::Error).
    pub async fn next(&mut self) -> Result<Option<Vec<StoredProduct>>> {
        if self.is_done {
            return Ok(None);
        }
        let request = self.request.clone();
        let listed = self.client.call(request, |channel, request| async move {
            let mut products =
                ProductServiceClient::new(channel).max_decoding_message_size(MOST_ANSWER);
            products.list_products(request).await
        });
        let listed = listed.await?;
        self.is_done = listed.next_page_token.is_empty();
        self.request.page_token = listed.next_page_token;
        let page: Result<Vec<StoredProduct>> = listed.products.into_iter().map(stored).collect();
        page.map(Some)
    }

    /// All products of all pages.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub async fn all(mut self) -> Result<Vec<StoredProduct>> {
        let mut all = Vec::new();
        while let Some(page) = self.next().await? {
            all.extend(page);
        }
        Ok(all)
    }
}
