//! Arguments of the commands that look at attributes.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use assort::core::AttributeKind;
use clap::Args;

use super::ReportFormat;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort attributes shop\n  assort attributes shop --set weight:mass,released:date-month-first\n  assort attributes shop --set size:text\n\nKinds are any, text, number, money, boolean, date, date-month-first, mass, volume, length, area, time, power, voltage, current, charge, energy, frequency, data, or the unit of values that name none, such as g. An import finds them from values; filters compare values by them."
)]
pub(crate) struct Attributes {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// Set the kinds of attributes, as in weight:mass,price:money
    #[arg(long, value_name = "NAME:KIND", value_delimiter = ',', value_parser = named_kind)]
    pub(crate) set: Vec<(String, AttributeKind)>,

    /// Attributes to print, those of the most products first
    #[arg(long, value_name = "N", default_value = "100")]
    pub(crate) top: NonZeroUsize,

    /// How the report is printed
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort facets shop brand,colour\n  assort facets shop category,price --filter 'brand = HP'\n\nA product counts for each of its values. Values that differ in capitals count together. Amounts of many values are told by ranges of about as many products each."
)]
pub(crate) struct Facets {
    /// The catalog's directory
    pub(crate) dir: PathBuf,

    /// Attributes whose values are counted, separated by commas; `category` is the
    /// category that products are filed under
    #[arg(value_delimiter = ',', required = true)]
    pub(crate) names: Vec<String>,

    /// Only products that match an expression, such as `price < 100`
    #[arg(long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,

    /// Values of each attribute to print, those of the most products first
    #[arg(long, value_name = "N", default_value = "20")]
    pub(crate) top: NonZeroUsize,

    /// How the report is printed
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,
}

/// `NAME:KIND`.
fn named_kind(text: &str) -> Result<(String, AttributeKind), String> {
    let (name, kind) = text
        .rsplit_once(':')
        .ok_or_else(|| format!("{text:?} has no kind: expected NAME:KIND, such as weight:mass"))?;
    Ok((name.to_owned(), kind.parse()?))
}
