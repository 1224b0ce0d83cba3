//! What the program says to do about an error helps: each test provokes one,
//! reads the command or option it is told, and follows it.

use std::sync::Arc;

use crate::common::{self, Place, Ran};
use assort::Catalog;
use assort::core::{Product, Space, Taxonomy};
use assort_testkit::toy::Toy;
use redb::{ReadableTable, TableDefinition};

/// The first text in backticks that is a command of the program, with its
/// placeholders filled in.
#[track_caller]
fn command(told: &str, filled: &[(&str, &str)]) -> String {
    let quoted = told.split('`').skip(1).step_by(2);
    let mut commands = quoted.filter_map(|text| text.strip_prefix("assort "));
    let command = commands.next();
    let mut command = command
        .unwrap_or_else(|| panic!("no command in: {told}"))
        .to_owned();
    for (placeholder, value) in filled {
        assert!(
            command.contains(placeholder),
            "no {placeholder} in {command}"
        );
        command = command.replace(placeholder, value);
    }
    command
}

/// What a run that ended with `code` said.
#[track_caller]
fn told(ran: Ran, code: i32) -> String {
    ran.ended(code).stderr
}

#[test]
fn a_directory_without_a_catalog_becomes_one() {
    let place = Place::empty();
    place.write("tree.txt", common::TAXONOMY);
    let said = told(place.run("stats new"), 1);
    place.run(&command(&said, &[("FILE", "tree.txt")])).done();
    place.run("stats new").done();
}

#[test]
fn neighbours_vote_once_products_are_labelled() {
    let place = Place::empty();
    place.write("taxonomy.tsv", common::TAXONOMY);
    place.run("init shop --taxonomy taxonomy.tsv").done();
    place.write(
        "products.csv",
        "id,title\np1,Electric kettle\np3,Chef's knife\n",
    );
    place.run("import shop products.csv").done();
    let classify = "classify shop products.csv --method neighbors";
    let said = told(place.run(classify), 2);
    assert!(said.contains("--method zero-shot"), "{said}");
    place
        .run("classify shop products.csv --method zero-shot")
        .done();
    place.write("labels.csv", "id,category\np1,kettles\np3,knives\n");
    let label = command(&said, &[("DIR", "shop"), ("FILE", "labels.csv")]);
    place.run(&label).done();
    place.run(classify).done();
}

#[test]
fn a_head_decides_once_it_is_trained() {
    let place = Place::with_shop();
    let titles = ["Electric kettle", "Bread knife"];
    let mut rows = "id,title,category\n".to_owned();
    for at in 0..60 {
        let letters = ["north", "south", "east", "west", "home"];
        let name = format!("{} {}", letters[at % 5], letters[at / 5 % 5]);
        let category = ["kettles", "knives"][at % 2];
        rows.push_str(&format!("n{at},{} {name},{category}\n", titles[at % 2]));
    }
    place.write("more.csv", rows);
    let ran = place.run("classify shop --method head --format jsonl");
    let told = told(ran, 2);
    assert!(told.contains("no head has been trained"), "{told}");
    place.run("import shop more.csv").ended(0);
    place.run(&command(&told, &[("DIR", "shop")])).ended(0);
    let filed = place
        .run("classify shop --method head --format jsonl")
        .done();
    assert!(filed.contains("Kitchen > Kettles"), "{filed}");
}

#[test]
fn files_that_leave_something_open_are_read_once_it_is_stated() {
    for (content, option) in [
        (
            &b"id,title\nbad,Kaffeem\xfchle\n"[..],
            "--encoding windows-1252",
        ),
        (b"id,title\nbad,Kaffeem\xfchle\n", "--encoding auto"),
        (b"id,title\nbad,\xd6\xd0\xce\xc4\n", "--encoding gbk"),
        (
            b"i\0d\0,\0t\0i\0t\0l\0e\0\n\x001\0,\0M\0u\0g\0\n\0",
            "--encoding utf-16le",
        ),
        (
            b"\0i\0d\0,\0t\0i\0t\0l\0e\0\n\0\x31\0,\0M\0u\0g\0\n",
            "--encoding auto",
        ),
        (b"name,price\nMug,2\n", "--id"),
        (b"id,what\n1,Mug\n", "--title"),
        (b"id\ttitle\n1\t\"Mug\tblue\"\n", "--quoting on"),
    ] {
        let place = Place::with_shop();
        place.write("a.csv", content);
        let ran = place.run("import shop a.csv");
        assert_ne!(ran.code, Some(0));
        assert!(ran.stderr.contains(option), "no `{option}` in {ran:#?}");
        let stated = match option {
            "--id" => "--id #",
            "--title" => "--title what",
            whole => whole,
        };
        place.run(&format!("import shop a.csv {stated}")).done();
        assert_eq!(place.stats()["products"], 9, "{option}");
    }
}

#[test]
fn a_file_of_prices_alone_updates_the_products() {
    let place = Place::with_shop();
    place.write("prices.csv", "id,price\np2,17\n");
    let said = told(place.run("import shop prices.csv"), 1);
    assert!(said.contains("pass --update"), "{said}");
    place.run("import shop prices.csv --update").done();
    assert_eq!(place.product("p2")["attributes"]["price"], "17");
    // Nothing else takes such a file.
    let said = told(place.run("classify shop prices.csv"), 1);
    assert!(!said.contains("--update"), "{said}");
}

#[test]
fn the_names_of_embedders_are_listed() {
    let place = Place::empty();
    place.write("tree.txt", "A\n");
    let init = "init new --taxonomy tree.txt --embedder";
    let said = told(place.run(&format!("{init} bundle")), 2);
    let listed = place.run(&command(&said, &[])).done();
    assert!(listed.contains("bundled"), "{listed}");
    place.run(&format!("{init} bundled")).done();
}

#[test]
fn an_embedder_of_another_space_is_left_out_or_moved_to() {
    let Some(folder) = common::model_folder("minilm-l6-int8") else {
        return;
    };
    let place = Place::with_shop();
    let spec = format!("dir:{}", folder.display());
    let other = format!("search shop mug --embedder {spec}");
    let said = told(place.run(&other), 1);
    place.run("search shop mug").done();
    let reembed = command(&said, &[("DIR", "shop"), ("SPEC", &spec)]);
    place.run(&reembed).done();
    place.run(&other).done();
}

/// A catalog whose vectors were made when `bundled` was another model.
fn made_with_a_former_bundled(place: &Place, fingerprint: &str) {
    let former = Toy::of_space(Space {
        model: "bundled".to_owned(),
        fingerprint: fingerprint.to_owned(),
        dimensions: 384,
    });
    let taxonomy = Taxonomy::from_paths(["Kitchen > Kettles", "Kitchen > Knives"]).unwrap();
    let catalog = Catalog::create(place.path("shop"), &taxonomy, Arc::new(former), "bundled");
    let product = Product {
        id: "1".to_owned(),
        title: "Electric kettle".to_owned(),
        ..Product::default()
    };
    catalog.unwrap().put([product]).unwrap();
}

/// Without an embedder such a catalog is read; with one it is told what became of it, and
/// moved.
fn is_read_and_moved(place: &Place, why: &str) {
    assert_eq!(place.stats()["products"], 1);
    assert_eq!(place.product("1")["title"], "Electric kettle");
    place.run("list shop").done();
    place.write("more.csv", "id,title\n2,Bread knife\n");
    let mut remedies = Vec::new();
    for asked in [
        "search shop kettle",
        "import shop more.csv",
        "classify shop",
    ] {
        let said = told(place.run(asked), 1);
        assert!(said.contains(why), "{said}");
        remedies.push(command(&said, &[]));
    }
    remedies.dedup();
    assert_eq!(remedies.len(), 1, "{remedies:?}");
    place.run(&remedies[0]).done();
    place.run("import shop more.csv").done();
    let found = place
        .run("search shop kettle --top 1 --format jsonl")
        .done();
    assert!(found.contains("Electric kettle"), "{found}");
    place.run("check shop").done();
}

#[test]
fn a_catalog_made_when_bundled_was_english_is_moved() {
    let place = Place::empty();
    made_with_a_former_bundled(&place, "9067dd4d261f419c80ac6f1b09bd330d");
    if cfg!(feature = "bundled-english") {
        // The program has the model that made it.
        place.run("search shop kettle").done();
    } else {
        is_read_and_moved(&place, "compiled without the embedder `bundled-english`");
    }
}

#[test]
fn a_catalog_made_with_a_bundled_that_is_no_more_is_moved() {
    let place = Place::empty();
    made_with_a_former_bundled(&place, "0f");
    is_read_and_moved(&place, "`bundled` was another model");
}

#[test]
fn a_shop_in_a_script_that_the_embedder_does_not_know_is_told_once() {
    let place = Place::with_shop();
    // Linear B, of which no embedder knows anything.
    let title = "\u{10000}\u{10001}\u{10002}\u{10003}";
    let rows: String = (0..3).map(|i| format!("b{i},{title}\n")).collect();
    place.write("a.csv", format!("id,title\n{rows}"));
    let told = |command: &str| {
        let ran = place.run(command).ended(0);
        ran.said(&["learned nothing of the words of 3 of"]).stderr
    };
    let said = told("import shop a.csv");
    assert!(said.contains("3 Linear_B"), "{said}");
    assert_eq!(said.matches("warning").count(), 1, "{said}");
    let classify = "classify shop --method zero-shot --format jsonl";
    told(classify);
    for decision in place.run(classify).done().lines() {
        let decision: serde_json::Value = serde_json::from_str(decision).unwrap();
        let is_known = !decision["id"].as_str().unwrap().starts_with('b');
        assert_eq!(decision["category"].is_object(), is_known, "{decision}");
    }
}

#[cfg(unix)]
#[test]
fn a_catalog_whose_model_was_changed_is_moved() {
    let Some(folder) = common::model_folder("minilm-l6-int8") else {
        return;
    };
    let place = Place::empty();
    std::fs::create_dir(place.path("model")).unwrap();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let own = place.path("model").join(file.file_name());
        std::os::unix::fs::symlink(file.path(), own).unwrap();
    }
    let prompts = "model/config_sentence_transformers.json";
    place.write(prompts, r#"{"prompts": {"query": "query: "}}"#);
    place.write("tree.txt", "Kettles\nKnives\n");
    let made = place.run("init shop --taxonomy tree.txt --embedder dir:model");
    made.said(&["prompt of the model", "\"query: \" for queries"])
        .done();
    place.run("search shop kettle").done();
    place.write(prompts, r#"{"prompts": {"query": "search: "}}"#);
    let said = told(place.run("search shop kettle"), 1);
    let reembed = command(&said, &[("SPEC", "dir:model")]);
    place.run(&reembed).done();
    place.run("search shop kettle").done();
}

#[test]
fn a_lost_segment_is_embedded_again() {
    let place = Place::with_indexed_shop();
    let segment = std::fs::read_dir(place.path("shop/segments")).unwrap();
    let segment = segment.map(|entry| entry.unwrap().path()).next().unwrap();
    std::fs::remove_file(segment).unwrap();
    let said = told(place.run("search shop mug"), 1);
    let by_search = command(&said, &[]);
    let found = place.run("check shop").ended(1).stdout;
    assert_eq!(by_search, command(&found, &[]));
    place.run(&by_search).done();
    place.run("search shop mug").done();
}

#[test]
fn labels_of_categories_that_are_gone_are_set_anew() {
    let place = Place::with_shop();
    place.write("smaller.txt", "Kitchen\n");
    place.run("taxonomy import shop smaller.txt --yes").done();
    let found = place.run("check shop").ended(1).stdout;
    place.write("taxonomy.tsv", common::TAXONOMY);
    let import = command(&found, &[("FILE", "taxonomy.tsv")]);
    assert!(import.starts_with("taxonomy import"), "{import}");
    place.run(&import).done();
    place.run("check shop").done();
}

/// Changes bytes of the catalog's file as a bad disk does, but so that the
/// file's own checksums are right.
fn damage(place: &Place, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = redb::Database::open(place.path("shop/catalog.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&transaction);
    transaction.commit().unwrap();
}

#[test]
fn a_product_that_is_damaged_is_removed_and_imported_again() {
    let vectors = TableDefinition::<u32, &[u8]>::new("vectors 1");
    let products = TableDefinition::<u32, &[u8]>::new("products");
    let damages: [&dyn Fn(&redb::WriteTransaction); 2] = [
        // A vector that is gone.
        &|transaction| {
            let mut table = transaction.open_table(vectors).unwrap();
            let row = table.first().unwrap().unwrap().0.value();
            table.remove(row).unwrap();
        },
        // An id without its product.
        &|transaction| {
            let mut table = transaction.open_table(products).unwrap();
            let row = table.first().unwrap().unwrap().0.value();
            table.remove(row).unwrap();
            transaction
                .open_table(vectors)
                .unwrap()
                .remove(row)
                .unwrap();
            let labels = TableDefinition::<u32, &str>::new("labels");
            transaction.open_table(labels).unwrap().remove(row).unwrap();
        },
    ];
    for harm in damages {
        let place = Place::with_shop();
        damage(&place, harm);
        let found = place.run("check shop").ended(1).stdout;
        place.run(&command(&found, &[])).done();
        place.write("products.csv", common::PRODUCTS);
        place.run("import shop products.csv").done();
        place.run("check shop").done();
        assert_eq!(place.stats()["products"], 8);
    }
}

#[test]
fn a_segment_with_other_products_than_the_store_says_is_written_anew() {
    let place = Place::with_indexed_shop();
    damage(&place, |transaction| {
        let tables = transaction.list_tables().unwrap();
        let mut names = tables.map(|table| redb::TableHandle::name(&table).to_owned());
        let name = names.find(|name| name.starts_with("sealed ")).unwrap();
        drop(names);
        let sealed = TableDefinition::<u32, &[u8]>::new(&name);
        let mut table = transaction.open_table(sealed).unwrap();
        let row = table.first().unwrap().unwrap().0.value();
        table.remove(row).unwrap();
    });
    let found = place.run("check shop").ended(1).stdout;
    assert!(found.contains("assort compact shop"), "{found}");
    for problem in found.lines() {
        place.run(&command(problem, &[])).done();
    }
    place.write("products.csv", common::PRODUCTS);
    place.run("import shop products.csv").done();
    place.run("check shop").done();
    assert_eq!(place.stats()["products"], 8);
}

#[test]
fn a_rejected_row_goes_to_the_file_that_is_named() {
    let place = Place::with_shop();
    place.write("a.csv", "id,title\n,No id\n");
    std::fs::create_dir(place.path("shop/rejects.csv")).unwrap();
    let said = told(place.run("import shop a.csv"), 3);
    assert!(said.contains("name another file with --rejects"), "{said}");
    place.run("import shop a.csv --rejects b.csv").ended(3);
    assert!(place.read("b.csv").contains("no id"));
}

#[test]
fn a_fast_import_that_is_too_late_leads_to_distillation() {
    let place = Place::with_shop();
    place.write("a.csv", "id,title\nnew,Mug\n");
    let said = told(place.run("import shop a.csv --fast"), 2);
    // Few products teach nothing, which is all that is wrong with it.
    let ran = place.run(&command(&said, &[]));
    ran.failed(2, &["500 at least"]);
    place.run("import shop a.csv").done();
}

#[test]
fn what_init_and_the_demo_say_comes_next_works() {
    let place = Place::empty();
    place.write("tree.txt", "Kitchen > Mugs\n");
    place.write("PRODUCTS.csv", "id,title\n1,Mug\n");
    let said = told(place.run("init shop --taxonomy tree.txt"), 0);
    let next = said
        .lines()
        .find_map(|line| line.strip_prefix("next: assort "));
    place.run(next.unwrap()).done();

    let said = told(place.run("demo kept"), 0);
    let mut followed = 0;
    for line in said
        .lines()
        .filter_map(|line| line.strip_prefix("  assort "))
    {
        if line.contains('"') || line.starts_with("init") || line.starts_with("import") {
            continue;
        }
        place.run(line).done();
        followed += 1;
    }
    assert!(followed >= 2, "{said}");
}

#[test]
fn a_catalog_is_backed_up_to_be_copied_and_a_copy_restored_to_be_changed() {
    let place = Place::with_shop();
    let said = told(place.run("replicate shop replica"), 1);
    let filled = [("CATALOG", "shop"), ("DIR", "backup")];
    place.run(&command(&said, &filled)).done();
    place.run("replicate backup replica").done();
    place.write("more.csv", "id,title\nnew,Mug\n");
    let said = told(place.run("import replica more.csv"), 2);
    place.run(&command(&said, &[("DIR", "own")])).done();
    place.run("import own more.csv").done();
}

#[test]
fn a_damaged_backup_is_mended_from_its_catalog() {
    let place = Place::with_indexed_shop();
    place.run("backup shop backup --no-links").done();
    let segment = std::fs::read_dir(place.path("backup/segments")).unwrap();
    let segment = segment.map(|entry| entry.unwrap().path()).next().unwrap();
    for lost in [false, true] {
        match lost {
            true => std::fs::remove_file(&segment).unwrap(),
            false => std::fs::write(&segment, "something else").unwrap(),
        }
        let by_search = told(place.run("search backup mug"), 1);
        let found = place.run("check backup").ended(1).stdout;
        let mend = command(&found, &[("CATALOG", "shop")]);
        assert_eq!(mend, command(&by_search, &[("CATALOG", "shop")]));
        place.run(&mend).done();
        place.run("check backup").done();
        place.run("search backup mug").done();
    }
}

#[test]
fn a_taxonomy_whose_columns_say_nothing_is_read_as_it_is_told() {
    let place = Place::empty();
    place.write("tree.csv", "ref;up;word\n7;;Tea\n8;7;Green\n9;7;Black\n");
    let said = told(place.run("init shop --taxonomy tree.csv"), 1);
    for option in ["--id", "--parent", "--name", "--path", "--levels"] {
        assert!(said.contains(option), "{said}");
    }
    place
        .run("init shop --taxonomy tree.csv --id ref --parent up --name word")
        .done();
    place.write("odd.csv", "Category\nTea\nCups\n\"Pots,\"\n");
    let said = told(place.run("init odd --taxonomy odd.csv"), 2);
    assert!(said.contains("pass --yes"), "{said}");
    place.run("init odd --taxonomy odd.csv --yes").done();
}

#[cfg(feature = "pictures")]
#[test]
fn searches_by_pictures_work_once_pictures_are_embedded() {
    let products = "id,title,image\np1,Kettle,red.bmp\np2,Knife,blue.bmp\n";
    let Some(place) = crate::pictures::shop(products) else {
        return;
    };
    let embed = |said: &str, filled: &[(&str, &str)]| {
        place.run(&command(said, filled)).ended(0);
        place.run("search shop --image images/red.bmp").done();
        place.run("search shop --like p1 --by both").done();
    };
    let said = told(place.run("pictures shop --images images"), 2);
    assert_eq!(
        said,
        told(place.run("search shop --image images/red.bmp"), 2)
    );
    // No model of texts will do.
    let refused = told(
        place.run("pictures shop --images images --embedder bundled"),
        2,
    );
    let lists = command(&refused, &[("PATH", "model")]);
    let listed = place.run(&lists).done();
    assert!(listed.contains("a model of pictures"), "{listed}");
    embed(&said, &[("MODEL", "model")]);
    // A model that has moved is named by its new place.
    std::fs::create_dir(place.path("new")).unwrap();
    std::fs::rename(place.path("model"), place.path("new/model")).unwrap();
    let said = told(place.run("search shop --image images/red.bmp"), 1);
    embed(&said, &[("PATH", "new/model")]);
    // One that was changed embeds all anew.
    place.write("new/model/preprocessor_config.json", r#"{"size": 4}"#);
    let said = told(place.run("search shop --image images/red.bmp"), 1);
    embed(&said, &[("IMAGES", "images")]);
}

#[cfg(feature = "pictures")]
#[test]
fn a_catalog_without_pictures_says_how_it_gets_them() {
    let Some(place) = crate::pictures::shop("id,title,image\np1,Kettle,red.bmp\np2,Pan,rose.bmp\n")
    else {
        return;
    };
    let search = "search shop --like p1 --by picture";
    let said = told(place.run(search), 2);
    let filled = [("DIR", "shop"), ("IMAGES", "images"), ("MODEL", "model")];
    place.run(&command(&said, &filled)).ended(0);
    assert!(place.run(search).done().contains("p2"));
}
