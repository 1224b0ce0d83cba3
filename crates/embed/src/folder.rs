//! Reading a model: weights, tokenizer and settings, from files.

use std::path::{Path, PathBuf};

use fastembed::{OutputKey, TokenizerFiles};
use serde_json::{Map, Value, json};

use crate::graph::Graph;
use crate::json::{object, read_file, read_optional};
use crate::prompts::{self, Prompts};
use crate::{Error, Options, Pooling};

/// Where a folder may have its model, the best first.
const MODEL_FILES: [&str; 4] = [
    "model.onnx",
    "onnx/model.onnx",
    "model_quantized.onnx",
    "onnx/model_quantized.onnx",
];

/// Which output holds the vectors, the best first: those of whole texts come
/// before those of tokens, because such a model may do more than pool.
const OUTPUTS: [OutputKey; 5] = [
    OutputKey::OnlyOne,
    OutputKey::ByName("text_embeds"),
    OutputKey::ByName("sentence_embedding"),
    OutputKey::ByName("last_hidden_state"),
    OutputKey::ByName("token_embeddings"),
];

/// Product texts longer than this many tokens gain nothing but time.
const LONGEST: usize = 512;

/// The length limit of a model that states none.
const UNSTATED: usize = 256;

/// A length limit below this leaves no room beside a model's own tokens.
const LEAST: usize = 8;

/// All that is needed to run a model.
pub(crate) struct Model {
    /// What the model is called.
    pub(crate) name: String,
    /// The model file.
    pub(crate) path: PathBuf,
    /// Its bytes.
    pub(crate) weights: Vec<u8>,
    /// Weights kept in files of their own, by name.
    pub(crate) external: Vec<(String, Vec<u8>)>,
    /// The file of the tokenizer.
    pub(crate) tokenizer_path: PathBuf,
    /// The tokenizer and its settings.
    pub(crate) tokenizer: TokenizerFiles,
    /// How token vectors are pooled.
    pub(crate) pooling: Pooling,
    /// How many tokens are read.
    pub(crate) max_length: usize,
    /// Which output holds the vectors, the best first.
    pub(crate) outputs: Vec<OutputKey>,
    /// Whether numbers inside depend on all texts of a batch.
    pub(crate) dynamic: bool,
    /// What stands before texts.
    pub(crate) prompts: Prompts,
}

/// What is known of a model beside its files.
pub(crate) struct Known {
    pub(crate) name: String,
    /// The model file, relative to its folder.
    pub(crate) file: PathBuf,
    /// How its token vectors are pooled, if the folder does not say.
    pub(crate) pooling: Pooling,
    /// Which output holds the vectors, the best first.
    pub(crate) outputs: Vec<OutputKey>,
    /// Whether it is known to quantise by what a batch holds.
    pub(crate) dynamic: bool,
    /// What stands before texts.
    pub(crate) prompts: Prompts,
}

/// Reads the model of a folder of which nothing else is known.
pub(crate) fn read_unknown(folder: &Path, options: &Options) -> Result<Model, Error> {
    let name = name(folder)?;
    let file = model_file(folder)?;
    let known = Known {
        prompts: match options.without_prompts {
            true => Prompts::None,
            false => prompts::of_folder(folder, &name)?,
        },
        name,
        file,
        pooling: Pooling::Mean,
        outputs: OUTPUTS.to_vec(),
        dynamic: false,
    };
    read(folder, known, options)
}

/// A folder's own name, also if it was given as `.` or by a link.
///
/// # Errors
/// [`Error::NoFolder`] if there is no such folder.
pub(crate) fn name(folder: &Path) -> Result<String, Error> {
    folder
        .canonicalize()
        .ok()
        .filter(|full| full.is_dir())
        .and_then(|full| full.file_name().map(|n| n.to_string_lossy().into_owned()))
        .ok_or_else(|| Error::NoFolder {
            folder: folder.to_owned(),
        })
}

/// The model file of a folder, relative to it: of a usual name, or the only one.
fn model_file(folder: &Path) -> Result<PathBuf, Error> {
    let mut files = MODEL_FILES.iter().map(PathBuf::from);
    files
        .find(|file| folder.join(file).is_file())
        .or_else(|| only_model_file(folder))
        .ok_or_else(|| Error::MissingFile {
            folder: folder.to_owned(),
            file: "model.onnx",
            remedy: "export the model to ONNX first",
        })
}

fn only_model_file(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let mut names = entries
        .map(|entry| PathBuf::from(entry.file_name()))
        .filter(|name| name.extension().is_some_and(|end| end == "onnx"));
    match (names.next(), names.next()) {
        (Some(name), None) => Some(name),
        _ => None,
    }
}

/// A model's files with weights, read.
pub(crate) struct ModelFiles {
    /// What the model is called.
    pub(crate) name: String,
    /// The model file.
    pub(crate) path: PathBuf,
    /// Its bytes.
    pub(crate) weights: Vec<u8>,
    /// Weights kept in files of their own, by name.
    pub(crate) external: Vec<(String, Vec<u8>)>,
}

impl ModelFiles {
    /// Bytes of all weights.
    pub(crate) fn bytes(&self) -> usize {
        let external = self.external.iter().map(|(_, bytes)| bytes.len());
        self.weights.len() + external.sum::<usize>()
    }
}

/// The model of a folder that reads pictures, with what it takes and gives; none if the
/// folder's model reads texts.
///
/// # Errors
/// If there is no model in the folder, or its files cannot be read.
pub(crate) fn read_pictures(folder: &Path) -> Result<Option<(ModelFiles, Graph)>, Error> {
    // Who has both may be one that reads texts; what it takes tells.
    let has_tokenizer = folder.join("tokenizer.json").is_file();
    if has_tokenizer && !folder.join("preprocessor_config.json").is_file() {
        return Ok(None);
    }
    let name = name(folder)?;
    let path = folder.join(model_file(folder)?);
    let weights = read_file(&path)?;
    let Some(graph) = Graph::parse(&weights).filter(|graph| graph.pictures().is_some()) else {
        return Ok(None);
    };
    let files = ModelFiles {
        name,
        external: external(&path)?,
        weights,
        path,
    };
    Ok(Some((files, graph)))
}

/// The files of a folder that hold the weights.
///
/// # Errors
/// [`Error::MissingFile`] if there is no model in it.
pub(crate) fn model_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let model = folder.join(model_file(folder)?);
    let mut files = external_files(&model);
    files.push(model);
    Ok(files)
}

/// Reads a model whose recipe is known.
pub(crate) fn read(folder: &Path, known: Known, options: &Options) -> Result<Model, Error> {
    let path = folder.join(&known.file);
    let tokenizer_path = folder.join("tokenizer.json");
    let tokenizer_file = read_optional(&tokenizer_path)?.ok_or_else(|| Error::MissingFile {
        folder: folder.to_owned(),
        file: "tokenizer.json",
        remedy: "copy it from where the model came from",
    })?;
    let mut settings = object(&folder.join("tokenizer_config.json"))?;
    let special = object(&folder.join("special_tokens_map.json"))?;
    let max_length = max_length(folder, &settings, options)?;
    if content(settings.get("pad_token")).is_none() {
        let pad = pad_token(&tokenizer_file, &special).map_err(|cause| Error::Invalid {
            path: tokenizer_path.clone(),
            cause,
        })?;
        settings.insert("pad_token".to_owned(), Value::String(pad));
    }
    settings.insert("model_max_length".to_owned(), json!(max_length));
    let pooling = match options.pooling {
        Some(pooling) => pooling,
        None => stated_pooling(folder)?.unwrap_or(known.pooling),
    };
    let weights = read_file(&path)?;
    Ok(Model {
        name: known.name,
        external: external(&path)?,
        prompts: known.prompts,
        dynamic: known.dynamic || quantizes_dynamically(&weights),
        weights,
        path,
        tokenizer_path,
        tokenizer: TokenizerFiles {
            tokenizer_file,
            config_file: bytes(object(&folder.join("config.json"))?),
            special_tokens_map_file: bytes(special),
            tokenizer_config_file: bytes(settings),
        },
        pooling,
        max_length,
        outputs: known.outputs,
    })
}

fn max_length(
    folder: &Path,
    settings: &Map<String, Value>,
    options: &Options,
) -> Result<usize, Error> {
    // Beyond this the model cannot read; some files write 10³⁰ for "no limit".
    let able = limit(settings.get("model_max_length"));
    if let Some(given) = options.max_length {
        if given < LEAST {
            return Err(Error::MaxLength {
                given,
                least: LEAST,
            });
        }
        return Ok(able.map_or(given, |able| able.min(given)));
    }
    let meant = object(&folder.join("sentence_bert_config.json"))?;
    let stated = able.into_iter().chain(limit(meant.get("max_seq_length")));
    Ok(stated.min().map_or(UNSTATED, |stated| stated.min(LONGEST)))
}

/// A length limit from a settings file, if it is one.
fn limit(value: Option<&Value>) -> Option<usize> {
    let tokens = value?.as_f64()?;
    // The cast saturates, which is what a limit of 10³⁰ means.
    let tokens = tokens as usize;
    (tokens >= LEAST).then_some(tokens)
}

/// The pooling sentence-transformers wrote beside the model.
fn stated_pooling(folder: &Path) -> Result<Option<Pooling>, Error> {
    let stated = object(&folder.join("1_Pooling").join("config.json"))?;
    let is = |key: &str| stated.get(key).and_then(Value::as_bool) == Some(true);
    Ok(if is("pooling_mode_cls_token") {
        Some(Pooling::Cls)
    } else if is("pooling_mode_mean_tokens") {
        Some(Pooling::Mean)
    } else {
        None
    })
}

/// A token that may fill up the shorter texts of a batch. Models do not look
/// at it, so that any token of the vocabulary does.
fn pad_token(tokenizer: &[u8], special: &Map<String, Value>) -> Result<String, String> {
    #[derive(serde::Deserialize)]
    struct Tokenizer {
        padding: Option<Padding>,
        #[serde(default)]
        added_tokens: Vec<Token>,
    }
    #[derive(serde::Deserialize)]
    struct Padding {
        pad_token: String,
    }
    #[derive(serde::Deserialize)]
    struct Token {
        content: String,
    }

    if let Some(pad) = content(special.get("pad_token")) {
        return Ok(pad);
    }
    let parsed: Tokenizer = serde_json::from_slice(tokenizer).map_err(|e| e.to_string())?;
    if let Some(padding) = parsed.padding {
        return Ok(padding.pad_token);
    }
    let added = |name: &str| parsed.added_tokens.iter().any(|t| t.content == name);
    Ok(["[PAD]", "<pad>", "<|endoftext|>", "</s>", "<unk>"]
        .iter()
        .find(|name| added(name))
        .map_or_else(|| "[PAD]".to_owned(), |name| (*name).to_owned()))
}

/// The text of a token, which files write plainly or as an object.
fn content(token: Option<&Value>) -> Option<String> {
    let token = token?;
    let text = token.as_str().or_else(|| token.get("content")?.as_str())?;
    Some(text.to_owned())
}

/// Weights in files of their own, by name.
fn external(model: &Path) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let files = external_files(model).into_iter().filter_map(|path| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some(read_file(&path).map(|bytes| (name, bytes)))
    });
    files.collect()
}

/// Files beside a model that hold weights of it: `model.onnx_data`, `model.onnx.data`,
/// `model.onnx_data_1` and so on.
fn external_files(model: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (model.parent(), model.file_name()) else {
        return Vec::new();
    };
    let name = name.to_string_lossy();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter(|entry| {
            let file = entry.file_name().to_string_lossy().into_owned();
            let rest = file.strip_prefix(name.as_ref()).unwrap_or_default();
            rest.starts_with("_data") || rest.starts_with(".data")
        })
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

/// Whether the graph scales its activations by the largest of the whole batch:
/// then a text's vector depends on its neighbours.
fn quantizes_dynamically(model: &[u8]) -> bool {
    const OPERATOR: &[u8] = b"DynamicQuantize";
    model.windows(OPERATOR.len()).any(|bytes| bytes == OPERATOR)
}

fn bytes(object: Map<String, Value>) -> Vec<u8> {
    Value::Object(object).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::tests::folder;

    const TOKENIZER: &str = r#"{"added_tokens": [{"content": "<pad>"}]}"#;

    fn settings(model: &Model) -> Value {
        serde_json::from_slice(&model.tokenizer.tokenizer_config_file).unwrap()
    }

    #[test]
    fn a_bare_folder_gets_sensible_settings() {
        let folder = folder(&[("model.onnx", "m"), ("tokenizer.json", TOKENIZER)]);
        let model = read_unknown(folder.path(), &Options::default()).unwrap();
        assert_eq!((model.max_length, model.pooling), (UNSTATED, Pooling::Mean));
        assert_eq!(settings(&model)["pad_token"], "<pad>");
        assert_eq!(settings(&model)["model_max_length"], UNSTATED);
        assert!(model.external.is_empty() && !model.dynamic);
        assert_eq!(
            model.name,
            folder.path().file_name().unwrap().to_str().unwrap()
        );
    }

    #[test]
    fn settings_beside_the_model_are_followed() {
        let folder = folder(&[
            ("onnx/model.onnx", "..DynamicQuantizeLinear.."),
            ("onnx/model.onnx_data", "weights"),
            ("onnx/model_quantized.onnx", "not this"),
            ("tokenizer.json", "{}"),
            (
                "tokenizer_config.json",
                r#"{"model_max_length": 1e30, "pad_token": {"content": "P"}}"#,
            ),
            ("sentence_bert_config.json", r#"{"max_seq_length": 128}"#),
            (
                "1_Pooling/config.json",
                r#"{"pooling_mode_cls_token": true}"#,
            ),
        ]);
        let model = read_unknown(folder.path(), &Options::default()).unwrap();
        assert_eq!((model.max_length, model.pooling), (128, Pooling::Cls));
        assert!(model.path.ends_with("onnx/model.onnx") && model.dynamic);
        assert_eq!(
            model.external,
            [("model.onnx_data".to_owned(), b"weights".to_vec())]
        );
        assert_eq!(settings(&model)["pad_token"]["content"], "P");
    }

    #[test]
    fn options_overrule_the_files_but_not_what_the_model_can_read() {
        let folder = folder(&[
            ("model_quantized.onnx", "m"),
            ("tokenizer.json", "{}"),
            ("tokenizer_config.json", r#"{"model_max_length": 1024}"#),
            (
                "1_Pooling/config.json",
                r#"{"pooling_mode_cls_token": true}"#,
            ),
        ]);
        let read = |max_length| {
            let options = Options {
                pooling: Some(Pooling::Mean),
                max_length,
                ..Options::default()
            };
            read_unknown(folder.path(), &options)
        };
        for (given, used) in [(None, 512), (Some(700), 700), (Some(5000), 1024)] {
            let model = read(given).unwrap();
            assert_eq!((model.max_length, model.pooling), (used, Pooling::Mean));
        }
        assert!(matches!(
            read(Some(3)),
            Err(Error::MaxLength { given: 3, .. })
        ));
    }

    #[test]
    fn what_is_missing_or_broken_is_named() {
        let gone = read_unknown(Path::new("no/such/folder"), &Options::default());
        assert!(matches!(gone, Err(Error::NoFolder { .. })));
        for (files, words) in [
            (
                vec![("tokenizer.json", "{}")],
                ["holds no model.onnx", "ONNX"],
            ),
            (
                vec![("model.onnx", "m")],
                ["holds no tokenizer.json", "copy it"],
            ),
            (
                vec![("model.onnx", "m"), ("tokenizer.json", "{")],
                ["tokenizer.json is not valid", "fetch"],
            ),
            (
                vec![
                    ("model.onnx", "m"),
                    ("tokenizer.json", "{}"),
                    ("config.json", "[]"),
                ],
                ["config.json is not valid", "fetch"],
            ),
        ] {
            let folder = folder(&files);
            let error = read_unknown(folder.path(), &Options::default())
                .err()
                .unwrap();
            let message = error.to_string();
            assert!(words.iter().all(|w| message.contains(w)), "{message}");
            assert!(
                message.contains(&*folder.path().to_string_lossy()),
                "{message}"
            );
        }
    }
}
