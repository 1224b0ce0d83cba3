//! A server with a runtime of its own, which listens to signals.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::served::Opened;
use crate::server::{Options, bind};

/// How long what was cut off may take to notice.
const CUT: Duration = Duration::from_secs(1);

/// Serves until SIGTERM or Ctrl-C, which ends it as [`crate::Bound::serve`] says; a
/// second one ends it at once. SIGHUP reads the keys again. `ready` is told the
/// address once calls are answered.
///
/// # Errors
/// As [`bind`] and [`crate::Bound::serve`].
pub fn run(opened: Vec<Opened>, options: Options, ready: impl FnOnce(SocketAddr)) -> Result<()> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.enable_all().thread_name("assort serve").build();
    let runtime = runtime.map_err(|source| Error::Machine {
        doing: "starting threads",
        source,
    })?;
    let served = runtime.block_on(serve(opened, options, ready));
    runtime.shutdown_timeout(CUT);
    served
}

async fn serve(
    opened: Vec<Opened>,
    options: Options,
    ready: impl FnOnce(SocketAddr),
) -> Result<()> {
    let failed = |source| Error::Machine {
        doing: "listening to signals",
        source,
    };
    let mut stops = Stops::listen().map_err(failed)?;
    let mut insists = Stops::listen().map_err(failed)?;
    let bound = bind(opened, options).await?;
    let reload = bound.reloader();
    on_hangup(move || match reload() {
        Ok(count) => tracing::info!(keys = count, "read the keys again"),
        Err(error) => tracing::error!(%error, "the keys stay as they are"),
    })
    .map_err(failed)?;
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
