//! From the embedder arguments to an open embedder.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use assort::core::{EmbedError, Embedder};
use assort::students::{Distilled, QueryEncoder, Student, StudentCard};
use assort::{Catalog, VectorCache};
use assort_embed::{Options, Spec};

use crate::args::{EmbedderArgs, Global};
use crate::failure::Failure;
use crate::hints;

/// An embedder and how the catalog remembers it.
pub(crate) struct Opened {
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) spec: String,
    model: Model,
}

/// What decides a model: the spec and what was said with it.
#[derive(Clone)]
struct Model {
    spec: Spec,
    pooling: Option<assort_embed::Pooling>,
    max_length: Option<usize>,
}

/// What a catalog remembers of its embedder: a model, or a student of one.
struct Remembered {
    model: Model,
    student: Option<(PathBuf, QueryEncoder)>,
}

/// Opens the embedder the arguments name, `bundled` if they name none.
pub(crate) fn open(args: &EmbedderArgs, global: &Global) -> Result<Opened, Failure> {
    let spec = args.embedder.as_deref().unwrap_or("bundled");
    let mut model = Model {
        spec: Spec::from_str(spec)?,
        pooling: args.pooling,
        max_length: args.max_length,
    };
    if let Spec::Dir(path) | Spec::Distilled(path) = &mut model.spec {
        // Remembered by its whole path, so that it opens from anywhere.
        if let Ok(whole) = path.canonicalize() {
            *path = whole;
        }
    }
    model.open(global)
}

/// Opens a catalog's own embedder, or the one the arguments name, which must
/// be of the catalog's space.
pub(crate) fn of_catalog(
    catalog: Catalog,
    args: &EmbedderArgs,
    global: &Global,
) -> Result<Catalog, Failure> {
    if args.embedder.is_some() {
        return Ok(catalog.with_embedder(open(args, global)?.embedder)?);
    }
    let Remembered { model, student } = Remembered::recall(&catalog.embedder_spec()?)?;
    let embedder: Arc<dyn Embedder> = match student {
        Some((file, queries)) => {
            let student = Student::open(&catalog.directory().join(file)).map_err(|error| {
                Failure::Failed(format!(
                    "{error}; or move the catalog to another embedder with `assort reembed`"
                ))
            })?;
            Arc::new(pair(Arc::new(student), queries, &model, global))
        }
        None => {
            model
                .open(global)
                .map_err(|failure| explain_lost(failure, &model.spec))?
                .embedder
        }
    };
    Ok(catalog.with_embedder(embedder)?)
}

/// What is known of the catalog's student, if it is on one.
pub(crate) fn student_card(catalog: &Catalog) -> Option<StudentCard> {
    let (file, _) = Remembered::recall(&catalog.embedder_spec().ok()?)
        .ok()?
        .student?;
    let student = Student::open(&catalog.directory().join(file)).ok()?;
    Some(student.card())
}

/// Opens the teacher: the embedder the arguments name, or the catalog's own, or
/// the one that its student had.
pub(crate) fn teacher(
    catalog: &Catalog,
    args: &EmbedderArgs,
    global: &Global,
) -> Result<Opened, Failure> {
    if args.embedder.is_some() {
        return open(args, global);
    }
    let model = Remembered::recall(&catalog.embedder_spec()?)?.model;
    model
        .open(global)
        .map_err(|failure| explain_lost(failure, &model.spec))
}

/// A student in the catalog's directory with its teacher, and how the catalog
/// is to remember them.
pub(crate) fn with_teacher(
    student: Arc<Student>,
    file: &Path,
    queries: QueryEncoder,
    teacher: &Opened,
) -> (Distilled, String) {
    let remembered = Remembered {
        model: teacher.model.clone(),
        student: Some((file.to_owned(), queries)),
    };
    let embedder = Arc::clone(&teacher.embedder);
    let distilled = Distilled::with_teacher(
        student,
        Some(queries),
        Box::new(move || Ok(Arc::clone(&embedder))),
    );
    (distilled, remembered.remember())
}

/// A student whose teacher is opened only when it is needed.
fn pair(student: Arc<Student>, queries: QueryEncoder, model: &Model, global: &Global) -> Distilled {
    let (spec, options) = (model.spec.clone(), model.options(global));
    let cache = model.cache(global).cloned();
    let open = move || {
        open_model(&spec, &options, cache.as_deref()).map_err(|error| {
            EmbedError::new(format!(
                "the student leaves a text to its teacher, which cannot be opened: {error}"
            ))
        })
    };
    Distilled::with_teacher(student, Some(queries), Box::new(open))
}

/// Opens a model, behind the file that keeps what it makes, if there is one.
fn open_model(
    spec: &Spec,
    options: &Options,
    cache: Option<&Path>,
) -> Result<Arc<dyn Embedder>, assort::Error> {
    let opened = assort_embed::open(spec, options);
    let embedder = opened.map_err(|error| EmbedError::new(hints::told_of_embedder(&error)))?;
    Ok(match cache {
        Some(file) => Arc::new(VectorCache::open(file, embedder)?),
        None => embedder,
    })
}

fn explain_lost(failure: Failure, spec: &Spec) -> Failure {
    match (failure, spec) {
        (Failure::Failed(message), Spec::Dir(path)) if !Path::new(path).exists() => {
            Failure::Failed(format!(
                "{message}; if the model has moved, name its new place with --embedder dir:PATH"
            ))
        }
        (failure, _) => failure,
    }
}

impl Model {
    fn options(&self, global: &Global) -> Options {
        Options {
            offline: global.offline,
            threads: global.threads.map(Into::into),
            cache: global.cache.clone(),
            pooling: self.pooling,
            max_length: self.max_length,
        }
    }

    /// The file where what the model makes is kept. What is quicker than a
    /// file needs none.
    fn cache<'g>(&self, global: &'g Global) -> Option<&'g PathBuf> {
        let quick = matches!(self.spec, Spec::Bundled | Spec::Distilled(_));
        global.vector_cache.as_ref().filter(|_| !quick)
    }

    fn open(&self, global: &Global) -> Result<Opened, Failure> {
        let cache = self.cache(global).map(PathBuf::as_path);
        Ok(Opened {
            embedder: open_model(&self.spec, &self.options(global), cache)?,
            spec: self.remember(),
            model: self.clone(),
        })
    }

    /// The spec and the options said with it, as one text.
    fn remember(&self) -> String {
        let mut text = self.spec.to_string();
        if let Some(pooling) = &self.pooling {
            text.push_str(&format!(",pooling={pooling}"));
        }
        if let Some(length) = self.max_length {
            text.push_str(&format!(",max-length={length}"));
        }
        text
    }

    /// What [`Self::remember`] wrote.
    fn recall(text: &str) -> Result<Self, String> {
        let (rest, max_length) = option(text, ",max-length=");
        let (spec, pooling) = option(rest, ",pooling=");
        Ok(Self {
            spec: Spec::from_str(spec).map_err(|error| error.to_string())?,
            pooling: pooling
                .map(|value| value.parse().map_err(|_| value.to_owned()))
                .transpose()?,
            max_length: max_length
                .map(|value| value.parse().map_err(|_| value.to_owned()))
                .transpose()?,
        })
    }
}

/// Between a student and its teacher.
const TAUGHT_BY: &str = ";teacher=";

impl Remembered {
    fn remember(&self) -> String {
        let model = self.model.remember();
        match &self.student {
            Some((file, queries)) => {
                let spec = Spec::Distilled(file.clone());
                let queries = queries.as_str();
                format!("{spec},queries={queries}{TAUGHT_BY}{model}")
            }
            None => model,
        }
    }

    /// What [`Self::remember`] wrote.
    fn recall(text: &str) -> Result<Self, Failure> {
        let strange = |what: String| {
            Failure::Failed(format!(
                "the catalog's embedder `{text}` is not known: {what}"
            ))
        };
        let Some((student, model)) = text.split_once(TAUGHT_BY) else {
            let model = Model::recall(text).map_err(strange)?;
            return Ok(Self {
                model,
                student: None,
            });
        };
        let (spec, queries) = option(student, ",queries=");
        let queries = queries.unwrap_or_default().parse().map_err(strange)?;
        match Spec::from_str(spec).map_err(|error| strange(error.to_string()))? {
            Spec::Distilled(file) => Ok(Self {
                model: Model::recall(model).map_err(strange)?,
                student: Some((file, queries)),
            }),
            other => Err(strange(format!("{other} is no student"))),
        }
    }
}

fn option<'t>(text: &'t str, key: &str) -> (&'t str, Option<&'t str>) {
    text.rsplit_once(key)
        .map_or((text, None), |(rest, value)| (rest, Some(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_catalog_remembers_of_its_embedder_comes_back() {
        for text in [
            "bundled",
            "dir:/models/a,b",
            "dir:/models/a,pooling=cls",
            "dir:/models/a,pooling=mean,max-length=64",
            "dir:/models/a,max-length=64",
            "distilled:/tmp/a.student",
            "distilled:students/0f.student,queries=teacher;teacher=dir:/models/a,pooling=cls",
        ] {
            let Ok(remembered) = Remembered::recall(text) else {
                panic!("{text}")
            };
            assert_eq!(remembered.remember(), text);
        }
    }
}
