//! Telling of embedders without opening them.

use std::path::Path;

use assort_distill::Student;
use assort_static::StaticEmbedding;
use serde_json::Value;

use crate::json::object;
use crate::known::{self, Rate, STATIC_RATE};
use crate::listed::Listed;
use crate::picture_model::PictureFiles;
use crate::prompts::{self, Prompts};
use crate::{Error, Spec, bundled, folder, hub};

/// Every embedder that can be opened by name: those inside the program, then
/// fastembed's text models by name. `cache` is the folder that
/// [`Options::cache`](crate::Options::cache) would name.
#[must_use]
pub fn list(cache: Option<&Path>) -> Vec<Listed> {
    let mut listed: Vec<Listed> = bundled::listed().into_iter().collect();
    #[cfg(feature = "bundled-english")]
    listed.push(crate::bundled_english::listed());
    listed.extend(hub::list(cache));
    listed
}

/// What is known of one embedder; of a folder, what its files say. `cache` is as for
/// [`list`].
///
/// # Errors
/// If there is no such embedder, or its files cannot be read.
pub fn describe(spec: &Spec, cache: Option<&Path>) -> Result<Listed, Error> {
    match spec {
        Spec::Bundled => bundled::listed(),
        #[cfg(not(feature = "bundled-english"))]
        Spec::BundledEnglish => Err(Error::NotCompiled {
            spec: "bundled-english",
        }),
        #[cfg(feature = "bundled-english")]
        Spec::BundledEnglish => Ok(crate::bundled_english::listed()),
        Spec::Fastembed(name) => hub::describe(name, cache),
        Spec::Dir(folder) => of_folder(spec, folder),
        Spec::Distilled(file) => {
            let student = Student::open(file)?;
            let teacher = student.teacher();
            let description = format!("a student of {}", teacher.model);
            Ok(of_file(spec, file, student.dimensions(), None, description))
        }
        Spec::Static(file) => {
            let embedding = StaticEmbedding::open(file)?;
            let description = match embedding.card().name.as_str() {
                "" => "a static embedding".to_owned(),
                name => format!("a static embedding, {name}"),
            };
            Ok(of_file(
                spec,
                file,
                embedding.dimensions(),
                Some(STATIC_RATE),
                description,
            ))
        }
    }
}

/// How pictures are prepared for a model in a folder, if none of its files says so; nothing
/// of other models.
///
/// # Errors
/// If its files cannot be read.
pub fn assumed_preparation(spec: &Spec) -> Result<Option<String>, Error> {
    let Spec::Dir(folder) = spec else {
        return Ok(None);
    };
    let Some((files, graph)) = folder::read_pictures(folder)? else {
        return Ok(None);
    };
    let preparation = PictureFiles::read(folder, files, &graph, None)?.preparation;
    Ok(preparation.is_assumed().then(|| preparation.to_string()))
}

fn of_file(
    spec: &Spec,
    file: &Path,
    dimensions: usize,
    rate: Option<Rate>,
    description: String,
) -> Listed {
    Listed {
        spec: spec.to_string(),
        languages: None,
        dimensions: Some(dimensions),
        rate,
        bytes: size(file),
        prompts: Prompts::None,
        description,
        cached: true,
    }
}

fn of_folder(spec: &Spec, path: &Path) -> Result<Listed, Error> {
    if let Some((files, graph)) = folder::read_pictures(path)? {
        return Ok(of_pictures(
            spec,
            &PictureFiles::read(path, files, &graph, None)?,
        ));
    }
    let name = folder::name(path)?;
    let names = prompts::names(path, &name)?;
    let known = names.iter().find_map(|name| known::find(name));
    let config = object(&path.join("config.json"))?;
    let number = |key: &str| config.get(key).and_then(Value::as_u64);
    let (layers, width) = (number("num_hidden_layers"), number("hidden_size"));
    let estimated = layers
        .zip(width)
        .and_then(|(layers, width)| known::estimate(layers, width));
    let purpose = known.and_then(|known| known.purpose);
    Ok(Listed {
        spec: spec.to_string(),
        languages: known.map(|known| known.languages),
        dimensions: width.and_then(|width| usize::try_from(width).ok()),
        rate: known.and_then(known::Card::rate).or(estimated),
        bytes: folder::model_files(path)?
            .iter()
            .map(|file| size(file))
            .sum(),
        prompts: prompts::of_folder(path, &name)?,
        description: purpose.unwrap_or("a model in a folder").to_owned(),
        cached: true,
    })
}

fn of_pictures(spec: &Spec, model: &PictureFiles) -> Listed {
    Listed {
        spec: spec.to_string(),
        languages: None,
        dimensions: model.dimensions(),
        rate: None,
        bytes: u64::try_from(model.files.bytes()).ok(),
        prompts: Prompts::None,
        description: format!("a model of pictures: {}", model.preparation),
        cached: true,
    }
}

fn size(file: &Path) -> Option<u64> {
    let file = std::fs::metadata(file).ok();
    file.map(|file| file.len())
}
