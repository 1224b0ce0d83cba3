//! A catalog of a server: reading, writing, filing.

use std::hash::{BuildHasher, Hasher, RandomState};

use assort_core::{Product, Taxonomy};
use assort_proto::v1::catalog_service_client::CatalogServiceClient;
use assort_proto::v1::classification_service_client::ClassificationServiceClient;
use assort_proto::v1::label_service_client::LabelServiceClient;
use assort_proto::v1::product_service_client::ProductServiceClient;
use assort_proto::v1::search_service_client::SearchServiceClient;
use assort_proto::v1::taxonomy_service_client::TaxonomyServiceClient;
use assort_proto::{names, v1};
use tonic::transport::Channel;

use crate::batches::{Size, cut};
use crate::connection::{Client, MOST_ANSWER};
use crate::error::Result;
use crate::pages::Products;
use crate::search::{Results, Search, clamped, found};
use crate::upserts::{Upserted, Upserts, sum};
use crate::values::{Row, StoredProduct, categories, category_ref, stored, taxonomy, told};

/// A catalog of a server. Nothing is asked until a method is called.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(crate) client: Client,
    name: String,
}

impl Client {
    /// The catalog of that name, such as `shop`.
    pub fn catalog(&self, name: impl Into<String>) -> Catalog {
        Catalog {
            client: self.clone(),
            name: name.into(),
        }
    }
}

fn products(channel: Channel) -> ProductServiceClient<Channel> {
    ProductServiceClient::new(channel).max_decoding_message_size(MOST_ANSWER)
}

/// Decisions on products, in the order they were given.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Filed {
    /// A decision for each product.
    pub decisions: Vec<v1::Decision>,
    /// How many were kept in the catalog.
    pub kept: u64,
}

/// What labelling did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Labelled {
    /// Labels that were set, changed or taken away.
    pub changed: u64,
    /// Products whose label was so before.
    pub unchanged: u64,
}

impl Catalog {
    /// Its name, such as `shop`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The client it is reached by.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// `catalogs/{catalog}`.
    pub(crate) fn parent(&self) -> String {
        names::catalog(&self.name)
    }

    async fn size(&self) -> Result<Size> {
        self.client.size().await
    }

    /// Its space, whether it may be written, and what it does by itself.
    ///
    /// # Errors
    /// As all calls, see [`Error`](crate::Error).
    pub async fn describe(&self) -> Result<v1::Catalog> {
        let request = v1::GetCatalogRequest {
            name: self.parent(),
        };
        let described = self.client.call(request, |channel, request| async move {
            CatalogServiceClient::new(channel)
                .get_catalog(request)
                .await
        });
        described.await
    }

    /// Counts what it holds.
    ///
    /// # Errors
    /// As all calls, see [`Error`](crate::Error).
    pub async fn stats(&self) -> Result<v1::CatalogStats> {
        let request = v1::GetCatalogStatsRequest {
            name: format!("{}/stats", self.parent()),
        };
        let counted = self.client.call(request, |channel, request| async move {
            CatalogServiceClient::new(channel)
                .get_catalog_stats(request)
                .await
        });
        counted.await
    }

    /// A product.
    ///
    /// # Errors
    /// `NOT_FOUND` if there is none of that id; as all calls, see [`Error`](crate::Error).
    pub async fn get(&self, id: &str) -> Result<StoredProduct> {
        let request = v1::GetProductRequest {
            name: names::product(&self.name, id),
            read_mask: None,
        };
        let got = self.client.call(request, |channel, request| async move {
            products(channel).get_product(request).await
        });
        stored(got.await?)
    }

    /// The products, page by page.
    pub fn products(&self) -> Products {
        Products::new(self.client.clone(), self.parent())
    }

    /// Opens a stream of products to be stored: the way to store many.
    ///
    /// # Errors
    /// As all calls, see [`Error`](crate::Error).
    pub async fn upserts(&self) -> Result<Upserts> {
        Upserts::open(self.client.clone(), self.parent()).await
    }

    /// Stores all rows by [`Self::upserts`], and tells the rejected ones.
    ///
    /// # Errors
    /// As [`Upserts::send`].
    pub async fn import(&self, rows: impl IntoIterator<Item = impl Into<Row>>) -> Result<Upserted> {
        let mut upserts = self.upserts().await?;
        for row in rows {
            upserts.send(row).await?;
        }
        upserts.finish().await
    }

    /// Stores products, each id once, in as many calls as they need; if one of a call cannot
    /// be stored, none of that call is. With `validate_only` it is checked and counted.
    ///
    /// # Errors
    /// As all calls, see [`Error`](crate::Error).
    pub async fn put(
        &self,
        rows: impl IntoIterator<Item = impl Into<Row>>,
        validate_only: bool,
    ) -> Result<v1::UpsertCounts> {
        let rows = rows.into_iter().map(|row| told(&row.into()));
        let name = |product: &v1::Product| format!("the product `{}`", product.id);
        let mut counts = v1::UpsertCounts::default();
        for products_of_call in cut(rows, self.size().await?, name)? {
            let request = v1::BatchUpsertProductsRequest {
                parent: self.parent(),
                products: products_of_call,
                validate_only,
                ..v1::BatchUpsertProductsRequest::default()
            };
            let stored = self.client.call(request, |channel, request| async move {
                products(channel).batch_upsert_products(request).await
            });
            counts = sum(counts, stored.await?.counts.unwrap_or_default());
        }
        Ok(counts)
    }

    /// Removes products; gives how many there were. Those that are gone already are passed
    /// over.
    ///
    /// # Errors
    /// As all calls, see [`Error`](crate::Error).
    pub async fn remove(&self, ids: impl IntoIterator<Item = impl AsRef<str>>) -> Result<u64> {
        let names = ids
            .into_iter()
            .map(|id| names::product(&self.name, id.as_ref()));
        let mut deleted = 0;
        for names in cut(names, self.size().await?, Clone::clone)? {
            let request = v1::BatchDeleteProductsRequest {
                parent: self.parent(),
                names,
                validate_only: false,
                request_id: request_id(),
            };
            let done = self.client.call(request, |channel, request| async move {
                products(channel).batch_delete_products(request).await
            });
            deleted += done.await?.deleted;
        }
        Ok(deleted as u64)
    }

    /// Finds products; asks for as many pages as the results need.
    ///
    /// # Errors
    /// As all calls, see [`Error`](crate::Error). `PAGE_TOKEN_EXPIRED` where the catalog
    /// was changed between pages: search again.
    pub async fn search(&self, search: &Search) -> Result<Results> {
        let (first, end) = search.range();
        let most = self.client.limits().await?.max_page_size.max(1) as usize;
        let (mut results, mut counted) = (Results::default(), 0);
        let mut request = search.request(&self.name);
        loop {
            request.page_size = clamped((end - counted).clamp(1, most));
            let page = self
                .client
                .call(request.clone(), |channel, request| async move {
                    let mut searches =
                        SearchServiceClient::new(channel).max_decoding_message_size(MOST_ANSWER);
                    searches.search_products(request).await
                });
            let page = page.await?;
            results.matches = page.matches as u64;
            results.steps = page.steps;
            results.facets = page.facets;
            let same = |a: &v1::SearchResult, b: &v1::SearchResult| {
                a.group.is_some() && a.group == b.group
            };
            for group in page.results.chunk_by(same) {
                counted += 1;
                if (first + 1..=end).contains(&counted) {
                    let group: Result<Vec<_>> = group.iter().cloned().map(found).collect();
                    results.found.extend(group?);
                }
            }
            if counted >= end || page.next_page_token.is_empty() {
                return Ok(results);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Files products, in as many calls as they need. One that the catalog has, by its id,
    /// has no vote on itself. With `keep`, decisions on those are kept.
    ///
    /// # Errors
    /// As all calls, see [`Error`](crate::Error).
    pub async fn classify(
        &self,
        given: &[Product],
        options: &v1::ClassifyOptions,
        keep: bool,
    ) -> Result<Filed> {
        let rows = given
            .iter()
            .map(|product| told(&Row::from(product.clone())));
        let name = |product: &v1::Product| format!("the product `{}`", product.id);
        let mut filed = Filed::default();
        for products in cut(rows, self.size().await?, name)? {
            let request = v1::ClassifyProductsRequest {
                products,
                ..self.classification(options, keep)
            };
            self.file(request, &mut filed).await?;
        }
        Ok(filed)
    }

    /// Files products that the catalog has, by their ids.
    ///
    /// # Errors
    /// As all calls, see [`Error`](crate::Error).
    pub async fn classify_stored(
        &self,
        ids: impl IntoIterator<Item = impl AsRef<str>>,
        options: &v1::ClassifyOptions,
        keep: bool,
    ) -> Result<Filed> {
        let names = ids
            .into_iter()
            .map(|id| names::product(&self.name, id.as_ref()));
        let mut filed = Filed::default();
        for names in cut(names, self.size().await?, Clone::clone)? {
            let request = v1::ClassifyProductsRequest {
                names,
                ..self.classification(options, keep)
            };
            self.file(request, &mut filed).await?;
        }
        Ok(filed)
    }

    fn classification(
        &self,
        options: &v1::ClassifyOptions,
        keep: bool,
    ) -> v1::ClassifyProductsRequest {
        v1::ClassifyProductsRequest {
            parent: self.parent(),
            options: Some(*options),
            keep,
            ..v1::ClassifyProductsRequest::default()
        }
    }

    async fn file(&self, request: v1::ClassifyProductsRequest, filed: &mut Filed) -> Result<()> {
        let answer = self.client.call(request, |channel, request| async move {
            let mut classification =
                ClassificationServiceClient::new(channel).max_decoding_message_size(MOST_ANSWER);
            classification.classify_products(request).await
        });
        let answer = answer.await?;
        filed.decisions.extend(answer.decisions);
        filed.kept += answer.kept as u64;
        Ok(())
    }

    /// Sets labels: ids of products with an id, a path or a unique name of a category. Those
    /// of a call, which is up to `max_batch_size` of the server's limits, are set together
    /// or not at all. With `validate_only` they are checked and counted.
    ///
    /// # Errors
    /// `NOT_FOUND` with a field for each product that is not there; as all calls, see
    /// [`Error`](crate::Error).
    pub async fn label(
        &self,
        labels: impl IntoIterator<Item = (impl AsRef<str>, impl Into<String>)>,
        validate_only: bool,
    ) -> Result<Labelled> {
        let labels = labels.into_iter().map(|(id, category)| v1::Label {
            product: names::product(&self.name, id.as_ref()),
            category: Some(category_ref(category.into())),
        });
        let mut done = Labelled::default();
        for labels in cut(labels, self.size().await?, |label| label.product.clone())? {
            let request = v1::BatchSetLabelsRequest {
                parent: self.parent(),
                labels,
                validate_only,
                request_id: once(validate_only),
            };
            let set = self.client.call(request, |channel, request| async move {
                LabelServiceClient::new(channel)
                    .batch_set_labels(request)
                    .await
            });
            let set = set.await?;
            done.changed += set.changed as u64;
            done.unchanged += set.unchanged as u64;
        }
        Ok(done)
    }

    /// Takes labels of products away, in the same way.
    ///
    /// # Errors
    /// As [`Self::label`].
    pub async fn clear_labels(
        &self,
        ids: impl IntoIterator<Item = impl AsRef<str>>,
        validate_only: bool,
    ) -> Result<Labelled> {
        let names = ids
            .into_iter()
            .map(|id| names::product(&self.name, id.as_ref()));
        let mut done = Labelled::default();
        for products in cut(names, self.size().await?, Clone::clone)? {
            let request = v1::BatchClearLabelsRequest {
                parent: self.parent(),
                products,
                validate_only,
                request_id: once(validate_only),
            };
            let cleared = self.client.call(request, |channel, request| async move {
                LabelServiceClient::new(channel)
                    .batch_clear_labels(request)
                    .await
            });
            let cleared = cleared.await?;
            done.changed += cleared.changed as u64;
            done.unchanged += cleared.unchanged as u64;
        }
        Ok(done)
    }

    /// The whole category tree.
    ///
    /// # Errors
    /// As all calls, see [`Error`](crate::Error). `PAGE_TOKEN_EXPIRED` where the tree was
    /// replaced between pages: read it again.
    pub async fn taxonomy(&self) -> Result<Taxonomy> {
        let mut all = Vec::new();
        let mut request = v1::ListCategoriesRequest {
            parent: format!("{}/taxonomy", self.parent()),
            page_size: i32::MAX,
            ..v1::ListCategoriesRequest::default()
        };
        loop {
            let page = self
                .client
                .call(request.clone(), |channel, request| async move {
                    let mut taxonomies =
                        TaxonomyServiceClient::new(channel).max_decoding_message_size(MOST_ANSWER);
                    taxonomies.list_categories(request).await
                });
            let page = page.await?;
            all.extend(page.categories);
            if page.next_page_token.is_empty() {
                return taxonomy(all);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Replaces the category tree, in one message; gives how many labels have no category
    /// any more. They count again once it comes back.
    ///
    /// # Errors
    /// [`Error::TooLarge`](crate::Error::TooLarge) for a tree that is longer than a message
    /// may be; as all calls, see [`Error`](crate::Error).
    pub async fn replace_taxonomy(&self, taxonomy: &Taxonomy) -> Result<u64> {
        self.import_taxonomy(taxonomy, false).await
    }

    /// How many labels would have no category any more if `taxonomy` replaced the
    /// category tree; nothing is changed.
    ///
    /// # Errors
    /// As [`Self::replace_taxonomy`].
    pub async fn labels_outside(&self, taxonomy: &Taxonomy) -> Result<u64> {
        self.import_taxonomy(taxonomy, true).await
    }

    async fn import_taxonomy(&self, taxonomy: &Taxonomy, validate_only: bool) -> Result<u64> {
        let request = v1::ImportTaxonomyRequest {
            name: format!("{}/taxonomy", self.parent()),
            categories: categories(taxonomy),
            validate_only,
            ..v1::ImportTaxonomyRequest::default()
        };
        let name = |_: &v1::ImportTaxonomyRequest| "the tree".to_owned();
        crate::batches::checked(&request, self.size().await?, name)?;
        let imported = self.client.call(request, |channel, request| async move {
            TaxonomyServiceClient::new(channel)
                .import_taxonomy(request)
                .await
        });
        Ok(imported.await?.orphaned_labels as u64)
    }
}

/// An id for a request that changes something; none for one that only checks.
fn once(validate_only: bool) -> String {
    if validate_only {
        String::new()
    } else {
        request_id()
    }
}

/// An id that no other request has.
pub(crate) fn request_id() -> String {
    // Each state is keyed by chance.
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}
