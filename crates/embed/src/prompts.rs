//! What models want before a text: e5 was trained on texts that begin with `query: ` or
//! `passage: `, and reads others less well.

use std::fmt;
use std::path::{Path, PathBuf};

use assort_core::Role;
use serde_json::{Map, Value};

use crate::Error;
use crate::json::{object, read_optional};
use crate::known;

/// The file in which sentence-transformers keeps prompts.
const FILE: &str = "config_sentence_transformers.json";

/// Names under which that file has the prompt of queries, the first first.
const QUERY: [&str; 1] = ["query"];

/// Names under which it has the prompt of documents, as `encode_document` of
/// sentence-transformers looks for them.
const DOCUMENT: [&str; 3] = ["document", "passage", "corpus"];

/// What stands before the texts that a model reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Prompts {
    /// Nothing.
    #[default]
    None,
    /// The embedder puts a prompt before each text, by its role.
    Added {
        /// Before queries and texts of categories; may be empty.
        query: String,
        /// Before products; may be empty.
        document: String,
    },
    /// The tokenizer puts this before each text, whatever its role.
    Tokenizer(String),
}

impl Prompts {
    /// What the embedder is to put before a text of a role.
    #[must_use]
    pub fn before(&self, role: Role) -> &str {
        match (self, role) {
            (Self::Added { query, .. }, Role::Query) => query,
            (Self::Added { document, .. }, Role::Document) => document,
            _ => "",
        }
    }

    /// Whether the embedder puts anything before texts.
    #[must_use]
    pub fn are_added(&self) -> bool {
        matches!(self, Self::Added { .. })
    }
}

impl fmt::Display for Prompts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Added { query, document } if query == document => write!(f, "{query:?}"),
            Self::Added { query, document } => {
                write!(f, "{query:?} for queries, {document:?} for products")
            }
            Self::Tokenizer(words) => write!(f, "{words:?} by its tokenizer"),
        }
    }
}

/// The prompts of a model that is known by its name, or by that of its repository.
pub(crate) fn known(name: &str) -> Prompts {
    let known = known::find(name);
    known.map_or(Prompts::None, |known| {
        added(known.prompts.0, known.prompts.1)
    })
}

/// The prompts of the model in a folder: those that its own file has, else those that are
/// known by its name; none beside what its tokenizer puts before texts by itself.
///
/// # Errors
/// [`Error::Prompts`] if the files contradict each other, or want what cannot be done.
pub(crate) fn of_folder(folder: &Path, name: &str) -> Result<Prompts, Error> {
    let stated = stated(folder)?;
    let prompts = match &stated {
        Some(prompts) => prompts.clone(),
        None => names(folder, name)?
            .iter()
            .map(|name| known(name))
            .find(Prompts::are_added)
            .unwrap_or_default(),
    };
    let Prompts::Added { query, document } = &prompts else {
        return Ok(prompts);
    };
    if let Some(own) = tokenizer_words(&folder.join("tokenizer.json"))? {
        let differs = |prompt: &String| prompt.trim() != own.trim();
        if stated.is_some() && (differs(query) || differs(document)) {
            return Err(contradiction(
                folder.join(FILE),
                format!(
                    "it wants {prompts} before texts, and tokenizer.json puts {own:?} before each by itself"
                ),
            ));
        }
        return Ok(Prompts::Tokenizer(own));
    }
    // Pooling that passes over the prompt would have to know its tokens.
    let pooling = object(&folder.join("1_Pooling").join("config.json"))?;
    if pooling.get("include_prompt").and_then(Value::as_bool) == Some(false) {
        return Err(contradiction(
            folder.join("1_Pooling").join("config.json"),
            "it wants prompts left out of the pooling, which cannot be done".to_owned(),
        ));
    }
    Ok(prompts)
}

/// What the model in a folder may be known by: the folder's name, and what its settings
/// say it was made from.
pub(crate) fn names(folder: &Path, name: &str) -> Result<Vec<String>, Error> {
    let config = object(&folder.join("config.json"))?;
    let came = config.get("_name_or_path").and_then(Value::as_str);
    let names = [Some(name), came].into_iter().flatten();
    Ok(names.map(str::to_owned).collect())
}

fn added(query: &str, document: &str) -> Prompts {
    match (query, document) {
        ("", "") => Prompts::None,
        (query, document) => Prompts::Added {
            query: query.to_owned(),
            document: document.to_owned(),
        },
    }
}

fn contradiction(path: PathBuf, what: String) -> Error {
    Error::Prompts { path, what }
}

/// The prompts that sentence-transformers keeps in the folder, if it keeps any; an empty
/// one says that nothing is to stand there.
fn stated(folder: &Path) -> Result<Option<Prompts>, Error> {
    let path = folder.join(FILE);
    let file = object(&path)?;
    let prompts = match file.get("prompts") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(prompts)) => prompts,
        Some(_) => return Err(contradiction(path, "`prompts` is no object".to_owned())),
    };
    let usual = match file.get("default_prompt_name") {
        None | Some(Value::Null) => None,
        Some(name) => {
            let prompt = name.as_str().and_then(|name| prompts.get(name));
            let what = || format!("`default_prompt_name` is {name}, and there is no such prompt");
            Some(prompt.ok_or_else(|| contradiction(path.clone(), what()))?)
        }
    };
    let find = |names: &[&str]| -> Result<Option<&str>, Error> {
        let Some(value) = first(prompts, names).or(usual) else {
            return Ok(None);
        };
        let text = value.as_str();
        let what = || format!("the prompt {value} is no text");
        text.map(Some)
            .ok_or_else(|| contradiction(path.clone(), what()))
    };
    Ok(match (find(&QUERY)?, find(&DOCUMENT)?) {
        // Prompts of other tasks say nothing of these.
        (None, None) => None,
        (query, document) => Some(added(
            query.unwrap_or_default(),
            document.unwrap_or_default(),
        )),
    })
}

fn first<'p>(prompts: &'p Map<String, Value>, names: &[&str]) -> Option<&'p Value> {
    names.iter().find_map(|name| prompts.get(*name))
}

/// The words that a tokenizer puts before each text by itself, if it does.
fn tokenizer_words(path: &Path) -> Result<Option<String>, Error> {
    /// All else, which is long, is passed over.
    #[derive(serde::Deserialize)]
    struct Tokenizer {
        #[serde(default)]
        post_processor: Value,
    }

    let Some(file) = read_optional(path)? else {
        return Ok(None);
    };
    let parsed = serde_json::from_slice(&file).map_err(|error| Error::Invalid {
        path: path.to_owned(),
        cause: error.to_string(),
    });
    let Tokenizer { post_processor } = parsed?;
    let processor = &post_processor;
    let in_a_row = processor.get("processors").and_then(Value::as_array);
    let processors = in_a_row.map_or(std::slice::from_ref(processor), Vec::as_slice);
    Ok(processors.iter().find_map(template_words))
}

/// The words before the text in the template of a processor.
fn template_words(processor: &Value) -> Option<String> {
    let template = processor.get("single")?.as_array()?;
    let special = processor.get("special_tokens")?;
    let before = template
        .iter()
        .map_while(|part| part.get("SpecialToken"))
        .filter_map(|part| special.get(part.get("id")?.as_str()?));
    let tokens = before.filter_map(|special| special.get("tokens")?.as_array());
    let words: String = tokens
        .flatten()
        .filter_map(Value::as_str)
        // Such as [CLS] and <s>, which are no words.
        .filter(|token| !token.starts_with(['[', '<']))
        .collect();
    let words = words.replace('▁', " ");
    let words = words.trim();
    (!words.is_empty()).then(|| format!("{words} "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::tests::folder;

    const PLAIN: &str = r#"{"post_processor": {"single": [{"SpecialToken": {"id": "[CLS]"}}, {"Sequence": {"id": "A"}}], "special_tokens": {"[CLS]": {"tokens": ["[CLS]"]}}}}"#;
    const WITH_QUERY: &str = r#"{"post_processor": {"processors": [{"type": "ByteLevel"}, {"single": [{"SpecialToken": {"id": "BOS"}}, {"SpecialToken": {"id": "P"}}, {"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "EOS"}}], "special_tokens": {"BOS": {"tokens": ["<s>"]}, "P": {"tokens": ["▁que", "ry", ":"]}, "EOS": {"tokens": ["</s>"]}}}]}}"#;

    fn read(name: &str, files: &[(&str, &str)]) -> Result<Prompts, Error> {
        of_folder(folder(files).path(), name)
    }

    #[test]
    fn the_file_of_a_folder_says_what_stands_before_texts() {
        for (file, expected) in [
            (
                r#"{"prompts": {"query": "q: ", "passage": "p: "}}"#,
                added("q: ", "p: "),
            ),
            (
                r#"{"prompts": {"query": "q: ", "document": "d: ", "passage": "p: "}}"#,
                added("q: ", "d: "),
            ),
            (r#"{"prompts": {"query": "q: "}}"#, added("q: ", "")),
            (
                r#"{"prompts": {"query": "q: ", "all": "a: "}, "default_prompt_name": "all"}"#,
                added("q: ", "a: "),
            ),
            // This turns off what is known by name.
            (
                r#"{"prompts": {"query": "", "document": ""}}"#,
                Prompts::None,
            ),
            (
                r#"{"prompts": {}, "default_prompt_name": null}"#,
                known("e5-small"),
            ),
            (r#"{"prompts": {"sts": "s: "}}"#, known("e5-small")),
        ] {
            let files = [(FILE, file), ("tokenizer.json", PLAIN)];
            let prompts = read("multilingual-e5-small", &files).unwrap();
            assert_eq!(prompts, expected, "{file}");
        }
    }

    #[test]
    fn a_model_is_known_by_its_folder_or_by_where_it_came_from() {
        let tokenizer = ("tokenizer.json", PLAIN);
        let named = read("my-e5-base-v2", &[tokenizer]).unwrap();
        assert_eq!(named.before(Role::Query), "query: ");
        let config = (
            "config.json",
            r#"{"_name_or_path": "nomic-ai/nomic-embed-text-v1.5"}"#,
        );
        let came = read("model", &[tokenizer, config]).unwrap();
        assert_eq!(came.before(Role::Query), "search_query: ");
        assert_eq!(came.before(Role::Document), "search_document: ");
        for other in [
            "minilm-l6",
            "multilingual-e5-large-instruct",
            "bge-base-en-v1.5",
        ] {
            assert_eq!(read(other, &[tokenizer]).unwrap(), Prompts::None, "{other}");
        }
    }

    #[test]
    fn what_the_tokenizer_puts_before_texts_is_not_put_there_again() {
        let tokenizer = ("tokenizer.json", WITH_QUERY);
        let prompts = read("e5-small", &[tokenizer]).unwrap();
        assert_eq!(prompts, Prompts::Tokenizer("query: ".to_owned()));
        assert_eq!(prompts.before(Role::Query), "");
        let same = (
            FILE,
            r#"{"prompts": {"query": "query: ", "document": "query: "}}"#,
        );
        assert_eq!(read("e5-small", &[tokenizer, same]).unwrap(), prompts);
    }

    #[test]
    fn files_that_contradict_each_other_are_refused() {
        let other = r#"{"prompts": {"query": "query: ", "document": "passage: "}}"#;
        for (files, words) in [
            (
                vec![("tokenizer.json", WITH_QUERY), (FILE, other)],
                "by itself",
            ),
            (
                vec![
                    ("tokenizer.json", PLAIN),
                    (FILE, other),
                    ("1_Pooling/config.json", r#"{"include_prompt": false}"#),
                ],
                "left out of the pooling",
            ),
            (vec![(FILE, r#"{"prompts": []}"#)], "no object"),
            (vec![(FILE, r#"{"prompts": {"query": 1}}"#)], "no text"),
            (
                vec![(FILE, r#"{"prompts": {}, "default_prompt_name": "q"}"#)],
                "no such prompt",
            ),
        ] {
            let error = read("e5-small", &files).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
