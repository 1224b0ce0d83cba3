//! What has landed stays: clients that were built against it go on working.

use std::path::{Path, PathBuf};

use crate::listing::{contract, listing};

/// The contract that clients were built against, as it landed last.
fn landed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/assort/v1/landed.txt")
}

/// Lines that clients rely on and that are not there any more.
fn broken<'l>(landed: &'l [String], now: &[String]) -> Vec<&'l String> {
    landed.iter().filter(|line| !now.contains(line)).collect()
}

#[test]
fn nothing_that_has_landed_is_removed_renumbered_or_retyped() {
    let now = listing(&contract());
    let text = std::fs::read_to_string(landed()).unwrap_or_default();
    let before: Vec<String> = text.lines().map(str::to_owned).collect();
    let broken = broken(&before, &now);
    assert!(
        broken.is_empty(),
        "clients rely on this, and it is gone or changed:\n{broken:#?}"
    );
    if before != now {
        assert!(
            std::env::var_os("ASSORT_LAND_CONTRACT").is_some(),
            "the contract has grown; run this test with ASSORT_LAND_CONTRACT=1, and keep what it writes"
        );
        std::fs::write(landed(), now.join("\n") + "\n").unwrap();
    }
}

#[test]
fn a_field_that_is_removed_renumbered_or_retyped_is_noticed() {
    let line = |text: &str| text.to_owned();
    let before = [
        line("field assort.v1.Vector.data = 1 bytes"),
        line("field assort.v1.Vector.dimensions = 2 int32"),
    ];
    for changed in [
        "field assort.v1.Vector.data = 3 bytes",
        "field assort.v1.Vector.data = 1 string",
        "field assort.v1.Vector.data = 1 repeated bytes",
        "field assort.v1.Vector.bytes = 1 bytes",
    ] {
        let now = [line(changed), before[1].clone()];
        assert_eq!(broken(&before, &now), [&before[0]], "{changed}");
    }
    let more = [&before[..], &[line("message assort.v1.More")]].concat();
    assert!(broken(&before, &more).is_empty());
}
