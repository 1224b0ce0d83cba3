//! A server with a runtime of its own, which listens to signals.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::error::{Error, Result};
use crate::follow::{Followed, follow};
use crate::log::{Log, LogOptions};
use crate::served::Opened;
use crate::server::{Controls, Options, bind};

/// How long what was cut off may take to notice.
const CUT: Duration = Duration::from_secs(1);

/// What an operator wants, read again.
pub struct Reread {
    /// How to serve, of which [`Controls::change`] takes what can be changed.
    pub options: Options,
    /// The level of the log.
    pub level: LevelFilter,
    /// What was changed and holds only once the server is started again.
    pub later: Vec<String>,
}

/// Serves until SIGTERM or Ctrl-C, which ends it as [`crate::Bound::serve`] says; a
/// second one ends it at once. At SIGHUP, `reread` says what is wanted by then: all of
/// it holds, or, with an error in the log, nothing. New states of catalogs that are
/// `followed` take the place of those that are served. `ready` is told the address once
/// calls are answered.
///
/// # Errors
/// As [`bind`] and [`crate::Bound::serve`], and where the log cannot begin.
pub fn run(
    opened: Vec<Opened>,
    options: Options,
    log: LogOptions,
    followed: Vec<Followed>,
    reread: impl Fn() -> std::result::Result<Reread, String> + Send + 'static,
    ready: impl FnOnce(SocketAddr),
) -> Result<()> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.enable_all().thread_name("assort serve").build();
    let runtime = runtime.map_err(|source| Error::Machine {
        doing: "starting threads",
        source,
    })?;
    let log = {
        let _entered = runtime.enter();
        Arc::new(Log::begin(log)?)
    };
    let own = Arc::clone(&log);
    let hangup = move |controls: &Controls| reload(&own, controls, &reread);
    let served = runtime.block_on(serve(opened, options, followed, hangup, ready));
    // The last spans leave by the runtime's threads.
    log.end();
    runtime.shutdown_timeout(CUT);
    served
}

/// Changes what can be changed, and tells what cannot.
fn reload(
    log: &Log,
    controls: &Controls,
    reread: impl Fn() -> std::result::Result<Reread, String>,
) {
    let changed = reread().and_then(|read| {
        let changed = controls.change(&read.options);
        let keys = changed.map_err(|error| error.to_string())?;
        Ok((keys, read))
    });
    match changed {
        Ok((keys, read)) => {
            tracing::info!(keys, "read again");
            for what in read.later {
                tracing::warn!("{what} needs a restart");
            }
            log.set_level(read.level);
        }
        Err(error) => tracing::error!(error, "all stays as it is"),
    }
}

async fn serve(
    opened: Vec<Opened>,
    options: Options,
    followed: Vec<Followed>,
    hangup: impl Fn(&Controls) + Send + 'static,
    ready: impl FnOnce(SocketAddr),
) -> Result<()> {
    let failed = |source| Error::Machine {
        doing: "listening to signals",
        source,
    };
    let mut stops = Stops::listen().map_err(failed)?;
    let mut insists = Stops::listen().map_err(failed)?;
    let bound = bind(opened, options).await?;
    let controls = bound.controls();
    for one in followed {
        tokio::spawn(follow(one, controls.clone()));
    }
    on_hangup(move || hangup(&controls)).map_err(failed)?;
    ready(bound.address());
    let stop = async {
        stops.next().await;
        tracing::info!("ending; open calls are answered, and a second signal ends at once");
    };
    tokio::select! {
        served = bound.serve(stop) => served,
        () = async { insists.next().await; insists.next().await } => Ok(()),
    }
}

/// Signals that end a server.
#[cfg(unix)]
struct Stops {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stops {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
        }
    }
}

/// Does something at each hangup.
#[cfg(unix)]
fn on_hangup(act: impl Fn() + Send + 'static) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangups = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            act();
        }
    });
    Ok(())
}

/// Ctrl-C, where there are no other signals.
#[cfg(not(unix))]
struct Stops;

#[cfg(not(unix))]
impl Stops {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for one.
    async fn next(&mut self) {
        // Without it, nothing ends the server but its end.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
fn on_hangup(_: impl Fn() + Send + 'static) -> io::Result<()> {
    Ok(())
}
