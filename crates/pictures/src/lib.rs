//! Pictures for Assort: found, read and decoded, within limits.
//!
//! [`Pictures`] opens what products refer to: members of a folder or a tar archive, data
//! in the reference itself, and addresses on the web if that was asked for. Nothing
//! outside of the folder or archive is read, and no address that is not public.
//! [`decode`] makes [`Pixels`](assort_core::Pixels) of the bytes of a file.
//!
//! What is wrong with one picture is an [`Error`] of that picture alone.
//!
//! ```
//! use assort_pictures::Pictures;
//!
//! let pictures = Pictures::default();
//! let dot = "data:image/gif;base64,R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=";
//! assert_eq!(pictures.open(dot)?.rgb(), [5, 4, 4]);
//!
//! let refused = pictures.open("../secret.png").unwrap_err();
//! assert!(refused.to_string().starts_with("the picture `../secret.png`"));
//! # Ok::<(), assort_pictures::Error>(())
//! ```

#[cfg(feature = "urls")]
mod address;
mod ahead;
mod decode;
mod error;
mod folder;
mod format;
mod limits;
mod name;
mod pictures;
mod tar;
#[cfg(feature = "urls")]
mod web;

pub use ahead::Ahead;
pub use decode::decode;
pub use error::Error;
pub use format::Format;
pub use limits::Limits;
pub use pictures::{Pictures, open_file};
#[cfg(feature = "urls")]
pub use web::Urls;
