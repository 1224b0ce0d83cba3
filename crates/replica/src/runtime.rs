//! Waiting for what is far away, from code that is synchronous.

use assort::{Error, Result};
use tokio::runtime::{Builder, Runtime};

/// A runtime with a thread of its own, for the place that messages call `name`.
pub(crate) fn start(name: &str) -> Result<Runtime> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    runtime.map_err(|source| Error::Io {
        path: name.into(),
        doing: "starting a thread",
        source,
    })
}
