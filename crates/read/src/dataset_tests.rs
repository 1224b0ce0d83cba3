//! Tests on published files, which cannot be part of the project. They are
//! looked for in `shared/data` beside the repository.

use std::path::PathBuf;

use assort_core::{CategoryRow, Place};

use super::*;

fn open(file: &str) -> Option<Input> {
    let beside = "../../../shared/data";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(beside)
        .join(file);
    if !path.exists() {
        eprintln!("skipped: there is no {file} in shared/data beside the repository");
        return None;
    }
    Some(Input::open(path.to_str().unwrap(), None).unwrap())
}

fn path(row: &CategoryRow) -> &[String] {
    match &row.place {
        Place::Path(path) => path,
        Place::Child { .. } => panic!("{row:?} has no path"),
    }
}

/// Checks how many rows, of how many roots and levels at most, a file has.
fn check_tree(file: &str, format: &str, rows: usize, roots: usize, levels: usize) {
    let Some(input) = open(file) else { return };
    let found = read_taxonomy(input, &TaxonomyOptions::default()).unwrap();
    assert!(found.format.contains(format), "{file}: {}", found.format);
    assert_eq!(found.rows.len(), rows, "{file}");
    let mut first: Vec<_> = found.rows.iter().map(|row| &path(row)[0]).collect();
    first.sort_unstable();
    first.dedup();
    assert_eq!(first.len(), roots, "{file}");
    let deepest = found.rows.iter().map(|row| path(row).len()).max();
    assert_eq!(deepest, Some(levels), "{file}");
}

#[test]
fn published_taxonomies_are_read_whole() {
    let google = "Google taxonomy-with-ids, separator ` > `";
    check_tree(
        "taxonomies/google.taxonomy-with-ids.en-US.txt",
        google,
        5582,
        21,
        7,
    );
    check_tree(
        "taxonomies/google.taxonomy-with-ids.zh-CN.txt",
        google,
        5427,
        21,
        7,
    );
    let columns = "columns id=id path=en translations=zh, separator ` > `";
    check_tree("taxonomies/google_en_zh.tsv", columns, 5582, 21, 7);
    check_tree(
        "taxonomies/shopify_2024-07_en_zh.tsv",
        columns,
        10281,
        25,
        8,
    );
    let paths = "columns id=id path=path, separator ` > `";
    check_tree("jd-zh/taxonomy.tsv", paths, 705, 10, 3);
    check_tree("gpc-en/taxonomy.tsv", paths, 284, 37, 3);
}

#[test]
fn translations_are_as_deep_as_the_paths() {
    let Some(input) = open("taxonomies/shopify_2024-07_en_zh.tsv") else {
        return;
    };
    for row in read_taxonomy(input, &TaxonomyOptions::default())
        .unwrap()
        .rows
    {
        let [(language, translated)] = &row.translations[..] else {
            panic!("{row:?} has no single translation");
        };
        assert_eq!(
            (language.as_str(), translated.len()),
            ("zh", path(&row).len())
        );
    }
}

/// How many categories a published file has, and on how many levels, by its own lines or
/// objects; none of a file that is not known.
fn figures(name: &str, text: &str) -> Option<(usize, usize)> {
    let levels = |path: &str| path.split(" > ").count();
    if name.contains("taxonomy-with-ids") || name.ends_with("categories.txt") {
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let path = |line: &str| {
            let (_, path) = line.split_once(" - ").or_else(|| line.split_once(" : "))?;
            Some(path.split_whitespace().collect::<Vec<_>>().join(" "))
        };
        let paths: std::collections::HashSet<String> = lines.clone().filter_map(path).collect();
        // A file may lack categories that it names above others.
        let above = paths.iter().filter_map(|path| path.rsplit_once(" > "));
        let missing = above.filter(|(above, _)| !paths.contains(*above));
        let missing: std::collections::HashSet<&str> = missing.map(|(above, _)| above).collect();
        return Some((
            lines.clone().count() + missing.len(),
            lines.map(levels).max()?,
        ));
    }
    if name.contains("unspsc") {
        let codes = text.match_indices(|c: char| !c.is_ascii_digit());
        let mut ends = codes.map(|(at, _)| at);
        let mut found = std::collections::HashSet::new();
        let mut last = ends.next()?;
        for end in ends {
            // A code has eight digits.
            if end - last == 9 {
                found.insert(&text[last + 1..end]);
            }
            last = end;
        }
        return Some((found.len(), 4));
    }
    None
}

/// Files of publishers in the folder that `ASSORT_TAXONOMIES` names, each by its own name:
/// Google's `taxonomy-with-ids.de-DE.txt`, Shopify's `categories.txt`, UNSPSC's codes and
/// titles as `unspsc.csv`; anything may stand before these names.
#[test]
fn taxonomies_of_publishers_have_as_many_categories_and_levels_as_they_say() {
    let Some(folder) = std::env::var_os("ASSORT_TAXONOMIES") else {
        eprintln!("skipped: ASSORT_TAXONOMIES names no folder of taxonomies");
        return;
    };
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut wrong = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let Some((rows, levels)) = figures(&name, &text) else {
            continue;
        };
        let input = Input::open(file.to_str().unwrap(), None).unwrap();
        let told = match read_taxonomy(input, &TaxonomyOptions::default()) {
            Err(error) => error.to_string(),
            Ok(read) => match assort_core::Taxonomy::from_rows(read.rows) {
                Err(error) => error.to_string(),
                Ok(tree) => format!("{} on {}", tree.len(), tree.depth()),
            },
        };
        let expected = format!("{rows} on {levels}");
        eprintln!("{name}: {told} levels, of {expected}");
        if told != expected {
            wrong.push(format!("{name}: {told}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Checks the columns and the number of products, all of which must be usable.
fn check_products(file: &str, columns: &str, products: usize) -> Vec<ProductRow> {
    let Some(input) = open(file) else {
        return Vec::new();
    };
    let reader = ProductReader::new(input, &Mapping::default()).unwrap();
    assert_eq!(reader.columns().to_string(), columns, "{file}");
    let rows: Vec<_> = reader.map(|row| row.unwrap().whole().unwrap()).collect();
    assert_eq!(rows.len(), products, "{file}");
    rows
}

#[test]
fn real_product_files_are_read_whole() {
    let shops = check_products(
        "jd-zh/products.tsv",
        "id=id title=title category=category_id ignored=category",
        80_148,
    );
    // Written with doubled quotes in a quoted field.
    let quoted = shops.iter().find(|row| row.line == 37_376);
    assert!(quoted.is_none_or(|row| row.product.title.starts_with("\"KOHLER科勒")));
    let web = "id=id title=title text=description category=category";
    check_products("gpc-en/products.tsv", web, 10_012);
    let photos =
        "id=id title=title category=category image=image attributes=gender,colour,season,usage";
    check_products("fashion/products.tsv", photos, 10_000);
    let electronics = "id=id title=title text=description attributes=brand,price";
    check_products("icecat-search/products.tsv", electronics, 19_406);
}
