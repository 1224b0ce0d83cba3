//! Ctrl-C and SIGTERM: the first one asks to stop, the second one insists.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM};

/// Signals that stop a command. A hangup is not among them: `nohup` ignores it
/// on purpose, and without `nohup` it ends the process.
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// Whether a signal came. A signal handler of this process sets it too, so that
/// it is shared rather than static.
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
        if let Err(error) = heard() {
            tell!("note: Ctrl-C stops at once here, without committing the current batch: {error}");
        }
    });
}

/// Listens in a thread, which may print as signal handlers may not.
#[cfg(unix)]
fn heard() -> io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new(SIGNALS)?;
    let thread = std::thread::Builder::new().name("assort signals".to_owned());
    thread.spawn(move || {
        for _ in signals.forever() {
            if stop().swap(true, Ordering::Relaxed) {
                crate::failure::stop_at_once();
            }
            tell!("\nstopping after the current batch; press Ctrl-C again to stop at once");
        }
    })?;
    Ok(())
}

/// The same without a word where signals cannot be waited for.
#[cfg(not(unix))]
fn heard() -> io::Result<()> {
    use signal_hook::flag;
    for signal in SIGNALS {
        flag::register_conditional_shutdown(
            signal,
            crate::failure::code::STOPPED.into(),
            Arc::clone(stop()),
        )?;
        flag::register(signal, Arc::clone(stop()))?;
    }
    Ok(())
}

/// Whether a signal came that asks to stop.
pub(crate) fn requested() -> bool {
    stop().load(Ordering::Relaxed)
}
