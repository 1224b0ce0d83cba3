//! An evaluation as one HTML page that needs nothing else: no script, no other file, and
//! no network. All texts are escaped by maud.

mod categories;
mod comparison;
mod confidence;
mod confusion;
mod folds;
mod plot;

use std::path::Path;

use assort::core::{CategoryIndex, Level, Scores, Taxonomy};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::evaluation::{Evaluated, figures, overlap};
use crate::text::counted;

/// The page's style, in light and dark, and for paper.
const STYLE: &str = include_str!("style.css");

/// Forbids the page to load anything.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// An evaluation as a page.
pub(crate) struct HtmlReport<'a> {
    pub(crate) evaluated: &'a Evaluated<'a>,
    /// The catalog's directory.
    pub(crate) catalog: &'a Path,
    /// What was judged.
    pub(crate) judged: &'a str,
}

impl HtmlReport<'_> {
    /// The whole page.
    pub(crate) fn page(&self) -> String {
        let title = format!("Evaluation of {}", self.name());
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    title { (title) }
                    style { (PreEscaped(STYLE)) }
                }
                body { main { (self.content()) } }
            }
        };
        page.into_string()
    }

    /// The catalog's name: that of its directory.
    fn name(&self) -> String {
        let whole = std::path::absolute(self.catalog);
        let whole = whole.unwrap_or_else(|_| self.catalog.to_owned());
        let name = whole.file_name().unwrap_or(whole.as_os_str());
        name.to_string_lossy().into_owned()
    }

    fn content(&self) -> Markup {
        let (evaluation, taxonomy) = (self.evaluated.evaluation, self.evaluated.taxonomy);
        let parts = evaluation.cross_validation.as_ref();
        html! {
            (self.header())
            (self.headline())
            (self.notes())
            @if let Some(with) = &evaluation.comparison { (comparison::section(evaluation.method, with)) }
            (levels(&evaluation.report.levels, &evaluation.report.scores))
            @if let Some(parts) = parts { (folds::section(parts)) }
            (confidence::section(&evaluation.confidence, evaluation.is_calibrated))
            (confusion::section(&evaluation.report, taxonomy))
            (folds::learning_curve(parts))
            (categories::section(&evaluation.report, taxonomy))
            footer { "Assort " (env!("CARGO_PKG_VERSION")) }
        }
    }

    fn header(&self) -> Markup {
        let (evaluation, taxonomy) = (self.evaluated.evaluation, self.evaluated.taxonomy);
        let leaves = taxonomy.leaves().count() as u64;
        html! {
            header {
                p .over { "Evaluation" }
                h1 { (self.name()) }
                p .lead {
                    (counted(evaluation.report.products as u64, "product", "products")) " of "
                    (self.judged) ", filed into " (counted(leaves, "category", "categories"))
                    " by the method " strong { (evaluation.method) } "."
                }
            }
        }
    }

    fn headline(&self) -> Markup {
        let evaluation = self.evaluated.evaluation;
        let (report, parts) = (&evaluation.report, evaluation.cross_validation.as_ref());
        let ranking = evaluation.ranking.as_ref();
        let varied = |of: fn(&assort::Fold) -> f64| {
            parts.map(|parts| format!("± {:.1} between parts", 100.0 * parts.spread(of).deviation))
        };
        let share = |name, value, told: &'static str, varied: Option<String>| {
            card(name, &percent(value), told, varied)
        };
        html! {
            section .cards aria-label="Headline figures" {
                (share("Accuracy", report.scores.accuracy, "decisions that are right", varied(|fold| fold.accuracy)))
                (share("Balanced accuracy", report.scores.balanced_accuracy, "recall, every category alike", varied(|fold| fold.balanced_accuracy)))
                (share("F1 over levels", report.mean_weighted_f1(), "weighted by products, mean of levels", varied(|fold| fold.mean_weighted_f1)))
                (share("Macro F1", report.scores.macro_f1, "every category alike", varied(|fold| fold.macro_f1)))
                (share("Hierarchical F1", report.hierarchical_f1, "categories with their ancestors", varied(|fold| fold.hierarchical_f1)))
                (share("Decided", report.coverage, "products filed to the end", None))
                (card("Calibration error", &format!("{:.3}", evaluation.confidence.ece), "how far confidence is off (ECE)", None))
                @if let Some(ranking) = ranking {
                    (share("Top five", ranking.top5_accuracy, "the truth is among the first five", None))
                    (card("Log loss", &format!("{:.3}", ranking.log_loss), "of the truth's share", None))
                    @if let Some(auc) = ranking.auc {
                        (card("ROC AUC", &format!("{auc:.3}"), "one category against the rest", None))
                    }
                }
                @if let Some(sets) = evaluation.sets {
                    (card("Sets", &percent(sets.coverage), "hold the truth", Some(format!("{} asked, {:.2} categories each", percent(sets.asked), sets.mean_size))))
                }
            }
        }
    }

    /// What a reader must know before believing the figures.
    fn notes(&self) -> Markup {
        let evaluation = self.evaluated.evaluation;
        let rejected = (evaluation.rejected > 0).then(|| {
            let rows = counted(evaluation.rejected, "row was", "rows were");
            format!("{rows} left out, for want of a usable product or category")
        });
        let above = evaluation.report.decided_above;
        let above = (above > 0).then(|| {
            let products = counted(above as u64, "product was", "products were");
            format!(
                "{products} given a category above the truth, which counts on the levels down to it"
            )
        });
        let notes: Vec<String> = [overlap(evaluation), rejected, above]
            .into_iter()
            .flatten()
            .collect();
        html! { @for note in notes { p .note { (note) "." } } }
    }
}

fn card(name: &str, value: &str, told: &str, varied: Option<String>) -> Markup {
    html! {
        div .card {
            div .card-name { (name) }
            div .card-value { (value) }
            div .card-told { (told) }
            @if let Some(varied) = varied { div .card-told { (varied) } }
        }
    }
}

fn levels(levels: &[Level], whole: &Scores) -> Markup {
    let row = |name: String, scores: &Scores, errors: Option<f64>| {
        html! {
            tr {
                th scope="row" { (name) }
                @for figure in figures(scores) { td .number { (percent(figure)) } }
                td .number { @if let Some(errors) = errors { (percent(errors)) } }
                td .bar-cell { @if let Some(errors) = errors { span .errors style=(format!("width:{:.1}%", 100.0 * errors)) {} } }
            }
        }
    };
    html! {
        section {
            h2 { "Levels" }
            p .lead { "Two categories count as equal on a level if they agree down to it. The last column is the part of all mistakes in which decision and truth part on that level." }
            div .scroll {
                table {
                    thead {
                        tr .groups { th {} th colspan="2" {} th colspan="3" { "weighted by products" } th colspan="3" { "every category alike" } th colspan="2" {} }
                        tr {
                            th {}
                            @for name in ["accuracy", "balanced", "precision", "recall", "F1", "precision", "recall", "F1", "mistakes"] {
                                th .number { (name) }
                            }
                            th .bar-head {}
                        }
                    }
                    tbody {
                        @for level in levels { (row(format!("level {}", level.level), &level.scores, Some(level.error_share))) }
                        (row("whole category".to_owned(), whole, None))
                    }
                }
            }
        }
    }
}

/// A part of all, with a decimal.
fn percent(part: f64) -> String {
    format!("{:.1}%", 100.0 * part)
}

/// A category, and quietly what is above it.
fn path(taxonomy: &Taxonomy, category: CategoryIndex) -> Markup {
    let lineage = taxonomy.lineage(category);
    let name = |at: &CategoryIndex| taxonomy.category(*at).name.clone();
    let above: Vec<String> = lineage.iter().rev().skip(1).rev().map(name).collect();
    html! {
        span .path {
            span .name { (taxonomy.category(category).name) }
            @if !above.is_empty() { span .above { (above.join(" › ")) } }
        }
    }
}

#[cfg(test)]
mod tests;
