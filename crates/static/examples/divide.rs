//! Divides the file of a static embedding into parts that a crate each can hold.
//!
//! `cargo run -p assort-static --example divide -- MODEL PART PART …`
//!
//! The parts of the embedding inside the program are `crates/multilingual-1/part.bin`
//! and so on.

use std::error::Error;
use std::path::Path;

use assort_static::StaticEmbedding;

/// What crates.io takes, less a little for the rest of a crate.
const MOST: usize = 10_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, parts @ ..] = arguments.as_slice() else {
        return Err("usage: divide MODEL PART PART …".into());
    };
    StaticEmbedding::open(Path::new(model))?;
    let bytes = std::fs::read(model)?;
    let size = bytes.len().div_ceil(parts.len().max(1));
    if size > MOST {
        let needed = bytes.len().div_ceil(MOST);
        return Err(format!("{model} needs {needed} parts of at most {MOST} bytes").into());
    }
    for (part, bytes) in parts.iter().zip(bytes.chunks(size)) {
        std::fs::write(part, bytes)?;
        println!("{part}: {} bytes", bytes.len());
    }
    Ok(())
}
