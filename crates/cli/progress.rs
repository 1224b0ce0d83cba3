//! Following long work on stderr: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use assort::read::Rejected;
use assort::{ImportReport, Observer, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::files::Rejects;
use crate::stop;
use crate::text::{count, time};

/// Plain lines come no more often than this,
const EVERY: Duration = Duration::from_secs(5);

/// or than this when something was committed.
const AT_LEAST: Duration = Duration::from_secs(1);

/// Work that ends sooner is not worth a line.
const QUIET: Duration = Duration::from_secs(1);

/// Shows progress and asks for Ctrl-C.
pub(crate) struct Console {
    quiet: bool,
    bar: Option<ProgressBar>,
    begun: Instant,
    last_line: Instant,
    last_stored: u64,
    stage: Stage,
    whole: Option<Whole>,
    pub(crate) rejects: Option<Rejects>,
}

/// In the order in which a fast import comes to them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    None,
    Sampling,
    Teaching,
    Distilling,
    Texts,
    Products,
    Indexing,
    Learning,
}

/// A fast import as a whole.
struct Whole {
    begun: Instant,
    /// Texts that the teacher embeds.
    sample: u64,
    products: u64,
}

impl Whole {
    /// What the stages after this one will take, by what they took on a machine
    /// of two cores. Each is told exactly once it has begun.
    fn later(&self, stage: Stage) -> Duration {
        let stages = [Stage::Teaching, Stage::Distilling, Stage::Products];
        let stages = stages.into_iter().chain([Stage::Indexing, Stage::Learning]);
        stages
            .filter(|later| *later > stage)
            .map(|later| self.expected(later))
            .sum()
    }

    fn expected(&self, stage: Stage) -> Duration {
        let share = 2.0 / rayon::current_num_threads() as f64;
        let products = self.products as f64;
        let sample = products.min(self.sample as f64);
        let seconds = match stage {
            Stage::Teaching => sample * 1e-3 * share,
            Stage::Distilling => sample * 4e-4 * share,
            Stage::Products => products * 4e-5,
            Stage::Indexing => products * 2.2e-4 * share,
            Stage::Learning => products * 1e-5,
            _ => 0.0,
        };
        Duration::from_secs_f64(seconds)
    }
}

impl Console {
    pub(crate) fn new(quiet: bool) -> Self {
        stop::listen();
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar =
                ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr_with_hz(10));
            let style = ProgressStyle::with_template("{wide_bar} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self {
            quiet,
            bar,
            begun: Instant::now(),
            last_line: Instant::now(),
            last_stored: 0,
            stage: Stage::None,
            whole: None,
            rejects: None,
        }
    }

    /// Shows one progress of all stages of a fast import from now on, which
    /// teaches on so many products at most.
    pub(crate) fn whole(&mut self, sample: usize) {
        self.whole = Some(Whole {
            begun: Instant::now(),
            sample: sample as u64,
            products: 0,
        });
    }

    /// A message beside the progress.
    pub(crate) fn say(&self, message: &str) {
        if self.quiet {
            return;
        }
        match &self.bar {
            Some(bar) if !bar.is_finished() => bar.suspend(|| tell!("{message}")),
            _ => tell!("{message}"),
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn enter(&mut self, stage: Stage) {
        if self.stage != stage {
            self.stage = stage;
            self.begun = Instant::now();
            self.last_line = Instant::now();
        }
    }

    /// Shows `message` with what is known of the time left.
    fn show(&mut self, message: &str, fraction: Option<f64>, urgent: bool) {
        let known = self.left(fraction);
        let left =
            known.map(|(part, left)| format!(", {:.0}% done, {} left", 100.0 * part, time(left)));
        let message = format!("{message}{}", left.unwrap_or_default());
        if let Some(bar) = &self.bar {
            if bar.is_finished() {
                bar.reset();
            }
            let part = known.map(|(part, _)| part).or(fraction);
            bar.set_position((1000.0 * part.unwrap_or(0.0)) as u64);
            bar.set_message(message);
            return;
        }
        let since = self.last_line.elapsed();
        let due = since >= EVERY || (urgent && since >= AT_LEAST);
        if !self.quiet && due {
            self.last_line = Instant::now();
            tell!("{message}");
        }
    }

    /// The part that is done and the time left, of all stages if they are one
    /// whole, or of this one, of which `fraction` is done.
    fn left(&self, fraction: Option<f64>) -> Option<(f64, Duration)> {
        let spent = self.begun.elapsed();
        let own = fraction
            .filter(|part| (0.01..=1.0).contains(part))
            .map(|part| (part, spent.mul_f64((1.0 - part) / part)));
        // While products are counted, nothing can be said of them.
        let counted = |whole: &&Whole| whole.products > 0 && self.stage > Stage::Sampling;
        let Some(whole) = self.whole.as_ref().filter(counted) else {
            return own.filter(|(part, _)| *part < 1.0);
        };
        let expected = || whole.expected(self.stage).saturating_sub(spent);
        let left = own.map_or_else(expected, |(_, left)| left) + whole.later(self.stage);
        let done = whole.begun.elapsed();
        let all = (done + left).as_secs_f64().max(1e-3);
        Some((done.as_secs_f64() / all, left))
    }

    fn import(&mut self, report: &ImportReport, pending: u64, fraction: Option<f64>) {
        self.enter(Stage::Products);
        let stored = report.added + report.updated;
        let seconds = self.begun.elapsed().as_secs_f64();
        let rate = (stored + report.unchanged + pending) as f64 / seconds.max(0.001);
        let mut message = format!(
            "{} stored, {} unchanged, {rate:.0}/s",
            count(stored),
            count(report.unchanged)
        );
        if report.rejected > 0 {
            message.push_str(&format!(", {} rejected", count(report.rejected)));
        }
        let urgent = stored != self.last_stored;
        self.last_stored = stored;
        self.show(&message, fraction, urgent);
    }

    /// Shows how many of so many are done.
    pub(crate) fn counted(&mut self, what: &str, done: u64, total: Option<u64>) {
        let rate = done as f64 / self.begun.elapsed().as_secs_f64().max(0.001);
        let fraction = total.map(|total| done as f64 / total.max(1) as f64);
        self.show(
            &format!("{} {what}, {rate:.0}/s", count(done)),
            fraction,
            false,
        );
    }
}

impl Observer for Console {
    fn progress(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::CategoryTexts { done, total } => {
                self.enter(Stage::Texts);
                self.counted("texts of categories embedded", done, Some(total));
            }
            Progress::Import {
                report,
                pending,
                fraction,
            } => self.import(report, pending, fraction),
            Progress::Reembed { done, total } => {
                self.enter(Stage::Products);
                self.counted("products moved", done, Some(total));
            }
            Progress::Evaluate { done } => {
                self.enter(Stage::Products);
                self.counted("products judged", done, None);
            }
            Progress::Sampling { done } => {
                self.enter(Stage::Sampling);
                if let Some(whole) = &mut self.whole {
                    whole.products = done;
                }
                self.counted("products looked at", done, None);
            }
            Progress::Teaching { done, total } => {
                self.enter(Stage::Teaching);
                self.counted("texts embedded by the teacher", done, Some(total));
            }
            Progress::Distilling { fraction } => {
                self.enter(Stage::Distilling);
                self.show("teaching the student", Some(fraction), false);
            }
            Progress::Learning => {
                self.enter(Stage::Learning);
                self.show("learning from the catalog", None, true);
            }
            Progress::Indexing => {
                self.enter(Stage::Indexing);
                if self.begun.elapsed() >= QUIET {
                    self.show("indexing", None, false);
                }
            }
            Progress::Repair { done, total } => {
                self.enter(Stage::Products);
                self.counted("products embedded again", done, Some(total));
            }
            _ => {}
        }
    }

    fn rejected(&mut self, rejected: &Rejected) {
        let first = self
            .rejects
            .as_mut()
            .and_then(|rejects| rejects.add(rejected));
        if let Some(message) = first {
            self.say(&message);
        }
    }

    fn stop(&self) -> bool {
        stop::requested()
    }
}
