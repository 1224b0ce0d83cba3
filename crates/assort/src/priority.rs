//! Which threads the system prefers.

/// How much less of a busy processor background work gets: a tenth of others' (`nice`).
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Lets all other threads of the system go first, for the thread that calls it and
/// those that it starts: for work in the background, beside which somebody searches. It
/// cannot be taken back. Where a system knows no priorities of threads (all but Linux),
/// nothing happens.
pub fn lower_priority() {
    #[cfg(target_os = "linux")]
    {
        let own = Some(rustix::thread::gettid());
        // Where it is not allowed, the work is done all the same.
        let _ = rustix::process::setpriority_process(own, NICE);
    }
}
