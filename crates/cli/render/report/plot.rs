//! Plots as SVG: axes, and where values stand on them.

use maud::{Markup, html};

/// An axis with its ticks.
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<f64>,
    pub(super) title: &'static str,
    /// How ticks are written.
    pub(super) label: fn(f64) -> String,
    /// Whether equal steps are equal factors.
    pub(super) is_logarithmic: bool,
}

impl Axis {
    /// From `low` to `high` with ticks that far apart.
    pub(super) fn new(low: f64, high: f64, step: f64, title: &'static str) -> Self {
        let count = ((high - low) / step).round() as usize;
        Self {
            low,
            high,
            ticks: (0..=count).map(|at| low + at as f64 * step).collect(),
            title,
            label: percent,
            is_logarithmic: false,
        }
    }

    /// From 0 to a round number that is `high` or a little more.
    pub(super) fn up_to(high: f64, title: &'static str) -> Self {
        let step = round_step(high / 5.0);
        let steps = (high / step - 1e-9).ceil().max(1.0);
        Self::new(0.0, steps * step, step, title)
    }

    /// Where a value stands, from 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let on = |value: f64| match self.is_logarithmic {
            true => value.max(1e-9).ln(),
            false => value,
        };
        (on(value) - on(self.low)) / (on(self.high) - on(self.low)).max(1e-12)
    }
}

/// A step of 1, 2 or 5 times a power of ten that is no less.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.max(1e-6).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].into_iter();
    let mut enough = steps
        .map(|step| step * power)
        .filter(|step| *step >= least - 1e-12);
    enough.next().unwrap_or(10.0 * power)
}

/// A part as `86%`, with a decimal where it is needed.
pub(super) fn percent(part: f64) -> String {
    let value = 100.0 * part;
    match (value - value.round()).abs() < 1e-6 {
        true => format!("{value:.0}%"),
        false => format!("{value:.1}%"),
    }
}

/// A plot's size, and the room around what is drawn.
pub(super) struct Frame {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) x: Axis,
    pub(super) y: Axis,
}

impl Frame {
    /// A frame of the usual size.
    pub(super) fn new(x: Axis, y: Axis) -> Self {
        Self {
            width: 520.0,
            height: 340.0,
            left: 58.0,
            right: 18.0,
            top: 14.0,
            bottom: 48.0,
            x,
            y,
        }
    }

    pub(super) fn x(&self, value: f64) -> f64 {
        self.left + self.x.place(value) * (self.width - self.left - self.right)
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        let bottom = self.height - self.bottom;
        bottom - self.y.place(value) * (bottom - self.top)
    }

    /// The plot with its axes, a description for those who cannot see it, and what is
    /// drawn on them.
    pub(super) fn drawn(&self, described: &str, content: &Markup) -> Markup {
        html! {
            svg viewBox=(format!("0 0 {} {}", self.width, self.height)) role="img" aria-label=(described) {
                (self.axes())
                (content)
            }
        }
    }

    fn axes(&self) -> Markup {
        let (left, right) = (self.left, self.width - self.right);
        let (top, bottom) = (self.top, self.height - self.bottom);
        html! {
            @for &tick in &self.y.ticks {
                line .grid x1=(n(left)) x2=(n(right)) y1=(n(self.y(tick))) y2=(n(self.y(tick))) {}
                text .tick x=(n(left - 8.0)) y=(n(self.y(tick) + 4.0)) text-anchor="end" { ((self.y.label)(tick)) }
            }
            @for &tick in &self.x.ticks {
                line .axis x1=(n(self.x(tick))) x2=(n(self.x(tick))) y1=(n(bottom)) y2=(n(bottom + 5.0)) {}
                text .tick x=(n(self.x(tick))) y=(n(bottom + 19.0)) text-anchor="middle" { ((self.x.label)(tick)) }
            }
            line .axis x1=(n(left)) x2=(n(right)) y1=(n(bottom)) y2=(n(bottom)) {}
            @if !self.y.ticks.is_empty() {
                line .axis x1=(n(left)) x2=(n(left)) y1=(n(top)) y2=(n(bottom)) {}
            }
            text .axis-title x=(n(f64::midpoint(left, right))) y=(n(self.height - 8.0)) text-anchor="middle" { (self.x.title) }
            text .axis-title text-anchor="middle"
                transform=(format!("translate(14 {}) rotate(-90)", n(f64::midpoint(top, bottom)))) { (self.y.title) }
        }
    }

    /// A line through points.
    pub(super) fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        for (x, y) in points {
            let command = if path.is_empty() { 'M' } else { 'L' };
            path.push_str(&format!("{command}{} {}", n(self.x(x)), n(self.y(y))));
        }
        path
    }
}

/// A coordinate, as exact as a screen.
pub(super) fn n(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_on_round_numbers() {
        let ends = |high: f64| {
            let axis = Axis::up_to(high, "");
            (axis.high, axis.ticks.len())
        };
        assert_eq!(ends(0.5), (0.5, 6));
        assert!((ends(0.137).0 - 0.15).abs() < 1e-9);
        assert!(ends(0.0).1 >= 2);
        assert_eq!(percent(0.05), "5%");
        assert_eq!(percent(0.125), "12.5%");
    }

    #[test]
    fn values_stand_between_the_ends_of_their_axes() {
        let mut x = Axis::new(10.0, 1000.0, 990.0, "");
        x.is_logarithmic = true;
        let frame = Frame::new(x, Axis::new(0.0, 1.0, 0.2, ""));
        assert_eq!(n(frame.x(10.0)), "58");
        assert_eq!(n(frame.x(1000.0)), "502");
        assert_eq!(n(frame.x(100.0)), "280");
        assert_eq!(
            (n(frame.y(0.0)), n(frame.y(1.0))),
            ("292".into(), "14".into())
        );
    }
}
