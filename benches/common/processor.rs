//! What processors did for this process.

/// Seconds that processors worked for this process.
pub(crate) fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // What follows the name; times are in hundredths of a second.
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let times = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok());
    times.sum::<f64>() / 100.0
}
