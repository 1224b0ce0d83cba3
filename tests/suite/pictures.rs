//! Pictures of a shop, from `assort pictures` to searches by them.
//!
//! Needs ONNX Runtime; the models and the pictures are made here.

use std::path::Path;

use assort_embed::{Error, Options, Spec, open};
use assort_testkit::onnx::{MEANS, PLAIN};

use crate::common::{self, Place, Ran, csv_records, json, lines, text};
use crate::serve::Server;

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

/// A shop of kettles with red pictures and knives with blue ones, whose titles say nothing;
/// 50 have a label, and 10 have none. None where no model can be run.
fn coloured_shop() -> Option<Place> {
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
    let place = shop(&products)?;
    for at in 0..30u8 {
        place.write(&format!("images/red{at}.bmp"), bmp([220, at, 2 * at]));
        place.write(&format!("images/blue{at}.bmp"), bmp([at, 2 * at, 210]));
    }
    Some(place)
}

#[test]
fn labelled_pictures_file_products_whose_titles_say_nothing() {
    let Some(place) = coloured_shop() else { return };
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

/// Products that the shop has not: a kettle and a knife by their pictures, two whose
/// pictures cannot be used, and one without.
const NEW: &str = "id,title,image,category\n\
    n1,Article xx,newred.bmp,kettles\n\
    n2,Article yy,newblue.bmp,knives\n\
    n3,Article zz,../taxonomy.tsv,knives\n\
    n4,Article ww,broken.bmp,knives\n\
    n5,Article vv,,kettles\n";

fn new_products(place: &Place) {
    place.write("new.csv", NEW);
    place.write("images/newred.bmp", bmp([230, 40, 41]));
    place.write("images/newblue.bmp", bmp([42, 43, 230]));
    place.write("images/broken.bmp", &bmp([1, 2, 3])[..70]);
}

/// What was filed: paths of categories, and why pictures could not be used.
fn filed(printed: &str) -> Vec<(Option<String>, String)> {
    let filed = lines(printed);
    let filed = filed.iter().map(|one| {
        let path = one["category"]["path"].as_str().map(str::to_owned);
        let problem = one["picture_problem"].as_str().unwrap_or_default();
        (path, problem.to_owned())
    });
    filed.collect()
}

#[track_caller]
fn assert_filed_by_pictures(printed: &str) {
    let filed = filed(printed);
    let path = |at: usize| filed[at].0.as_deref();
    assert_eq!(path(0), Some("Kitchen > Kettles"), "{filed:#?}");
    assert_eq!(path(1), Some("Kitchen > Knives"), "{filed:#?}");
    assert_eq!([path(2), path(3), path(4)], [None; 3], "{filed:#?}");
    for (at, problem) in ["", "", "leads out", "damaged BMP", ""].iter().enumerate() {
        let told = &filed[at].1;
        assert!(told.contains(problem), "{filed:#?}");
        assert_eq!(told.is_empty(), problem.is_empty(), "{filed:#?}");
    }
}

#[test]
fn products_of_a_file_are_filed_by_their_own_pictures() {
    let Some(place) = coloured_shop() else { return };
    new_products(&place);
    place
        .run("classify shop new.csv --images images")
        .failed(2, &["were not embedded yet"]);
    place.run(EMBED).ended(0);
    let by_pictures = "classify shop new.csv --method pictures --format jsonl";
    let ran = place
        .run(&format!("{by_pictures} --images images"))
        .ended(0);
    assert_filed_by_pictures(&ran.stdout);
    ran.said(&["2 products were filed without a picture", "of `n3`"]);
    // Nobody says where they are.
    let ran = place.run(by_pictures).ended(0);
    let ran = ran.said(&["4 products were filed without a picture", "--images"]);
    let all = filed(&ran.stdout);
    assert!(all.iter().all(|one| one.0.is_none()), "{all:#?}");
    // A broken picture costs no product.
    let all = "classify shop new.csv --format jsonl --images images";
    let all = filed(&place.run(all).done());
    assert!(all.iter().all(|one| one.0.is_some()), "{all:#?}");
    // Rows that are not stored are evaluated by their pictures, or counted.
    let evaluate = "evaluate shop new.csv --method pictures --format json";
    let ran = place.run(&format!("{evaluate} --images images")).ended(0);
    let ran = ran.said(&["1 product has no picture", "2 products were filed without"]);
    let told = json(&ran.stdout);
    assert_eq!(
        (&told["decided"], &told["accuracy"]),
        (&2.into(), &1.0.into())
    );
    let pictures = serde_json::json!({"used": 2, "without": 1, "unusable": 2});
    assert_eq!(told["pictures"], pictures);
    // A model that is gone is told by product.
    std::fs::rename(place.path("model"), place.path("gone")).unwrap();
    let ran = place.run("classify shop new.csv --format jsonl --images images");
    let all = filed(&ran.ended(0).stdout);
    assert!(all[0].1.contains("cannot be opened"), "{all:#?}");
    assert!(all.iter().all(|one| one.0.is_some()), "{all:#?}");
}

#[test]
fn a_server_searches_and_files_by_pictures_that_it_is_sent() {
    let Some(place) = coloured_shop() else { return };
    new_products(&place);
    place.run(EMBED).ended(0);
    let by_file = ids(&place, "--image images/newblue.bmp --top 3");
    let like = ids(&place, "--like a1 --by both --top 3");
    place.run("classify shop --text kettle").done();
    let server = Server::start(&place, "serve shop --images images --listen 127.0.0.1:0");
    let url = format!("http://{}", server.address);
    let ask = |arguments: &str| Ran::of(place.command(arguments).env("ASSORT_SERVER", &url));
    let found = |arguments: &str| -> Vec<String> {
        let printed = ask(&format!("search shop {arguments} --format jsonl")).done();
        lines(&printed).iter().map(|one| text(&one["id"])).collect()
    };
    assert_eq!(found("--image images/newblue.bmp --top 3"), by_file);
    assert_eq!(found("--like a1 --by both --top 3"), like);
    ask("search shop --image taxonomy.tsv").failed(2, &["PNG"]);
    ask("search shop --image none.bmp").failed(1, &["none.bmp"]);
    let ran = ask("classify shop new.csv --method pictures --format jsonl").ended(0);
    assert_filed_by_pictures(&ran.stdout);
    ask("classify shop new.csv --images images").failed(2, &["--images"]);
    assert_eq!(server.end("-TERM").0, Some(0));
}
