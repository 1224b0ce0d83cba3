//! `assort embedders`

use std::io::Write;

use assort_embed::{Error, Listed, Prompts, Spec, describe, list};
use serde_json::{Value, json};

use crate::args::{Embedders, Global, ReportFormat};
use crate::failure::{Done, Outcome};
use crate::render::{self, Columns};
use crate::text::{bytes, count};

/// Embedders that are named by where they are, and what they are.
const BY_PLACE: [(&str, &str); 3] = [
    ("dir:PATH", "a folder with model.onnx and tokenizer.json"),
    (
        "static:FILE",
        "a static embedding: pieces of texts with a vector each, very fast",
    ),
    ("distilled:FILE", "a student that a catalog taught"),
];

pub(crate) fn run(args: &Embedders, global: &Global) -> Outcome {
    let cache = global.cache.as_deref();
    let listed = match args.specs.as_slice() {
        [] => list(cache),
        specs => {
            let told = specs.iter().map(|spec| {
                let spec: Spec = spec.parse()?;
                describe(&spec, cache)
            });
            told.collect::<Result<_, Error>>()?
        }
    };
    let mut sink = render::sink(None)?;
    match args.format {
        ReportFormat::Json => {
            let rows: Vec<Value> = listed.iter().map(value).collect();
            writeln!(sink, "{}", Value::from(rows))?;
        }
        ReportFormat::Table => {
            let mut rows: Vec<Vec<String>> = listed.iter().map(row).collect();
            if args.specs.is_empty() {
                rows.extend(BY_PLACE.map(|(spec, what)| {
                    let mut row = vec![String::new(); HEADER.len()];
                    row[0] = spec.to_owned();
                    row[HEADER.len() - 1] = what.to_owned();
                    row
                }));
            }
            let columns = Columns::new(&[36, 13, 5, 9, 9, 5, 0]);
            write!(sink, "{}", columns.lines(Some(&HEADER), &rows))?;
        }
    }
    sink.flush()?;
    if args.format == ReportFormat::Table {
        for one in listed.iter().filter(|_| !args.specs.is_empty()) {
            global.say(&format!("{}: prompts {}", one.spec, one.prompts));
        }
        global.say(
            "titles/s: short titles on 2 cores, about; ~ is estimated from the layers of the model and how wide they are",
        );
    }
    Ok(Done::Whole)
}

const HEADER: [&str; 7] = [
    "embedder",
    "languages",
    "dims",
    "titles/s",
    "size",
    "here",
    "what it is for",
];

fn row(one: &Listed) -> Vec<String> {
    let rate = one.rate.map(|rate| {
        let sign = if rate.measured { "" } else { "~" };
        format!("{sign}{}", count(rate.titles.into()))
    });
    let size = one.bytes.map(|size| match size {
        0 => "inside".to_owned(),
        size => bytes(size),
    });
    let here = if one.cached { "yes" } else { "" };
    vec![
        one.spec.clone(),
        told(one.languages),
        told(one.dimensions),
        rate.unwrap_or_default(),
        size.unwrap_or_default(),
        here.to_owned(),
        one.description.clone(),
    ]
}

/// What is not known is left empty.
fn told(known: Option<impl ToString>) -> String {
    known.map_or(String::new(), |known| known.to_string())
}

fn value(one: &Listed) -> Value {
    let (query, document) = match &one.prompts {
        Prompts::Added { query, document } => (query.as_str(), document.as_str()),
        Prompts::Tokenizer(words) => (words.as_str(), words.as_str()),
        _ => ("", ""),
    };
    json!({
        "embedder": one.spec,
        "languages": one.languages.map(|languages| languages.to_string()),
        "dimensions": one.dimensions,
        "titles_per_second": one.rate.map(|rate| rate.titles),
        "rate": one.rate.map(|rate| if rate.measured { "measured" } else { "estimated" }),
        "bytes": one.bytes,
        "here": one.cached,
        "query_prompt": query,
        "document_prompt": document,
        "description": one.description,
    })
}
