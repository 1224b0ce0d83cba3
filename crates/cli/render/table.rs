//! Results as tables, for people.

use std::io::{self, Write};

use assort::core::{Decision, Product, Reasons, Taxonomy};
use assort::{Page, StoredProduct};
use comfy_table::{ColumnConstraint, ContentArrangement, Row, Width, presets};

use super::{Filed, Results, path_of};
use crate::failure::Failure;

/// Results as tables.
#[derive(Default)]
pub(super) struct Table {
    /// Whether the header is written.
    begun: bool,
}

impl Results for Table {
    fn filed(&mut self, sink: &mut dyn Write, filed: &Filed<'_>) -> Result<(), Failure> {
        let columns = Columns::new(&[16, 0, 8, 0]);
        let mut rows: Vec<Vec<String>> = Vec::new();
        // Confidence that nobody has measured is not called so.
        let calibrated = filed.decisions.iter().all(|one| one.is_calibrated);
        let sure = if calibrated { "sure" } else { "assumed" };
        let titles = ["id", "title", sure, "category"];
        let mut header = (!self.begun).then_some(&titles[..]);
        for (product, decision) in filed.products.iter().zip(filed.decisions) {
            rows.extend(lines_of(filed.taxonomy, product, decision));
            if let Some(reasons) = &decision.reasons {
                let rows = std::mem::take(&mut rows);
                write!(sink, "{}", columns.lines(header.take(), &rows))?;
                explain(sink, filed.taxonomy, reasons)?;
            }
        }
        if !rows.is_empty() {
            write!(sink, "{}", columns.lines(header.take(), &rows))?;
        }
        self.begun = true;
        Ok(())
    }

    fn found(
        &mut self,
        sink: &mut dyn Write,
        taxonomy: &Taxonomy,
        page: &Page,
    ) -> Result<(), Failure> {
        Ok(write!(sink, "{}", found(taxonomy, page))?)
    }
}

/// The header of products that are like something, in groups.
pub(crate) const LIKE: [&str; 5] = ["group", "like", "id", "title", "category"];

/// The cells of a product that is so similar to something, but for its group.
pub(crate) fn like(taxonomy: &Taxonomy, stored: &StoredProduct, similarity: f32) -> Vec<String> {
    vec![
        format!("{similarity:.3}"),
        stored.product.id.clone(),
        stored.product.title.clone(),
        path_of(taxonomy, stored).unwrap_or_default(),
    ]
}

/// What a search found.
pub(crate) fn found(taxonomy: &Taxonomy, page: &Page) -> String {
    let mut rows: Vec<Vec<String>> = Vec::with_capacity(page.found.len());
    for found in &page.found {
        let mut row = like(taxonomy, &found.product, found.similarity);
        if let Some(group) = &found.group {
            let value = group.value.iter().map(|value| format!(" {value}"));
            row.insert(0, format!("{}{}", group.number, value.collect::<String>()));
        }
        rows.push(row);
    }
    match page.found.iter().any(|found| found.group.is_some()) {
        true => Columns::new(&[20, 6, 16, 0, 0]).lines(Some(&LIKE), &rows),
        false => Columns::new(&[6, 16, 0, 0]).lines(Some(&LIKE[1..]), &rows),
    }
}

/// A product's line, and one for each further alternative.
fn lines_of(taxonomy: &Taxonomy, product: &Product, decision: &Decision) -> Vec<Vec<String>> {
    let path = |index| taxonomy.path(index);
    let best = match (decision.category, decision.alternatives.first()) {
        (Some(index), _) => path(index),
        (None, Some(alternative)) => format!("unknown, perhaps {}", path(alternative.category)),
        (None, None) => "unknown".to_owned(),
    };
    let sure = |confidence: f32| format!("{:.0}%", 100.0 * confidence);
    let mut lines = vec![vec![
        product.id.clone(),
        product.title.clone(),
        sure(decision.confidence),
        best,
    ]];
    lines.extend(decision.alternatives.iter().skip(1).map(|alternative| {
        vec![
            String::new(),
            String::new(),
            sure(alternative.confidence),
            path(alternative.category),
        ]
    }));
    lines
}

/// What decided: sources of evidence, words, texts, labelled products.
fn explain(sink: &mut dyn Write, taxonomy: &Taxonomy, reasons: &Reasons) -> Result<(), Failure> {
    if !reasons.sources.is_empty() {
        let sources = reasons.sources.iter();
        let sources: Vec<String> = sources
            .map(|one| format!("{} ({:.1})", one.source.as_str(), one.effect))
            .collect();
        writeln!(sink, "    by {}", sources.join(", "))?;
    }
    if !reasons.words.is_empty() {
        let words = reasons.words.iter();
        let words: Vec<String> = words
            .map(|word| format!("{} ({:.1})", word.word, word.effect))
            .collect();
        writeln!(sink, "    carried by the words {}", words.join(", "))?;
    }
    for text in &reasons.texts {
        writeln!(
            sink,
            "    {:.2} like its {}: {}",
            text.similarity,
            text.kind.as_str(),
            text.text
        )?;
    }
    for neighbor in reasons.neighbors.iter().take(5) {
        let image = neighbor.image.as_ref();
        writeln!(
            sink,
            "    {:.2} like {}, filed under {}: {}{}",
            neighbor.similarity,
            neighbor.id,
            taxonomy.path(neighbor.category),
            neighbor.title,
            image.map_or(String::new(), |image| format!(" (picture {image})"))
        )?;
    }
    Ok(())
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
        let mut table = comfy_table::Table::new();
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
