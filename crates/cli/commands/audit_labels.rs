//! `assort audit-labels`

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use assort::core::{CategoryIndex, OverlappingCategories, Taxonomy};
use assort::{ConflictingLabel, LabelAudit, LabelConflict, SuspectLabel};
use serde_json::json;

use super::open_for_writing_else_reading;
use crate::args::{AuditLabels, Global, ReportFormat};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::progress::Console;
use crate::render::{self, Columns, rounded};
use crate::text::{count, counted};

/// Contents with several labels, and pairs of categories, that are printed.
const SHOWN: usize = 10;

pub(crate) fn run(args: &AuditLabels, global: &Global) -> Outcome {
    let except = reviewed(&args.except)?;
    let (catalog, _) = open_for_writing_else_reading(&args.dir)?;
    let catalog = embedder::of_catalog(catalog, &args.embedder, global)?;
    let mut console = Console::new(global.quiet);
    let audit = catalog.audit_labels(&mut console);
    console.finish();
    let mut audit = audit?;
    audit
        .suspects
        .retain(|suspect| !except.contains(&suspect.id));
    let report = Report {
        taxonomy: &*catalog.taxonomy()?,
        audit: &audit,
        top: &audit.suspects[..args.top.get().min(audit.suspects.len())],
    };
    if let Some(path) = &args.review {
        report.write_review(path)?;
        let rows = counted(report.top.len() as u64, "label", "labels");
        console.say(&format!("{rows} written to {}", path.display()));
    }
    let mut sink = render::sink(None)?;
    match args.format {
        ReportFormat::Json => writeln!(sink, "{}", report.json())?,
        ReportFormat::Table => write!(sink, "{}", report.table())?,
    }
    sink.flush()?;
    Ok(Done::Whole)
}

/// The ids that review files list.
fn reviewed(paths: &[PathBuf]) -> Result<HashSet<String>, Failure> {
    let mut ids = HashSet::new();
    for path in paths {
        let failed = |what: String| Failure::Failed(format!("{}: {what}", path.display()));
        let mut reader = csv::Reader::from_path(path).map_err(|error| failed(error.to_string()))?;
        let header = reader
            .headers()
            .map_err(|error| failed(error.to_string()))?;
        let at = header.iter().position(|name| name == "id");
        let at = at.ok_or_else(|| {
            failed("no column is called `id`; give a file that --review wrote".to_owned())
        })?;
        for record in reader.records() {
            let record = record.map_err(|error| failed(error.to_string()))?;
            ids.extend(record.get(at).map(str::to_owned));
        }
    }
    Ok(ids)
}

struct Report<'a> {
    taxonomy: &'a Taxonomy,
    audit: &'a LabelAudit,
    /// The labels that are shown.
    top: &'a [SuspectLabel],
}

impl Report<'_> {
    fn path(&self, category: CategoryIndex) -> String {
        self.taxonomy.path(category)
    }

    fn write_review(&self, path: &Path) -> Result<(), Failure> {
        let mut sink = render::sink(Some(path))?;
        let mut writer = csv::Writer::from_writer(&mut sink);
        writer.write_record([
            "id",
            "title",
            "category",
            "suggested",
            "label_share",
            "suggested_share",
            "is_error",
        ])?;
        for suspect in self.top {
            writer.write_record([
                suspect.id.clone(),
                suspect.title.clone(),
                self.path(suspect.label),
                self.path(suspect.suggested),
                format!("{:.4}", suspect.label_share),
                format!("{:.4}", suspect.suggested_share),
                suspect.is_error.to_string(),
            ])?;
        }
        writer.flush()?;
        drop(writer);
        Ok(sink.flush()?)
    }

    fn json(&self) -> serde_json::Value {
        let id = |category: CategoryIndex| &self.taxonomy.category(category).id;
        let suspect = |suspect: &SuspectLabel| {
            json!({
                "id": suspect.id,
                "title": suspect.title,
                "label_id": id(suspect.label),
                "label": self.path(suspect.label),
                "suggested_id": id(suspect.suggested),
                "suggested": self.path(suspect.suggested),
                "label_share": rounded(suspect.label_share.into()),
                "suggested_share": rounded(suspect.suggested_share.into()),
                "margin": rounded(suspect.margin.into()),
                "is_error": suspect.is_error,
            })
        };
        let conflict = |conflict: &LabelConflict| -> Vec<serde_json::Value> {
            let products = conflict.products.iter();
            let product = |product: &ConflictingLabel| {
                json!({
                    "id": product.id,
                    "title": product.title,
                    "label_id": id(product.label),
                    "label": self.path(product.label),
                })
            };
            products.map(product).collect()
        };
        let overlapping = |pair: &OverlappingCategories| {
            json!({
                "category_ids": pair.categories.map(id),
                "categories": pair.categories.map(|category| self.path(category)),
                "products": pair.products,
                "mistaken": pair.mistaken,
            })
        };
        json!({
            "labels": self.audit.labels,
            "errors": self.audit.errors,
            "suspect": self.audit.suspects.len(),
            "suspects": self.top.iter().map(suspect).collect::<Vec<_>>(),
            "conflicts": self.audit.conflicts.iter().map(conflict).collect::<Vec<_>>(),
            "overlapping": self.audit.overlapping.iter().map(overlapping).collect::<Vec<_>>(),
        })
    }

    fn table(&self) -> String {
        let audit = self.audit;
        let mut text = render::facts(&[
            ("judged", counted(audit.labels, "label", "labels")),
            (
                "contradicted",
                format!(
                    "{}, of which {} are counted as errors",
                    count(audit.suspects.len() as u64),
                    count(audit.errors)
                ),
            ),
            (
                "conflicts",
                format!(
                    "{} with several labels",
                    counted(audit.conflicts.len() as u64, "content", "contents")
                ),
            ),
            (
                "overlapping",
                counted(
                    audit.overlapping.len() as u64,
                    "pair of categories",
                    "pairs of categories",
                ),
            ),
        ]);
        text += &section(&[7, 16, 0, 0, 0], &self.suspects());
        text += &section(&[8, 16, 0, 0], &self.conflicts());
        text += &section(&[16, 0, 0], &self.overlapping());
        text
    }

    fn suspects(&self) -> Section {
        let row = |suspect: &SuspectLabel| {
            vec![
                format!("{:.1}", suspect.margin),
                suspect.id.clone(),
                suspect.title.clone(),
                self.path(suspect.label),
                self.path(suspect.suggested),
            ]
        };
        Section {
            header: &["margin", "id", "title", "label", "suggested"],
            rows: self.top.iter().map(row).collect(),
        }
    }

    fn conflicts(&self) -> Section {
        let shown = self.audit.conflicts.iter().take(SHOWN);
        Section {
            header: &["products", "id", "title", "labels of one content"],
            rows: shown
                .flat_map(|conflict| self.labels_of(conflict))
                .collect(),
        }
    }

    /// The labels of one content: how many products have each, and the first of them.
    fn labels_of(&self, conflict: &LabelConflict) -> Vec<Vec<String>> {
        let mut by_label: BTreeMap<CategoryIndex, Vec<&ConflictingLabel>> = BTreeMap::new();
        for product in &conflict.products {
            by_label.entry(product.label).or_default().push(product);
        }
        let row = |products: &Vec<&ConflictingLabel>| {
            let first = products[0];
            vec![
                count(products.len() as u64),
                first.id.clone(),
                first.title.clone(),
                self.path(first.label),
            ]
        };
        by_label.values().map(row).collect()
    }

    fn overlapping(&self) -> Section {
        let row = |pair: &OverlappingCategories| {
            let [first, second] = pair.categories.map(|category| self.path(category));
            let mistaken = format!("{} of {}", count(pair.mistaken), count(pair.products));
            vec![mistaken, first, second]
        };
        let shown = self.audit.overlapping.iter().take(SHOWN);
        Section {
            header: &["mistaken", "category", "overlaps with"],
            rows: shown.map(row).collect(),
        }
    }
}

struct Section {
    header: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

/// A table after an empty line; nothing without rows.
fn section(widths: &[u16], section: &Section) -> String {
    match section.rows.as_slice() {
        [] => String::new(),
        rows => format!(
            "\n{}",
            Columns::new(widths).lines(Some(section.header), rows)
        ),
    }
}
