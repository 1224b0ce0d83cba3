//! The parts of a cross-validation, and how figures grow with labels.

use assort::core::Spread;
use assort::{CrossValidation, Fold};
use maud::{Markup, html};

use super::percent;
use super::plot::{Axis, Frame, n};
use crate::render::evaluation::caveats;
use crate::text::count;

pub(super) fn section(parts: &CrossValidation) -> Markup {
    html! {
        section {
            h2 { "Cross-validation" }
            p .lead {
                "Each part was filed by what was learned from the others. Products that say the same are in one part."
            }
            @for told in caveats(parts) { p .note { (told) "." } }
            table {
                thead {
                    tr {
                        th { "part" }
                        th .number { "labels learned" }
                        th .number { "products" }
                        @for (name, _) in Fold::FIGURES { th .number { (long(name)) } }
                    }
                }
                tbody {
                    @for (number, fold) in (1..).zip(&parts.folds) {
                        tr {
                            td { (number) }
                            td .number { (count(fold.labels as u64)) }
                            td .number { (count(fold.products as u64)) }
                            @for (_, of) in Fold::FIGURES { td .number { (percent(of(fold))) } }
                        }
                    }
                }
                tfoot {
                    tr {
                        th colspan="3" { "mean ± standard deviation" }
                        @for (_, of) in Fold::FIGURES { th .number { (spread(parts.spread(of))) } }
                    }
                }
            }
        }
    }
}

/// The name of a figure where there is room for it.
fn long(name: &str) -> &str {
    match name {
        "balanced_accuracy" => "balanced accuracy",
        "weighted_f1" => "weighted F1",
        "macro_f1" => "macro F1",
        "mean_weighted_f1" => "F1 over levels",
        "hierarchical_f1" => "hierarchical F1",
        "ece" => "ECE",
        other => other,
    }
}

/// A figure with what it varies by.
pub(super) fn spread(spread: Spread) -> String {
    format!("{} ± {:.1}", percent(spread.mean), 100.0 * spread.deviation)
}

/// How figures grow with labels, or why that is not known.
pub(super) fn learning_curve(parts: Option<&CrossValidation>) -> Markup {
    let points = parts.map(|parts| parts.learning_curve.as_slice());
    let points = points.unwrap_or_default();
    html! {
        section {
            h2 { "Learning curve" }
            @if points.is_empty() {
                p .lead { "Not measured. " code { "assort evaluate SHOP --folds 5 --learning-curve" } " learns from growing parts of the labels." }
            } @else {
                p .lead { "What more labels are worth: the figures by the labels that were learned from, and how they vary between parts." }
                figure .narrow { (curve(points)) }
            }
        }
    }
}

fn curve(points: &[assort::LearningPoint]) -> Markup {
    let (first, last) = (points.first(), points.last());
    let ends = |point: Option<&assort::LearningPoint>| point.map_or(1.0, |point| point.labels);
    let lowest = points
        .iter()
        .flat_map(|point| [point.accuracy, point.mean_weighted_f1])
        .map(|one| one.mean - one.deviation)
        .fold(1.0, f64::min);
    let low = (lowest * 10.0).floor().max(0.0) / 10.0;
    let x = Axis {
        low: ends(first).max(1.0) * 0.9,
        high: ends(last).max(2.0) * 1.1,
        ticks: points.iter().map(|point| point.labels.max(1.0)).collect(),
        title: "labels learned from",
        label: |labels| count(labels.round() as u64),
        is_logarithmic: true,
    };
    let step = if 1.0 - low > 0.5 { 0.2 } else { 0.1 };
    let low = if step > 0.15 {
        (low * 5.0).floor() / 5.0
    } else {
        low
    };
    let frame = Frame {
        right: 118.0,
        width: 640.0,
        ..Frame::new(x, Axis::new(low, 1.0, step, ""))
    };
    let series = [
        (
            "accuracy",
            "blue",
            points
                .iter()
                .map(|point| point.accuracy)
                .collect::<Vec<_>>(),
        ),
        (
            "F1 over levels",
            "orange",
            points.iter().map(|point| point.mean_weighted_f1).collect(),
        ),
    ];
    let ends: Vec<f64> = series
        .iter()
        .map(|(_, _, values)| values.last().map_or(0.0, |last| frame.y(last.mean)))
        .collect();
    // Names that would touch stand apart.
    let crowded = ends.windows(2).any(|two| (two[0] - two[1]).abs() < 16.0);
    let upper_first = ends.windows(2).all(|two| two[0] <= two[1]);
    let content = html! {
        @for (at, (name, colour, values)) in series.iter().enumerate() {
            @let xs = points.iter().map(|point| point.labels.max(1.0));
            g class=(colour) {
                path .line d=(frame.path(xs.clone().zip(values).map(|(x, value)| (x, value.mean)))) {}
                @for (x, value) in xs.zip(values) {
                    (error_bar(&frame, x, *value))
                    @if at == 0 {
                        circle .dot cx=(n(frame.x(x))) cy=(n(frame.y(value.mean))) r="4" { title { (name) " " (spread(*value)) } }
                    } @else {
                        rect .dot x=(n(frame.x(x) - 3.5)) y=(n(frame.y(value.mean) - 3.5)) width="7" height="7" { title { (name) " " (spread(*value)) } }
                    }
                }
                @let shift = if !crowded { 4.0 } else if (at == 0) == upper_first { -5.0 } else { 13.0 };
                text .series x=(n(frame.width - frame.right + 10.0)) y=(n(ends[at] + shift)) { (name) }
            }
        }
    };
    frame.drawn(
        "Learning curve: accuracy and F1 by number of labels",
        &content,
    )
}

fn error_bar(frame: &Frame, x: f64, value: Spread) -> Markup {
    let x = frame.x(x);
    let low = frame.y((value.mean - value.deviation).max(frame.y.low));
    let high = frame.y((value.mean + value.deviation).min(frame.y.high));
    html! { line .whisker x1=(n(x)) x2=(n(x)) y1=(n(low)) y2=(n(high)) {} }
}
