//! Sources of copies that are far away, for [`assort::copies::replicate`].
//!
//! A [`Server`] serves the catalog, as `assort serve` does; any number of replicas
//! may follow it. With the feature `object-store`, `Objects` keeps copies in S3, Google Cloud
//! Storage, Azure and what speaks like them, and gives them again, and `sharded` has
//! catalogs there of which many tasks each made a part.
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
#[cfg(feature = "object-store")]
mod place;
mod runtime;
mod server;
#[cfg(feature = "object-store")]
pub mod sharded;
#[cfg(feature = "object-store")]
mod store;

#[cfg(feature = "object-store")]
pub use objects::Objects;
pub use server::{Server, ServerOptions};
