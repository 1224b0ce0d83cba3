//! `ServerService`

use assort_proto::v1;
use assort_proto::v1::server_service_server::ServerService;
use tonic::{Request, Response, Status};

use crate::limits;

/// What the server is.
pub(crate) struct Server;

#[tonic::async_trait]
impl ServerService for Server {
    async fn get_server_info(
        &self,
        _: Request<v1::GetServerInfoRequest>,
    ) -> Result<Response<v1::ServerInfo>, Status> {
        Ok(Response::new(v1::ServerInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            limits: Some(limits::told()),
        }))
    }
}
