//! Ctrl-C and SIGTERM: the first one asks to stop, the second one insists.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Signals that stop a command. A hangup is not among them: `nohup` ignores it
/// on purpose, and without `nohup` it ends the process.
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// Whether a signal came. Signal handlers set it, so that it is shared rather than
/// static.
fn stop() -> &'static Arc<AtomicBool> {
    static STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    STOP.get_or_init(Arc::default)
}

/// Begins to listen. Work that asks [`requested`] stops at the next whole
/// step; a second signal ends the process at once, which loses nothing that
/// was committed. What never listens ends at the first signal.
pub(crate) fn listen() {
    static LISTENING: OnceLock<()> = OnceLock::new();
    LISTENING.get_or_init(|| {
        if let Err(error) = heed().and_then(|()| announce()) {
            tell!(
                "note: Ctrl-C may stop at once here, without committing the current batch: {error}"
            );
        }
    });
}

/// Has signals set the flag, or end the process if it is set already: what is
/// registered first comes first.
fn heed() -> io::Result<()> {
    for signal in SIGNALS {
        let stopped = crate::failure::code::STOPPED.into();
        flag::register_conditional_shutdown(signal, stopped, Arc::clone(stop()))?;
        flag::register(signal, Arc::clone(stop()))?;
    }
    Ok(())
}

/// Says what the first signal does, in a thread: a signal handler may not print.
#[cfg(unix)]
fn announce() -> io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new(SIGNALS)?;
    let thread = std::thread::Builder::new().name("assort signals".to_owned());
    thread.spawn(move || {
        if signals.forever().next().is_some() {
            tell!("\nstopping after the current batch; press Ctrl-C again to stop at once");
        }
    })?;
    Ok(())
}

/// Elsewhere signals cannot be waited for, and nothing is said.
#[cfg(not(unix))]
fn announce() -> io::Result<()> {
    Ok(())
}

/// Whether a signal came that asks to stop.
pub(crate) fn requested() -> bool {
    stop().load(Ordering::Relaxed)
}
