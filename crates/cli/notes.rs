//! What is told beside results: rows that do not keep to the rules, categories of another
//! taxonomy, and filters that meet nothing to compare with.

use std::path::Path;

use assort::core::AttributeKind;
use assort::read::{Columns, Otherwise, Tally};
use assort::{Catalog, FilterField, ForeignCategories, SOURCE_CATEGORY};

use crate::args::Global;
use crate::failure::Failure;
use crate::text::{count, counted};

/// What is told of a file whose rows were counted so, if anything.
pub(crate) fn of_rows(name: &str, tally: &Tally) -> Option<String> {
    let bent = tally.bent();
    let rows = |number: u64| counted(number, "row", "rows");
    let notes = [
        (
            tally.joined(),
            "about the product of another row, and joined to it",
        ),
        (
            bent.short,
            "shorter than the header, and read as if the rest were empty",
        ),
        (bent.quotes, "with quotes inside quotes, and read with them"),
        (bent.headers, "the header again, and skipped"),
    ];
    let mut notes: Vec<String> = notes
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", rows(number)))
        .collect();
    if tally.vectors() > 0 {
        let values = counted(tally.vectors(), "value", "values");
        notes.push(format!("{values} that are vectors, and left out"));
    }
    if let Some(encoding) = tally.encoding() {
        notes.push(format!(
            "behind a beginning of ASCII it was read as {encoding}"
        ));
    }
    notes.extend(tally.otherwise().iter().map(of_otherwise));
    notes.extend(tally.mended().iter().map(ToString::to_string));
    (!notes.is_empty()).then(|| format!("{name}: {}", notes.join("; ")))
}

/// What is told of numbers that are written otherwise than those of their column.
fn of_otherwise(other: &Otherwise) -> String {
    let values = counted(other.count, "value", "values");
    let (of, is, read) = match other.comma {
        true => ("decimal commas", "a decimal point", "read with it"),
        false => ("decimal points", "a decimal comma", "kept as they stand"),
    };
    format!(
        "{values} of `{}` with {is} in a column of {of}, and {read} (first in line {}: `{}`)",
        other.column, other.line, other.value
    )
}

/// What is told of columns whose numbers could be read in two ways.
pub(crate) fn of_numbers(name: &str, columns: &Columns) -> Option<String> {
    let told = columns.unclear_numbers().into_iter();
    let told: Vec<String> = told
        .map(|(column, point)| match point {
            true => format!("`{column}` as decimal points, though they could separate thousands"),
            false => {
                format!("`{column}` as commas between thousands, though they could be decimal")
            }
        })
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "{name}: three digits stand behind every sign; those of {}: --decimal-comma COLUMNS takes them the other way, `-` says that all is well",
            told.join(", of ")
        )
    })
}

/// What is told of categories that the taxonomy does not have; `columns` are those that
/// they stood in.
pub(crate) fn of_categories(foreign: &ForeignCategories, columns: &[String]) -> Option<String> {
    if foreign.unknown == 0 {
        return None;
    }
    let examples: Vec<String> = foreign
        .examples
        .iter()
        .map(|example| format!("`{example}`"))
        .collect();
    let more = if foreign.unknown as usize > examples.len() {
        ", …"
    } else {
        ""
    };
    let columns: Vec<String> = columns.iter().map(|name| format!("`{name}`")).collect();
    let place = match columns.is_empty() {
        true => String::new(),
        false => format!(" in {}", columns.join(", ")),
    };
    let what = if foreign.unknown * 2 > foreign.given {
        "; they seem to be another taxonomy's: --category names another column, `-` none"
    } else {
        ""
    };
    Some(format!(
        "{} of {}{place} are none of this catalog's ({}{more}): their products are kept without a label, with what was given as {SOURCE_CATEGORY}{what}",
        count(foreign.unknown),
        counted(foreign.given, "category", "categories"),
        examples.join(", "),
    ))
}

/// What is told of the kinds of attributes that were found from their values.
pub(crate) fn of_kinds(kinds: &[(String, AttributeKind)], dir: &Path) -> Option<String> {
    let told: Vec<String> = kinds
        .iter()
        .map(|(name, kind)| format!("{name}:{kind}"))
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "kinds of attributes, found from their values: {}; `assort attributes {} --set NAME:KIND` sets others",
            told.join(", "),
            dir.display()
        )
    })
}

/// Tells what is to be known of the attributes that a filter looks at, unless asked to be
/// quiet.
pub(crate) fn tell_of_filter(
    catalog: &Catalog,
    filter: Option<&str>,
    global: &Global,
) -> Result<(), Failure> {
    // A quiet command looks for no notes.
    let Some(filter) = filter.filter(|_| !global.quiet) else {
        return Ok(());
    };
    let fields = catalog.filter_fields(filter)?;
    let notes = fields.iter().flat_map(of_filter);
    notes.for_each(|note| global.say(&note));
    Ok(())
}

/// What is told of an attribute that a filter looks at: that no product has it, or that
/// some of its values, such as `$10 - $20`, do not compare with a number.
fn of_filter(field: &FilterField) -> Vec<String> {
    let name = &field.name;
    if field.values == 0 {
        let near = field
            .others
            .iter()
            .map(|other| (strsim::jaro_winkler(other, name), other));
        let near = near.filter(|(likeness, _)| *likeness > 0.8);
        let near = near.max_by(|one, other| one.0.total_cmp(&other.0));
        let near = near.map(|(_, other)| format!("; `{other}` is the nearest there is"));
        let near = near.unwrap_or_default();
        return vec![format!("note: no product has the attribute `{name}`{near}")];
    }
    let mut notes = Vec::new();
    let example = field.unreadable.as_deref().filter(|_| field.by_size);
    if let Some(example) = example {
        let kind = match field.kind {
            AttributeKind::Any => "numbers".to_owned(),
            kind => format!("of the kind {kind}"),
        };
        notes.push(format!(
            "note: {} of {} of `{name}` among the first {} are not {kind}, and neither less nor greater than one (the first is `{example}`)",
            count(field.values - field.readable),
            counted(field.values, "value", "values"),
            counted(field.looked_at, "product", "products"),
        ));
    }
    if field.by_size && field.currencies.len() > 1 {
        notes.push(format!(
            "note: `{name}` is in {}; an amount that names no currency means all of them",
            field.currencies.join(", ")
        ));
    }
    notes
}
