//! `assort init`

use std::io::{self, BufRead, IsTerminal};

use assort::Catalog;
use assort::core::{Taxonomy, TextInput, UnknownTexts};
use assort::read::{Input, doubts, read_taxonomy};

use crate::args::{Global, Init, TaxonomyReading};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::hints;
use crate::progress::Console;
use crate::text::{count, counted};

pub(crate) fn run(args: Init, global: &Global) -> Outcome {
    let (taxonomy, format) = read(&args.taxonomy, &args.reading)?;
    let doubts = doubts(&taxonomy);
    if !global.quiet || !doubts.is_empty() {
        tell!("{format}");
        tell!("{}", outline(&taxonomy));
    }
    agreed(&hints::doubtful_taxonomy(&doubts), args.reading.yes)?;
    let opened = embedder::open(&args.embedder, global)?;
    let advice = embedder::advice(&args.embedder, &taxonomy, global)?;
    let catalog = Catalog::create(&args.dir, &taxonomy, opened.embedder, &opened.spec)?;
    if !global.quiet {
        let dir = args.dir.display();
        tell!("made {dir}: embedder {}", catalog.space()?);
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
pub(crate) fn read(file: &str, reading: &TaxonomyReading) -> Result<(Taxonomy, String), Failure> {
    let input = Input::open(file, reading.encoding.as_deref())?;
    let name = input.name().to_owned();
    let read = read_taxonomy(input, &reading.options())?;
    let format = format!("{name}: {}", read.format);
    let taxonomy = Taxonomy::from_rows(read.rows).map_err(|error| {
        let line = error.line();
        assort::read::Error::Input {
            file: name,
            line,
            message: error.to_string(),
            unstated: None,
        }
    })?;
    Ok((taxonomy, format))
}

/// One line by which a person sees whether a tree is the one that was meant.
pub(crate) fn outline(taxonomy: &Taxonomy) -> String {
    let roots =
        (0..taxonomy.len() as u32).filter(|&index| taxonomy.category(index).parent.is_none());
    let sizes = roots.map(|root| (taxonomy.subtree(root).len() - 1, root));
    let widest = sizes.reduce(|most, one| if one.0 > most.0 { one } else { most });
    let widest = widest.filter(|(below, _)| *below > 0).map(|(below, root)| {
        let name = &taxonomy.category(root).name;
        format!(", most below `{name}` ({})", count(below as u64))
    });
    let leaves: Vec<u32> = taxonomy.leaves().collect();
    let mut samples = vec![0, leaves.len() / 2, leaves.len().saturating_sub(1)];
    samples.dedup();
    let samples = samples.into_iter().filter_map(|at| leaves.get(at));
    let samples: Vec<String> = samples
        .map(|leaf| format!("`{}`", taxonomy.path(*leaf)))
        .collect();
    format!(
        "{}, {} of them leaves, {}{}; such as {}",
        counted(taxonomy.len() as u64, "category", "categories"),
        count(leaves.len() as u64),
        counted(taxonomy.depth() as u64, "level", "levels"),
        widest.unwrap_or_default(),
        samples.join(", ")
    )
}

/// Goes on where there is nothing to ask, or the answer is yes.
pub(crate) fn agreed(question: &Option<String>, yes: bool) -> Result<(), Failure> {
    let Some(question) = question.as_ref().filter(|_| !yes) else {
        return Ok(());
    };
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        tell!("{question}");
        tell!("Go on? [y/N]");
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        if ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
            return Ok(());
        }
        return Err(Failure::Stopped("nothing was changed".to_owned()));
    }
    Err(Failure::Usage(hints::pass_yes(question)))
}
