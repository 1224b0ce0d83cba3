//! Attributes of a catalog's products.

use assort_proto::v1;
use assort_proto::v1::attribute_service_client::AttributeServiceClient;

use crate::catalog::{Catalog, request_id};
use crate::error::Result;
use crate::search::clamped;

impl Catalog {
    /// What the attributes of all products hold, the one of the most products first.
    ///
    /// # Errors
    /// As all calls, see [`Error`](crate::Error).
    pub async fn attributes(&self) -> Result<Vec<v1::Attribute>> {
        let request = v1::ListAttributesRequest {
            parent: self.parent(),
        };
        let listed = self.client.call(request, |channel, request| async move {
            let mut attributes = AttributeServiceClient::new(channel);
            attributes.list_attributes(request).await
        });
        Ok(listed.await?.attributes)
    }

    /// Sets the kinds of attributes, such as `("weight", "mass")`, all of them or none; gives
    /// how many were of another kind before. At most `max_batch_size` of the server's limits.
    ///
    /// # Errors
    /// `ARGUMENT` for a kind that there is not; as all calls, see [`Error`](crate::Error).
    pub async fn set_kinds(
        &self,
        kinds: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Result<u64> {
        let kinds = kinds.into_iter().map(|(name, kind)| v1::AttributeKind {
            name: name.into(),
            kind: kind.into(),
        });
        let request = v1::BatchSetKindsRequest {
            parent: self.parent(),
            kinds: kinds.collect(),
            validate_only: false,
            request_id: request_id(),
        };
        let set = self.client.call(request, |channel, request| async move {
            let mut attributes = AttributeServiceClient::new(channel);
            attributes.batch_set_kinds(request).await
        });
        Ok(set.await?.changed as u64)
    }

    /// How many of the products that match a filter, or of all if it is empty, have each value
    /// of some attributes; `category` is the category that they are filed under. At most
    /// `limit` values each, the most frequent.
    ///
    /// # Errors
    /// `ARGUMENT` for an attribute that no product has; as all calls, see
    /// [`Error`](crate::Error).
    pub async fn facets(
        &self,
        names: impl IntoIterator<Item = impl Into<String>>,
        filter: &str,
        limit: usize,
    ) -> Result<Vec<v1::Facet>> {
        let request = v1::CountFacetsRequest {
            parent: self.parent(),
            attributes: names.into_iter().map(Into::into).collect(),
            filter: filter.to_owned(),
            limit: clamped(limit),
        };
        let counted = self.client.call(request, |channel, request| async move {
            let mut attributes = AttributeServiceClient::new(channel);
            attributes.count_facets(request).await
        });
        Ok(counted.await?.facets)
    }
}
