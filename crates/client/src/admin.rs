//! Beginning long work on a catalog.

use assort_proto::longrunning as lro;
use assort_proto::v1;
use assort_proto::v1::admin_service_client::AdminServiceClient;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use crate::catalog::{Catalog, request_id};
use crate::error::Result;
use crate::operation::{Answer, Operation};

impl Catalog {
    /// Trains heads on the labels; what is 0 in the request is chosen by their number.
    ///
    /// # Errors
    /// `BUSY` where other long work is under way; as all calls, see
    /// [`Error`](crate::Error).
    pub async fn train(
        &self,
        request: v1::TrainHeadRequest,
    ) -> Result<Operation<v1::TrainHeadResponse>> {
        let request = v1::TrainHeadRequest {
            name: self.parent(),
            request_id: request_id(),
            ..request
        };
        self.begin(request, |mut admin, request| async move {
            admin.train_head(request).await
        })
        .await
    }

    /// Teaches a student of the embedder, and moves to it if it is good enough.
    ///
    /// # Errors
    /// As [`Self::train`].
    pub async fn distill(
        &self,
        request: v1::DistillStudentRequest,
    ) -> Result<Operation<v1::DistillStudentResponse>> {
        let request = v1::DistillStudentRequest {
            name: self.parent(),
            request_id: request_id(),
            ..request
        };
        self.begin(request, |mut admin, request| async move {
            admin.distill_student(request).await
        })
        .await
    }

    /// Merges the index into one segment, and gives unused space back.
    ///
    /// # Errors
    /// As [`Self::train`].
    pub async fn compact(&self) -> Result<Operation<v1::CompactCatalogResponse>> {
        let request = v1::CompactCatalogRequest {
            name: self.parent(),
        };
        self.begin(request, |mut admin, request| async move {
            admin.compact_catalog(request).await
        })
        .await
    }

    /// Does all sealing and merging of the index that is due.
    ///
    /// # Errors
    /// As [`Self::train`].
    pub async fn seal(&self) -> Result<Operation<v1::SealCatalogResponse>> {
        let request = v1::SealCatalogRequest {
            name: self.parent(),
        };
        self.begin(request, |mut admin, request| async move {
            admin.seal_catalog(request).await
        })
        .await
    }

    /// Measures searches with so many products, and keeps the quickest that finds such a
    /// part of the ten best.
    ///
    /// # Errors
    /// As [`Self::train`].
    pub async fn tune(
        &self,
        recall: f64,
        queries: usize,
    ) -> Result<Operation<v1::TuneCatalogResponse>> {
        let request = v1::TuneCatalogRequest {
            name: self.parent(),
            recall: Some(recall),
            queries: crate::search::clamped(queries),
            validate_only: false,
        };
        self.begin(request, |mut admin, request| async move {
            admin.tune_catalog(request).await
        })
        .await
    }

    /// Verifies everything that is stored; with `repair`, products of damaged segments are
    /// embedded again first.
    ///
    /// # Errors
    /// As [`Self::train`].
    pub async fn check(&self, repair: bool) -> Result<Operation<v1::CheckCatalogResponse>> {
        let request = v1::CheckCatalogRequest {
            name: self.parent(),
            repair,
        };
        self.begin(request, |mut admin, request| async move {
            admin.check_catalog(request).await
        })
        .await
    }

    async fn begin<Q: Clone, R: Answer, F>(
        &self,
        request: Q,
        begin: impl Fn(AdminServiceClient<Channel>, Request<Q>) -> F,
    ) -> Result<Operation<R>>
    where
        F: Future<Output = std::result::Result<Response<lro::Operation>, Status>>,
    {
        let send = |channel, request| begin(AdminServiceClient::new(channel), request);
        let begun = self.client.call(request, send).await?;
        Ok(Operation::new(self.client.clone(), begun))
    }
}
