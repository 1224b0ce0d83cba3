//! fastembed's text models: their names, and their files on this machine.

use std::path::{Path, PathBuf};

use fastembed::{EmbeddingModel, ModelInfo, OutputKey, QuantizationMode, TextEmbedding};

use crate::folder::{self, Known, Model};
use crate::known;
use crate::prompts::{self, Prompts};
use crate::{Error, Listed, Options, Spec};

/// Beside the weights, what fastembed reads of every model.
const SETTINGS: [&str; 4] = [
    "tokenizer.json",
    "config.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
];

/// Which output fastembed takes of a model that names none, so that vectors are
/// those other programs get from fastembed.
const OUTPUTS: [OutputKey; 4] = [
    OutputKey::OnlyOne,
    OutputKey::ByName("text_embeds"),
    OutputKey::ByName("last_hidden_state"),
    OutputKey::ByName("sentence_embedding"),
];

type Info = ModelInfo<EmbeddingModel>;

/// Finds or fetches the files of the model called `name`, and reads them.
pub(crate) fn read(name: &str, options: &Options) -> Result<Model, Error> {
    let info = resolve(name)?;
    let cache = cache_folder(options.cache.as_deref()).ok_or(Error::NoCache)?;
    let folder = match snapshot(&cache, &info) {
        Some(folder) => folder,
        None => obtain(&cache, &info, options.offline)?,
    };
    let known = Known {
        name: info.model.to_string(),
        file: PathBuf::from(&info.model_file),
        pooling: TextEmbedding::get_default_pooling_method(&info.model)
            .map_or(crate::Pooling::Mean, Into::into),
        prompts: match options.without_prompts {
            true => Prompts::None,
            false => prompts::known(&info.model_code),
        },
        dynamic: TextEmbedding::get_quantization_mode(&info.model) == QuantizationMode::Dynamic,
        outputs: info
            .output_key
            .map_or(OUTPUTS.to_vec(), |output| vec![output]),
    };
    folder::read(&folder, known, options)
}

/// What stands before the texts that the model called `name` reads.
///
/// # Errors
/// [`Error::UnknownModel`] if fastembed has none of that name.
pub(crate) fn prompts(name: &str) -> Result<Prompts, Error> {
    Ok(prompts::known(&resolve(name)?.model_code))
}

/// Every text model fastembed lists, by name.
pub(crate) fn list(cache: Option<&Path>) -> Vec<Listed> {
    let cache = cache_folder(cache);
    let models = models().into_iter();
    models.map(|info| told(&info, cache.as_deref())).collect()
}

/// What is known of the model called `name`.
///
/// # Errors
/// [`Error::UnknownModel`] if fastembed has none of that name.
pub(crate) fn describe(name: &str, cache: Option<&Path>) -> Result<Listed, Error> {
    Ok(told(&resolve(name)?, cache_folder(cache).as_deref()))
}

fn told(info: &Info, cache: Option<&Path>) -> Listed {
    let known = known::find(&info.model_code);
    let purpose = known.and_then(|known| known.purpose);
    Listed {
        spec: Spec::Fastembed(info.model.to_string()).to_string(),
        languages: known.map(|known| known.languages),
        dimensions: Some(info.dim),
        rate: known.and_then(known::Card::rate),
        bytes: known.map(|known| u64::from(known.millions) * 1_000_000 * bits(info) / 8),
        prompts: prompts::known(&info.model_code),
        description: purpose.map_or_else(|| info.description.clone(), str::to_owned),
        cached: cache.is_some_and(|cache| snapshot(cache, info).is_some()),
    }
}

/// About how many bits a parameter takes in a model's file.
fn bits(info: &Info) -> u64 {
    match info.model_file.as_str() {
        file if file.contains("_q4") => 5,
        file if file.contains("_quantized") => 8,
        file if file.contains("_optimized") => 16,
        _ => 32,
    }
}

fn models() -> Vec<Info> {
    let mut models = TextEmbedding::list_supported_models();
    models.sort_by_key(|info| info.model.to_string());
    models
}

/// The model that is called `name`, lives in the repository `name`, or is an
/// export of the repository `name`. Of several, the one with the shortest
/// name, which is the unquantised one.
fn resolve(name: &str) -> Result<Info, Error> {
    let mut models = models();
    models.sort_by_key(|info| info.model.to_string().len());
    let wanted = name.to_lowercase();
    let ways: [fn(&Info) -> String; 3] = [
        |info| info.model.to_string().to_lowercase(),
        |info| info.model_code.to_lowercase(),
        |info| stem(&info.model_code.to_lowercase()).to_owned(),
    ];
    for (way, wanted) in ways.iter().zip([wanted.as_str(), &wanted, stem(&wanted)]) {
        if let Some(info) = models.iter().find(|info| way(info) == wanted) {
            return Ok(info.clone());
        }
    }
    Err(Error::UnknownModel {
        given: name.to_owned(),
        close: close(&wanted, &models),
    })
}

/// A repository's name without its owner and the marks of an export.
fn stem(code: &str) -> &str {
    let name = code.rsplit('/').next().unwrap_or(code);
    let name = name.strip_suffix("-q").unwrap_or(name);
    name.strip_suffix("-onnx").unwrap_or(name)
}

/// Up to three names of models that look like `wanted`.
fn close(wanted: &str, models: &[Info]) -> Vec<String> {
    let likeness = |info: &Info| {
        let name = strsim::jaro_winkler(wanted, &info.model.to_string().to_lowercase());
        let code = info.model_code.to_lowercase();
        name.max(strsim::jaro_winkler(stem(wanted), stem(&code)))
    };
    let mut close: Vec<(f64, String)> = models
        .iter()
        .map(|info| (likeness(info), info.model.to_string()))
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0));
    close.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Where models are kept: never the working directory.
fn cache_folder(given: Option<&Path>) -> Option<PathBuf> {
    let folder = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    given
        .map(Path::to_owned)
        .or_else(|| folder("HF_HOME"))
        .or_else(|| folder("FASTEMBED_CACHE_DIR"))
        .or_else(|| {
            let caches = folder("XDG_CACHE_HOME")
                .filter(|path| path.is_absolute())
                .or_else(|| folder("HOME").map(|home| home.join(".cache")))
                .or_else(|| folder("LOCALAPPDATA"))?;
            Some(caches.join("assort").join("models"))
        })
}

fn files(info: &Info) -> impl Iterator<Item = &str> {
    std::iter::once(info.model_file.as_str())
        .chain(info.additional_files.iter().map(String::as_str))
        .chain(SETTINGS)
}

/// The folder in `cache` that holds the whole model, if it does: directly
/// under the cache as this program keeps it, or under `hub` as others do.
fn snapshot(cache: &Path, info: &Info) -> Option<PathBuf> {
    let repository = format!("models--{}", info.model_code.replace('/', "--"));
    [cache.to_owned(), cache.join("hub")]
        .iter()
        .find_map(|root| {
            let repository = root.join(&repository);
            let commit = std::fs::read_to_string(repository.join("refs").join("main")).ok()?;
            let folder = repository.join("snapshots").join(commit.trim());
            files(info)
                .all(|file| folder.join(file).is_file())
                .then_some(folder)
        })
}

fn not_cached(cache: &Path, info: &Info, offline: bool) -> Error {
    Error::NotCached {
        model: info.model.to_string(),
        repository: info.model_code.clone(),
        cache: cache.to_owned(),
        offline,
    }
}

/// Gets what the cache lacks of the model.
fn obtain(cache: &Path, info: &Info, offline: bool) -> Result<PathBuf, Error> {
    if offline {
        return Err(not_cached(cache, info, true));
    }
    download(cache, info)
}

#[cfg(not(feature = "download"))]
fn download(cache: &Path, info: &Info) -> Result<PathBuf, Error> {
    Err(not_cached(cache, info, false))
}

#[cfg(feature = "download")]
fn download(cache: &Path, info: &Info) -> Result<PathBuf, Error> {
    use hf_hub::Cache;
    use hf_hub::api::sync::ApiBuilder;

    let failed = |file: &str, cause: String| Error::Download {
        file: file.to_owned(),
        model: info.model.to_string(),
        repository: info.model_code.clone(),
        cause,
    };
    // Made from a given cache: the library's own default panics without a home.
    let mut builder = ApiBuilder::from_cache(Cache::new(cache.to_owned()));
    if let Ok(endpoint) = std::env::var("HF_ENDPOINT") {
        builder = builder.with_endpoint(endpoint);
    }
    if let Ok(token) = std::env::var("HF_TOKEN") {
        builder = builder.with_token(Some(token.trim().to_owned()).filter(|t| !t.is_empty()));
    }
    let repository = builder
        .build()
        .map_err(|e| failed("every file", e.to_string()))?
        .model(info.model_code.clone());
    for file in files(info) {
        repository
            .get(file)
            .map_err(|e| failed(file, e.to_string()))?;
    }
    snapshot(cache, info).ok_or_else(|| {
        failed(
            "a file",
            "the repository changed while it was being downloaded".to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str) -> String {
        resolve(name).unwrap().model.to_string()
    }

    #[test]
    fn models_are_found_by_name_repository_and_origin() {
        assert_eq!(found("bgesmallenv15"), "BGESmallENV15");
        assert_eq!(found("xenova/ALL-MiniLM-L6-v2"), "AllMiniLML6V2Q");
        assert_eq!(found("Xenova/all-MiniLM-L12-v2"), "AllMiniLML12V2");
        assert_eq!(
            found("sentence-transformers/all-MiniLM-L6-v2"),
            "AllMiniLML6V2"
        );
        assert_eq!(
            found("onnx-community/embeddinggemma-300m-ONNX"),
            "EmbeddingGemma300M"
        );
    }

    #[test]
    fn an_unknown_model_gets_close_names() {
        let error = resolve("BGESmallEN").unwrap_err().to_string();
        assert!(error.contains("did you mean BGESmallENV15"), "{error}");
        let error = resolve("zzz").unwrap_err().to_string();
        assert!(!error.contains("did you mean"), "{error}");
    }

    fn keep(root: &Path, info: &Info) -> PathBuf {
        let repository = root.join(format!("models--{}", info.model_code.replace('/', "--")));
        let folder = repository.join("snapshots/abc");
        for file in files(info) {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "{}").unwrap();
        }
        std::fs::create_dir_all(repository.join("refs")).unwrap();
        std::fs::write(repository.join("refs/main"), "abc").unwrap();
        folder
    }

    #[test]
    fn a_cached_model_is_found_in_both_layouts_and_only_if_whole() {
        let info = resolve("MultilingualE5Large").unwrap();
        for below in ["", "hub"] {
            let cache = tempfile::tempdir().unwrap();
            assert_eq!(snapshot(cache.path(), &info), None);
            let folder = keep(&cache.path().join(below), &info);
            assert_eq!(snapshot(cache.path(), &info), Some(folder.clone()));
            let listed = list(Some(cache.path()));
            let cached: Vec<_> = listed.iter().filter(|l| l.cached).collect();
            assert_eq!(cached.len(), 1);
            assert_eq!(cached[0].spec, "fastembed:MultilingualE5Large");
            std::fs::remove_file(folder.join("model.onnx_data")).unwrap();
            assert_eq!(snapshot(cache.path(), &info), None);
        }
    }

    #[test]
    fn a_cached_model_brings_its_recipe() {
        let cache = tempfile::tempdir().unwrap();
        let options = Options {
            offline: true,
            cache: Some(cache.path().to_owned()),
            ..Options::default()
        };
        keep(cache.path(), &resolve("SnowflakeArcticEmbedXSQ").unwrap());
        let model = read("SnowflakeArcticEmbedXSQ", &options).unwrap();
        assert_eq!(model.name, "SnowflakeArcticEmbedXSQ");
        assert_eq!(model.pooling, crate::Pooling::Cls);
        assert!(model.dynamic && model.path.ends_with("onnx/model_quantized.onnx"));
    }

    #[test]
    fn offline_work_never_downloads() {
        let cache = tempfile::tempdir().unwrap();
        let options = Options {
            offline: true,
            cache: Some(cache.path().to_owned()),
            ..Options::default()
        };
        let error = read("BGESmallENV15", &options).err().unwrap().to_string();
        assert!(error.contains("is not in the cache"), "{error}");
        assert!(error.contains("offline work was asked for"), "{error}");
        assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
    }
}
