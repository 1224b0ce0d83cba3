//! `assort init`

use assort::Catalog;
use assort::core::{Taxonomy, TextInput, UnknownTexts};
use assort::read::{Input, TaxonomyOptions, read_taxonomy};

use crate::args::{Global, Init};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::hints;
use crate::progress::Console;
use crate::text::counted;

pub(crate) fn run(args: Init, global: &Global) -> Outcome {
    let (taxonomy, format) = read(
        &args.taxonomy,
        args.separator.as_deref(),
        args.encoding.as_deref(),
    )?;
    let opened = embedder::open(&args.embedder, global)?;
    let advice = embedder::advice(&args.embedder, &taxonomy, global)?;
    let catalog = Catalog::create(&args.dir, &taxonomy, opened.embedder, &opened.spec)?;
    if !global.quiet {
        let dir = args.dir.display();
        tell!("{format}");
        tell!(
            "made {dir}: {}, {} of them leaves, {} levels; embedder {}",
            counted(taxonomy.len() as u64, "category", "categories"),
            taxonomy.leaves().count(),
            taxonomy.depth(),
            catalog.space()?,
        );
        if let Some(what) = opened.prompts {
            tell!("each text gets the prompt of the model: {what}");
        }
        if let Some(advice) = advice {
            tell!("{advice}");
        }
    }
    if !args.no_prepare {
        // Whoever reads the catalog need not embed the categories.
        let mut console = Console::new(global.quiet);
        let prepared = catalog.prepare(&mut console);
        console.finish();
        prepared?;
        let unknown = unknown_names(&catalog, &taxonomy)?;
        if let Some(told) = hints::unknown_categories(&unknown, &args.dir) {
            console.say(&told);
        }
    }
    if !global.quiet {
        tell!("{}", hints::import_is_next(&args.dir));
    }
    Ok(Done::Whole)
}

/// Names of categories of which the embedder knows nothing.
fn unknown_names(catalog: &Catalog, taxonomy: &Taxonomy) -> Result<UnknownTexts, Failure> {
    let (embedder, mut unknown) = (catalog.embedder()?, UnknownTexts::default());
    for category in taxonomy.categories() {
        unknown.look(embedder.as_ref(), TextInput::plain(&category.name));
    }
    Ok(unknown)
}

/// Reads and checks a taxonomy file; gives it with a line on its format.
pub(crate) fn read(
    file: &str,
    separator: Option<&str>,
    encoding: Option<&str>,
) -> Result<(Taxonomy, String), Failure> {
    let input = Input::open(file, encoding)?;
    let name = input.name().to_owned();
    let mut options = TaxonomyOptions::default();
    options.separator = separator.map(str::to_owned);
    let read = read_taxonomy(input, &options)?;
    let format = format!("{name}: {}", read.format);
    let taxonomy = Taxonomy::from_rows(read.rows).map_err(|error| {
        let line = error.line();
        assort::Error::Input {
            file: name,
            line,
            message: error.to_string(),
            unstated: None,
        }
    })?;
    Ok((taxonomy, format))
}
