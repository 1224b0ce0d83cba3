//! The gRPC service of Assort: open catalogs, served to other processes as
//! `proto/assort/v1` says. `docs/grpc.md` tells what operators and clients need.

mod access;
mod batcher;
mod call;
mod decisions;
mod error;
mod gate;
mod keys;
mod limits;
mod log;
mod mask;
mod metrics;
mod names;
mod operations;
mod pool;
mod reason;
mod remembered;
mod run;
mod served;
mod server;
mod services;
mod tls;
mod token;
mod values;

pub use error::{Error, Result};
pub use limits::{MAX_BATCH, MAX_DEPTH, MAX_IMAGE, MAX_PAGE, MAX_REQUEST, MAX_RESPONSE};
pub use log::{LogFormat, log_to_stderr};
pub use reason::{DOMAIN, Reason};
pub use run::run;
pub use served::{Load, OpenTeacher, Opened};
pub use server::{Bound, Options, bind};
pub use tls::Tls;
pub use tracing::level_filters::LevelFilter;
