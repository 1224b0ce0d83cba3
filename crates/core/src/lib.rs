//! Domain types and pure algorithms of Assort.
//!
//! Nothing here knows a disk, a clock, a thread or hidden randomness.

mod attributes;
pub mod chance;
mod classifier;
pub mod compose;
mod content;
mod decision;
mod embedder;
mod error;
pub mod features;
mod filter;
mod metrics;
mod pieces;
mod pixels;
mod product;
mod source;
mod taxonomy;
mod text;
mod unknown;
pub mod vector;

pub use attributes::{
    AttributeKind, AttributeSchema, Currency, DateOrder, Day, Dimension, KindGuess, Unit, Value,
    is_number,
};
pub use classifier::adapt::{ROUNDS, SoftAssignments};
pub use classifier::calibration::{BetaCalibration, Calibrations, LEAF};
pub use classifier::candidates::Candidates;
pub use classifier::class_means::ClassMeans;
pub use classifier::ensemble::{DecideOptions, Ensemble, Evidence, Shares, sources};
pub use classifier::knn::{NEIGHBORS, Neighbor};
pub use classifier::label_issues::{
    BelievedLabel, LabelIssue, OverlappingCategories, label_issues, overlapping_categories,
};
pub use classifier::lexical::Lexicon;
pub use classifier::outcomes::{Outcome, Outcomes};
pub use classifier::priors::prior_shift;
pub use classifier::prototypes::{Prototypes, log_shares, mean_of};
pub use classifier::ridge::{CrossFitted, RidgeClassifier};
pub use classifier::source_categories::{Commonness, SparseShares, sparse};
pub use classifier::weigh::weigh;
pub use classifier::weights::Weights;
pub use compose::{TextInput, TextKind};
pub use content::content_key;
pub use decision::{
    Alternative, Decision, Method, NeighborEvidence, PictureProblem, Reasons, SourceEvidence,
    TextEvidence, WordEvidence,
};
pub use embedder::{
    COMPOSITION, EmbedError, Embedder, Input, Modality, Role, Space, StudentHooks, composed_texts,
};
pub use error::ErrorKind;
pub use filter::{
    AttributeUse, FieldName, FieldTest, Fields, Filter, FilterError, FilterExpr, FilterNode,
};
pub use metrics::{
    CategoryScores, Compared, Comparison, ConfidenceBin, ConfidenceReport, Confusion,
    CoverageAtPrecision, Difference, Level, Ranking, RankingInput, Report, RiskAtCoverage, Scores,
    SiblingPair, Siblings, Spread, stratified_group_folds,
};
pub use pieces::pieces;
pub use pixels::Pixels;
pub use product::{
    MAX_ID, MAX_TEXT, MAX_TITLE, Product, ProductUpdate, check_id, check_lengths, text_hash,
};
pub use source::Source;
pub use taxonomy::{
    Category, CategoryIndex, CategoryRow, GivenCategories, LIST_SEPARATORS, Place, SEPARATOR,
    Taxonomy, TaxonomyChange, TaxonomyError, parse_path, print_path, split_path,
};
pub use text::{clean, clean_lines, fold, visible};
pub use unknown::{UnknownTexts, knows, knows_each};
