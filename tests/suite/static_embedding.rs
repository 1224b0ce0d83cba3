//! Catalogs on a static embedding.

use assort_static::{Bits, Card, Piece, StaticEmbedding, Table};

use crate::common::{self, Place};

/// A static embedding in which words of one category point one way.
fn write_embedding(place: &Place, name: &str) {
    let words = [
        ["kettle", "water", "tea"],
        ["knife", "bread", "chef"],
        ["shoe", "running", "laces"],
    ];
    let mut texts = vec![String::new(), "s".to_owned(), "▁".to_owned()];
    let mut rows = vec![0.0; 3 * 64];
    for (topic, words) in words.iter().enumerate() {
        for (number, word) in words.iter().enumerate() {
            let mut capital = word.to_string();
            capital[..1].make_ascii_uppercase();
            for word in [word.to_string(), capital] {
                texts.push(format!("▁{word}"));
                let mut row = [0.0; 64];
                (row[topic], row[10 + number]) = (1.0, 0.3);
                rows.extend(row);
            }
        }
    }
    let pieces: Vec<Piece<'_>> = texts
        .iter()
        .map(|text| Piece {
            text,
            score: -2.0,
            is_known: true,
        })
        .collect();
    let table = Table::rounded(64, Bits::Eight, &rows).unwrap();
    let embedding = StaticEmbedding::new(&Card::default(), &pieces, 0, &table).unwrap();
    embedding.save(&place.path(name)).unwrap();
}

#[test]
fn a_catalog_on_a_static_embedding_is_used_like_any_other() {
    let place = Place::empty();
    write_embedding(&place, "toy.static");
    place.write("taxonomy.tsv", common::TAXONOMY);
    place.write("products.csv", "id,title\np1,Tea kettle\np3,Bread knife\n");
    place
        .run("init shop --taxonomy taxonomy.tsv --embedder static:toy.static")
        .done();
    place.run("import shop products.csv").done();
    let found = place
        .run_with("search shop --top 1", "water kettles")
        .done();
    assert!(found.contains("Tea kettle"), "{found}");
    let stats = place.run("stats shop --format json").done();
    assert!(stats.contains("static:"), "{stats}");

    let fixed =
        place.run("init other --taxonomy taxonomy.tsv --embedder static:toy.static --pooling cls");
    fixed.failed(1, &["sums all pieces of a text"]);
    std::fs::rename(place.path("toy.static"), place.path("moved.static")).unwrap();
    let moved = place.run("import shop products.csv");
    moved.failed(1, &["toy.static", "--embedder static:FILE"]);
    place
        .run("import shop products.csv --embedder static:moved.static")
        .done();
}
