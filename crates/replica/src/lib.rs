//! Sources of copies that are far away, for [`assort::copies::replicate`].
//!
//! `Objects` is a copy in an object store, with the feature `object-store`.
//! A [`Server`] serves the catalog, as `assort serve` does; any number of replicas
//! may follow it.
//!
//! ```no_run
//! # fn main() -> assort::Result<()> {
//! use assort::copies::{CopyOptions, replicate};
//! use assort_replica::{Server, ServerOptions};
//!
//! let url = "http://127.0.0.1:50051/catalogs/shop";
//! let mut server = Server::new(url, ServerOptions::default())?;
//! replicate(&mut server, "replica", CopyOptions::default(), &mut ())?;
//! # Ok(())
//! # }
//! ```

mod chunks;
#[cfg(feature = "object-store")]
mod objects;
mod server;

#[cfg(feature = "object-store")]
pub use objects::Objects;
pub use server::{Server, ServerOptions};
