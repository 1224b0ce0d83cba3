//! Embeds pictures with the model of a folder, and tells the rate beside that of the
//! model alone, which gets pictures that are decoded already.
//!
//! `cargo run --release -p assort-embed --example pictures -- MODEL PLACE < REFERENCES`,
//! where MODEL is a folder, PLACE a folder or a tar archive, and each line of REFERENCES
//! names a picture.

use std::error::Error;
use std::io;
use std::path::Path;
use std::time::Instant;

use assort_core::{Embedder, Input, Pixels, Role};
use assort_embed::{Options, Spec, open};
use assort_pictures::{Ahead, Pictures};

/// Pictures that the model alone is timed on.
const ALONE: usize = 512;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(model), Some(place)) = (arguments.next(), arguments.next()) else {
        return Err("name the folder of a model, and a folder or an archive of pictures".into());
    };
    let lines = io::read_to_string(io::stdin())?;
    let references: Vec<&str> = lines.lines().collect();
    let embedder = open(&Spec::Dir(model.into()), &Options::default())?;
    println!("{}", embedder.space());
    let pictures = Pictures::at(Path::new(&place))?;

    // In the size that the model sees, so that hardly anything is left to prepare.
    let ready = Pixels::new(224, 224, vec![128; 224 * 224 * 3]).ok_or("no picture")?;
    let ready = vec![Input::Image(&ready); ALONE];
    let alone = rate(ALONE, || {
        for some in ready.chunks(embedder.batch()) {
            embedder.embed(some, Role::Document)?;
        }
        Ok(0)
    })?;
    println!("the model alone: {alone:.1} pictures a second");
    let all = rate(references.len(), || {
        embed_all(&*embedder, &pictures, &references)
    })?;
    println!(
        "read, decoded and embedded: {all:.1} pictures a second, {:.3} of it",
        all / alone
    );
    Ok(())
}

/// Embeds all pictures while the next ones are opened; gives how many could not be.
fn embed_all(
    embedder: &dyn Embedder,
    pictures: &Pictures,
    references: &[&str],
) -> Result<usize, Box<dyn Error>> {
    let mut failed = 0;
    let ahead = Ahead::default().with_batch(embedder.batch());
    pictures.open_ahead(references, ahead, |_, some| {
        let (good, bad): (Vec<_>, Vec<_>) = some.into_iter().partition(Result::is_ok);
        failed += bad.len();
        let good: Vec<Pixels> = good.into_iter().flatten().collect();
        let inputs: Vec<Input<'_>> = good.iter().map(Input::Image).collect();
        embedder.embed(&inputs, Role::Document).map(|_| ())
    })?;
    Ok(failed)
}

/// How many of `count` are done in a second.
fn rate(
    count: usize,
    work: impl FnOnce() -> Result<usize, Box<dyn Error>>,
) -> Result<f64, Box<dyn Error>> {
    let begin = Instant::now();
    let failed = work()?;
    let seconds = begin.elapsed().as_secs_f64();
    if failed > 0 {
        println!("{failed} of {count} could not be opened");
    }
    Ok(count as f64 / seconds)
}
