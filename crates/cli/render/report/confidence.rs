//! Whether confidence is true, and what it is worth: the reliability diagram and the
//! risk–coverage curve.

use assort::core::{ConfidenceBin, ConfidenceReport, CoverageAtPrecision, RiskAtCoverage};
use maud::{Markup, html};

use super::plot::{Axis, Frame, n, percent};
use crate::text::count;

/// Bins that confidence is compared in.
const BINS: f64 = 15.0;

/// With fewer decisions than this a bin says little.
const FEW: usize = 20;

/// Part of the products before which the risk–coverage curve jumps with every mistake.
const FIRST: f64 = 0.02;

pub(super) fn section(found: &ConfidenceReport, is_calibrated: bool) -> Markup {
    let kind = match is_calibrated {
        true => "calibrated on labels",
        false => "assumed, since there were too few labels to calibrate it",
    };
    html! {
        section {
            h2 { "Confidence" }
            p .lead {
                "Confidence is " (kind) ". It is " (percent_1(found.mean)) " on average, and off by "
                (format!("{:.3}", found.ece)) " (expected calibration error)."
            }
            div .plots {
                figure {
                    h3 { "Reliability" }
                    (reliability(&found.bins))
                    (counts(&found.bins))
                    figcaption {
                        "Of the decisions of like confidence, the part that is right. On the dashed line confidence is true; "
                        span .key-orange { "orange" } " is what it is off by. Pale bars are of fewer than " (FEW) " decisions; how many there are stands below."
                    }
                }
                figure {
                    h3 { "Risk and coverage" }
                    (risk(found))
                    figcaption {
                        "If only the surest decisions are taken: the part of all products they cover, and the part of them that is wrong. Area under the curve "
                        (format!("{:.4}", found.risk_coverage_area)) "; the dashed line is what choosing by chance would give."
                    }
                    (coverage(found))
                }
            }
        }
    }
}

fn percent_1(part: f64) -> String {
    format!("{:.1}%", 100.0 * part)
}

/// The lower end of a bin.
fn low(bin: &ConfidenceBin) -> f64 {
    (bin.confidence * BINS).floor().min(BINS - 1.0) / BINS
}

fn reliability(bins: &[ConfidenceBin]) -> Markup {
    let axis = |title| Axis::new(0.0, 1.0, 0.2, title);
    let frame = Frame::new(axis("confidence"), axis("right"));
    let (bottom, diagonal) = (
        frame.y(0.0),
        frame.path([(0.0, 0.0), (1.0, 1.0)].into_iter()),
    );
    let bar = |bin: &ConfidenceBin| {
        let (left, right) = (
            frame.x(low(bin)) + 1.0,
            frame.x(low(bin) + 1.0 / BINS) - 1.0,
        );
        let (top, said) = (frame.y(bin.accuracy), frame.y(bin.confidence));
        let told = format!(
            "confidence {}, right {}, {} decisions",
            percent_1(bin.confidence),
            percent_1(bin.accuracy),
            count(bin.count as u64)
        );
        html! {
            g .few[bin.count < FEW] {
                title { (told) }
                rect .bar x=(n(left)) width=(n(right - left)) y=(n(top.max(said))) height=(n(bottom - top.max(said))) {}
                rect .gap x=(n(left)) width=(n(right - left)) y=(n(top.min(said))) height=(n((top - said).abs())) {}
                line .level x1=(n(left)) x2=(n(right)) y1=(n(top)) y2=(n(top)) {}
            }
        }
    };
    let content = html! {
        @for bin in bins { (bar(bin)) }
        path .dashed d=(diagonal) {}
    };
    frame.drawn("Reliability diagram: accuracy by confidence", &content)
}

/// How many decisions there are, below the reliability diagram and in line with it.
fn counts(bins: &[ConfidenceBin]) -> Markup {
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1);
    let mut y = Axis::up_to(most as f64, "decisions");
    y.ticks = vec![0.0, y.high];
    y.label = |value| count(value as u64);
    let mut x = Axis::new(0.0, 1.0, 0.2, "confidence");
    x.title = "";
    let frame = Frame {
        height: 120.0,
        bottom: 26.0,
        ..Frame::new(x, y)
    };
    let bar = |bin: &ConfidenceBin| {
        let (left, right) = (
            frame.x(low(bin)) + 1.0,
            frame.x(low(bin) + 1.0 / BINS) - 1.0,
        );
        let top = frame.y(bin.count as f64);
        html! {
            rect .count x=(n(left)) width=(n(right - left)) y=(n(top)) height=(n(frame.y(0.0) - top)) {
                title { (count(bin.count as u64)) }
            }
        }
    };
    let content = html! { @for bin in bins { (bar(bin)) } };
    frame.drawn("Number of decisions by confidence", &content)
}

fn risk(found: &ConfidenceReport) -> Markup {
    let points = &found.risk_coverage;
    let all = points.last().map_or(0.0, |last| last.risk);
    let settled = points.iter().filter(|point| point.coverage >= FIRST);
    let highest = settled.map(|point| point.risk).fold(all, f64::max);
    let frame = Frame::new(
        Axis::new(0.0, 1.0, 0.2, "products covered"),
        Axis::up_to((1.02 * highest).max(0.01), "wrong"),
    );
    let curve = points
        .iter()
        .map(|point| (point.coverage, point.risk.min(frame.y.high)));
    let curve: Vec<(f64, f64)> = curve.collect();
    let line = frame.path(curve.iter().copied());
    let first = curve.first().map_or(0.0, |first| first.0);
    let area = [(1.0, 0.0), (first, 0.0)].into_iter();
    let area = frame.path(curve.iter().copied().chain(area));
    let marks = marks(found);
    let mark = |&(precision, coverage, risk): &(f64, f64, f64)| {
        let (x, y) = (frame.x(coverage), frame.y(risk));
        // On the left there is no room before the mark.
        let (at, anchor) = match x < frame.left + 72.0 {
            true => (x + 9.0, "start"),
            false => (x - 9.0, "end"),
        };
        html! {
            line .drop x1=(n(x)) x2=(n(x)) y1=(n(y)) y2=(n(frame.y(0.0))) {}
            circle .mark cx=(n(x)) cy=(n(y)) r="4.5" {}
            text .mark-label x=(n(at)) y=(n(y - 6.0)) text-anchor=(anchor) { (percent(precision)) " right" }
        }
    };
    let content = html! {
        path .area d=(format!("{area}Z")) {}
        path .dashed d=(frame.path([(0.0, all), (1.0, all)].into_iter())) {}
        path .line d=(line) {}
        @for one in &marks { (mark(one)) }
    };
    frame.drawn(
        "Risk-coverage curve: share of wrong decisions by coverage",
        &content,
    )
}

/// Precisions with the coverage they have, and the risk there; of those that cover the
/// same the highest.
fn marks(found: &ConfidenceReport) -> Vec<(f64, f64, f64)> {
    let all = &found.coverage_at_precision;
    let covers_less = |one: &CoverageAtPrecision| {
        let mut higher = all.iter().filter(|other| other.precision > one.precision);
        higher.all(|other| other.coverage < one.coverage)
    };
    let known = all
        .iter()
        .filter(|one| one.coverage > 0.0 && one.coverage < 1.0);
    known
        .filter(|one| covers_less(one))
        .map(|one| {
            let apart = |point: &&RiskAtCoverage| (point.coverage - one.coverage).abs();
            let points = found.risk_coverage.iter();
            let nearest = points.min_by(|a, b| apart(a).total_cmp(&apart(b)));
            let risk = nearest.map_or(0.0, |point| point.risk);
            (one.precision, one.coverage, risk.min(1.0 - one.precision))
        })
        .collect()
}

fn coverage(found: &ConfidenceReport) -> Markup {
    html! {
        table .small {
            thead {
                tr {
                    th { "to be right in" }
                    @for one in &found.coverage_at_precision { th .number { (percent(one.precision)) } }
                }
            }
            tbody {
                tr {
                    td { "products covered" }
                    @for one in &found.coverage_at_precision { td .number { (percent_1(one.coverage)) } }
                }
            }
        }
    }
}
