//! One space, two encoders: a student, and its teacher for what the student
//! does not know.

use std::sync::{Arc, OnceLock};

use assort_core::{COMPOSITION, EmbedError, Embedder, Space};
use xxhash_rust::xxh3::xxh3_128;

use crate::{QueryEncoder, Student, is_kept_apart};

/// Texts a caller should pass at once.
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

    fn new(student: Arc<Student>, teacher: Option<Lazy>, queries: QueryEncoder) -> Self {
        let teacher_space = student.teacher();
        let how = match (&teacher, queries) {
            (None, _) => 0,
            (Some(_), QueryEncoder::Student) => 1,
            (Some(_), QueryEncoder::Teacher) => 2,
        };
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
                Err(format!(
                    "the student was taught in the space {wanted}, the teacher is of {given}; \
                     give it the teacher it had"
                ))
            }
        });
        opened.clone().map_err(EmbedError::new)
    }
}

impl Embedder for Distilled {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<f32>, EmbedError> {
        let (mut rows, familiar) = self.student.embed(texts);
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
            let own: Vec<&str> = places.iter().map(|&at| texts[at]).collect();
            let taught = teacher.embed(&own)?;
            for (&at, row) in places.iter().zip(taught.chunks_exact(dimensions)) {
                rows[at * dimensions..][..dimensions].copy_from_slice(row);
            }
        }
        Ok(rows)
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Vec<f32>, EmbedError> {
        match (&self.teacher, self.queries) {
            (Some(teacher), QueryEncoder::Teacher) => self.taught_by(teacher)?.embed_queries(texts),
            _ => self.embed(texts),
        }
    }

    fn familiarity(&self, text: &str) -> Option<f32> {
        Some(self.student.familiarity(text))
    }

    fn was_taught(&self, text: u128) -> bool {
        self.student.card().labels > 0.0 && !is_kept_apart(text)
    }

    fn batch(&self) -> usize {
        BATCH
    }
}
