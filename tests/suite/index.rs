//! The index, as a user of the command line meets it.

use assort::Catalog;

use crate::common::{Place, json, lines};

fn indexed_shop() -> Place {
    Place::with_indexed_shop()
}

fn segment_file(place: &Place) -> std::path::PathBuf {
    let folder = std::fs::read_dir(place.path("shop/segments")).unwrap();
    let files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    files.into_iter().next().unwrap()
}

#[test]
fn a_search_of_segments_gives_what_an_exact_one_gives_and_tells_how() {
    let place = indexed_shop();
    let ids = |printed: &str| {
        let found = lines(printed);
        found
            .iter()
            .map(|found| found["id"].to_string())
            .collect::<Vec<_>>()
    };
    let quick = place.run("search shop kettle --format jsonl --explain");
    let quick = quick.ended(0).said(&["segment 1: 8 of 8 products match"]);
    let exact = place
        .run("search shop kettle --format jsonl --exact")
        .done();
    assert_eq!(ids(&quick.stdout), ids(&exact));
    let few = place.run("search shop kettle --top 2 --ef 1 --oversample 1 --format jsonl");
    assert_eq!(lines(&few.done()).len(), 2);
}

#[test]
fn tuning_and_auditing_print_what_they_measured() {
    let place = indexed_shop();
    let tuned = json(&place.run("tune shop --recall 0.9 --format json").done());
    assert!(tuned["recall"].as_f64().unwrap() >= 0.9);
    assert_eq!(place.stats()["tuned"]["ef"], tuned["ef"]);
    let audit = json(&place.run("audit-index shop --format json").done());
    assert_eq!(audit["segments"][0]["rows"], 8);
    for nothing in ["dead", "broken_links", "unreached", "unfound"] {
        assert_eq!(audit["segments"][0][nothing], 0, "{audit}");
    }
    assert_eq!(audit["recall"], 1.0);
    assert!(place.run("audit-index shop").done().contains("1: 8 rows"));
    place
        .run("tune shop --recall 2")
        .ended(2)
        .said(&["0 and 1"]);
}

#[test]
fn without_segments_there_is_nothing_to_tune() {
    let place = Place::with_shop();
    place
        .run("tune shop")
        .failed(2, &["nothing to tune", "without an index"]);
    assert!(place.run("audit-index shop").done().contains("8 products"));
}

#[test]
fn a_damaged_or_missing_segment_is_named_refused_and_repaired() {
    let place = indexed_shop();
    let whole = std::fs::read(segment_file(&place)).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 4;
    let cases = [Some(changed), Some(whole[..5000].to_vec()), None];
    for content in cases {
        let file = segment_file(&place);
        match content {
            Some(content) => std::fs::write(&file, content).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let checked = place.run("check shop").ended(1);
        assert!(checked.stdout.contains(".seg"), "{checked:#?}");
        assert!(checked.stdout.contains("--repair"), "{checked:#?}");
        place
            .run("search shop kettle --exact")
            .failed(1, &[".seg", "check --repair"]);
        place
            .run("check shop --repair")
            .ended(0)
            .said(&["8 products embedded again", "all is well"]);
        assert_eq!(
            lines(&place.run("search shop kettle --format jsonl").done()).len(),
            8
        );
        index_again(&place);
    }
}

/// Puts the products into a segment once more.
fn index_again(place: &Place) {
    let catalog = Catalog::open(place.path("shop")).unwrap();
    let catalog = catalog.with_live_limit(1);
    catalog.wait_until_indexed(&mut ()).unwrap();
}

#[test]
fn compacting_merges_segments_and_leaves_no_file_behind() {
    let place = indexed_shop();
    place.run("remove shop p1").ended(0);
    place.run("compact shop").ended(0);
    let stats = place.stats();
    assert_eq!(stats["segments"].as_array().unwrap().len(), 1);
    assert_eq!(stats["segments"][0]["dead"], 0);
    assert_eq!(stats["segments"][0]["products"], 7);
    segment_file(&place);
    place.run("check shop").ended(0).said(&["all is well"]);
}
