//! Sources of copies that are far away, for [`assort::copies::replicate`].
//!
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
mod server;

pub use server::{Server, ServerOptions};
