//! What a catalog keeps of its embedder, as one text that opens it again.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use assort_core::{EmbedError, Embedder};
use assort_distill::{Distilled, QueryEncoder, Student, Teacher};

use crate::{Error, Options, Pooling, Spec, open};

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
        if let Spec::Dir(path) | Spec::Distilled(path) = &mut spec
            && let Ok(whole) = path.canonicalize()
        {
            *path = whole;
        }
        Self {
            spec,
            pooling: options.pooling,
            max_length: options.max_length,
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
            ..options.clone()
        };
        open(&self.spec, &options)
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

    fn parse_model(text: &str) -> Result<Self, Error> {
        let (rest, max_length) = option(text, MAX_LENGTH);
        let (spec, pooling) = option(rest, POOLING);
        Ok(Self {
            spec: parse_spec(spec)?,
            pooling,
            max_length,
            student: None,
        })
    }
}

/// Opens the embedder of a catalog again: `text` is what the catalog keeps of
/// it, `directory` is the catalog's. [`Options::pooling`] and
/// [`Options::max_length`] are taken from the text.
///
/// # Errors
/// [`Error::Stored`] if the text is none that this program wrote, and those of
/// [`open`].
pub fn reopen(text: &str, directory: &Path, options: &Options) -> Result<Arc<dyn Embedder>, Error> {
    text.parse::<StoredSpec>()?.open(directory, options)
}

const POOLING: &str = ",pooling=";
const MAX_LENGTH: &str = ",max-length=";
const QUERIES: &str = ",queries=";
/// Between a student and its teacher.
const TAUGHT_BY: &str = ";teacher=";

impl fmt::Display for StoredSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(StoredStudent { file, queries }) = &self.student {
            let file = print_spec(&Spec::Distilled(file.clone()));
            write!(f, "{file}{QUERIES}{}{TAUGHT_BY}", queries.as_str())?;
        }
        f.write_str(&print_spec(&self.spec))?;
        if let Some(pooling) = &self.pooling {
            write!(f, "{POOLING}{pooling}")?;
        }
        if let Some(length) = self.max_length {
            write!(f, "{MAX_LENGTH}{length}")?;
        }
        Ok(())
    }
}

impl FromStr for StoredSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let strange = |_| Error::Stored {
            given: text.to_owned(),
        };
        if let Some((student, teacher)) = text.split_once(TAUGHT_BY)
            && let Some(student) = parse_student(student)
        {
            return Ok(Self {
                student: Some(student),
                ..Self::parse_model(teacher).map_err(strange)?
            });
        }
        Self::parse_model(text).map_err(strange)
    }
}

fn parse_student(text: &str) -> Option<StoredStudent> {
    let (spec, queries) = option(text, QUERIES);
    match parse_spec(spec) {
        Ok(Spec::Distilled(file)) => Some(StoredStudent {
            file,
            queries: queries?,
        }),
        _ => None,
    }
}

/// What `key` gives at the end of a text, and the text before it. What is no
/// value belongs to the path before.
fn option<'t, T: FromStr>(text: &'t str, key: &str) -> (&'t str, Option<T>) {
    let split = text.rsplit_once(key);
    match split.and_then(|(rest, value)| Some((rest, value.parse().ok()?))) {
        Some((rest, value)) => (rest, Some(value)),
        None => (text, None),
    }
}

fn print_spec(spec: &Spec) -> String {
    match spec {
        Spec::Bundled => spec.to_string(),
        Spec::Fastembed(name) => format!("fastembed:{}", quoted(name.as_bytes())),
        Spec::Dir(path) => format!("dir:{}", quoted(path.as_os_str().as_encoded_bytes())),
        Spec::Distilled(path) => {
            format!("distilled:{}", quoted(path.as_os_str().as_encoded_bytes()))
        }
    }
}

fn parse_spec(text: &str) -> Result<Spec, Error> {
    let strange = || Error::Spec {
        given: text.to_owned(),
    };
    let Some((kind, value)) = text.split_once(':') else {
        return text.parse();
    };
    let Some(value) = unquoted(value) else {
        return text.parse();
    };
    let value = value
        .filter(|value| !value.is_empty())
        .ok_or_else(strange)?;
    match kind {
        "fastembed" => value
            .into_string()
            .map(Spec::Fastembed)
            .map_err(|_| strange()),
        "dir" => Ok(Spec::Dir(value.into())),
        "distilled" => Ok(Spec::Distilled(value.into())),
        _ => Err(strange()),
    }
}

/// A path or name as it is, or in quotes if what is read back would be another.
fn quoted(bytes: &[u8]) -> String {
    let keys = [POOLING, MAX_LENGTH, QUERIES, TAUGHT_BY];
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.starts_with('"')
        && text.trim() == text
        && !keys.iter().any(|key| text.contains(key))
    {
        return text.to_owned();
    }
    let mut printed = String::from('"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '%' | ',' | ';' | '"' => printed.push_str(&format!("%{:02X}", character as u32)),
                other => printed.push(other),
            }
        }
        for byte in chunk.invalid() {
            printed.push_str(&format!("%{byte:02X}"));
        }
    }
    printed.push('"');
    printed
}

/// What stands in quotes, if anything does; within, nothing if it is not what
/// [`quoted`] writes.
fn unquoted(text: &str) -> Option<Option<OsString>> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut parts = inner.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = part
            .get(..2)
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        let (Some(byte), Some(rest)) = (byte, part.get(2..)) else {
            return Some(None);
        };
        bytes.push(byte);
        bytes.extend_from_slice(rest.as_bytes());
    }
    Some(os_string(bytes))
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> Option<OsString> {
    Some(std::os::unix::ffi::OsStringExt::from_vec(bytes))
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> Option<OsString> {
    String::from_utf8(bytes).ok().map(OsString::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> StoredSpec {
        text.parse().unwrap()
    }

    #[test]
    fn every_text_that_catalogs_hold_is_read_as_it_was_meant_and_written_again() {
        let dir = |path: &str| StoredSpec {
            spec: Spec::Dir(path.into()),
            ..StoredSpec::default()
        };
        let cls = |spec: StoredSpec| StoredSpec {
            pooling: Some(Pooling::Cls),
            ..spec
        };
        let short = |spec: StoredSpec| StoredSpec {
            max_length: Some(64),
            ..spec
        };
        let of = |spec| StoredSpec {
            spec,
            ..StoredSpec::default()
        };
        let named = |name: &str| of(Spec::Fastembed(name.to_owned()));
        let student = Path::new("students/0f.student");
        for (text, meant) in [
            ("bundled", StoredSpec::default()),
            ("bundled,max-length=64", short(StoredSpec::default())),
            ("fastembed:BGESmallENV15", named("BGESmallENV15")),
            ("fastembed:a/b:c,pooling=cls", cls(named("a/b:c"))),
            ("dir:/models/a,b", dir("/models/a,b")),
            ("dir:C:\\models\\a", dir("C:\\models\\a")),
            ("dir:/models/a,pooling=cls", cls(dir("/models/a"))),
            ("dir:/models/a,b,pooling=cls", cls(dir("/models/a,b"))),
            (
                "dir:/models/a,pooling=cls,max-length=64",
                short(cls(dir("/models/a"))),
            ),
            ("dir:/models/a,max-length=64", short(dir("/models/a"))),
            ("dir:/models/a;b=c", dir("/models/a;b=c")),
            (
                "distilled:/tmp/a.student",
                of(Spec::Distilled("/tmp/a.student".into())),
            ),
            (
                "distilled:students/0f.student,queries=student;teacher=bundled",
                StoredSpec::default().with_student(student, QueryEncoder::Student),
            ),
            (
                "distilled:students/0f.student,queries=teacher;teacher=dir:/models/a,b,pooling=cls",
                cls(dir("/models/a,b")).with_student(student, QueryEncoder::Teacher),
            ),
        ] {
            assert_eq!(parsed(text), meant, "{text}");
            assert_eq!(meant.to_string(), text);
        }
    }

    #[test]
    fn older_catalogs_whose_paths_look_like_options_still_open() {
        for (text, path) in [
            ("dir:/models/a,max-length=big", "/models/a,max-length=big"),
            ("dir:/a,pooling=x/b", "/a,pooling=x/b"),
            ("dir:/a;teacher=b", "/a;teacher=b"),
            ("dir:\"a", "\"a"),
        ] {
            assert_eq!(parsed(text).spec, Spec::Dir(path.into()));
        }
        let teacher = "distilled:s/1.student,queries=student;teacher=dir:/a;teacher=b";
        assert_eq!(parsed(teacher).spec, Spec::Dir("/a;teacher=b".into()));
        assert!(parsed(teacher).student.is_some());
    }

    #[test]
    fn what_is_no_embedder_is_refused_by_its_text() {
        for text in [
            "",
            "toy",
            "letter-pairs",
            "bundled;teacher=bundled",
            "distilled:a.student,queries=both;teacher=",
            "dir:\"\"",
            "dir:\"%zz\"",
            "dir:\"%4\"",
            "fastembed:\"%FF\"",
        ] {
            let error = text.parse::<StoredSpec>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn a_path_that_looks_like_options_is_quoted() {
        let spec = StoredSpec {
            spec: Spec::Dir("/a,pooling=cls".into()),
            ..StoredSpec::default()
        };
        assert_eq!(spec.to_string(), "dir:\"/a%2Cpooling=cls\"");
        assert_eq!(parsed(&spec.to_string()), spec);
    }

    fn path() -> impl Strategy<Value = PathBuf> {
        let pieces = prop_oneof![
            Just(",pooling=".to_owned()),
            Just(",pooling=mean".to_owned()),
            Just(",max-length=7".to_owned()),
            Just(",queries=student".to_owned()),
            Just(";teacher=".to_owned()),
            Just("distilled:a".to_owned()),
            "[a-z/\\\\:;,\"% é\u{2028}]{1,4}",
        ];
        prop::collection::vec(pieces, 1..6).prop_map(|pieces| PathBuf::from(pieces.concat()))
    }

    /// Paths that are no text.
    #[cfg(unix)]
    fn any_path() -> impl Strategy<Value = PathBuf> {
        use std::os::unix::ffi::OsStringExt;
        let bytes = prop::collection::vec(any::<u8>(), 1..12);
        prop_oneof![
            path(),
            bytes.prop_map(|bytes| PathBuf::from(OsString::from_vec(bytes)))
        ]
    }

    #[cfg(not(unix))]
    fn any_path() -> impl Strategy<Value = PathBuf> {
        path()
    }

    fn spec() -> impl Strategy<Value = Spec> {
        prop_oneof![
            Just(Spec::Bundled),
            path().prop_map(|path| Spec::Fastembed(path.to_string_lossy().into_owned())),
            any_path().prop_map(Spec::Dir),
            any_path().prop_map(Spec::Distilled),
        ]
    }

    fn stored() -> impl Strategy<Value = StoredSpec> {
        let pooling = prop::option::of(prop_oneof![Just(Pooling::Mean), Just(Pooling::Cls)]);
        let queries = prop_oneof![Just(QueryEncoder::Student), Just(QueryEncoder::Teacher)];
        let student = (any_path(), queries);
        let student =
            prop::option::of(student.prop_map(|(file, queries)| StoredStudent { file, queries }));
        (spec(), pooling, any::<Option<usize>>(), student).prop_map(
            |(spec, pooling, max_length, student)| StoredSpec {
                spec,
                pooling,
                max_length,
                student,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(spec in stored()) {
            let text = spec.to_string();
            prop_assert_eq!(text.parse::<StoredSpec>().unwrap(), spec, "{}", text);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            if let Ok(spec) = text.parse::<StoredSpec>() {
                prop_assert_eq!(parsed(&spec.to_string()), spec);
            }
        }
    }
}
