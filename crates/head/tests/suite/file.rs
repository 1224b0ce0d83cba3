//! Files of heads: whole, or refused.

use std::path::Path;

use assort_head::{Bytes, Error, Head, HeadInput};
use proptest::prelude::*;

use crate::{small, trained};

fn read(bytes: &[u8]) -> assort_head::Result<Head> {
    Head::read(Bytes::Owned(bytes.to_vec()), Path::new("a.head"))
}

fn head() -> Head {
    trained(60, &small().with_epochs(1), &mut |_| true).unwrap()
}

#[test]
fn a_head_that_was_written_files_the_same() {
    let head = head();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.head");
    std::fs::write(&path, head.bytes()).unwrap();
    let opened = Head::open(&path).unwrap();
    assert_eq!(opened.digest(), head.digest());
    let input = [HeadInput::plain("kettle for running")];
    assert_eq!(opened.log_shares(&input), head.log_shares(&input));
    let missing = Head::open(Path::new("/nowhere/a.head"));
    assert!(matches!(missing, Err(Error::File(_))));
}

#[test]
fn a_newer_format_is_named() {
    let mut bytes = head().bytes().to_vec();
    bytes[8] = 200;
    let error = read(&bytes).unwrap_err();
    assert!(
        matches!(error, Error::NewerFormat { found: 200, .. }),
        "{error:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_or_cut_file_is_refused(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let head = head();
        let mut bytes = head.bytes().to_vec();
        let at = at.index(bytes.len());
        prop_assert!(read(&bytes[..at]).is_err());
        bytes[at] ^= 1 << bit;
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&bytes).is_err());
    }
}
