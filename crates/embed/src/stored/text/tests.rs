//! What catalogs hold is read, and what is written reads back.

use std::path::{Path, PathBuf};

use assort_distill::QueryEncoder;
use proptest::prelude::*;

use super::*;
use crate::Pooling;

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
            "static:/tmp/a.static",
            of(Spec::Static("/tmp/a.static".into())),
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
        Just("static:a".to_owned()),
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
        Just(Spec::BundledEnglish),
        path().prop_map(|path| Spec::Fastembed(path.to_string_lossy().into_owned())),
        any_path().prop_map(Spec::Dir),
        any_path().prop_map(Spec::Distilled),
        any_path().prop_map(Spec::Static),
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
