//! Following long work on stderr: a bar on a terminal, plain lines elsewhere.

mod pace;

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use assort::read::Rejected;
use assort::{ImportReport, Observer, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::pace::Pace;
use crate::failure::Failure;
use crate::rejects::Rejects;
use crate::stop;
use crate::text::{bytes, count, counted, time};

/// Work that ends sooner is not worth showing.
const QUIET: Duration = Duration::from_secs(1);

/// Shows progress and asks for Ctrl-C.
pub(crate) struct Console {
    quiet: bool,
    bar: Option<ProgressBar>,
    pace: Pace,
    stage: Stage,
    /// The time that was spent in each stage so far.
    clocks: [Clock; Stage::COUNT],
    whole: Option<Whole>,
    pub(crate) rejects: Option<Rejects>,
}

/// The time that was spent in a stage, which others may interrupt.
#[derive(Clone, Copy, Default)]
struct Clock {
    /// Before it was left last.
    before: Duration,
    /// Since when it is the stage.
    since: Option<Instant>,
    /// What was done when it was looked at last: less is another beginning.
    done: u64,
}

impl Clock {
    fn spent(&self) -> Duration {
        self.before + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
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
    Training,
    Measuring,
    Copying,
    Elsewhere,
}

impl Stage {
    const COUNT: usize = Self::Elsewhere as usize + 1;
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
    /// Follows work that keeps what is whole when it is stopped.
    pub(crate) fn new(quiet: bool) -> Self {
        stop::listen();
        Self::heedless(quiet)
    }

    /// Follows work that has nothing to keep: a signal ends it at once.
    pub(crate) fn heedless(quiet: bool) -> Self {
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
            pace: Pace::new(Instant::now()),
            stage: Stage::None,
            clocks: [Clock::default(); Stage::COUNT],
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

    /// Ends the stage and takes the bar away.
    pub(crate) fn finish(&mut self) {
        self.enter(Stage::None);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Ends the list of rejected rows, and says where it is.
    pub(crate) fn finish_rejects(&mut self) -> Result<(), Failure> {
        let told = self.rejects.take().map(Rejects::finish).transpose()?;
        if let Some(told) = told.flatten() {
            self.say(&told);
        }
        Ok(())
    }

    fn enter(&mut self, stage: Stage) {
        if self.stage == stage {
            return;
        }
        let now = Instant::now();
        if let Some(line) = self.pace.end(now) {
            self.print(&line);
        }
        let clock = &mut self.clocks[self.stage as usize];
        clock.before = clock.spent();
        clock.since = None;
        self.stage = stage;
        self.clocks[stage as usize].since = Some(now);
    }

    /// Notes what is done of the stage; tells the time that it took.
    fn spent(&mut self, done: u64) -> Duration {
        let clock = &mut self.clocks[self.stage as usize];
        if done < clock.done {
            clock.before = Duration::ZERO;
            clock.since = Some(Instant::now());
        }
        clock.done = done;
        clock.spent()
    }

    /// Shows `message` with what is known of the time left.
    fn show(&mut self, message: &str, fraction: Option<f64>) {
        let known = self.left(fraction);
        // What is not done is not called so: 99.7% are no hundred.
        let left = known.map(|(part, left)| {
            format!(", {:.0}% done, {} left", (100.0 * part).floor(), time(left))
        });
        let message = format!("{message}{}", left.unwrap_or_default());
        let Some(bar) = &self.bar else {
            if let Some(line) = self.pace.offer(message, Instant::now()) {
                self.print(&line);
            }
            return;
        };
        if bar.is_finished() {
            bar.reset();
        }
        let part = known.map(|(part, _)| part).or(fraction);
        bar.set_position((1000.0 * part.unwrap_or(0.0)) as u64);
        bar.set_message(message);
    }

    fn print(&self, line: &str) {
        if !self.quiet {
            tell!("{line}");
        }
    }

    /// The part that is done and the time left, of all stages if they are one
    /// whole, or of this one, of which `fraction` is done.
    fn left(&self, fraction: Option<f64>) -> Option<(f64, Duration)> {
        let spent = self.clocks[self.stage as usize].spent();
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
        Some((done.as_secs_f64() / all, left)).filter(|(part, _)| *part < 1.0)
    }

    fn import(&mut self, report: &ImportReport, pending: u64, fraction: Option<f64>) {
        self.enter(Stage::Products);
        let stored = report.added + report.updated;
        let done = stored + report.unchanged + pending;
        let rate = per_second(done, self.spent(done));
        let mut message = format!(
            "{} stored, {} unchanged, {rate:.0}/s",
            count(stored),
            count(report.unchanged)
        );
        if report.rejected > 0 {
            message.push_str(&format!(", {} rejected", count(report.rejected)));
        }
        self.show(&message, fraction);
    }

    /// Shows a stage of work that is done elsewhere.
    #[cfg(feature = "client")]
    pub(crate) fn elsewhere(&mut self, what: &str, fraction: Option<f64>) {
        self.enter(Stage::Elsewhere);
        // Another stage has done less, and begins anew.
        let done = fraction.map_or(0.0, |fraction| 1000.0 * fraction);
        self.spent(done as u64);
        self.show(what, fraction);
    }

    /// Shows how many products are filed, of so many.
    pub(crate) fn filed(&mut self, done: u64, total: Option<u64>) {
        self.counted(Stage::Products, "products filed", done, total);
    }

    /// Shows how many are done, of so many.
    fn counted(&mut self, stage: Stage, what: &str, done: u64, total: Option<u64>) {
        self.enter(stage);
        let rate = per_second(done, self.spent(done));
        let fraction = total.map(|total| done as f64 / total.max(1) as f64);
        self.show(&format!("{} {what}, {rate:.0}/s", count(done)), fraction);
    }

    fn indexing(&mut self, done: u64, total: u64) {
        self.enter(Stage::Indexing);
        if self.spent(done) < QUIET {
            return;
        }
        let fraction = done as f64 / total.max(1) as f64;
        let message = if done < total {
            format!("indexing: {} of {} rows written", count(done), count(total))
        } else {
            format!("indexing: all {} rows written", count(total))
        };
        self.show(&message, Some(fraction).filter(|_| total > 0));
    }
}

fn per_second(done: u64, spent: Duration) -> f64 {
    done as f64 / spent.as_secs_f64().max(0.001)
}

impl Observer for Console {
    fn progress(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::CategoryTexts { done, total } => {
                let what = "texts of categories embedded";
                self.counted(Stage::Texts, what, done, Some(total));
            }
            Progress::Import {
                report,
                pending,
                fraction,
            } => self.import(report, pending, fraction),
            Progress::Reembed { done, total } => {
                self.counted(Stage::Products, "products moved", done, Some(total));
            }
            Progress::Pictures { done, total } => {
                self.counted(
                    Stage::Products,
                    "products with pictures looked at",
                    done,
                    Some(total),
                );
            }
            Progress::Comparing { done, total } => {
                self.counted(Stage::Products, "products compared", done, Some(total));
            }
            Progress::Fold { number, of, labels } => {
                let labels = counted(labels, "label", "labels");
                self.say(&format!(
                    "part {number} of {of}: filed by {labels} of the others"
                ));
            }
            Progress::Evaluate { done } => {
                self.counted(Stage::Products, "products judged", done, None);
            }
            Progress::Sampling { done } => {
                if let Some(whole) = &mut self.whole {
                    whole.products = done;
                }
                self.counted(Stage::Sampling, "products looked at", done, None);
            }
            Progress::Teaching { done, total } => {
                let what = "texts embedded by the teacher";
                self.counted(Stage::Teaching, what, done, Some(total));
            }
            Progress::Distilling { fraction } => {
                self.enter(Stage::Distilling);
                self.show("teaching the student", Some(fraction));
            }
            Progress::Training {
                head,
                of,
                fraction,
                epoch,
            } => {
                self.enter(Stage::Training);
                if let Some(epoch) = epoch {
                    self.say(&curve(head, of, &epoch));
                }
                let part = (head as f64 - 1.0 + fraction) / of as f64;
                self.show("training", Some(part));
            }
            Progress::Judging { done, total } => {
                self.counted(Stage::Products, "labels judged", done, Some(total));
            }
            Progress::Learning => {
                self.enter(Stage::Learning);
                self.show("learning from the catalog", None);
            }
            Progress::Indexing { done, total } => self.indexing(done, total),
            Progress::Measuring { done, total } => {
                self.enter(Stage::Measuring);
                let fraction = done as f64 / total.max(1) as f64;
                self.show("measuring the index", Some(fraction));
            }
            Progress::Copying { done, total } => {
                self.enter(Stage::Copying);
                let fraction = done as f64 / total.max(1) as f64;
                self.show(&format!("{} copied", bytes(done)), Some(fraction));
            }
            Progress::Repair { done, total } => {
                let what = "products embedded again";
                self.counted(Stage::Products, what, done, Some(total));
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

/// A point of the curve of losses.
fn curve(head: usize, of: usize, epoch: &assort::heads::Epoch) -> String {
    let held_out = epoch.held_out_loss.zip(epoch.held_out_accuracy);
    let held_out = held_out.map_or_else(String::new, |(loss, accuracy)| {
        format!(", held out {loss:.3}, {:.2}% right", 100.0 * accuracy)
    });
    format!(
        "head {head} of {of}, epoch {} of {}: loss {:.3}{held_out}",
        epoch.number, epoch.of, epoch.loss
    )
}
