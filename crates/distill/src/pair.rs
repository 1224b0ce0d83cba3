//! One space, two encoders: a student, and its teacher for what the student
//! does not know.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use assort_core::{
    COMPOSITION, EmbedError, Embedder, Input, Role, Space, StudentHooks, TextInput, composed_texts,
};
use xxhash_rust::xxh3::xxh3_128;

use crate::{Error, QueryEncoder, Student, is_kept_apart};

/// Inputs a caller should pass at once.
const BATCH: usize = 4096;

/// Opens the teacher when it is first needed.
pub type OpenTeacher = Box<dyn Fn() -> Result<Arc<dyn Embedder>, EmbedError> + Send + Sync>;

/// A teacher that is opened when it is first needed.
struct Lazy {
    open: OpenTeacher,
    opened: OnceLock<Result<Arc<dyn Embedder>, String>>,
}

/// A student as an [`Embedder`]. With a teacher beside it, texts that the
/// student hardly knows are embedded by the teacher, and queries and categories
/// by the one that is better at them: both point in one space.
pub struct Distilled {
    student: Arc<Student>,
    teacher: Option<Lazy>,
    queries: QueryEncoder,
    space: Space,
}

impl Distilled {
    /// The student alone.
    #[must_use]
    pub fn alone(student: Arc<Student>) -> Self {
        Self::new(student, None, QueryEncoder::Student)
    }

    /// The student with its teacher. `queries` embeds queries and categories;
    /// none takes what was found better when the student was made.
    #[must_use]
    pub fn with_teacher(
        student: Arc<Student>,
        queries: Option<QueryEncoder>,
        open: OpenTeacher,
    ) -> Self {
        let queries = queries.unwrap_or(student.card().queries);
        let teacher = Lazy {
            open,
            opened: OnceLock::new(),
        };
        Self::new(student, Some(teacher), queries)
    }

    /// The student as it stands beside its teacher, in the same space, but without it: for
    /// where no teacher is at hand, and all that is embedded must come from one file. It
    /// embeds what the teacher would be asked, too.
    #[must_use]
    pub fn in_place_of_teacher(student: Arc<Student>, queries: QueryEncoder) -> Self {
        let how = Self::with_a_teacher(queries);
        Self::in_space_of(student, None, queries, how)
    }

    fn new(student: Arc<Student>, teacher: Option<Lazy>, queries: QueryEncoder) -> Self {
        let how = match &teacher {
            None => 0,
            Some(_) => Self::with_a_teacher(queries),
        };
        Self::in_space_of(student, teacher, queries, how)
    }

    /// What tells the space of a student with its teacher from that of one alone.
    fn with_a_teacher(queries: QueryEncoder) -> u8 {
        match queries {
            QueryEncoder::Student => 1,
            QueryEncoder::Teacher => 2,
        }
    }

    fn in_space_of(
        student: Arc<Student>,
        teacher: Option<Lazy>,
        queries: QueryEncoder,
        how: u8,
    ) -> Self {
        let teacher_space = student.teacher();
        let mut identity = student.digest().to_le_bytes().to_vec();
        identity.extend([how]);
        identity.extend(COMPOSITION.to_le_bytes());
        let space = Space {
            model: format!("student of {}", teacher_space.model),
            fingerprint: format!("{:032x}", xxh3_128(&identity)),
            dimensions: teacher_space.dimensions,
        };
        Self {
            student,
            teacher,
            queries,
            space,
        }
    }

    /// The student.
    #[must_use]
    pub fn student(&self) -> &Arc<Student> {
        &self.student
    }

    fn taught_by(&self, teacher: &Lazy) -> Result<Arc<dyn Embedder>, EmbedError> {
        let opened = teacher.opened.get_or_init(|| {
            let teacher = (teacher.open)().map_err(|error| error.to_string())?;
            let (given, wanted) = (teacher.space(), self.student.teacher());
            if *given == wanted {
                Ok(teacher)
            } else {
                Err(other_teacher(&wanted, given))
            }
        });
        opened.clone().map_err(EmbedError::new)
    }
}

impl Embedder for Distilled {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(&self, inputs: &[Input<'_>], role: Role) -> Result<Vec<f32>, EmbedError> {
        if let (Some(teacher), Role::Query, QueryEncoder::Teacher) =
            (&self.teacher, role, self.queries)
        {
            return self.taught_by(teacher)?.embed(inputs, role);
        }
        let texts = composed_texts(inputs, &self.space)?;
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let (mut rows, familiar) = self.student.embed(&texts);
        let Some(teacher) = &self.teacher else {
            return Ok(rows);
        };
        let floor = self.student.card().floor;
        let strange: Vec<usize> = (0..texts.len())
            .filter(|&at| familiar[at] < floor)
            .collect();
        if strange.is_empty() {
            return Ok(rows);
        }
        let teacher = self.taught_by(teacher)?;
        let dimensions = self.space.dimensions;
        for places in strange.chunks(teacher.batch().max(1)) {
            let own: Vec<Input<'_>> = places.iter().map(|&at| inputs[at]).collect();
            let taught = teacher.embed(&own, role)?;
            for (&at, row) in places.iter().zip(taught.chunks_exact(dimensions)) {
                rows[at * dimensions..][..dimensions].copy_from_slice(row);
            }
        }
        Ok(rows)
    }

    fn as_student(&self) -> Option<&dyn StudentHooks> {
        Some(self)
    }

    fn batch(&self) -> usize {
        BATCH
    }
}

impl StudentHooks for Distilled {
    fn familiarity(&self, text: TextInput<'_>) -> f32 {
        self.student.familiarity(&text.composed())
    }

    fn was_taught(&self, text: u128) -> bool {
        self.student.card().labels > 0.0 && !is_kept_apart(text)
    }
}

/// How a catalog is to remember a student: a text for the student's file, whose
/// path is relative to the catalog's directory, and for the encoder of queries.
type Remember = Box<dyn Fn(&Path, QueryEncoder) -> String + Send + Sync>;

/// An embedder whose students a catalog can move to.
///
/// `assort_embed` has one for each of its embedders; one of your own says
/// itself how a student of it is opened again.
pub struct Teacher {
    embedder: Arc<dyn Embedder>,
    remember: Remember,
}

impl Teacher {
    /// A teacher. `remember` gives the text that a catalog keeps of a student
    /// of it, from the student's file, relative to the catalog's directory, and
    /// the encoder of queries. The file's name must be in the text.
    pub fn new(
        embedder: Arc<dyn Embedder>,
        remember: impl Fn(&Path, QueryEncoder) -> String + Send + Sync + 'static,
    ) -> Self {
        Self {
            embedder,
            remember: Box::new(remember),
        }
    }

    /// The embedder.
    #[must_use]
    pub fn embedder(&self) -> &Arc<dyn Embedder> {
        &self.embedder
    }

    /// What a catalog is to keep of a student in this file, a path relative to
    /// its directory.
    #[must_use]
    pub fn spec_of(&self, file: &Path, queries: QueryEncoder) -> String {
        (self.remember)(file, queries)
    }

    /// A student of this teacher with the teacher beside it.
    ///
    /// # Errors
    /// [`Error::Argument`] if it was taught by another one.
    pub fn pair(&self, student: Arc<Student>) -> crate::Result<Distilled> {
        let (given, wanted) = (self.embedder.space(), student.teacher());
        if *given != wanted {
            return Err(Error::Argument(other_teacher(&wanted, given)));
        }
        let embedder = Arc::clone(&self.embedder);
        let open = Box::new(move || Ok(Arc::clone(&embedder)));
        Ok(Distilled::with_teacher(student, None, open))
    }
}

fn other_teacher(wanted: &Space, given: &Space) -> String {
    format!(
        "the student was taught in the space {wanted}, the teacher is of {given}; \
         give it the teacher it had"
    )
}
