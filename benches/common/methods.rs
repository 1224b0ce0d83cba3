//! Methods that are measured on data without pictures.

use assort::core::Method;

/// The methods that read texts.
pub(crate) const BY_TEXT: [Method; 4] = [
    Method::Auto,
    Method::ZeroShot,
    Method::Neighbors,
    Method::Head,
];
