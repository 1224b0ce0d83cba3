//! Pictures of a shop, from `assort pictures` to searches by them.
//!
//! Needs ONNX Runtime; the models and the pictures are made here.

use std::path::Path;

use assort_embed::{Error, Options, Spec, open};
use assort_testkit::onnx::{MEANS, PLAIN};

use crate::common::{self, Place, csv_records, json, lines, text};

/// Products with pictures of one colour each, but for the last one, which has none.
const PRODUCTS: &str = "id,title,image\n\
    p1,Electric kettle,red.bmp\n\
    p2,Stovetop kettle,rose.bmp\n\
    p3,Paring knife,blue.bmp\n\
    p4,Over-ear headphones,green.bmp\n\
    p5,Laptop 14 inch,\n";

const COLOURS: [(&str, [u8; 3]); 4] = [
    ("red", [250, 10, 10]),
    ("rose", [250, 90, 100]),
    ("blue", [10, 20, 240]),
    ("green", [20, 230, 30]),
];

/// A picture of 6 × 6 pixels of nearly one colour.
fn bmp([red, green, blue]: [u8; 3]) -> Vec<u8> {
    const SIDE: u8 = 6;
    const ROW: u8 = 20;
    let mut file = b"BM".to_vec();
    let size = 54 + u32::from(SIDE) * u32::from(ROW);
    file.extend(size.to_le_bytes());
    file.extend([0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0]);
    file.extend([SIDE, 0, 0, 0, SIDE, 0, 0, 0, 1, 0, 24, 0]);
    file.resize(54, 0);
    for y in 0..SIDE {
        for _ in 0..SIDE {
            file.extend([blue, green, red].map(|channel| channel.saturating_add(y)));
        }
        file.resize(file.len() + usize::from(ROW - 3 * SIDE), 0);
    }
    file
}

/// A PNG that says it has 30,000 × 30,000 pixels.
fn huge_png() -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let side = 30_000u32.to_be_bytes();
    let header = [&side[..], &side, &[8, 2, 0, 0, 0]].concat();
    for (kind, content) in [
        (b"IHDR", &header[..]),
        (b"IDAT", b"\x78\x9c"),
        (b"IEND", b""),
    ] {
        file.extend((content.len() as u32).to_be_bytes());
        let chunk = [kind, content].concat();
        let mut sum = flate2::Crc::new();
        sum.update(&chunk);
        file.extend(chunk);
        file.extend(sum.sum().to_be_bytes());
    }
    file
}

/// Whether a model of pictures can be run here; says why not, and fails if
/// `ASSORT_REQUIRE_MODELS` is set.
fn runs(model: &Path) -> bool {
    match open(&Spec::Dir(model.to_owned()), &Options::default()) {
        Err(Error::RuntimeMissing { cause }) => {
            assert!(
                std::env::var_os("ASSORT_REQUIRE_MODELS").is_none(),
                "must not be skipped: {cause}"
            );
            eprintln!("skipped: a model of pictures needs ONNX Runtime, {cause}");
            false
        }
        opened => opened.map(|_| true).unwrap(),
    }
}

/// A shop of `products` with a folder `images` and one `model`, whose vectors are mean
/// colours; none where no model can be run.
pub fn shop(products: &str) -> Option<Place> {
    let place = Place::empty();
    for folder in ["images", "model"] {
        std::fs::create_dir(place.path(folder)).unwrap();
    }
    place.write("model/model.onnx", MEANS.bytes());
    place.write("model/preprocessor_config.json", PLAIN);
    if !runs(&place.path("model")) {
        return None;
    }
    for (name, colour) in COLOURS {
        place.write(&format!("images/{name}.bmp"), bmp(colour));
    }
    place.write("taxonomy.tsv", common::TAXONOMY);
    place.run("init shop --taxonomy taxonomy.tsv").done();
    place.write("products.csv", products);
    place.run("import shop products.csv").done();
    Some(place)
}

/// The command that embeds all pictures of the shop.
const EMBED: &str = "pictures shop --images images --embedder dir:model";

/// What a search found: ids with their similarities.
fn found(place: &Place, arguments: &str) -> Vec<(String, f64)> {
    let found = place.run(&format!("search shop {arguments} --format jsonl"));
    let found = lines(&found.done());
    let found = found.iter();
    found
        .map(|one| (text(&one["id"]), one["similarity"].as_f64().unwrap()))
        .collect()
}

fn ids(place: &Place, arguments: &str) -> Vec<String> {
    found(place, arguments)
        .into_iter()
        .map(|one| one.0)
        .collect()
}

#[test]
fn pictures_are_embedded_once_and_anew_where_their_reference_changes() {
    let Some(place) = shop(PRODUCTS) else { return };
    let first = place.run(EMBED).ended(0);
    first.said(&["5 products: 4 embedded, 0 unchanged, 1 without a picture"]);
    assert!(!place.path("shop/pictures-rejects.csv").exists());
    // The embedder is remembered.
    let again = place.run("pictures shop --images images").ended(0);
    again.said(&["0 embedded, 4 unchanged"]);
    place.write("more.csv", "id,title,image\np3,Paring knife,green.bmp\n");
    place.run("import shop more.csv").done();
    assert_eq!(
        ids(&place, "--like p4 --by picture --min-similarity 0.999"),
        [""; 0]
    );
    let changed = place.run("pictures shop --images images").ended(0);
    changed.said(&["1 embedded, 3 unchanged"]);
    assert_eq!(
        ids(&place, "--like p4 --by picture --min-similarity 0.999"),
        ["p3"]
    );
}

#[test]
fn products_are_found_by_a_picture_and_like_another_by_picture_and_both() {
    let Some(place) = shop(PRODUCTS) else { return };
    place.run(EMBED).ended(0);
    // A file that no product has.
    place.write("query.bmp", bmp([240, 30, 30]));
    assert_eq!(ids(&place, "--image query.bmp"), ["p1", "p2", "p4", "p3"]);
    assert_eq!(
        ids(&place, "--image images/blue.bmp --top 1 --exact"),
        ["p3"]
    );
    let itself = found(&place, "--image images/green.bmp --top 1");
    assert!(itself[0].0 == "p4" && itself[0].1 > 0.9999, "{itself:?}");
    assert_eq!(ids(&place, "--like p1 --by picture"), ["p2", "p4", "p3"]);
    let filtered = place.run_with(
        "search shop --like p1 --by picture --format jsonl --filter",
        "id = p3",
    );
    assert_eq!(json(&filtered.done())["id"], "p3");
    // The mean of what text and picture say; p5 has no picture.
    let (by_text, by_picture) = (
        found(&place, "--like p1"),
        found(&place, "--like p1 --by picture"),
    );
    let both = found(&place, "--like p1 --by both");
    assert_eq!(both[0].0, "p2");
    assert_eq!(both.len(), 3);
    for (id, similarity) in both {
        let of = |found: &[(String, f64)]| found.iter().find(|one| one.0 == id).unwrap().1;
        let mean = (of(&by_text) + of(&by_picture)) / 2.0;
        assert!((similarity - mean).abs() < 2e-3, "{id}: {similarity}");
    }
    let lacks = place.run("search shop --like p5 --by picture");
    lacks.failed(2, &["`p5` has no picture"]);
    place
        .run("search shop --image missing.bmp")
        .failed(1, &["missing.bmp"]);
    place
        .run("search shop --image taxonomy.tsv")
        .failed(1, &["taxonomy.tsv", "PNG"]);
}

#[test]
fn what_cannot_be_used_is_rejected_by_itself() {
    let rejected = [
        ("broken.bmp", "damaged BMP"),
        ("huge.png", "30000 × 30000 pixels"),
        ("page.jpg", "HTML"),
        ("../outside.bmp", "leads out"),
        ("missing.bmp", "no picture `missing.bmp`"),
        ("http://127.0.0.1:9/a.bmp", "not fetched"),
    ];
    let mut products = PRODUCTS.to_owned();
    for (at, (reference, _)) in rejected.iter().enumerate() {
        products += &format!("r{at},Thing number {at},{reference}\n");
    }
    // Called what it is not, but a picture.
    products += "p6,Wireless headphones,named.jpg\n";
    let Some(place) = shop(&products) else { return };
    let whole = bmp([9, 99, 199]);
    place.write("outside.bmp", &whole);
    place.write("images/named.jpg", &whole);
    place.write("images/broken.bmp", &whole[..80]);
    place.write("images/huge.png", huge_png());
    place.write(
        "images/page.jpg",
        "<!DOCTYPE html><html><body>No</body></html>",
    );
    let ran = place.run(&format!("{EMBED} --allow-urls")).ended(3);
    ran.said(&["5 embedded", "6 rejected", "pictures-rejects.csv"]);
    let listed = csv_records(&place.read("shop/pictures-rejects.csv"));
    assert_eq!(listed.len(), 1 + rejected.len(), "{listed:#?}");
    for (at, (reference, why)) in rejected.iter().enumerate() {
        let id = format!("r{at}");
        let row = listed.iter().find(|row| row[2] == id).unwrap();
        assert!(
            row[3].contains(reference) && row[3].contains(why),
            "{row:?}"
        );
    }
    assert_eq!(ids(&place, "--image images/named.jpg --top 1"), ["p6"]);
    // Without the option nothing is fetched, and the reader is told so.
    let ran = place.run(EMBED).ended(3);
    ran.said(&["0 embedded, 5 unchanged", "6 rejected"]);
    let listed = place.read("shop/pictures-rejects.csv");
    assert!(
        listed.contains("fetching pictures was not asked for"),
        "{listed}"
    );
    // What has been mended is embedded.
    place.write("images/broken.bmp", &whole);
    place
        .run(EMBED)
        .ended(3)
        .said(&["1 embedded", "5 rejected"]);
}

#[test]
fn a_product_that_goes_takes_its_picture_along() {
    let Some(place) = shop(PRODUCTS) else { return };
    place.run(EMBED).ended(0);
    place.run("remove shop p1").done();
    assert_eq!(ids(&place, "--image images/red.bmp"), ["p2", "p4", "p3"]);
    place.run("import shop products.csv").done();
    assert_eq!(ids(&place, "--image images/red.bmp"), ["p2", "p4", "p3"]);
    place.run(EMBED).ended(0).said(&["1 embedded, 3 unchanged"]);
    assert_eq!(ids(&place, "--image images/red.bmp --top 1"), ["p1"]);
}

#[test]
fn another_model_embeds_all_anew_and_a_model_that_moved_embeds_nothing() {
    let Some(place) = shop(PRODUCTS) else { return };
    place.run(EMBED).ended(0);
    std::fs::create_dir(place.path("moved")).unwrap();
    std::fs::rename(place.path("model"), place.path("moved/model")).unwrap();
    let moved = place.run("pictures shop --images images --embedder dir:moved/model");
    moved.ended(0).said(&["0 embedded, 4 unchanged"]);
    assert_eq!(ids(&place, "--image images/red.bmp --top 1"), ["p1"]);
    // What no file states is told, once.
    std::fs::remove_file(place.path("moved/model/preprocessor_config.json")).unwrap();
    let other = place.run("pictures shop --images images --embedder dir:moved/model");
    let other = other.ended(0).said(&["4 embedded, 0 unchanged"]);
    assert_eq!(
        other.stderr.matches("usual settings").count(),
        1,
        "{other:#?}"
    );
    let told = place.run("embedders dir:moved/model --format json").done();
    let told = json(&told);
    let told = text(&told[0]["description"]);
    assert!(
        told.contains("usual settings; no file states any"),
        "{told}"
    );
}

#[test]
fn labelled_pictures_file_products_whose_titles_say_nothing() {
    let mut products = "id,title,image,category\n".to_owned();
    for at in 0..60 {
        let (colour, category) = [("red", "kettles"), ("blue", "knives")][at % 2];
        // A word that no other has, and that says nothing.
        let word: String = [at / 10, at * 7 % 10]
            .map(|digit| char::from(b'b' + digit as u8))
            .iter()
            .collect();
        products += &format!("a{at},Article {word},{colour}{}.bmp,", at / 2);
        products += if at < 50 { category } else { "" };
        products.push('\n');
    }
    let Some(place) = shop(&products) else { return };
    for at in 0..30u8 {
        place.write(&format!("images/red{at}.bmp"), bmp([220, at, 2 * at]));
        place.write(&format!("images/blue{at}.bmp"), bmp([at, 2 * at, 210]));
    }
    let by_pictures = "classify shop --method pictures --format jsonl";
    place.run(by_pictures).ended(2).said(&[
        "at least 20 products must have both a label and a vector of their picture",
        "assort pictures DIR",
    ]);
    place.run(EMBED).ended(0).said(&["60 embedded"]);
    let both = ["classify shop --format jsonl", by_pictures].map(|how| place.run(how).done());
    let filed: Vec<_> = both.iter().flat_map(|filed| lines(filed)).collect();
    assert_eq!(filed.len(), 20, "{filed:#?}");
    for one in &filed {
        let number: usize = text(&one["id"])[1..].parse().unwrap();
        let leaf = ["Kitchen > Kettles", "Kitchen > Knives"][number % 2];
        assert_eq!(one["category"]["path"], leaf, "{one:#?}");
    }
}
