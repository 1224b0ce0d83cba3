//! What files products.
//!
//! [`candidates`] are the categories that may be chosen. Each [source](crate::source) of
//! evidence has a file of its own: [`prototypes`] (with [`adapt`], which fits
//! them without labels, and [`class_means`], which moves them by labels),
//! [`lexical`], [`knn`] and [`source_categories`]; heads are a crate of their own, and pictures are
//! told apart by [`ridge`]. [`weigh`] finds how much each counts, an [`ensemble`] adds them up, [`calibration`] makes confidence of what
//! comes out, and [`outcomes`] say how much of it is enough; [`label_issues`] are labels
//! that it contradicts. A further source of evidence is a variant of
//! [`Source`](crate::source::Source) and a file beside these.

pub(crate) mod adapt;
pub(crate) mod calibration;
pub(crate) mod candidates;
pub(crate) mod class_means;
pub(crate) mod ensemble;
pub(crate) mod knn;
pub(crate) mod label_issues;
pub(crate) mod lexical;
pub(crate) mod outcomes;
pub(crate) mod priors;
pub(crate) mod prototypes;
pub(crate) mod ridge;
pub(crate) mod source_categories;
pub(crate) mod weigh;
pub(crate) mod weights;
