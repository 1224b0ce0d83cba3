//! What the fuzz targets share. Each calls an entry point of `assort::fuzzing`.

use std::error::Error;
use std::fs;
use std::path::Path;

use assort::fuzzing::ENTRIES;

/// Writes valid bytes for a target to `corpus/TARGET`, before libFuzzer looks
/// there for inputs to begin with.
pub fn write_seeds(target: &str) {
    if let Err(error) = try_write_seeds(target) {
        eprintln!("no valid bytes to begin with: {error}");
    }
}

fn try_write_seeds(target: &str) -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    fs::create_dir_all(&folder)?;
    for entry in ENTRIES.iter().filter(|entry| entry.name == target) {
        for (number, bytes) in (entry.seeds)()?.into_iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), bytes)?;
        }
    }
    Ok(())
}
