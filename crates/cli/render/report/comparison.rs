//! Two methods on the same products: differences with their intervals.

use assort::MethodComparison;
use assort::core::{Difference, Method};
use maud::{Markup, html};

use super::percent;
use super::plot::{Axis, Frame, n};
use crate::text::count;

pub(super) fn section(first: Method, with: &MethodComparison) -> Markup {
    let (second, found) = (with.method, &with.comparison);
    let accuracy = &found.accuracy;
    html! {
        section {
            h2 { (first) " compared with " (second) }
            p .lead { (verdict(first, second, accuracy)) }
            figure .narrow {
                (forest(&[("accuracy", accuracy), ("F1 over levels", &found.mean_weighted_f1)], first, second))
                figcaption {
                    "Differences in points with their 95% intervals, by a paired bootstrap of "
                    (count(found.samples as u64)) " samples of " (count(found.groups as u64))
                    " groups of products that say the same."
                }
            }
            table .small {
                thead { tr { th {} th .number { (second) " right" } th .number { (second) " wrong" } } }
                tbody {
                    tr { th scope="row" { (first) " right" } td .number { (count(found.both_right as u64)) } td .number { (count(found.only_first_right as u64)) } }
                    tr { th scope="row" { (first) " wrong" } td .number { (count(found.only_second_right as u64)) } td .number { (count(found.none_right as u64)) } }
                }
            }
        }
    }
}

/// What the difference of accuracy says.
fn verdict(first: Method, second: Method, accuracy: &Difference) -> String {
    let p = format!("p\u{a0}=\u{a0}{:.3}", accuracy.p_value);
    let points = format!("{:.1} points", 100.0 * accuracy.difference.abs());
    if accuracy.low <= 0.0 && accuracy.high >= 0.0 {
        return format!("The methods differ by {points} of accuracy, which may be chance ({p}).");
    }
    let (better, worse) = match accuracy.difference > 0.0 {
        true => (first, second),
        false => (second, first),
    };
    format!(
        "{better} is better than {worse} by {points} of accuracy, beyond what chance explains ({p})."
    )
}

/// A difference in points, 0 without a sign.
fn points_apart(difference: f64) -> String {
    match difference.abs() < 1e-9 {
        true => "0".to_owned(),
        false => {
            let text = format!("{:+.2}", 100.0 * difference);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

fn forest(rows: &[(&str, &Difference)], first: Method, second: Method) -> Markup {
    let ends = rows
        .iter()
        .flat_map(|(_, one)| [one.low.abs(), one.high.abs()]);
    let far = Axis::up_to(ends.fold(0.005, f64::max), "");
    let step = far.high / 2.0;
    let mut x = Axis::new(-far.high, far.high, step, "difference in points");
    x.label = points_apart;
    let mut y = Axis::new(0.0, rows.len() as f64, 1.0, "");
    y.ticks.clear();
    let frame = Frame {
        width: 680.0,
        height: 96.0 + 34.0 * rows.len() as f64,
        left: 130.0,
        right: 176.0,
        top: 30.0,
        ..Frame::new(x, y)
    };
    let zero = frame.x(0.0);
    let content = html! {
        line .axis x1=(n(zero)) x2=(n(zero)) y1=(n(frame.top)) y2=(n(frame.y(0.0))) {}
        text .tick x=(n(zero - 10.0)) y="18" text-anchor="end" { "← " (second) " better" }
        text .tick x=(n(zero + 10.0)) y="18" { (first) " better →" }
        @for (at, (name, one)) in rows.iter().enumerate() {
            @let y = frame.y(rows.len() as f64 - at as f64 - 0.5);
            text .row-name x=(n(frame.left - 14.0)) y=(n(y + 4.0)) text-anchor="end" { (name) }
            g .blue {
                line .whisker x1=(n(frame.x(one.low))) x2=(n(frame.x(one.high))) y1=(n(y)) y2=(n(y)) {}
                circle .dot cx=(n(frame.x(one.difference))) cy=(n(y)) r="5" {
                    title { (percent(one.first)) " and " (percent(one.second)) }
                }
            }
            text .tick x=(n(frame.width - frame.right + 14.0)) y=(n(y + 4.0)) {
                (format!("{:+.1} ({:+.1} to {:+.1})", 100.0 * one.difference, 100.0 * one.low, 100.0 * one.high))
            }
        }
    };
    frame.drawn(
        "Differences of the two methods with their intervals",
        &content,
    )
}
