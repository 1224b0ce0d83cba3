//! Opens many pictures, and tells how many a second, and what is wrong with the rest.
//!
//! `cargo run --release -p assort-pictures --example open -- PLACE < REFERENCES`, where
//! PLACE is a folder or a tar archive, and each line of REFERENCES names a picture.

use std::error::Error;
use std::io;
use std::path::Path;
use std::time::Instant;

use assort_pictures::{Ahead, Pictures};

fn main() -> Result<(), Box<dyn Error>> {
    let place = std::env::args()
        .nth(1)
        .ok_or("name a folder or an archive")?;
    let lines = io::read_to_string(io::stdin())?;
    let references: Vec<&str> = lines.lines().collect();
    let begin = Instant::now();
    let pictures = Pictures::at(Path::new(&place))?;
    let (mut opened, mut pixels) = (0, 0);
    pictures.open_ahead(&references, Ahead::default(), |_, some| {
        for one in some {
            match one {
                Ok(picture) => {
                    opened += 1;
                    pixels += u64::from(picture.width()) * u64::from(picture.height());
                }
                Err(error) => eprintln!("{error}"),
            }
        }
        Ok::<(), Box<dyn Error>>(())
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{opened} of {} pictures, {pixels} pixels, in {seconds:.2} s",
        references.len()
    );
    Ok(())
}
