//! Files of students.

use std::error::Error;
use std::path::Path;

use assort_core::Space;
use assort_distill::{Options, Student, StudentCard, teach};

use super::in_a_file;

/// Opens a student and embeds a few texts.
pub fn student(bytes: &[u8]) -> bool {
    in_a_file(bytes, embed)
}

fn embed(path: &Path) -> bool {
    let Ok(student) = Student::open(path) else {
        return false;
    };
    let (rows, familiar) = student.embed(&["red kettle", "", "电水壶 1.5 l, BLUE"]);
    assert!(rows.iter().all(|value| value.is_finite()), "{student:?}");
    assert!(familiar.iter().all(|value| !value.is_nan()), "{student:?}");
    true
}

pub(super) fn seeds() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let texts = ["red kettle", "red shoes", "blue kettle", "blue shoes"];
    let targets = [0.6, 0.8, 0.0, 0.6, 0.0, 0.8, 0.8, 0.6, 0.0, 0.8, 0.0, 0.6];
    let options = Options::default()
        .with_epochs(5)
        .with_min_df(1)
        .with_buckets(50);
    let table = teach(&texts, &targets, 3, None, &options, |_| true)?;
    let teacher = Space {
        model: "teacher".to_owned(),
        fingerprint: "0".to_owned(),
        dimensions: 3,
    };
    let student = Student::new(&table, &teacher, 4, StudentCard::default())?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("seed.student");
    student.save(&path)?;
    Ok(vec![std::fs::read(&path)?])
}
