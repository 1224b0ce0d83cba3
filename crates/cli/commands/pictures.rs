//! `assort pictures`

use std::rc::Rc;

use assort::{Catalog, Error, OpenedPicture, PictureSource, TakePictures};
use assort_embed::assumed_preparation;
use assort_pictures::{Ahead, Limits};

use crate::args::{Global, Pictures};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::files::CurrentName;
use crate::hints;
use crate::progress::Console;
use crate::rejects::Rejects;
use crate::text::{count, counted};

/// Pictures of a folder, an archive, or the web.
struct Source(assort_pictures::Pictures);

impl PictureSource for Source {
    fn open_all(&self, references: &[&str], take: &mut TakePictures<'_>) -> assort::Result<()> {
        let result = self
            .0
            .open_ahead(references, Ahead::default(), |first, opened| {
                let opened = opened.into_iter();
                let opened = opened.map(|one| one.map_err(|error| error.to_string()));
                take(first, opened.collect::<Vec<OpenedPicture>>())
            });
        result.map_err(|error: Error| error)
    }
}

pub(crate) fn run(args: &Pictures, global: &Global) -> Outcome {
    let catalog = Catalog::open(&args.dir)?;
    let source = Source(pictures(args)?);
    let stored = embedder::of_pictures(&catalog, args.embedder.as_deref())?;
    let embedder = embedder::open_for_pictures(&stored, catalog.directory(), global)?;
    let mut console = Console::new(global.quiet);
    console.say(&format!("pictures are embedded by {}", embedder.space()));
    if let Some(preparation) = assumed_preparation(&stored.spec)? {
        console.say(&hints::pictures::preparation_is_assumed(&preparation));
    }
    let name = CurrentName::default();
    name.set(Some(Rc::from("products")));
    let default = catalog.directory().join("pictures-rejects.csv");
    console.rejects = Some(Rejects::listed(args.rejects.as_deref(), default, name));
    let report = catalog.embed_pictures(embedder, &stored.to_string(), &source, &mut console);
    console.finish_rejects()?;
    console.finish();
    let report = report?;
    let mut parts = vec![
        format!("{} embedded", count(report.embedded)),
        format!("{} unchanged", count(report.unchanged)),
    ];
    for (number, what) in [
        (report.without, "without a picture"),
        (report.rejected, "rejected"),
    ] {
        if number > 0 {
            parts.push(format!("{} {what}", count(number)));
        }
    }
    let products = counted(report.products, "product", "products");
    console.say(&format!("{products}: {}", parts.join(", ")));
    if report.stopped {
        return Err(Failure::Stopped(
            "stopped; every picture counted as embedded is kept, and the same command goes on from here"
                .to_owned(),
        ));
    }
    catalog.wait_until_indexed(&mut console)?;
    catalog.prepare(&mut console)?;
    console.finish();
    Ok(match report.rejected {
        0 => Done::Whole,
        _ => Done::WithRejects,
    })
}

fn pictures(args: &Pictures) -> Result<assort_pictures::Pictures, Failure> {
    let opened = match &args.images {
        Some(path) => assort_pictures::Pictures::at(path),
        None => Ok(assort_pictures::Pictures::default()),
    };
    let opened = opened.map_err(|error| Failure::Failed(error.to_string()))?;
    let mut limits = Limits::default();
    if let Some(bytes) = args.max_bytes {
        limits = limits.with_bytes(bytes);
    }
    if let Some(pixels) = args.max_pixels {
        limits = limits.with_pixels(pixels);
    }
    let opened = opened.with_limits(limits);
    #[cfg(feature = "urls")]
    let opened = match args.allow_urls {
        true => opened.with_urls(assort_pictures::Urls::default()),
        false => opened,
    };
    Ok(opened)
}
