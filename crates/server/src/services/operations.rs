//! `google.longrunning.Operations`

use std::sync::Arc;
use std::time::Duration;

use assort_proto::longrunning as lro;
use assort_proto::longrunning::operations_server::Operations;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use crate::access::Role;
use crate::call::Call;
use crate::limits::page_size;
use crate::operations::catalog;
use crate::pool::by;
use crate::reason::{Reason, Refusal, refuse};
use crate::served::{Served, Shared};
use crate::token::{PageToken, digest, invalid};

/// Operations of a page that does not say how many.
const USUAL: usize = 100;

/// How long a call waits for an operation that does not say how long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Operations under way, and those that have ended.
pub(crate) struct LongRunning(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl Operations for LongRunning {
    async fn list_operations(
        &self,
        request: Request<lro::ListOperationsRequest>,
    ) -> Result<Response<lro::ListOperationsResponse>, Status> {
        let call = Call::of(&request)?;
        let mut request = request.into_inner();
        if !request.filter.is_empty() {
            let what = "operations cannot be filtered; leave `filter` empty";
            return Err(Refusal::of_field("filter", what).status());
        }
        let size = page_size(std::mem::take(&mut request.page_size), USUAL)?;
        let token = std::mem::take(&mut request.page_token);
        let digest = digest(&request);
        let token = PageToken::decode(&token, digest)?;
        let own = request.name.strip_prefix("operations").unwrap_or_default();
        let own = own.trim_matches('/');
        let served = self.0.catalogs.all().into_iter();
        let served = served.filter(|served| call.check(Role::Admin, &served.name).is_ok());
        let served = served.filter(|served| own.is_empty() || served.name == own);
        let all: Vec<lro::Operation> = served.flat_map(|served| served.operations.all()).collect();
        let last = token.map(|token| String::from_utf8(token.position));
        let last = last
            .transpose()
            .map_err(|_| invalid("the page token is broken"))?;
        let from = match last {
            None => 0,
            Some(last) => {
                let at = all.iter().position(|operation| operation.name == last);
                at.ok_or_else(crate::token::expired)? + 1
            }
        };
        let operations: Vec<lro::Operation> = all.iter().skip(from).take(size).cloned().collect();
        let goes_on = from + operations.len() < all.len();
        let token = operations.last().filter(|_| goes_on).map(|last| PageToken {
            state: 0,
            position: last.name.clone().into_bytes(),
        });
        Ok(Response::new(lro::ListOperationsResponse {
            operations,
            next_page_token: token.map_or_else(String::new, |token| token.encode(digest)),
            ..lro::ListOperationsResponse::default()
        }))
    }

    async fn get_operation(
        &self,
        request: Request<lro::GetOperationRequest>,
    ) -> Result<Response<lro::Operation>, Status> {
        let name = &request.get_ref().name;
        let served = self.served(&Call::of(&request)?, name)?;
        served.operations.get(name).map(Response::new)
    }

    async fn delete_operation(
        &self,
        _: Request<lro::DeleteOperationRequest>,
    ) -> Result<Response<()>, Status> {
        let what = "operations are forgotten by themselves, a hundred newer ones later";
        Err(refuse(Reason::Unimplemented, what).status())
    }

    async fn cancel_operation(
        &self,
        request: Request<lro::CancelOperationRequest>,
    ) -> Result<Response<()>, Status> {
        let name = &request.get_ref().name;
        let served = self.served(&Call::of(&request)?, name)?;
        served.operations.cancel(name).map(Response::new)
    }

    async fn wait_operation(
        &self,
        request: Request<lro::WaitOperationRequest>,
    ) -> Result<Response<lro::Operation>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let served = self.served(&call, &request.name)?;
        let asked = request
            .timeout
            .and_then(|timeout| Duration::try_from(timeout).ok());
        let until = Instant::now().checked_add(asked.unwrap_or(PATIENCE));
        let until = until.into_iter().chain(call.deadline).min();
        match by(until, served.operations.wait(&request.name)).await {
            Ok(ended) => ended.map(Response::new),
            // As it is now.
            Err(_) => served.operations.get(&request.name).map(Response::new),
        }
    }
}

impl LongRunning {
    fn served(&self, call: &Call, name: &str) -> Result<Arc<Served>, Status> {
        self.0.catalog(call, Role::Admin, catalog(name)?)
    }
}
