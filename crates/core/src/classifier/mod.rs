//! What files products: one file for each source of evidence, and what weighs
//! them against each other.

pub(crate) mod adapt;
pub(crate) mod calibration;
pub(crate) mod class_means;
pub(crate) mod ensemble;
pub(crate) mod knn;
pub(crate) mod prototypes;
