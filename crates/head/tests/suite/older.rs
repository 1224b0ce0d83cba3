//! Files of heads that older versions wrote: they are read, and file as they did.

use std::path::{Path, PathBuf};

use assort_core::TextInput;
use assort_head::Head;

use crate::{small, trained};

fn fixture(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/fixtures").join(name)
}

/// What the program that wrote the fixture printed of its head.
fn scores() -> Vec<Vec<f32>> {
    let text = std::fs::read_to_string(fixture("format-1.scores")).unwrap();
    let row = |line: &str| {
        line.split(' ')
            .map(|score| score.parse().unwrap())
            .collect()
    };
    text.lines().map(row).collect()
}

fn inputs() -> [TextInput<'static>; 3] {
    ["kettle for running", "电热水壶 colour1", "shoe size 3"].map(TextInput::plain)
}

fn are_scores(head: &Head) {
    let found = head.log_shares(&inputs().map(Into::into));
    for (found, known) in found.into_iter().zip(scores()) {
        for (found, known) in found.unwrap().into_iter().zip(known) {
            assert!((found - known).abs() < 1e-5, "{found} {known}");
        }
    }
}

#[test]
fn a_head_of_format_1_files_as_it_did() {
    let head = Head::open(&fixture("format-1.head")).unwrap();
    assert_eq!(head.attributes().count(), 0);
    are_scores(&head);
}

#[test]
fn a_head_of_products_without_attributes_is_laid_out_as_before() {
    let before = std::fs::read(fixture("format-1.head")).unwrap();
    let head = trained(60, &small().with_epochs(3), &mut |_| true).unwrap();
    // Everything but the numbers: heads learn otherwise now.
    assert_eq!(head.bytes()[..16], before[..16]);
    assert_eq!(head.bytes().len(), before.len());
    assert_eq!(
        head.features(),
        Head::open(&fixture("format-1.head")).unwrap().features()
    );
}
