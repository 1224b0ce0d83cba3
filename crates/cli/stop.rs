//! Ctrl-C: the first one asks to stop, the second one insists.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

/// Begins to listen. Work that asks [`requested`] stops at the next whole
/// step; a second Ctrl-C ends the process at once, which loses nothing that
/// was committed.
pub(crate) fn listen() {
    static LISTENING: OnceLock<()> = OnceLock::new();
    LISTENING.get_or_init(|| {
        let heard = ctrlc::set_handler(|| {
            if STOP.swap(true, Ordering::Relaxed) {
                #[expect(clippy::exit, reason = "the user insists")]
                std::process::exit(130);
            }
            tell!("\nstopping after the current batch; press Ctrl-C again to stop at once");
        });
        if heard.is_err() {
            tell!("note: Ctrl-C stops at once here, without committing the current batch");
        }
    });
}

/// Whether Ctrl-C was pressed.
pub(crate) fn requested() -> bool {
    STOP.load(Ordering::Relaxed)
}
