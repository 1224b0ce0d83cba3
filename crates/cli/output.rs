//! Results on stdout or in a file, as tables, JSON Lines or CSV.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use assort::core::{Alternative, CategoryIndex, Decision, Product, Taxonomy};
use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, Width, presets};
use serde_json::{Value, json};

use crate::failure::Failure;

/// Where results go.
pub(crate) fn sink(path: Option<&Path>) -> Result<Box<dyn Write>, Failure> {
    let Some(path) = path else {
        return Ok(Box::new(BufWriter::new(io::stdout().lock())));
    };
    let file = File::create(path).map_err(|error| {
        Failure::Failed(format!(
            "{} cannot be written: {error}; choose another file",
            path.display()
        ))
    })?;
    Ok(Box::new(BufWriter::new(file)))
}

/// Columns a table fills at most.
const WIDEST: u16 = 240;

/// Columns a table may fill: the terminal's, or enough for a wide page.
fn width() -> u16 {
    let stated = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    // Only a terminal is narrow; a file has room for whole titles and paths.
    let seen = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
    stated.or(seen).unwrap_or(WIDEST).clamp(60, WIDEST)
}

/// A plain table of `widths` (0 for what is left), long cells cut.
pub(crate) struct Columns {
    widths: Vec<u16>,
}

impl Columns {
    /// Columns of fixed widths; those of width 0 share what is left.
    pub(crate) fn new(widths: &[u16]) -> Self {
        let flexible = widths.iter().filter(|width| **width == 0).count() as u16;
        let fixed: u16 = widths.iter().map(|width| width + 2).sum();
        let share = width().saturating_sub(fixed) / flexible.max(1);
        let share = share.max(16);
        Self {
            widths: widths
                .iter()
                .map(|&width| if width == 0 { share } else { width })
                .collect(),
        }
    }

    /// Rows as lines, each ended by a line break.
    pub(crate) fn lines(&self, header: Option<&[&str]>, rows: &[Vec<String>]) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(self.widths.iter().map(|width| width + 2).sum());
        if let Some(header) = header {
            table.set_header(header.iter().map(|name| name.to_uppercase()));
        }
        for cells in rows {
            let mut row = Row::from(cells);
            row.max_height(1);
            table.add_row(row);
        }
        for (column, &width) in table.column_iter_mut().zip(&self.widths) {
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width + 2)));
            column.set_padding((0, 2));
        }
        let text = table.to_string();
        text.lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect()
    }
}

/// Facts as `name  value` lines.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let width = facts
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    facts
        .iter()
        .map(|(name, value)| format!("{name:width$}  {value}\n"))
        .collect()
}

/// Four decimals: what figures of a few thousand products can bear.
pub(crate) fn rounded(value: f64) -> Value {
    json!((value * 1e4).round() / 1e4)
}

/// A category as JSON.
pub(crate) fn category(taxonomy: &Taxonomy, index: CategoryIndex) -> Value {
    json!({"id": taxonomy.category(index).id, "path": taxonomy.path(index)})
}

/// A product as JSON.
pub(crate) fn product(product: &Product) -> Value {
    let attributes: serde_json::Map<String, Value> = product
        .attributes
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    json!({
        "id": product.id,
        "title": product.title,
        "text": product.text,
        "attributes": attributes,
        "image": product.image,
    })
}

/// A decision as JSON, with its reasons if it has any.
pub(crate) fn decision(taxonomy: &Taxonomy, product: &Product, decision: &Decision) -> Value {
    let sure = |all: &[Alternative]| -> Vec<Value> {
        let values = all.iter().map(|one| {
            let mut value = category(taxonomy, one.category);
            value["confidence"] = rounded(one.confidence.into());
            value
        });
        values.collect()
    };
    let mut value = json!({
        "id": product.id,
        "title": product.title,
        "category": decision.category.map(|index| category(taxonomy, index)),
        "confidence": rounded(decision.confidence.into()),
        "margin": rounded(decision.margin.into()),
        "alternatives": sure(&decision.alternatives),
        "levels": sure(&decision.levels),
    });
    if let Some(reasons) = &decision.reasons {
        let neighbors = reasons.neighbors.iter().map(|neighbor| {
            json!({
                "id": neighbor.id,
                "title": neighbor.title,
                "category": category(taxonomy, neighbor.category),
                "similarity": rounded(neighbor.similarity.into()),
            })
        });
        value["neighbors"] = neighbors.collect();
        let texts = reasons.texts.iter().map(|text| {
            json!({
                "kind": text.kind.as_str(),
                "text": text.text,
                "similarity": rounded(text.similarity.into()),
            })
        });
        value["texts"] = texts.collect();
    }
    value
}
