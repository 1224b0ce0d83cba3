//! `assort attributes` and `assort facets` on a server.

use assort::{AttributeSummary, Facet};
use assort_client::v1;

use super::Remote;
use crate::args::{Attributes, Facets, Global};
use crate::commands;
use crate::failure::{Failure, Outcome};

pub(super) fn attributes(args: &Attributes, remote: &Remote, global: &Global) -> Outcome {
    if !args.set.is_empty() {
        let kinds = args.set.iter();
        let kinds = kinds.map(|(name, kind)| (name.as_str(), kind.to_string()));
        remote.wait(remote.catalog.set_kinds(kinds))?;
    }
    let told = remote.wait(remote.catalog.attributes())?;
    let attributes: Result<Vec<_>, _> = told.into_iter().map(summary).collect();
    commands::attributes::print(&attributes?, args, global)
}

pub(super) fn facets(args: &Facets, remote: &Remote, global: &Global) -> Outcome {
    let filter = args.filter.as_deref().unwrap_or_default();
    let counted = remote.catalog.facets(&args.names, filter, args.top.get());
    let facets: Vec<Facet> = remote.wait(counted)?.into_iter().map(facet).collect();
    commands::facets::print(&facets, args, global)
}

fn summary(told: v1::Attribute) -> Result<AttributeSummary, Failure> {
    let kind = |text: &str| {
        let unknown = |what: String| {
            Failure::Failed(format!(
                "the server is of another version, and knows other kinds of attributes: {what}"
            ))
        };
        text.parse().map_err(unknown)
    };
    let likely = Some(told.likely_kind.as_str()).filter(|likely| !likely.is_empty());
    let mut summary = AttributeSummary::default();
    summary.kind = kind(&told.kind)?;
    summary.likely_kind = likely.map(kind).transpose()?;
    summary.name = told.name;
    summary.products = told.products as u64;
    summary.missing = told.missing;
    summary.distinct = told.distinct.map(|distinct| distinct as u64);
    summary.unreadable = told.unreadable as u64;
    summary.unreadable_values = told.unreadable_values;
    summary.range = told.least.zip(told.greatest);
    summary.currencies = counts(told.currencies);
    summary.top = counts(told.top);
    Ok(summary)
}

fn counts(told: Vec<v1::ValueCount>) -> Vec<(String, u64)> {
    let told = told.into_iter();
    told.map(|one| (one.value, one.products as u64)).collect()
}

/// How many products have each value of an attribute.
pub(super) fn facet(told: v1::Facet) -> Facet {
    let ranges = told.ranges.into_iter();
    let ranges = ranges.map(|range| (range.least, range.greatest, range.products as u64));
    let mut facet = Facet::default();
    facet.name = told.attribute;
    facet.products = told.products as u64;
    facet.present = told.present as u64;
    facet.distinct = told.distinct as u64;
    facet.values = counts(told.values);
    facet.ranges = ranges.collect();
    facet.is_partial = told.partial;
    facet
}
