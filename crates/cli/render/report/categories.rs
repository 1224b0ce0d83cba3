//! The figures of every category, the largest first.

use assort::core::{CategoryScores, Report, Taxonomy};
use maud::{Markup, html};

use super::{path, percent};
use crate::render::evaluation::by_support;
use crate::text::count;

/// Part of the categories that is highlighted, and how many products each must have.
const WORST: f64 = 0.1;
const ENOUGH: usize = 5;

pub(super) fn section(report: &Report, taxonomy: &Taxonomy) -> Markup {
    let categories = by_support(report, taxonomy);
    let worst = worst_f1(&categories);
    let is_worst =
        |one: &CategoryScores| one.support >= ENOUGH && worst.is_some_and(|worst| one.f1 <= worst);
    html! {
        section {
            h2 { "Every category" }
            p .lead {
                "The categories with the most products first. "
                @if worst.is_some() {
                    "The tenth with the lowest F1 is " span .key-orange { "highlighted" }
                    ", of those with " (ENOUGH) " products or more."
                }
            }
            table .categories {
                thead {
                    tr {
                        th { "category" }
                        @for name in ["products", "precision", "recall", "F1"] { th .number .figure { (name) } }
                        th .bar-head {}
                        th .taken { "most often taken for" }
                    }
                }
                tbody {
                    @for one in &categories { (row(one, is_worst(one), taxonomy)) }
                }
            }
        }
    }
}

fn row(one: &CategoryScores, is_worst: bool, taxonomy: &Taxonomy) -> Markup {
    html! {
        tr .worst[is_worst] {
            td { (path(taxonomy, one.category)) }
            td .number { (count(one.support as u64)) }
            td .number { (percent(one.precision)) }
            td .number { (percent(one.recall)) }
            td .number { strong { (percent(one.f1)) } }
            td .bar-cell { span .f1 style=(format!("width:{:.1}%", 100.0 * one.f1)) {} }
            td {
                @if let Some((other, times)) = one.taken_for {
                    span .times { (count(times as u64)) "×" } " " (path(taxonomy, other))
                }
            }
        }
    }
}

/// The highest F1 that is among the lowest; none if they are too few.
fn worst_f1(categories: &[&CategoryScores]) -> Option<f64> {
    let large = categories.iter().filter(|one| one.support >= ENOUGH);
    let mut f1: Vec<f64> = large.map(|one| one.f1).collect();
    f1.sort_by(f64::total_cmp);
    let count = (WORST * f1.len() as f64) as usize;
    f1.get(count.checked_sub(1)?)
        .copied()
        .filter(|f1| *f1 < 1.0)
}
