//! Following long work on stderr: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use assort::read::Rejected;
use assort::{ImportReport, Progress, Watch};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::files::Rejects;
use crate::stop;
use crate::text::{count, time};

/// Plain lines come no more often than this, unless something was committed.
const EVERY: Duration = Duration::from_secs(5);

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
    pub(crate) rejects: Option<Rejects>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    None,
    Texts,
    Sampling,
    Teaching,
    Distilling,
    Products,
    Learning,
    Indexing,
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
            rejects: None,
        }
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
        let left = fraction
            .filter(|part| (0.01..1.0).contains(part))
            .map(|part| {
                let left = self.begun.elapsed().mul_f64((1.0 - part).max(0.0) / part);
                format!(", {:.0}% done, {} left", 100.0 * part, time(left))
            });
        let message = format!("{message}{}", left.unwrap_or_default());
        if let Some(bar) = &self.bar {
            bar.set_position((1000.0 * fraction.unwrap_or(0.0)) as u64);
            bar.set_message(message);
            return;
        }
        let due = self.last_line.elapsed() >= EVERY;
        if !self.quiet && (due || urgent) {
            self.last_line = Instant::now();
            tell!("{message}");
        }
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

impl Watch for Console {
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
