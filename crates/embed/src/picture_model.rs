//! Models that read pictures, run with ONNX Runtime.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use assort_core::{EmbedError, Embedder, Input, Modality, Pixels, Role, Space};
use ort::environment::Environment;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionInputValue};
use ort::value::{DynValue, TensorRef};
use serde_json::Value;

use crate::folder::ModelFiles;
use crate::graph::{Graph, Numbers, Port};
use crate::json::object;
use crate::preparation::{self, Layout, Preparation, Preparer};
use crate::sessions::{Sessions, Turn};
use crate::text::normalize;
use crate::{Error, Options, Pooling, runtime, space};

/// Pictures run through the model at once, where it takes any number: activations of
/// more would not stay in a processor's cache.
const MICRO_BATCH: usize = 4;

/// Which output holds the vectors, the best first; else the first of few dimensions.
const OUTPUTS: [&str; 6] = [
    "image_embeds",
    "image_embedding",
    "pooler_output",
    "embeddings",
    "features",
    "last_hidden_state",
];

/// A model of pictures that is not yet opened.
pub(crate) struct PictureFiles {
    pub(crate) files: ModelFiles,
    input: Port,
    output: Port,
    pub(crate) preparation: Preparation,
    pooling: Pooling,
}

impl PictureFiles {
    /// What the files of a folder say of a model that reads pictures.
    pub(crate) fn read(
        folder: &Path,
        files: ModelFiles,
        graph: &Graph,
        pooling: Option<Pooling>,
    ) -> Result<Self, Error> {
        let unusable = |cause: String| Error::UnusableForPictures {
            path: files.path.clone(),
            cause,
        };
        let input = match graph.inputs.as_slice() {
            [input] => input.clone(),
            inputs => {
                let names: Vec<&str> = inputs.iter().map(|one| one.name.as_str()).collect();
                return Err(unusable(format!("it takes {}", names.join(", "))));
            }
        };
        if input.numbers == Numbers::Other {
            let name = &input.name;
            return Err(unusable(format!("its input {name} takes other numbers")));
        }
        let output = output(graph).cloned();
        let output = output.ok_or_else(|| unusable("it gives no f32 numbers".to_owned()))?;
        Ok(Self {
            preparation: preparation::read(folder, &input)?,
            pooling: match pooling {
                Some(pooling) => pooling,
                None => stated_pooling(folder)?.unwrap_or(Pooling::Cls),
            },
            files,
            input,
            output,
        })
    }

    /// Coordinates of its vectors, if that is known before it is opened.
    pub(crate) fn dimensions(&self) -> Option<usize> {
        let shape = self.output.shape.as_ref()?;
        match shape.len() {
            1..=3 => *shape.last()?,
            _ => *shape.get(1)?,
        }
    }
}

/// The output that holds the vectors.
fn output(graph: &Graph) -> Option<&Port> {
    let usable = || {
        graph
            .outputs
            .iter()
            .filter(|one| one.numbers == Numbers::F32)
    };
    let named = |name: &str| usable().find(|one| one.name == name);
    let is_row = |one: &&Port| one.shape.as_ref().is_some_and(|shape| shape.len() == 2);
    OUTPUTS
        .iter()
        .find_map(|name| named(name))
        .or_else(|| usable().find(is_row))
        .or_else(|| usable().next())
}

/// How the vectors of a picture's parts become one, as timm says it.
fn stated_pooling(folder: &Path) -> Result<Option<Pooling>, Error> {
    let config = object(&folder.join("config.json"))?;
    let pool = config.get("global_pool").and_then(Value::as_str);
    Ok(match pool {
        Some("avg") => Some(Pooling::Mean),
        Some("token") => Some(Pooling::Cls),
        _ => None,
    })
}

/// A model of pictures, ready to run in one or more sessions.
pub(crate) struct PictureModel {
    sessions: Sessions<Session>,
    input: Port,
    output: String,
    preparation: Preparation,
    pooling: Pooling,
    /// Pictures in one run.
    micro_batch: usize,
    space: Space,
}

impl PictureModel {
    pub(crate) fn open(model: PictureFiles, options: &Options) -> Result<Self, Error> {
        if options.max_length.is_some() {
            return Err(Error::Fixed {
                how: "a model of pictures reads no tokens",
            });
        }
        let environment = runtime::environment()?;
        let path = &model.files.path;
        let sessions = Sessions::load(model.files.bytes(), options.threads(), |threads| {
            load(path, &environment, threads).map_err(|cause| Error::Invalid {
                path: path.clone(),
                cause,
            })
        })?;
        let batch = model.input.shape.as_ref();
        let batch = batch.and_then(|shape| *shape.first()?);
        let mut opened = Self {
            sessions,
            input: model.input,
            output: model.output.name,
            preparation: model.preparation,
            pooling: model.pooling,
            micro_batch: batch.unwrap_or(MICRO_BATCH),
            space: space::space("", 0, &[]),
        };
        let (dimensions, pooled) = opened.probe(path)?;
        opened.space = opened.identify(&model.files, dimensions, pooled);
        Ok(opened)
    }

    /// Tries the model on a grey picture: how many dimensions its vectors have, and
    /// whether it pools by itself.
    fn probe(&self, path: &Path) -> Result<(usize, bool), Error> {
        let unusable = |cause: String| Error::UnusableForPictures {
            path: path.to_owned(),
            cause,
        };
        let (width, height) = self.preparation.size;
        let numbers = vec![0.5; width as usize * height as usize * 3 * self.micro_batch];
        let mut session = self.sessions.first();
        let output = self.forward(&mut session, numbers).map_err(unusable)?;
        let rows = self.rows(&output, self.micro_batch).map_err(unusable)?;
        match rows.len() / self.micro_batch {
            0 => Err(unusable("its vectors are empty".to_owned())),
            dimensions => Ok((dimensions, output.0.len() <= 2)),
        }
    }

    fn identify(&self, files: &ModelFiles, dimensions: usize, pooled: bool) -> Space {
        let pooling = match pooled {
            true => "own".to_owned(),
            false => self.pooling.to_string(),
        };
        // Where it is from does not matter.
        let preparation = Preparation {
            source: "",
            ..self.preparation.clone()
        };
        let preparation = format!("{preparation:?}");
        let mut parts: Vec<&[u8]> = vec![
            b"pictures",
            &files.weights,
            preparation.as_bytes(),
            self.output.as_bytes(),
            pooling.as_bytes(),
        ];
        parts.extend(files.external.iter().map(|(_, bytes)| bytes.as_slice()));
        space::space(&files.name, dimensions, &parts)
    }

    /// The normalised rows of one micro-batch. Pictures are prepared while other
    /// sessions run.
    fn run(
        &self,
        pictures: &[&Pixels],
        preparer: &mut Preparer<'_>,
        turn: &Turn<'_, Session>,
    ) -> Result<Vec<f32>, EmbedError> {
        let failed = |cause| EmbedError::new(format!("the model failed on a picture: {cause}"));
        let (width, height) = self.preparation.size;
        let length = width as usize * height as usize * 3;
        // A model of a fixed batch gets what is missing, as black pictures.
        let count = match self.is_fixed() {
            true => self.micro_batch,
            false => pictures.len(),
        };
        let mut numbers = vec![0.0; length * count];
        for (picture, to) in pictures.iter().zip(numbers.chunks_exact_mut(length)) {
            preparer.write(picture, to).map_err(failed)?;
        }
        let output = self.forward(&mut turn.session(), numbers).map_err(failed)?;
        let mut rows = self.rows(&output, count).map_err(failed)?;
        let dimensions = self.space.dimensions;
        if rows.len() != count * dimensions {
            return Err(EmbedError::new(format!(
                "the model gave {} numbers for {count} pictures of {dimensions} dimensions; \
                 use another export of it",
                rows.len(),
            )));
        }
        rows.truncate(pictures.len() * dimensions);
        rows.chunks_exact_mut(dimensions).try_for_each(normalize)?;
        Ok(rows)
    }

    fn is_fixed(&self) -> bool {
        let shape = self.input.shape.as_ref();
        shape.is_some_and(|shape| shape.first().is_some_and(Option::is_some))
    }

    /// Runs the model on the numbers of pictures; gives shape and numbers of its output.
    fn forward(&self, session: &mut Session, numbers: Vec<f32>) -> Result<Output, String> {
        let (width, height) = self.preparation.size;
        let (width, height) = (width as usize, height as usize);
        let count = numbers.len() / (width * height * 3);
        let shape = match self.preparation.layout {
            Layout::Planes => [count, 3, height, width],
            Layout::Pixels => [count, height, width, 3],
        };
        // Raw numbers are whole ones from 0 to 255.
        let bytes: Vec<u8> = match self.preparation.is_raw {
            true => numbers.iter().map(|number| *number as u8).collect(),
            false => Vec::new(),
        };
        let input: SessionInputValue<'_> = match self.preparation.is_raw {
            true => TensorRef::from_array_view((shape, bytes.as_slice())).map(Into::into),
            false => TensorRef::from_array_view((shape, numbers.as_slice())).map(Into::into),
        }
        .map_err(|e| e.to_string())?;
        let inputs = vec![(Cow::from(self.input.name.as_str()), input)];
        let outputs = session.run(inputs).map_err(|e| e.to_string())?;
        let output: &DynValue = outputs
            .get(&self.output)
            .ok_or_else(|| format!("it gave no {}", self.output))?;
        let (shape, numbers) = output
            .try_extract_tensor::<f32>()
            .map_err(|e| e.to_string())?;
        let shape = shape
            .iter()
            .map(|length| usize::try_from(*length).unwrap_or(0));
        Ok((shape.collect(), numbers.to_vec()))
    }

    /// A row for each of `count` pictures, out of what the model gave.
    fn rows(&self, (shape, numbers): &Output, count: usize) -> Result<Vec<f32>, String> {
        let strange = || format!("its output has the shape {shape:?} for {count} pictures");
        if numbers.is_empty() || numbers.len() % count != 0 {
            return Err(strange());
        }
        let pictures = numbers.chunks_exact(numbers.len() / count);
        let rows: Vec<f32> = match (shape.as_slice(), self.preparation.layout) {
            ([_], _) if count == 1 => numbers.clone(),
            ([n, _], _) if *n == count => numbers.clone(),
            ([n, _, width], _) if *n == count => match self.pooling {
                Pooling::Cls => pictures
                    .flat_map(|tokens| &tokens[..*width])
                    .copied()
                    .collect(),
                Pooling::Mean => pictures
                    .flat_map(|tokens| mean_of_rows(tokens, *width))
                    .collect(),
            },
            ([n, channels, ..], Layout::Planes) if shape.len() == 4 && *n == count => {
                let plane = numbers.len() / (count * channels);
                numbers.chunks_exact(plane).map(mean).collect()
            }
            ([n, _, _, channels], Layout::Pixels) if *n == count => pictures
                .flat_map(|pixels| mean_of_rows(pixels, *channels))
                .collect(),
            _ => return Err(strange()),
        };
        Ok(rows)
    }
}

/// Shape and numbers.
type Output = (Vec<usize>, Vec<f32>);

fn mean(numbers: &[f32]) -> f32 {
    numbers.iter().sum::<f32>() / numbers.len() as f32
}

fn mean_of_rows(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        sum.iter_mut()
            .zip(row)
            .for_each(|(sum, value)| *sum += value);
    }
    let count = (rows.len() / width) as f32;
    sum.iter_mut().for_each(|sum| *sum /= count);
    sum
}

fn load(path: &PathBuf, environment: &Environment, threads: usize) -> Result<Session, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let builder = Session::builder(environment).map_err(|e| said(&e))?;
    let builder = builder
        .with_optimization_level(GraphOptimizationLevel::Level3)
        .map_err(|e| said(&e))?;
    let mut builder = builder.with_intra_threads(threads).map_err(|e| said(&e))?;
    builder.commit_from_file(path).map_err(|e| said(&e))
}

impl Embedder for PictureModel {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
        let pictures = inputs.iter().map(|input| {
            let picture = input.image();
            picture.ok_or_else(|| EmbedError::cannot_read(&self.space, input.modality()))
        });
        let pictures = pictures.collect::<Result<Vec<&Pixels>, EmbedError>>()?;
        let batches: Vec<&[&Pixels]> = pictures.chunks(self.micro_batch).collect();
        let mut done = self.sessions.share(batches.len(), |batch, turn| {
            let mut preparer = Preparer::new(&self.preparation);
            Ok((batch, self.run(batches[batch], &mut preparer, &turn)?))
        })?;
        done.sort_unstable_by_key(|(batch, _)| *batch);
        Ok(done.into_iter().flat_map(|(_, rows)| rows).collect())
    }

    fn reads(&self, modality: Modality) -> bool {
        modality == Modality::Image
    }

    fn batch(&self) -> usize {
        64
    }
}
