use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::Ahead;

const PNG: &[u8] = include_bytes!("../../tests/pictures/plain.png");

/// A folder with pictures, a secret beside it, and links out of it.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("pictures");
    fs::create_dir_all(folder.join("inner")).unwrap();
    fs::write(place.path().join("secret.png"), PNG).unwrap();
    fs::write(folder.join("a.jpg"), PNG).unwrap();
    fs::write(folder.join("inner/b.png"), PNG).unwrap();
    fs::write(folder.join("broken.png"), &PNG[..50]).unwrap();
    fs::write(folder.join("text.jpg"), "no picture").unwrap();
    place
}

fn opened(place: &tempfile::TempDir) -> Pictures {
    Pictures::at(&place.path().join("pictures")).unwrap()
}

#[test]
fn paths_are_relative_to_the_folder() {
    let place = place();
    let pictures = opened(&place);
    for reference in ["a.jpg", "./a.jpg", "inner//b.png"] {
        assert_eq!(pictures.open(reference).unwrap().width(), 16, "{reference}");
    }
    let missing = pictures.open("c.jpg").unwrap_err();
    assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
    let below = pictures.open("a.jpg/c.jpg").unwrap_err();
    assert!(matches!(below, Error::NotFound { .. }), "{below}");
    let folder = pictures.open("inner").unwrap_err().to_string();
    assert!(folder.contains("is a folder"), "{folder}");
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let place = place();
    let secret = place.path().join("secret.png");
    let pictures = opened(&place);
    for reference in [
        "../secret.png",
        "inner/../../secret.png",
        secret.to_str().unwrap(),
    ] {
        let refused = pictures.open(reference).unwrap_err();
        assert!(matches!(refused, Error::Outside { .. }), "{refused}");
    }
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere_out_of_the_folder() {
    use std::os::unix::fs::symlink;

    let place = place();
    let folder = place.path().join("pictures");
    symlink("../secret.png", folder.join("out.png")).unwrap();
    symlink(place.path(), folder.join("up")).unwrap();
    symlink("inner/b.png", folder.join("in.png")).unwrap();
    let pictures = opened(&place);
    for reference in ["out.png", "up/secret.png"] {
        let refused = pictures.open(reference).unwrap_err();
        assert!(matches!(refused, Error::Outside { .. }), "{refused}");
    }
    assert!(pictures.open("in.png").is_ok());
}

#[cfg(unix)]
#[test]
fn a_device_is_not_waited_for() {
    let refused = Pictures::at(Path::new("/dev"))
        .unwrap()
        .open("zero")
        .unwrap_err();
    assert!(refused.to_string().contains("a device"), "{refused}");
    assert!(open_file(Path::new("/dev/zero"), &Limits::default()).is_err());
}

#[test]
fn a_file_of_its_own_is_opened_by_its_path() {
    let place = place();
    let secret = place.path().join("secret.png");
    assert_eq!(open_file(&secret, &Limits::default()).unwrap().height(), 8);
    let small = Limits::default().with_bytes(5);
    let refused = open_file(&secret, &small).unwrap_err().to_string();
    assert!(
        refused.contains("secret.png") && refused.contains("at most 5"),
        "{refused}"
    );
}

#[test]
fn data_in_the_reference_is_read_within_the_limits() {
    let pictures = Pictures::default();
    let uri = format!("data:image/png;base64,{}", STANDARD.encode(PNG));
    assert_eq!(pictures.open(&uri).unwrap().width(), 16);
    for wrong in ["data:image/png,abc", "data:image/png;base64,*"] {
        let refused = pictures.open(wrong).unwrap_err();
        assert!(matches!(refused, Error::Data { .. }), "{refused}");
    }
    let small = Pictures::default().with_limits(Limits::default().with_bytes(20));
    let refused = small.open(&uri).unwrap_err().to_string();
    assert!(
        refused.contains("at most 20") && refused.len() < 200,
        "{refused}"
    );
}

#[test]
fn what_was_not_asked_for_is_told() {
    let pictures = Pictures::default();
    let web = pictures.open("HTTPS://example.org/a.jpg").unwrap_err();
    assert!(matches!(web, Error::UrlsOff { .. }), "{web}");
    let path = pictures.open("a.jpg").unwrap_err();
    assert!(matches!(path, Error::NoPlace { .. }), "{path}");
    let nowhere = Pictures::at(Path::new("no/such/folder")).err().unwrap();
    assert!(nowhere.to_string().contains("no/such/folder"), "{nowhere}");
}

#[test]
fn many_are_opened_ahead_in_their_order_and_each_fails_alone() {
    let place = place();
    let pictures = opened(&place);
    let some = ["a.jpg", "broken.png", "inner/b.png", "text.jpg", "none.jpg"];
    let references: Vec<&str> = some.iter().copied().cycle().take(503).collect();
    // One picture has 384 bytes: a few of them fill what may wait.
    for bytes in [0, 1000, 1 << 20] {
        let options = Ahead::default()
            .with_threads(3)
            .with_batch(7)
            .with_bytes(bytes);
        let mut seen = 0;
        let done = pictures.open_ahead(&references, options, |first, opened| {
            assert_eq!(first, seen);
            for (at, one) in (first..).zip(&opened) {
                assert_eq!(one.is_ok(), at % 5 == 0 || at % 5 == 2, "{at}");
            }
            assert!(opened.len() <= 7);
            seen += opened.len();
            Ok::<(), ()>(())
        });
        assert_eq!((done, seen), (Ok(()), 503));
    }
}

#[test]
fn who_stops_taking_is_not_given_more() {
    let place = place();
    let pictures = opened(&place);
    let references = vec!["a.jpg"; 1000];
    let calls = AtomicUsize::new(0);
    let options = Ahead::default().with_batch(10);
    let stopped = pictures.open_ahead(&references, options, |_, _| {
        calls.fetch_add(1, Ordering::Relaxed);
        Err("enough")
    });
    assert_eq!((stopped, calls.into_inner()), (Err("enough"), 1));
    let none = pictures.open_ahead(&[], options, |_, _| Err("called"));
    assert_eq!(none, Ok(()));
}
