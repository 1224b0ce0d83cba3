//! `assort attributes`

use std::io::Write;

use assort::{AttributeSummary, Catalog};
use serde_json::json;

use crate::args::{Attributes, Global, ReportFormat};
use crate::failure::{Done, Outcome};
use crate::render::{self, Columns, rounded};
use crate::text::{count, counted};

pub(crate) fn run(args: &Attributes, global: &Global) -> Outcome {
    let catalog = if args.set.is_empty() {
        Catalog::open_read_only(&args.dir)?
    } else {
        Catalog::open(&args.dir)?
    };
    let kinds = args.set.iter().map(|(name, kind)| (name.as_str(), *kind));
    catalog.set_attribute_kinds(kinds)?;
    print(&catalog.attributes()?, args, global)
}

/// Prints what attributes hold, with what is to be known of them.
pub(crate) fn print(
    attributes: &[AttributeSummary],
    args: &Attributes,
    global: &Global,
) -> Outcome {
    for (name, _) in &args.set {
        if !attributes
            .iter()
            .any(|one| one.name.eq_ignore_ascii_case(name))
        {
            global.say(&format!("note: no product has the attribute `{name}` yet"));
        }
    }
    let shown = &attributes[..args.top.get().min(attributes.len())];
    let mut sink = render::sink(None)?;
    match args.format {
        ReportFormat::Json => writeln!(sink, "{}", as_json(shown))?,
        ReportFormat::Table => write!(sink, "{}", as_table(shown))?,
    }
    sink.flush()?;
    global.say(&counted(attributes.len() as u64, "attribute", "attributes"));
    shown
        .iter()
        .filter_map(advice)
        .for_each(|told| global.say(&told));
    Ok(Done::Whole)
}

/// What is to be known of an attribute before filters go by it.
fn advice(one: &AttributeSummary) -> Option<String> {
    let AttributeSummary { name, kind, .. } = one;
    if one.unreadable > 0 {
        let examples: Vec<String> = one
            .unreadable_values
            .iter()
            .map(|value| format!("`{value}`"))
            .collect();
        return Some(format!(
            "note: {} of {name} cannot be read as {kind} ({}); filters find them only by equal text",
            counted(one.unreadable, "value", "values"),
            examples.join(", ")
        ));
    }
    if one.currencies.len() > 1 {
        let names: Vec<&str> = one
            .currencies
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        return Some(format!(
            "note: {name} is in {}; a filter that names no currency, as in `{name} < 20`, means amounts of all of them",
            names.join(", ")
        ));
    }
    let likely = one.likely_kind?;
    Some(format!(
        "note: {name} looks like {likely}; --set '{name}:{likely}' has filters compare it so"
    ))
}

fn as_json(attributes: &[AttributeSummary]) -> serde_json::Value {
    let rows = attributes.iter().map(|one| {
        let pairs = |pairs: &[(String, u64)]| {
            let pairs = pairs.iter();
            let pairs =
                pairs.map(|(value, products)| json!({ "value": value, "products": products }));
            pairs.collect::<Vec<_>>()
        };
        json!({
            "name": one.name,
            "kind": one.kind.to_string(),
            "likely_kind": one.likely_kind.map(|kind| kind.to_string()),
            "products": one.products,
            "missing": rounded(one.missing),
            "distinct": one.distinct,
            "unreadable": one.unreadable,
            "unreadable_values": one.unreadable_values,
            "least": one.range.as_ref().map(|range| &range.0),
            "greatest": one.range.as_ref().map(|range| &range.1),
            "currencies": pairs(&one.currencies),
            "top": pairs(&one.top),
        })
    });
    json!({ "attributes": rows.collect::<Vec<_>>() })
}

fn as_table(attributes: &[AttributeSummary]) -> String {
    let header = [
        "attribute",
        "kind",
        "products",
        "missing",
        "distinct",
        "range",
        "most frequent",
    ];
    let rows = attributes.iter().map(|one| {
        let range = one
            .range
            .as_ref()
            .map(|(least, greatest)| format!("{least} .. {greatest}"));
        let top = one
            .top
            .iter()
            .take(3)
            .map(|(value, products)| format!("{value} ({})", count(*products)));
        vec![
            one.name.clone(),
            one.kind.to_string(),
            count(one.products),
            format!("{:.0}%", one.missing * 100.0),
            one.distinct.map_or_else(|| "many".to_owned(), count),
            range.unwrap_or_default(),
            top.collect::<Vec<_>>().join(", "),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    Columns::new(&[0, 0, 9, 7, 9, 0, 0]).lines(Some(&header), &rows)
}
