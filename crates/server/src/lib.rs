//! The gRPC service of Assort: open catalogs, served to other processes as
//! `proto/assort/v1` says. `docs/grpc.md` tells what operators and clients need.

mod access;
mod batcher;
mod call;
mod decisions;
mod error;
mod follow;
mod gate;
mod hosts;
mod json;
mod keys;
mod limits;
mod log;
mod mask;
mod measure;
mod metrics;
mod names;
mod operations;
mod pace;
mod pool;
mod reason;
mod remembered;
mod run;
mod served;
mod server;
mod services;
mod snapshots;
mod times;
mod tls;
mod token;
mod traces;
mod values;
mod web;

pub use error::{Error, Result};
pub use follow::{Followed, Next};
pub use limits::{MAX_BATCH, MAX_DEPTH, MAX_IMAGE, MAX_PAGE, MAX_REQUEST, MAX_RESPONSE};
pub use log::{LogFormat, LogOptions};
pub use reason::{DOMAIN, Reason};
pub use run::{Reread, run};
pub use served::{Embedders, Load, OpenEmbedder, OpenTeacher, Opened};
pub use server::{Bound, Controls, Options, bind, check};
pub use tls::Tls;
pub use traces::{EXPORTS_SPANS, collector};
pub use tracing::level_filters::LevelFilter;
