//! Whatever is wrong is told in one sentence, and changes nothing.

use crate::common::{self, Place, Ran};

/// Rows that cannot be used and what is said of them; each file has one
/// product `new` that can.
const BAD_ROWS: [(&str, &[u8], &[&str]); 6] = [
    (
        "mixed.csv",
        b"id,title,gr\xc3\xb6\xc3\x9fe\nnew,Mug,gro\xc3\x9f\nbad,Kaffeem\xfchle,1\n",
        &["mixed.csv, line 3: column `title` is not UTF-8 (byte 0xFC)"],
    ),
    (
        "quote.csv",
        b"id,title\nbad,\"Never closed\nnew,Mug\n",
        &["quote.csv, line 2: quote opened on line 2 is never closed"],
    ),
    (
        "no-id.csv",
        b"id,title\n,Cup\nnew,Mug\n",
        &["no-id.csv, line 2: no id in column `id`"],
    ),
    (
        "no-title.csv",
        b"id,title\nnew,Mug\nbad,\n",
        &["no-title.csv, line 3: no title"],
    ),
    (
        "twice.csv",
        b"id,title\nnew,Mug\nnew,Cup\n",
        &["twice.csv, line 3: the id `new` is repeated; it stood on line 2"],
    ),
    (
        "columns.csv",
        b"id,title\nnew,Mug\nbad,Cup,9.99\n",
        &["columns.csv, line 3: has 3 columns, the header has 2"],
    ),
];

#[test]
fn a_bad_row_is_named_and_the_others_are_imported() {
    for (file, content, words) in BAD_ROWS {
        let place = Place::with_shop();
        place.write(file, content);
        let ran = place.run(&format!("import shop {file}"));
        assert_eq!(ran.stdout, "");
        ran.ended(3).said(words).said(&["1 added", "1 rejected"]);
        assert_eq!(place.product("new")["title"], "Mug");
        assert_eq!(place.stats()["products"], 9);
    }
}

#[test]
fn a_bad_row_changes_nothing_in_a_strict_import() {
    let place = Place::with_shop();
    for (file, content, words) in BAD_ROWS {
        place.write(file, content);
        let arguments = format!("import shop {file} --strict");
        place.refuses(1, &arguments, &["1 row is bad", "nothing was imported"]);
        place.run(&arguments).said(words);
    }
}

#[test]
fn a_title_of_a_megabyte_is_rejected() {
    let place = Place::with_shop();
    let title = "x".repeat(1 << 20);
    place.write("long.csv", format!("id,title\nbad,{title}\n"));
    let before = place.content();
    let ran = place.run("import shop long.csv").ended(3);
    ran.said(&["long.csv, line 2: the title has 1048576 bytes, the most is"]);
    assert_eq!(before, place.content());
}

#[test]
fn a_file_in_another_encoding_changes_nothing_until_the_encoding_is_stated() {
    let place = Place::with_shop();
    place.write(
        "shop.csv",
        b"id,title\ncup,\x8e\xa5\x8a\xed\x82\xcc\x83}\x83O\nmug,Mug\n",
    );
    let words = ["shop.csv: is not UTF-8; it reads as shift_jis: 「磁器のマグ」"];
    place.refuses(1, "import shop shop.csv", &words);
    place.refuses(1, "label shop shop.csv", &words);
    place.refuses(1, "classify shop shop.csv", &words);
    let ran = place.run("import shop shop.csv --encoding auto").ended(0);
    ran.said(&["shop.csv: comma-separated (shift_jis by its bytes: 「磁器のマグ」)"]);
    assert_eq!(place.product("cup")["title"], "磁器のマグ");
    let ran = place.run("import shop shop.csv --encoding latin1").ended(0);
    ran.said(&["windows-1252 as stated, though it reads as shift_jis"]);
    let words = ["is not utf-16le; it reads as shift_jis"];
    place.refuses(1, "import shop shop.csv --encoding utf-16le", &words);
}

#[test]
fn lists_inside_json_and_feeds_of_xml_are_imported() {
    let place = Place::with_shop();
    place.write("api.json", r#"{"page":1,"result":{"items":[{"id":"cup","name":"Cup","variants":[{"sku":"C-1"},{"sku":"C-2"}]}]}}"#);
    place.write("feed.xml", "<?xml version=\"1.0\"?><rss><channel><title>Shop</title><item><g:id>pot</g:id><title>Pot &amp; lid</title></item></channel></rss>");
    let ran = place.run("import shop api.json").ended(0);
    ran.said(&["api.json: JSON, array `result.items`, id=id title=name"]);
    let ran = place.run("import shop feed.xml").ended(0);
    ran.said(&["feed.xml: XML, elements `item`, id=id title=title"]);
    let variants = &place.product("cup")["attributes"]["variants.sku"];
    assert_eq!(*variants, serde_json::json!(["C-1", "C-2"]));
    assert_eq!(place.product("pot")["title"], "Pot & lid");
    place.write("bad.json", r#"[{"id":1,"name":"Jug"},{"id":2}]"#);
    let ran = place.run("import shop bad.json").ended(3);
    ran.said(&["bad.json, line 1: element 2: no title"]);
}

#[test]
fn a_stated_encoding_is_decoded() {
    let place = Place::with_shop();
    place.write("latin.csv", b"id,title\nmill,Kaffeem\xfchle\n");
    place.write("gbk.csv", b"id,title\ncup,\xd6\xd0\xce\xc4\xb1\xad\n");
    place.run("import shop latin.csv --encoding latin1").done();
    place.run("import shop gbk.csv --encoding gbk").done();
    assert_eq!(place.product("mill")["title"], "Kaffeemühle");
    assert_eq!(place.product("cup")["title"], "中文杯");
    let words = ["latin.csv", "no encoding is called `klingon`"];
    place.refuses(1, "import shop latin.csv --encoding klingon", &words);
}

#[test]
fn files_without_any_product_are_refused_by_name() {
    let place = Place::with_shop();
    place.write("empty.csv", "");
    place.write("blank.csv", "\n \n");
    place.write("header.csv", "id,title,category\n");
    place.write("no-id.csv", "title,category\nCup,kitchen\n");
    place.write("sheet.xlsx", b"PK\x03\x04rest");
    place.write("page.csv", "<!doctype html><title>Sign in</title>");
    place.write("photo.csv", b"\xff\xd8\xff\xe0\0\x10JFIF\0");
    place.write("list.json", "[1, 2]");
    std::fs::create_dir(place.path("folder")).unwrap();
    let before = place.content();
    for command in ["import", "import --strict", "classify", "label", "evaluate"] {
        for (file, words) in [
            ("empty.csv", "file is empty"),
            ("blank.csv", "file is empty"),
            ("header.csv", "has a header but no rows"),
            ("no-id.csv", "no column looks like an id"),
            ("gone.csv", "there is no such file"),
            ("sheet.xlsx", "a damaged ZIP archive"),
            ("page.csv", "an HTML page"),
            ("photo.csv", "an image (JPEG)"),
            ("list.json", "JSON without any object"),
            ("folder", "this is a directory"),
        ] {
            let ran = place.run(&format!("{command} shop {file}"));
            ran.failed(1, &[&format!("{file}: "), words]);
        }
    }
    assert_eq!(before, place.content());
}

#[test]
fn a_missing_column_is_named_with_those_there_are() {
    let place = Place::with_shop();
    place.write("a.csv", "id,price\n1,2\n");
    let columns = "the columns are id, price";
    place.refuses(1, "import shop a.csv", &["a.csv", "--title", columns]);
    let arguments = "import shop a.csv --title naem";
    place.refuses(1, arguments, &["a.csv", "no column `naem`", columns]);
}

#[test]
fn of_several_files_a_missing_one_is_noticed_before_anything_is_done() {
    let place = Place::with_shop();
    place.write("a.csv", "id,title\nnew,Mug\n");
    place.refuses(1, "import shop a.csv b.csv", &["b.csv: there is no such"]);
}

#[test]
fn unknown_categories_are_rejected_where_labels_are_read_and_told_by_an_import() {
    let place = Place::with_shop();
    place.write(
        "labels.csv",
        "id,title,category\np2,Kettle,Kettels\np4,Knife,Knives\n",
    );
    let words = ["labels.csv, line 2: no category has the id, path or name `Kettels`"];
    let ran = place.run("evaluate shop labels.csv --format json").ended(3);
    let ran = ran.said(&words).said(&["1 row was left out"]);
    assert_eq!(common::json(&ran.stdout)["products"], 1);

    let strict = ["nothing was labelled because of --strict"];
    place.refuses(1, "label shop labels.csv --strict", &strict);
    let ran = place.run("label shop labels.csv").ended(3);
    ran.said(&words).said(&["1 label set", "1 rejected"]);
    assert_eq!(place.product("p4")["label"]["id"], "knives");
    assert_eq!(place.stats()["labelled"], 4);

    let before = place.content();
    let ran = place.run("import shop labels.csv --category category");
    let told = "1 of 2 categories in `category` are none of this catalog's (`Kettels`)";
    ran.ended(0).said(&[told, "2 updated"]);
    assert_ne!(before, place.content());
    let kept = place.product("p2");
    assert_eq!(kept["title"], "Kettle");
    assert_eq!(kept["attributes"]["source_category"], "Kettels");
    let strict = place.run("import shop labels.csv --category category --strict");
    strict.failed(1, &["1 row is bad", "nothing was imported"]);
}

#[test]
fn a_file_without_any_truth_cannot_be_evaluated() {
    let place = Place::with_shop();
    place.write("a.csv", "id,title,category\n1,Cup,Cups\n");
    let ran = place.run("evaluate shop a.csv");
    assert_eq!(ran.stdout, "");
    assert_ne!(ran.code, Some(0));
    ran.said(&["a.csv, line 2", "`Cups`", "nothing to compare with"]);
}

#[test]
fn what_makes_no_tree_is_refused_with_its_line() {
    let place = Place::with_shop();
    let before = place.content();
    for (content, line, words) in [
        ("id,parent,name\na,b,A\nb,a,B\n", ", line 2: ", "a → b → a"),
        (
            "id,parent,name\na,,A\nb,zz,B\n",
            ", line 3: ",
            "parent `zz`",
        ),
        (
            "id,path\n1,A > B\n2,A > B\n",
            ", line 3: ",
            "path `A > B` has the id `2` here and `1` on line 2",
        ),
        (
            "id,path\n1,A > B\n1,A > C\n",
            ", line 3: ",
            "id `1` stands for `A > C` here and for `A > B` on line 2",
        ),
        ("A > B\nA > > C\n", ", line 2: ", "empty segment"),
        ("id,path\n1,\n", ", line 2: ", "no path"),
        ("id,path\n", ": ", "has no categories"),
        ("", ": ", "file is empty"),
    ] {
        place.write("tree.csv", content);
        let words = [&*format!("tree.csv{line}"), words];
        let init = place.run("init new --taxonomy tree.csv");
        init.failed(1, &words);
        assert!(!place.path("new").exists(), "{content}");
        let import = place.run("taxonomy import shop tree.csv");
        import.failed(1, &words);
    }
    place.write("latin.txt", b"A\nCaf\xe9\n");
    let words = ["latin.txt: is not UTF-8", "「Café」", "--encoding auto"];
    place.run("init new --taxonomy latin.txt").failed(1, &words);
    let run = place.run("init new --taxonomy latin.txt --encoding auto");
    run.ended(0).said(&["windows-1252 by its bytes: 「Café」"]);
    let found = place.run("taxonomy show new").done();
    assert_eq!(found, "A\nCafé\n");
    assert_eq!(before, place.content());
}

#[test]
fn what_is_wrong_with_an_embedder_is_told() {
    let place = Place::empty();
    place.write("taxonomy.tsv", common::TAXONOMY);
    std::fs::create_dir(place.path("half")).unwrap();
    place.write("half/model.onnx", "{}");
    let init = "init new --taxonomy taxonomy.tsv --embedder";
    for (embedder, code, words) in [
        ("dir:half", 1, &["half", "holds no tokenizer.json"][..]),
        ("dir:gone", 1, &["model folder gone", "check the path"]),
        ("bundle", 2, &["`bundle` names no embedder"]),
        (
            "fastembed:BGESmalENV15",
            1,
            &["no text model `BGESmalENV15`", "BGESmallENV15"],
        ),
        (
            "fastembed:AllMiniLML6V2 --offline --cache models",
            1,
            &["AllMiniLML6V2", "not in the cache models", "--offline"],
        ),
        ("bundled --max-length 9", 1, &["sums all pieces of a text"]),
    ] {
        place.run(&format!("{init} {embedder}")).failed(code, words);
    }
    assert!(!place.path("new").exists());
}

#[test]
#[cfg_attr(
    not(feature = "onnxruntime-dynamic"),
    ignore = "the runtime is linked in"
)]
fn a_missing_runtime_is_told_with_how_to_get_it() {
    let place = Place::empty();
    place.write("taxonomy.tsv", common::TAXONOMY);
    std::fs::create_dir(place.path("model")).unwrap();
    place.write("model/model.onnx", "{}");
    place.write("model/tokenizer.json", "{}");
    let mut command = place.command("init new --taxonomy taxonomy.tsv --embedder dir:model");
    let words = [
        "needs ONNX Runtime",
        "ORT_DYLIB_PATH names /nonexistent",
        "pip install onnxruntime",
    ];
    Ran::of(command.env("ORT_DYLIB_PATH", "/nonexistent")).failed(1, &words);
    assert!(!place.path("new").exists());
}

#[test]
fn an_embedder_of_another_space_is_refused() {
    let Some(folder) = common::model_folder("minilm-l6-int8") else {
        return;
    };
    let place = Place::with_shop();
    let space = place.stats()["space"].as_str().unwrap().to_owned();
    place.write("a.csv", "id,title\nnew,Mug\n");
    let embedder = format!("--embedder dir:{}", folder.display());
    for command in ["import shop a.csv", "classify shop", "search shop mug"] {
        let words = [space.as_str(), "minilm-l6-int8 (384 d", "assort reembed"];
        place.refuses(1, &format!("{command} {embedder}"), &words);
    }
}

#[test]
fn what_is_no_catalog_is_refused() {
    let place = Place::empty();
    place.write("a.csv", "id,title\n1,Mug\n");
    place.write("tree.txt", "A\n");
    for command in [
        "stats .",
        "show gone 1",
        "search . mug",
        "import . a.csv",
        "classify gone a.csv",
        "taxonomy show .",
        "taxonomy import . tree.txt",
        "check .",
        "compact gone",
        "remove . 1",
    ] {
        place
            .run(command)
            .failed(1, &["is not a catalog", "assort init"]);
    }
    assert!(!place.path("catalog.redb").exists());
    assert!(!place.path("gone").exists());
}

#[test]
fn a_catalog_is_never_overwritten() {
    let place = Place::with_shop();
    place.write("tree.txt", "A\n");
    let before = place.bytes();
    let ran = place.run("init shop --taxonomy tree.txt");
    ran.failed(1, &["shop already holds a catalog"]);
    place
        .run("demo shop")
        .failed(1, &["shop already holds a catalog"]);
    assert!(before == place.bytes(), "the file has changed");
}

#[test]
fn a_catalog_of_a_newer_format_is_refused() {
    let place = Place::with_shop();
    let database = redb::Database::open(place.path("shop/catalog.redb")).unwrap();
    let change = database.begin_write().unwrap();
    let meta = redb::TableDefinition::<&str, &[u8]>::new("meta");
    let newer = 99_u32.to_le_bytes();
    change
        .open_table(meta)
        .unwrap()
        .insert("format", newer.as_slice())
        .unwrap();
    change.commit().unwrap();
    drop(database);
    place.write("a.csv", "id,title\n1,Mug\n");
    let before = place.bytes();
    for command in ["stats shop", "search shop mug"] {
        let words = ["shop has format 99", "use a newer Assort"];
        place.run(command).failed(1, &words);
    }
    assert!(before == place.bytes(), "the file has changed");
    let words = ["shop has format 99", "use a newer Assort"];
    place.run("import shop a.csv").failed(1, &words);
}

#[test]
fn a_truncated_catalog_is_reported_as_damaged() {
    let place = Place::with_shop();
    let whole = place.bytes();
    for length in [0, 100, 4096, whole.len() / 4] {
        place.write("shop/catalog.redb", &whole[..length]);
        for command in ["stats shop", "check shop", "compact shop"] {
            place.run(command).failed(1, &["shop is damaged", "backup"]);
        }
    }
}

#[test]
fn mistakes_in_a_filter_are_told_with_their_column() {
    let place = Place::with_shop();
    let before = place.bytes();
    for (filter, words) in [
        ("price <", "column 8: expected a value"),
        ("price < 10 and", "column 15: "),
        (
            "category under \"Sofas\"",
            "column 16: no category has the id",
        ),
        ("brand = \"Boilo", "column 9: "),
    ] {
        let ran = place.run_with("search shop kettle --filter", filter);
        ran.failed(2, &[filter, words]);
    }
    assert!(before == place.bytes(), "the file has changed");
}

#[test]
fn wrong_usage_has_a_code_of_its_own() {
    let place = Place::with_shop();
    place.write("a.csv", "id,title\n1,Mug\n");
    let before = place.content();
    for arguments in [
        "",
        "sort shop",
        "import shop",
        "init new",
        "search shop",
        "search shop mug --top 0",
        "search shop mug --like p1",
        "stats shop --format xml",
        "classify shop a.csv --text mug",
        "classify shop --min-confidence 2",
        "classify shop --method neighbours",
        "reembed shop",
        "import shop a.csv --quoting perhaps",
        "import shop a.csv --pooling max",
        "--threads 0 stats shop",
        "completions tcsh",
    ] {
        let ran = place.run(arguments).ended(2);
        assert_eq!(ran.stdout, "", "{arguments}");
        assert!(ran.stderr.contains(if arguments.is_empty() {
            "Usage: assort"
        } else {
            "error: "
        }));
    }
    place.run_with("search shop", "").failed(2, &["empty"]);
    place
        .run_with("classify shop --text", " ")
        .failed(2, &["--text is empty"]);
    assert_eq!(before, place.content());
}

#[test]
fn unknown_products_and_categories_are_named() {
    let place = Place::with_shop();
    for command in [
        "show shop zz",
        "search shop --like zz",
        "remove shop zz",
        "remove shop p1 zz",
    ] {
        place.refuses(1, command, &["no product with the id `zz`"]);
    }
    place.refuses(1, "taxonomy show shop Sofas", &["`Sofas`"]);
}
