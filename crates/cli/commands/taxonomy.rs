//! `assort taxonomy`

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use assort::Catalog;
use assort::core::{CategoryIndex, Taxonomy, TaxonomyChange, print_path};
use assort::read::{DECLARED_PATHS, doubts};
use serde_json::{Value, json};

use super::init::{agreed, outline, read};
use super::learn;
use crate::args::{EmbedderArgs, Global, TaxonomyArgs, TaxonomyCommand, TaxonomyFormat};
use crate::failure::{Done, Failure, Outcome};
use crate::hints;
use crate::progress::Console;
use crate::render;
use crate::text::{count, counted};

pub(crate) fn run(args: TaxonomyArgs, global: &Global) -> Outcome {
    match args.command {
        TaxonomyCommand::Show {
            dir,
            category,
            depth,
        } => show(&*tree(&dir)?, category.as_deref(), depth),
        TaxonomyCommand::Find { dir, text } => find(&*tree(&dir)?, &text, global),
        TaxonomyCommand::Export {
            dir,
            format,
            output,
        } => export(&*tree(&dir)?, format, output.as_deref()),
        TaxonomyCommand::Import {
            dir,
            file,
            reading,
            dry_run,
            no_prepare,
        } => {
            let (taxonomy, format) = read(&file, &reading)?;
            let catalog = match dry_run {
                true => Catalog::open_read_only(&dir)?,
                false => Catalog::open(&dir)?,
            };
            let change = catalog.taxonomy_change(&taxonomy)?;
            tell_change(&taxonomy, &format, &change, global);
            if dry_run {
                return Ok(Done::Whole);
            }
            may_replace(&taxonomy, &change, reading.yes)?;
            catalog.replace_taxonomy(&taxonomy)?;
            replaced(&taxonomy, &change, global);
            if no_prepare {
                return Ok(Done::Whole);
            }
            let safe = "the taxonomy is stored; the next import or classify embeds its texts";
            let (own, mut console) = (EmbedderArgs::default(), Console::new(global.quiet));
            learn(catalog, &own, global, &mut console, safe);
            Ok(Done::Whole)
        }
    }
}

fn tree(dir: &Path) -> assort::Result<Arc<Taxonomy>> {
    Catalog::open_read_only(dir)?.taxonomy()
}

/// Tells what another taxonomy changes, before it does.
pub(crate) fn tell_change(
    taxonomy: &Taxonomy,
    format: &str,
    change: &TaxonomyChange,
    global: &Global,
) {
    global.say(format);
    global.say(&outline(taxonomy));
    let categories = [
        (change.added, "added"),
        (change.removed, "gone"),
        (change.renamed, "renamed"),
        (change.moved, "moved"),
    ];
    let categories = categories.into_iter().filter(|(number, _)| *number > 0);
    let categories: Vec<String> = categories
        .map(|(number, what)| format!("{} {what}", count(number)))
        .collect();
    match categories.is_empty() {
        true => global.say("the categories stay as they are"),
        false => global.say(&format!("categories: {}", categories.join(", "))),
    }
    let lost = [
        (change.labels_lost, "label names", "labels name"),
        (change.decisions_lost, "decision names", "decisions name"),
    ];
    for (number, one, many) in lost.into_iter().filter(|(number, ..)| *number > 0) {
        let what = counted(number, one, many);
        global.say(&format!("{what} a category that goes"));
    }
    if change.labels_widened > 0 {
        let labels = counted(change.labels_widened, "label is", "labels are");
        global.say(&format!(
            "{labels} on a leaf that gets children, and will speak for what lies below"
        ));
    }
}

/// Refuses what loses labels, or looks wrong, unless somebody agrees.
pub(crate) fn may_replace(
    taxonomy: &Taxonomy,
    change: &TaxonomyChange,
    yes: bool,
) -> Result<(), Failure> {
    agreed(&hints::doubtful_taxonomy(&doubts(taxonomy)), yes)?;
    let labels =
        (change.labels_lost > 0).then(|| counted(change.labels_lost, "label loses", "labels lose"));
    let question = labels
        .map(|labels| format!("{labels} the category; kept, and used again if it comes back"));
    agreed(&question, yes)
}

/// Tells that a catalog has another taxonomy.
pub(crate) fn replaced(taxonomy: &Taxonomy, change: &TaxonomyChange, global: &Global) {
    global.say(&format!(
        "the catalog has {} now",
        counted(taxonomy.len() as u64, "category", "categories")
    ));
    if change.labels_lost > 0 {
        let labels = counted(change.labels_lost, "label names", "labels name");
        tell!("note: {labels} a category that is gone; kept, and used again if it comes back");
    }
}

/// Prints the tree, or the part below a category.
pub(crate) fn show(taxonomy: &Taxonomy, category: Option<&str>, depth: Option<usize>) -> Outcome {
    let roots: Vec<CategoryIndex> = match category {
        Some(text) => vec![
            taxonomy
                .resolve(text)
                .map_err(|error| Failure::Failed(error.to_string()))?,
        ],
        None => (0..taxonomy.len() as CategoryIndex)
            .filter(|&index| taxonomy.category(index).parent.is_none())
            .collect(),
    };
    let mut sink = render::sink(None)?;
    // A stack rather than recursion: a tree may be as deep as it likes.
    let mut stack: Vec<(CategoryIndex, usize)> =
        roots.into_iter().rev().map(|root| (root, 0)).collect();
    while let Some((index, level)) = stack.pop() {
        let category = taxonomy.category(index);
        let named = with_id(taxonomy, index, &category.name);
        writeln!(sink, "{:indent$}{named}", "", indent = 2 * level)?;
        if depth.is_none_or(|depth| level + 1 < depth) {
            stack.extend(
                category
                    .children
                    .iter()
                    .rev()
                    .map(|&child| (child, level + 1)),
            );
        }
    }
    sink.flush()?;
    Ok(Done::Whole)
}

/// A name or path with the category's id behind it, unless its path is its id.
fn with_id(taxonomy: &Taxonomy, index: CategoryIndex, name: &str) -> String {
    let id = &taxonomy.category(index).id;
    if *id == taxonomy.path(index) {
        name.to_owned()
    } else {
        format!("{name}  [{id}]")
    }
}

/// Prints the categories that have a text somewhere.
pub(crate) fn find(taxonomy: &Taxonomy, text: &str, global: &Global) -> Outcome {
    let found = taxonomy.find(text);
    let mut sink = render::sink(None)?;
    for &index in &found {
        writeln!(sink, "{}", with_id(taxonomy, index, &taxonomy.path(index)))?;
    }
    sink.flush()?;
    if !global.quiet {
        tell!(
            "{} found",
            counted(found.len() as u64, "category", "categories")
        );
    }
    Ok(Done::Whole)
}

/// Writes the tree, in a form that `assort init` reads back.
pub(crate) fn export(taxonomy: &Taxonomy, format: TaxonomyFormat, path: Option<&Path>) -> Outcome {
    let mut sink = render::sink(path)?;
    match format {
        TaxonomyFormat::Paths => {
            writeln!(sink, "{DECLARED_PATHS}")?;
            for index in 0..taxonomy.len() as CategoryIndex {
                writeln!(sink, "{}", line(&taxonomy.path(index)))?;
            }
        }
        TaxonomyFormat::Jsonl => {
            for index in 0..taxonomy.len() as CategoryIndex {
                writeln!(sink, "{}", object(taxonomy, index))?;
            }
        }
        TaxonomyFormat::Tsv => tsv(taxonomy, &mut sink)?,
    }
    sink.flush()?;
    Ok(Done::Whole)
}

/// A path as a line of a list, quoted where it would be read as something else.
fn line(path: &str) -> Cow<'_, str> {
    let odd = !path.starts_with(char::is_alphanumeric) || path.ends_with([',', ';']);
    match odd {
        true => Cow::Owned(format!("\"{}\"", path.replace('"', "\"\""))),
        false => Cow::Borrowed(path),
    }
}

fn object(taxonomy: &Taxonomy, index: CategoryIndex) -> Value {
    let category = taxonomy.category(index);
    let path = taxonomy.names(index);
    let mut value = json!({
        "id": category.id,
        "path": path,
        "descriptions": category.descriptions,
        "aliases": category.aliases,
        "examples": category.examples,
    });
    for (language, path) in &category.translations {
        value[format!("path_{language}")] = json!(path);
    }
    value
}

/// Writes columns that `assort init` reads back.
fn tsv(taxonomy: &Taxonomy, sink: &mut dyn Write) -> Result<(), Failure> {
    let mut languages: Vec<&str> = taxonomy
        .categories()
        .iter()
        .flat_map(|category| {
            category
                .translations
                .iter()
                .map(|(language, _)| language.as_str())
        })
        .collect();
    languages.sort_unstable();
    languages.dedup();
    let mut writer = csv::WriterBuilder::new().delimiter(b'\t').from_writer(sink);
    let mut header: Vec<String> = [
        "id",
        "parent_id",
        "name",
        "path",
        "description",
        "aliases",
        "examples",
    ]
    .map(str::to_owned)
    .to_vec();
    header.extend(languages.iter().map(|language| format!("path_{language}")));
    writer.write_record(&header)?;
    for index in 0..taxonomy.len() as CategoryIndex {
        let category = taxonomy.category(index);
        let parent = category
            .parent
            .map(|parent| taxonomy.category(parent).id.clone());
        let mut record = vec![
            category.id.clone(),
            parent.unwrap_or_default(),
            category.name.clone(),
            taxonomy.path(index),
            category.descriptions.join(" "),
            list(&category.aliases),
            list(&category.examples),
        ];
        record.extend(languages.iter().map(|language| {
            let known = category
                .translations
                .iter()
                .find(|(known, _)| known == language);
            known.map_or_else(String::new, |(_, path)| print_path(path))
        }));
        writer.write_record(&record)?;
    }
    writer.flush()?;
    Ok(())
}

/// Texts in one cell, as a taxonomy is read: a `|` of their own stands behind a `\\`.
fn list(texts: &[String]) -> String {
    let escaped = |text: &String| text.replace('\\', r"\\").replace('|', r"\|");
    texts.iter().map(escaped).collect::<Vec<_>>().join("|")
}
