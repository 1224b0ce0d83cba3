//! `assort embedders`

use std::io::Write;

use crate::failure::{Done, Outcome};
use crate::render::{self, Columns};

pub(crate) fn run(cache: Option<&std::path::Path>) -> Outcome {
    let mut rows: Vec<Vec<String>> = assort_embed::list(cache)
        .into_iter()
        .map(|listed| {
            let here = if listed.cached { "yes" } else { "" };
            vec![
                listed.spec,
                listed.dimensions.to_string(),
                here.to_owned(),
                listed.description,
            ]
        })
        .collect();
    rows.push(vec![
        "dir:PATH".to_owned(),
        String::new(),
        String::new(),
        "A folder with model.onnx and tokenizer.json".to_owned(),
    ]);
    rows.push(vec![
        "static:FILE".to_owned(),
        String::new(),
        String::new(),
        "A static embedding: pieces of texts with a vector each, very fast".to_owned(),
    ]);
    let mut sink = render::sink(None)?;
    write!(
        sink,
        "{}",
        Columns::new(&[36, 5, 5, 0])
            .lines(Some(&["embedder", "dims", "here", "what it is"]), &rows)
    )?;
    sink.flush()?;
    Ok(Done::Whole)
}
