//! The log: lines on stderr, for people or for programs.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use crate::error::Result;
use crate::traces::Traces;

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug)]
pub struct LogOptions {
    /// How lines are written.
    pub format: LogFormat,
    /// The least severe lines that are written.
    pub level: LevelFilter,
}

/// A log that is being written.
pub(crate) struct Log {
    level: reload::Handle<LevelFilter, Registry>,
    traces: Traces,
}

impl Log {
    /// Begins to write a log, unless this process writes one already, and to export
    /// spans if the environment names a collector. Call it in a runtime.
    ///
    /// # Errors
    /// [`crate::Error::Traces`] if spans cannot be exported as the environment says.
    pub(crate) fn begin(options: LogOptions) -> Result<Self> {
        let (filter, level) = reload::Layer::new(options.level);
        let lines = fmt::layer()
            .with_writer(std::io::stderr)
            .with_target(false)
            .with_ansi(false);
        let lines = match options.format {
            LogFormat::Text => lines.boxed(),
            LogFormat::Json => lines
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .boxed(),
        };
        let (traces, spans) = Traces::begin()?;
        // Whoever wrote one before goes on.
        let _ = tracing_subscriber::registry()
            .with(lines.with_filter(filter))
            .with(spans)
            .try_init();
        traces.told();
        Ok(Self { level, traces })
    }

    /// Exports the spans that have ended. Call it while the runtime still runs, and not
    /// in one of its threads.
    pub(crate) fn end(&self) {
        self.traces.end();
    }

    /// Changes the least severe lines that are written.
    pub(crate) fn set_level(&self, level: LevelFilter) {
        if let Err(error) = self.level.modify(|known| *known = level) {
            tracing::error!(%error, "the level of the log stays as it is");
        }
    }
}
