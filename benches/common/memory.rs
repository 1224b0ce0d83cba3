//! Memory of this process.

/// A line of the process's status in bytes, such as `VmRSS` (resident now)
/// or `VmHWM` (most that ever was); none where the system does not tell.
pub(crate) fn bytes(line: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mut lines = status.lines();
    let value = lines.find_map(|found| found.strip_prefix(line)?.strip_prefix(':'))?;
    let kilobytes: f64 = value.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024.0)
}
