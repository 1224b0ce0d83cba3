//! Pictures beside texts, with an embedder and a source that need no files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assort::copies::{CopyOptions, Folder, restore};
use assort::core::{Embedder, Method, Modality, Pixels, Product};
use assort::{
    Catalog, ClassifyOptions, Error, LabelOptions, PictureReport, PictureSource, ProblemKind,
    Query, Result, Search, TakePictures,
};
use assort_testkit::Chance;
use assort_testkit::toy::{MeanColour, Toy};

use crate::common::{self, Recorder, path};

/// Opens `red green blue`, numbers up to 255, as a picture of that colour.
pub(crate) struct Colours;

/// Pictures that are handed over at once.
const AT_ONCE: usize = 7;

impl PictureSource for Colours {
    fn open_all(&self, references: &[&str], take: &mut TakePictures<'_>) -> Result<()> {
        for (at, some) in references.chunks(AT_ONCE).enumerate() {
            let opened = some.iter().map(|reference| {
                let channels: Option<Vec<u8>> =
                    reference.split(' ').map(|part| part.parse().ok()).collect();
                let pixels = channels.and_then(|rgb| Pixels::new(2, 1, rgb.repeat(2)));
                pixels.ok_or_else(|| format!("`{reference}` is no colour"))
            });
            take(at * AT_ONCE, opened.collect())?;
        }
        Ok(())
    }
}

/// A product whose title has a word that no other has, and that says nothing.
pub(crate) fn product(id: &str, image: &str) -> Product {
    let digits = id.bytes().filter(u8::is_ascii_digit);
    let word: String = digits
        .map(|digit| char::from(digit - b'0' + b'b'))
        .collect();
    Product {
        id: id.to_owned(),
        title: format!("Article {word}"),
        image: Some(image.to_owned()),
        ..Product::default()
    }
}

/// Products with a picture of a colour each.
fn products(count: usize) -> Vec<Product> {
    let mut random = Chance(4);
    let mut channel = || random.below(256).max(1);
    let colours = (0..count).map(|_| format!("{} {} {}", channel(), channel(), channel()));
    let numbered = colours.enumerate();
    numbered
        .map(|(at, colour)| product(&format!("p{at:04}"), &colour))
        .collect()
}

fn shop(count: usize) -> (tempfile::TempDir, Catalog) {
    let (directory, catalog) = common::catalog(&Arc::new(Toy::new("a")));
    catalog.put(products(count)).unwrap();
    (directory, catalog)
}

fn opened(directory: &Path) -> Catalog {
    let catalog = Catalog::open(directory).unwrap();
    catalog.with_embedder(Arc::new(Toy::new("a"))).unwrap()
}

pub(crate) fn embed(catalog: &Catalog) -> PictureReport {
    let embedder: Arc<dyn Embedder> = Arc::new(MeanColour::new("a"));
    let report = catalog.embed_pictures(embedder, "toy pictures", &Colours, &mut ());
    report.unwrap()
}

/// Ids of the products whose pictures are most like that of `id`.
fn like(catalog: &Catalog, id: &str) -> Vec<String> {
    let search = Search::new(Query::LikePicture(id.to_owned()));
    let page = catalog.search(&search.with_exact(true)).unwrap();
    page.found
        .into_iter()
        .map(|one| one.product.product.id)
        .collect()
}

fn is_without_picture(catalog: &Catalog, id: &str) -> bool {
    let found = catalog.search(&Search::new(Query::LikePicture(id.to_owned())));
    match found {
        Err(Error::Argument(told)) => told.contains("no picture"),
        other => other.map(|_| false).unwrap(),
    }
}

#[test]
fn pictures_are_embedded_once_and_seen_by_whoever_opens_the_catalog() {
    let (directory, catalog) = shop(60);
    catalog
        .put([Product {
            image: None,
            ..product("p9000", "")
        }])
        .unwrap();
    let reader = Catalog::open_read_only(directory.path()).unwrap();
    for query in [
        Query::LikePicture("p0000".into()),
        Query::LikeBoth("p0000".into()),
    ] {
        let none = reader.search(&Search::new(query));
        assert!(matches!(none, Err(Error::NoPictures)), "{none:?}");
    }
    assert_eq!(reader.picture_space().unwrap(), None);
    let report = embed(&catalog);
    assert_eq!(
        (report.products, report.embedded, report.without),
        (61, 60, 1)
    );
    let report = embed(&catalog);
    assert_eq!((report.embedded, report.unchanged), (0, 60));
    let expected = like(&catalog, "p0007");
    assert_eq!(expected.len(), 10);
    assert_eq!(like(&reader, "p0007"), expected);
    assert!(is_without_picture(&reader, "p9000"));
    drop(catalog);
    let catalog = opened(directory.path());
    assert_eq!(like(&catalog, "p0007"), expected);
    let (space, spec) = catalog.picture_space().unwrap().unwrap();
    assert_eq!((space.dimensions, &*spec), (3, "toy pictures"));
    // By a picture of no product; the embedder is given.
    let pixels = Pixels::new(1, 1, vec![200, 40, 90]).unwrap();
    let search = Search::new(Query::Picture(pixels));
    let without = catalog.search(&search);
    assert!(
        matches!(without, Err(Error::NoPictureEmbedder)),
        "{without:?}"
    );
    let catalog = catalog
        .with_picture_embedder(Arc::new(MeanColour::new("a")))
        .unwrap();
    let found = catalog.search(&search.with_exact(true)).unwrap().found;
    let nearest = |product: &Product| {
        let image = product.image.as_deref().unwrap_or_default();
        let colour: Vec<f32> = image.split(' ').map(|part| part.parse().unwrap()).collect();
        let dot: f32 = colour
            .iter()
            .zip([200.0, 40.0, 90.0])
            .map(|(a, b)| a * b)
            .sum();
        dot / colour.iter().map(|a| a * a).sum::<f32>().sqrt()
    };
    let products = products(60);
    let best = products
        .iter()
        .max_by(|a, b| nearest(a).total_cmp(&nearest(b)));
    assert_eq!(found[0].product.product.id, best.unwrap().id);
    let other = catalog.with_picture_embedder(Arc::new(MeanColour::new("b")));
    assert!(matches!(other, Err(Error::SpaceMismatch { .. })));
}

#[test]
fn pictures_are_sealed_and_follow_removes_and_new_references() {
    let (directory, catalog) = shop(100);
    let catalog = catalog.with_live_limit(20);
    embed(&catalog);
    let before = like(&catalog, "p0003");
    catalog.wait_until_indexed(&mut ()).unwrap();
    let search = Search::new(Query::LikePicture("p0003".into()));
    let page = catalog.search(&search).unwrap();
    let sealed = page.steps.iter().filter(|step| step.segment.is_some());
    assert!(
        sealed.map(|step| step.products).sum::<usize>() >= 80,
        "{:?}",
        page.steps
    );
    assert_eq!(like(&catalog, "p0003"), before);
    common::assert_clean(&catalog);
    let (gone, changed) = (before[0].clone(), before[1].clone());
    catalog.remove([gone.as_str()]).unwrap();
    catalog.put([product(&changed, "1 2 3")]).unwrap();
    // A title does not touch the picture.
    let kept = products(100).into_iter().find(|one| one.id == before[2]);
    let title = "Another title".to_owned();
    catalog
        .put([Product {
            title,
            ..kept.unwrap()
        }])
        .unwrap();
    let after = like(&catalog, "p0003");
    assert_eq!(after[0], before[2]);
    assert!(
        !after.contains(&gone) && !after.contains(&changed),
        "{after:?}"
    );
    assert!(is_without_picture(&catalog, &changed));
    let report = embed(&catalog);
    assert_eq!((report.embedded, report.unchanged), (1, 98));
    assert!(!is_without_picture(&catalog, &changed));
    // A product of the same id as one before has not its picture.
    catalog
        .put([Product {
            image: None,
            ..product(&gone, "")
        }])
        .unwrap();
    assert!(is_without_picture(&catalog, &gone));
    catalog.compact(&mut ()).unwrap();
    common::assert_clean(&catalog);
    assert_eq!(like(&catalog, "p0003")[..5], after[..5]);
    drop(catalog);
    assert_eq!(like(&opened(directory.path()), "p0003")[..5], after[..5]);
}

#[test]
fn copies_have_the_pictures() {
    let (_directory, catalog) = shop(90);
    let catalog = catalog.with_live_limit(20);
    embed(&catalog);
    catalog.wait_until_indexed(&mut ()).unwrap();
    catalog.put([product("p9000", "9 200 30")]).unwrap();
    embed(&catalog);
    let expected = like(&catalog, "p9000");
    let place = tempfile::tempdir().unwrap();
    let (to, restored) = (place.path().join("backup"), place.path().join("restored"));
    catalog
        .backup(&to, CopyOptions::default(), &mut ())
        .unwrap();
    let copy = Catalog::open_read_only(&to).unwrap();
    assert_eq!(like(&copy, "p9000"), expected);
    restore(&mut Folder::new(&to), &restored, &mut ()).unwrap();
    let restored = opened(&restored);
    common::assert_clean(&restored);
    assert_eq!(like(&restored, "p9000"), expected);
    assert_eq!(embed(&restored).unchanged, 91);
}

#[test]
fn another_embedder_takes_the_place_of_the_first_and_texts_move_without_pictures() {
    let (directory, catalog) = shop(80);
    let catalog = catalog.with_live_limit(20);
    embed(&catalog);
    catalog.wait_until_indexed(&mut ()).unwrap();
    let expected = like(&catalog, "p0001");
    catalog
        .reembed(Arc::new(Toy::new("b")), "toy b", &mut ())
        .unwrap();
    assert_eq!(like(&catalog, "p0001"), expected);
    assert_eq!(embed(&catalog).unchanged, 80);
    let other: Arc<dyn Embedder> = Arc::new(MeanColour::new("b"));
    let report = catalog.embed_pictures(other, "other", &Colours, &mut ());
    assert_eq!(report.unwrap().embedded, 80);
    catalog.wait_until_indexed(&mut ()).unwrap();
    let (space, spec) = catalog.picture_space().unwrap().unwrap();
    assert_eq!((&*space.model, &*spec), ("mean-colour-b", "other"));
    assert_eq!(like(&catalog, "p0001"), expected);
    common::assert_clean(&catalog);
    // The same one, opened in another way.
    let same: Arc<dyn Embedder> = Arc::new(MeanColour::new("b"));
    let report = catalog.embed_pictures(same, "moved", &Colours, &mut ());
    assert_eq!(report.unwrap().unchanged, 80);
    drop(catalog);
    let catalog = Catalog::open(directory.path()).unwrap();
    assert_eq!(catalog.picture_space().unwrap().unwrap().1, "moved");
    assert_eq!(like(&catalog, "p0001"), expected);
    // An embedder of texts is none.
    let texts = catalog.embed_pictures(Arc::new(Toy::new("a")), "toy", &Colours, &mut ());
    assert!(matches!(texts, Err(Error::Embed(_))), "{texts:?}");
    assert_eq!(like(&catalog, "p0001"), expected);
}

#[test]
fn a_lost_segment_of_pictures_is_told_and_embedded_again() {
    let (directory, catalog) = shop(80);
    let catalog = catalog.with_live_limit(20);
    catalog.wait_until_indexed(&mut ()).unwrap();
    let files = || -> BTreeSet<PathBuf> {
        let files = std::fs::read_dir(directory.path().join("segments")).unwrap();
        files.map(|file| file.unwrap().path()).collect()
    };
    let of_texts = files();
    embed(&catalog);
    catalog.wait_until_indexed(&mut ()).unwrap();
    let expected = like(&catalog, "p0001");
    drop(catalog);
    let lost = files().difference(&of_texts).next().cloned().unwrap();
    std::fs::remove_file(lost).unwrap();
    let catalog = opened(directory.path());
    let search = Search::new(Query::LikePicture("p0001".into()));
    let told = catalog.search(&search);
    assert!(
        matches!(told, Err(Error::PictureSegment { .. })),
        "{told:?}"
    );
    let problems = catalog.check().unwrap();
    assert_eq!(problems[0].kind, ProblemKind::Pictures);
    assert!(embed(&catalog).embedded >= 20);
    assert_eq!(like(&catalog, "p0001"), expected);
    common::assert_clean(&catalog);
}

#[test]
fn what_was_embedded_before_a_stop_is_kept_and_the_rest_goes_on() {
    let (_directory, catalog) = shop(1500);
    catalog.put([product("p9000", "no colour")]).unwrap();
    let mut embedded = 0;
    for round in 0.. {
        let embedder = Arc::new(MeanColour::new("a"));
        let given: Arc<dyn Embedder> = embedder.clone();
        let mut observer = Recorder::stopping_after(30);
        let report = catalog.embed_pictures(given, "toy", &Colours, &mut observer);
        let report = report.unwrap();
        assert_eq!(report.unchanged, embedded, "round {round}");
        assert_eq!(report.embedded, embedder.embedded() as u64);
        embedded += report.embedded;
        if !report.stopped {
            assert_eq!(embedded, 1500);
            assert_eq!(report.rejected, 1);
            let told = &observer.rejected[0];
            assert_eq!(told.id.as_deref(), Some("p9000"));
            assert!(told.reason.contains("is no colour"), "{told:?}");
            break;
        }
        assert!(report.embedded > 0, "round {round} did nothing");
    }
    assert_eq!(embed(&catalog).unchanged, 1500);
}

/// The leaf that the picture of the product at a place tells.
pub(crate) fn leaf(at: usize) -> usize {
    at % 3
}

/// Products whose pictures alone tell where they belong.
pub(crate) fn coloured(count: usize) -> Vec<Product> {
    let mut random = Chance(8);
    let all = (0..count).map(|at| {
        let mut rgb = [0; 3].map(|_: usize| 1 + random.below(60));
        rgb[leaf(at)] = 150 + random.below(100);
        product(
            &format!("p{at:04}"),
            &rgb.map(|channel| channel.to_string()).join(" "),
        )
    });
    all.collect()
}

/// Labels the first products of [`coloured`].
pub(crate) fn label(catalog: &Catalog, products: &[Product]) {
    let labels = products.iter().enumerate();
    let labels = labels.map(|(at, one)| (one.id.as_str(), Some(path(leaf(at)))));
    let labelled = catalog.label(common::labels(labels), LabelOptions::default(), &mut ());
    assert_eq!(labelled.unwrap().rejected, 0);
}

#[test]
fn labelled_pictures_file_products_whose_titles_say_nothing() {
    const COUNT: usize = 240;
    let products = coloured(COUNT);
    let (directory, catalog) = common::catalog(&Arc::new(Toy::new("a")));
    catalog.put(products.clone()).unwrap();
    let (learned, held_out) = products.split_at(COUNT / 2);
    label(&catalog, learned);
    let evaluated = |catalog: &Catalog, method: Method| {
        let rows = held_out.iter().zip(COUNT / 2..);
        let rows = rows.map(|(one, at)| (one.clone(), Some(path(leaf(at)))));
        let how = ClassifyOptions::default().with_method(method);
        catalog.evaluate(common::rows(rows), &how.into(), &mut ())
    };
    let accuracy = |catalog: &Catalog, method: Method| {
        let found = evaluated(catalog, method).unwrap();
        found.report.scores.accuracy
    };
    let by_titles = accuracy(&catalog, Method::Auto);
    assert!(by_titles < 0.6, "{by_titles}");
    let refused = evaluated(&catalog, Method::Pictures);
    assert!(matches!(refused, Err(Error::NoLabelledPictures)));
    embed(&catalog);
    // Until it has learned anew it answers by what it knew.
    catalog.prepare(&mut ()).unwrap();
    for method in [Method::Auto, Method::Pictures] {
        let by_pictures = accuracy(&catalog, method);
        assert!(by_pictures > 0.95, "{method}: {by_pictures}");
    }
    // A product without a picture is left alone, and trials say how sure the others are.
    let how = ClassifyOptions::default().with_method(Method::Pictures);
    let nameless = Product {
        id: "new".to_owned(),
        ..held_out[0].clone()
    };
    let given = [nameless, held_out[0].clone()];
    let decided = catalog.classify(&given, &how).unwrap();
    assert!(decided[0].category.is_none() && decided[0].alternatives.is_empty());
    assert_eq!(
        decided[1].category,
        catalog
            .taxonomy()
            .unwrap()
            .resolve(&path(leaf(COUNT / 2)))
            .ok()
    );
    let right = |catalog: &Catalog| {
        let taxonomy = catalog.taxonomy().unwrap();
        let ids: Vec<&str> = held_out.iter().map(|one| one.id.as_str()).collect();
        let decisions = catalog
            .classify_stored(&ids, &ClassifyOptions::default())
            .unwrap();
        let decisions = decisions.iter().zip(COUNT / 2..);
        let right = decisions.filter(|(decision, at)| {
            decision.category.map(|category| taxonomy.path(category)) == Some(path(leaf(*at)))
        });
        right.count()
    };
    assert!(right(&catalog) * 100 > 95 * held_out.len());
    catalog.prepare(&mut ()).unwrap();
    let before = right(&catalog);
    drop(catalog);
    // What was learned is read again, by a reading process, too.
    assert_eq!(right(&opened(directory.path())), before);
    assert_eq!(
        right(&Catalog::open_read_only(directory.path()).unwrap()),
        before
    );
}

#[test]
fn a_picture_without_a_direction_costs_no_other() {
    let (_directory, catalog) = shop(20);
    catalog.put([product("p9000", "0 0 0")]).unwrap();
    let mut observer = Recorder::default();
    let embedder: Arc<dyn Embedder> = Arc::new(MeanColour::new("a"));
    let report = catalog.embed_pictures(Arc::clone(&embedder), "toy", &Colours, &mut observer);
    let report = report.unwrap();
    assert_eq!((report.embedded, report.rejected), (20, 1));
    assert_eq!(observer.rejected[0].id.as_deref(), Some("p9000"));
    // Where none of several has one, the embedder is to blame.
    let (_directory, catalog) = shop(0);
    let black = ["p9000", "p9001"].map(|id| product(id, "0 0 0"));
    catalog.put(black).unwrap();
    let failed = catalog.embed_pictures(embedder, "toy", &Colours, &mut ());
    assert!(matches!(failed, Err(Error::Embed(_))), "{failed:?}");
}

#[test]
fn pictures_that_are_nearly_the_same_are_grouped() {
    let (_directory, catalog) = shop(0);
    let missing = catalog.duplicates(Modality::Image, 0.9, &mut ());
    assert!(matches!(missing, Err(Error::NoPictures)), "{missing:?}");
    let colours = [
        ("p1", "200 10 10"),
        ("p2", "10 200 10"),
        ("p3", "201 10 10"),
        ("p4", "10 10 200"),
        ("p5", "199 11 10"),
        ("p6", "10 10 201"),
    ];
    catalog
        .put(colours.map(|(id, colour)| product(id, colour)))
        .unwrap();
    embed(&catalog);
    for sealed in [false, true] {
        if sealed {
            catalog.compact(&mut ()).unwrap();
        }
        let groups = catalog.duplicates(Modality::Image, 0.999, &mut ()).unwrap();
        let ids: Vec<Vec<&str>> = groups
            .iter()
            .map(|group| {
                let products = group.products.iter();
                products
                    .map(|(stored, _)| stored.product.id.as_str())
                    .collect()
            })
            .collect();
        assert_eq!(ids, [vec!["p1", "p3", "p5"], vec!["p4", "p6"]]);
        let all = groups.iter().flat_map(|group| &group.products);
        assert!(all.clone().all(|(_, like)| (0.999..=1.0).contains(like)));
    }
    let everything = catalog.duplicates(Modality::Image, -1.0, &mut ()).unwrap();
    assert_eq!(everything[0].products.len(), colours.len());
    let impossible = catalog.duplicates(Modality::Text, 1.5, &mut ());
    assert!(matches!(impossible, Err(Error::Argument(_))));
}
