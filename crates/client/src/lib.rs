//! A client of Assort's gRPC service.
//!
//! A [`Client`] is a connection to a server, and a [`Catalog`] one of its catalogs, with
//! methods for what the embedded library does: store, search, file, label. Products are
//! [`core::Product`]s, category trees are [`core::Taxonomy`]s and filters are text, as in the
//! library; what else a server says comes as the messages of the contract, [`v1`].
//!
//! ```
//! use assort_client::core::Product;
//! use assort_client::{Client, Search, v1};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let tree = assort_client::core::Taxonomy::from_paths(["Kitchen > Kettles", "Kitchen > Knives"])?;
//! # let embedder = std::sync::Arc::new(assort_testkit::toy::Toy::new("a"));
//! # let catalog = assort::Catalog::create(folder.path().join("shop"), &tree, embedder, "toy")?;
//! # let opened = assort_server::Opened {
//! #     name: "shop".into(),
//! #     catalog,
//! #     read_only: false,
//! #     teacher: std::sync::Arc::new(|_| Err(assort::Error::NoEmbedder)),
//! #     start: None,
//! #     pack: None,
//! #     fetches_pictures: false,
//! # };
//! # let options = assort_server::Options::new(([127, 0, 0, 1], 0).into());
//! # let bound = assort_server::bind(vec![opened], options).await?;
//! # let url = format!("http://{}", bound.address());
//! # tokio::spawn(bound.serve(std::future::pending()));
//! // Such as `http://127.0.0.1:50051`.
//! let client = Client::connect(url).await?;
//! let shop = client.catalog("shop");
//!
//! let kettle = Product {
//!     id: "4711".into(),
//!     title: "Electric kettle 1.7 l".into(),
//!     ..Product::default()
//! };
//! let stored = shop.import([kettle.clone()]).await?;
//! assert_eq!(stored.counts.added, 1);
//!
//! let filed = shop.classify(&[kettle], &v1::ClassifyOptions::default(), false).await?;
//! let category = filed.decisions[0].category.as_ref();
//! println!("{}", category.map_or("unknown", |category| &category.path));
//!
//! let results = shop.search(&Search::text("something to boil water").top(3)).await?;
//! for found in &results.found {
//!     println!("{:.2} {}", found.similarity, found.product.product.title);
//! }
//! # assert_eq!(results.found.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! What is too much for a message is cut into several by the limits that the server tells.
//! Calls that the server has no room for are made again, as often as [`Retries`] says and as
//! the deadline allows; an [`Error`] keeps all that the server said.

mod admin;
mod attributes;
mod batches;
mod catalog;
mod connection;
mod error;
mod operation;
mod pages;
mod retry;
mod search;
mod upserts;
mod values;

pub use assort_core as core;
pub use assort_proto::{names, v1};
pub use catalog::{Catalog, Filed, Labelled};
pub use connection::{Client, Connect};
pub use error::{Error, Refusal, RejectedRow, Result};
pub use operation::{Answer, Operation};
pub use pages::Products;
pub use retry::Retries;
pub use search::{Found, Results, Search};
pub use tonic::Code;
pub use upserts::{Upserted, Upserts};
pub use values::{Row, StoredProduct};
