//! Running a model with ONNX Runtime.

use std::borrow::Cow;

use assort_core::{EmbedError, Embedder, Input, Role, Space, composed_texts};
use fastembed::{
    InitOptionsUserDefined, OutputKey, SingleBatchOutput, TextEmbedding, UserDefinedEmbeddingModel,
};
use ort::environment::Environment;

use crate::folder::Model;
use crate::prompts::Prompts;
use crate::sessions::{Sessions, Turn};
use crate::text::{normalize, readable};
use crate::{Error, Options, Pooling, runtime, space};

/// Texts run through the model at once; `docs/distillation.md` has the times of
/// other sizes. The last digits of a vector depend on it, so that a size found by
/// trying would give another student each time.
const MICRO_BATCH: usize = 16;

/// An ONNX model, ready to run in one or more sessions.
pub(crate) struct Onnx {
    sessions: Sessions<TextEmbedding>,
    outputs: Vec<OutputKey>,
    pooling: Pooling,
    prompts: Prompts,
    micro_batch: usize,
    space: Space,
}

impl Onnx {
    pub(crate) fn open(model: Model, options: &Options) -> Result<Self, Error> {
        let environment = runtime::environment()?;
        let size = model.weights.len() + model.external.iter().map(|(_, e)| e.len()).sum::<usize>();
        let sessions = Sessions::load(size, options.threads(), |threads| {
            load(&model, &environment, threads)
        })?;
        let (dimensions, pooled) = probe(&mut sessions.first(), &model)?;
        let space = identify(&model, dimensions, pooled);
        Ok(Self {
            sessions,
            outputs: model.outputs,
            pooling: model.pooling,
            prompts: model.prompts,
            micro_batch: if model.dynamic { 1 } else { MICRO_BATCH },
            space,
        })
    }

    /// The normalised rows of one micro-batch.
    fn run(&self, texts: &[&str], turn: &Turn<'_, TextEmbedding>) -> Result<Vec<f32>, EmbedError> {
        let batch = forward(&mut turn.session(), texts)
            .map_err(|cause| EmbedError::new(format!("the model failed on a text: {cause}")))?;
        let vectors = batch
            .select_and_pool_output(&self.outputs.as_slice(), Some(self.pooling.into()))
            .map_err(|e| EmbedError::new(format!("the model's output cannot be read: {e}")))?;
        let mut rows: Vec<f32> = vectors.iter().copied().collect();
        if rows.len() != texts.len() * self.space.dimensions {
            return Err(EmbedError::new(format!(
                "the model gave {} numbers for {} texts of {} dimensions; \
                 use another export of it",
                rows.len(),
                texts.len(),
                self.space.dimensions
            )));
        }
        rows.chunks_exact_mut(self.space.dimensions)
            .try_for_each(normalize)?;
        Ok(rows)
    }
}

impl Embedder for Onnx {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(&self, inputs: &[Input<'_>], role: Role) -> Result<Vec<f32>, EmbedError> {
        let texts = composed_texts(inputs, &self.space)?;
        let prompt = self.prompts.before(role);
        let texts = texts.iter().map(|text| match prompt {
            "" => Cow::Borrowed(readable(text)),
            prompt => Cow::Owned(format!("{prompt}{}", readable(text))),
        });
        let texts: Vec<Cow<'_, str>> = texts.collect();
        // The longest first: texts of like length share a micro-batch, and the last to be
        // finished are small.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(texts[i].len()));
        let batches: Vec<&[usize]> = order.chunks(self.micro_batch).collect();
        let done = self.sessions.share(batches.len(), |batch, turn| {
            let places = batches[batch];
            let texts: Vec<&str> = places.iter().map(|&i| &*texts[i]).collect();
            Ok((places, self.run(&texts, &turn)?))
        })?;
        let dimensions = self.space.dimensions;
        let mut rows = vec![0.0; texts.len() * dimensions];
        for (places, done) in done {
            for (&place, row) in places.iter().zip(done.chunks_exact(dimensions)) {
                rows[place * dimensions..][..dimensions].copy_from_slice(row);
            }
        }
        Ok(rows)
    }
}

fn forward(session: &mut TextEmbedding, texts: &[&str]) -> Result<SingleBatchOutput, String> {
    let batches = session
        .transform(texts, Some(texts.len()))
        .map_err(|e| e.to_string())?
        .into_raw();
    let batch = batches.into_iter().next();
    batch.ok_or_else(|| "it gave no output".to_owned())
}

/// A session of `threads` threads.
fn load(model: &Model, environment: &Environment, threads: usize) -> Result<TextEmbedding, Error> {
    let mut files = UserDefinedEmbeddingModel::new(model.weights.clone(), model.tokenizer.clone());
    for (name, bytes) in &model.external {
        files = files.with_external_initializer(name.clone(), bytes.clone());
    }
    let options = InitOptionsUserDefined::new()
        .with_environment(environment.clone())
        .with_max_length(model.max_length)
        .with_intra_threads(threads);
    TextEmbedding::try_new_from_user_defined(files, options).map_err(|error| {
        let tokenizer = &model.tokenizer.tokenizer_file;
        let (path, cause) = match tokenizers::Tokenizer::from_bytes(tokenizer) {
            Err(cause) => (&model.tokenizer_path, cause.to_string()),
            Ok(_) => (&model.path, error.to_string()),
        };
        Error::Invalid {
            path: path.clone(),
            cause,
        }
    })
}

/// Tries the model on a text: how many dimensions its vectors have, and
/// whether it pools by itself.
fn probe(session: &mut TextEmbedding, model: &Model) -> Result<(usize, bool), Error> {
    let unusable = |cause: String| Error::Unusable {
        path: model.path.clone(),
        cause,
    };
    let outputs = model.outputs.as_slice();
    let batch = forward(session, &["a"]).map_err(unusable)?;
    let pooled = batch
        .select_output(&outputs)
        .map(|output| output.ndim() == 2)
        .map_err(|e| unusable(e.to_string()))?;
    let vectors = batch
        .select_and_pool_output(&outputs, Some(model.pooling.into()))
        .map_err(|e| unusable(e.to_string()))?;
    match vectors.len() {
        0 => Err(unusable("its vectors are empty".to_owned())),
        dimensions => Ok((dimensions, pooled)),
    }
}

fn identify(model: &Model, dimensions: usize, pooled: bool) -> Space {
    let pooling = if pooled {
        "own".to_owned()
    } else {
        model.pooling.to_string()
    };
    let length = (model.max_length as u64).to_le_bytes();
    let mut parts: Vec<&[u8]> = vec![
        &model.weights,
        &model.tokenizer.tokenizer_file,
        &model.tokenizer.special_tokens_map_file,
        pooling.as_bytes(),
        &length,
    ];
    parts.extend(model.external.iter().map(|(_, bytes)| bytes.as_slice()));
    // A model without prompts has the space that it had before there were any.
    if let Prompts::Added { query, document } = &model.prompts {
        parts.extend([b"prompts", query.as_bytes(), document.as_bytes()]);
    }
    space::space(&model.name, dimensions, &parts)
}
