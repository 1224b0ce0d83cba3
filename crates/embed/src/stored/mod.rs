//! What a catalog keeps of its embedder, as one text that opens it again.

mod later;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use assort_core::{EmbedError, Embedder, Space};
use assort_distill::{Bytes, Distilled, QueryEncoder, Student, Teacher};

use crate::space::is_bundled_english;
use crate::{Error, Options, Pooling, Spec, open, prompts};

/// What a catalog keeps of its embedder: a model and how its texts are read, or
/// a student of one.
///
/// As a text it is the model's [`Spec`] followed by what was said with it,
/// `dir:/models/a,pooling=cls,max-length=64`. A student stands before its
/// teacher: `distilled:students/0f.student,queries=teacher;teacher=bundled`. A
/// path or name that could be mistaken for more than itself is in quotes, and
/// its commas and semicolons are written as in an address: `dir:"/models/a%2Cpooling=cls"`.
///
/// ```
/// use assort_embed::StoredSpec;
///
/// let spec: StoredSpec = "dir:/models/a,max-length=64".parse()?;
/// assert_eq!(spec.max_length, Some(64));
/// assert_eq!(spec.to_string(), "dir:/models/a,max-length=64");
/// # Ok::<(), assort_embed::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredSpec {
    /// The model, which is the teacher if there is a student.
    pub spec: Spec,
    /// How token vectors are pooled, if it was said.
    pub pooling: Option<Pooling>,
    /// How many tokens of a text are read, if it was said.
    pub max_length: Option<usize>,
    /// Whether texts get the prompts that the model was trained with. Catalogs that were
    /// made before there were prompts do not say so, and go on without.
    pub prompts: bool,
    /// The student that embeds in place of the model.
    pub student: Option<StoredStudent>,
}

/// A student of a catalog's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredStudent {
    /// Its file, relative to the catalog's directory.
    pub file: PathBuf,
    /// What embeds queries and texts of categories.
    pub queries: QueryEncoder,
}

impl StoredSpec {
    /// What a catalog is to keep of the model that [`open`] gives for these:
    /// paths as a whole, so that it opens from anywhere.
    #[must_use]
    pub fn new(spec: &Spec, options: &Options) -> Self {
        let mut spec = spec.clone();
        if let Spec::Dir(path) | Spec::Distilled(path) | Spec::Static(path) = &mut spec
            && let Ok(whole) = path.canonicalize()
        {
            *path = whole;
        }
        Self {
            pooling: options.pooling,
            max_length: options.max_length,
            // A model that cannot be read is told of when it is opened.
            prompts: !options.without_prompts
                && prompts(&spec).is_ok_and(|prompts| prompts.are_added()),
            spec,
            student: None,
        }
    }

    /// The same model with a student of it.
    #[must_use]
    pub fn with_student(&self, file: &Path, queries: QueryEncoder) -> Self {
        let student = StoredStudent {
            file: file.to_owned(),
            queries,
        };
        Self {
            student: Some(student),
            ..self.clone()
        }
    }

    /// What the catalog in `directory` keeps, whose vectors are of `space`. A catalog of a
    /// former version says `bundled` where it means [`Spec::BundledEnglish`], and so does
    /// one on a student of that model.
    ///
    /// # Errors
    /// [`Error::Stored`] if the text is none that this program wrote.
    pub fn of_catalog(text: &str, directory: &Path, space: &Space) -> Result<Self, Error> {
        let mut stored: Self = text.parse()?;
        if stored.spec == Spec::Bundled {
            // A student that cannot be opened is told where it is needed.
            let student = stored.open_student(directory).ok().flatten();
            let model = student.map_or_else(|| space.clone(), |student| student.teacher());
            if is_bundled_english(&model) {
                stored.spec = Spec::BundledEnglish;
            }
        }
        Ok(stored)
    }

    /// Opens the embedder of the catalog in `directory`. A student's teacher is
    /// opened when it is first needed.
    ///
    /// # Errors
    /// As [`reopen`].
    pub fn open(&self, directory: &Path, options: &Options) -> Result<Arc<dyn Embedder>, Error> {
        let (Some(student), Some(stored)) = (self.open_student(directory)?, &self.student) else {
            return self.open_model(options);
        };
        let (model, options) = (self.clone(), options.clone());
        let open_teacher = move || {
            model.open_model(&options).map_err(|error| {
                EmbedError::new(format!(
                    "the student leaves a text to its teacher, which cannot be opened: {error}"
                ))
            })
        };
        Ok(Arc::new(Distilled::with_teacher(
            Arc::new(student),
            Some(stored.queries),
            Box::new(open_teacher),
        )))
    }

    /// Opens the student of the catalog in `directory`, if it has one.
    ///
    /// # Errors
    /// [`Error::Student`] if its file is missing or damaged.
    pub fn open_student(&self, directory: &Path) -> Result<Option<Student>, Error> {
        let file = self.student.as_ref().map(|student| &student.file);
        let student = file.map(|file| Student::open(&directory.join(file)));
        Ok(student.transpose()?)
    }

    /// Opens the model, which is the teacher if there is a student.
    ///
    /// # Errors
    /// As [`open`].
    pub fn open_model(&self, options: &Options) -> Result<Arc<dyn Embedder>, Error> {
        let options = Options {
            pooling: self.pooling,
            max_length: self.max_length,
            without_prompts: !self.prompts,
            ..options.clone()
        };
        open(&self.spec, &options)
    }

    /// The model of pictures whose vectors are of `space`, which is opened when it first
    /// embeds one: who has pictures need not always look at any. One that cannot be opened,
    /// or is another one by now, is told then.
    #[must_use]
    pub fn open_later(&self, space: &Space, options: &Options) -> Arc<dyn Embedder> {
        Arc::new(later::Later::new(
            self.clone(),
            space.clone(),
            options.clone(),
        ))
    }

    /// Opens the model as the teacher of a student, or of its next one.
    ///
    /// # Errors
    /// As [`open`].
    pub fn teacher(&self, options: &Options) -> Result<Teacher, Error> {
        let model = self.clone();
        Ok(Teacher::new(
            self.open_model(options)?,
            move |file, queries| model.with_student(file, queries).to_string(),
        ))
    }
}

/// Opens the embedder of a pack: `text` is what its catalog kept of it, `student` the
/// bytes of the catalog's student, if it had one, and `space` that of the pack's vectors.
/// A student embeds alone: what a pack says must not depend on whether its teacher is at
/// hand. So texts that it hardly knows, which the catalog leaves to the teacher, are
/// embedded by it, too.
///
/// # Errors
/// [`Error::Stored`] if the text is none that this program wrote, [`Error::Student`] if the
/// student is damaged or missing, and those of [`open`].
pub fn reopen_packed(
    text: &str,
    student: Option<Bytes>,
    space: &Space,
    options: &Options,
) -> Result<Arc<dyn Embedder>, Error> {
    let stored: StoredSpec = text.parse()?;
    let Some(named) = &stored.student else {
        return StoredSpec::of_catalog(text, Path::new(""), space)?.open_model(options);
    };
    let name = named.file.as_path();
    let bytes = student.unwrap_or_else(|| Bytes::Owned(Vec::new()));
    let student = Arc::new(Student::read(bytes, name)?);
    Ok(Arc::new(Distilled::in_place_of_teacher(
        student,
        named.queries,
    )))
}

/// Opens the teacher of a catalog's next student: the embedder of the catalog, or if it is
/// on a student, the one that taught it. What is given is as of [`reopen`].
///
/// # Errors
/// As [`reopen`].
pub fn reopen_teacher(
    text: &str,
    directory: &Path,
    space: &Space,
    options: &Options,
) -> Result<Teacher, Error> {
    StoredSpec::of_catalog(text, directory, space)?.teacher(options)
}

/// Opens the embedder of a catalog again: `text` is what the catalog keeps of
/// it, `directory` is the catalog's, and `space` that of its vectors.
/// [`Options::pooling`] and [`Options::max_length`] are taken from the text.
///
/// # Errors
/// [`Error::Stored`] if the text is none that this program wrote, and those of
/// [`open`].
pub fn reopen(
    text: &str,
    directory: &Path,
    space: &Space,
    options: &Options,
) -> Result<Arc<dyn Embedder>, Error> {
    StoredSpec::of_catalog(text, directory, space)?.open(directory, options)
}
