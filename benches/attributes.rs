//! Filters on attributes, each of them new: by columns, and by looking at every product.
//!
//! `cargo bench --bench attributes`; `ASSORT_BENCH_ROWS` changes the number of products,
//! `ASSORT_BENCH_FOLDER` keeps the catalog, `products.csv` and `filters.jsonl` in a folder,
//! for `benches/peers/attribute_engines.py` to ask others the same. Times are of a whole search
//! in the library, from the expression to the ten nearest products, in milliseconds.

#[path = "common/chance.rs"]
mod chance;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use assort::core::{CategoryRow, Place, Taxonomy};
use assort::read::{Input, Mapping, ProductReader};
use assort::{Catalog, ImportOptions, Query, Search};
use chance::Chance;
use serde_json::{Value, json};

const DIMENSIONS: usize = 64;

/// Leaves of the taxonomy, ten to a branch.
const LEAVES: usize = 1000;

/// Filters of each kind.
const FILTERS: usize = 31;

type Failure = Box<dyn std::error::Error>;

/// Numbers by chance, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    /// Small ones are more likely: half of all are below the square root.
    fn skewed(&mut self, end: usize) -> usize {
        let power = self.below(1 << 20) as f64 / (1 << 20) as f64;
        ((end as f64).powf(power) as usize).min(end - 1)
    }
}

fn main() -> Result<(), Failure> {
    let rows: usize =
        std::env::var("ASSORT_BENCH_ROWS").map_or(Ok(1_000_000), |rows| rows.parse())?;
    let temporary = tempfile::tempdir()?;
    let folder = std::env::var_os("ASSORT_BENCH_FOLDER").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let shop = folder.join("shop");
    if !shop.exists() {
        write_products(&folder.join("products.csv"), rows)?;
        make(&shop, &folder.join("products.csv"))?;
    }
    let filters = filters();
    let mut file = BufWriter::new(std::fs::File::create(folder.join("filters.jsonl"))?);
    for (kind, asked) in &filters {
        let Asked { filter, sql, tree } = asked;
        let asked = json!({ "kind": kind, "filter": filter, "sql": sql, "tree": tree });
        writeln!(file, "{asked}")?;
    }
    file.flush()?;
    let by_columns = ask(&shop, &filters, "columns")?;
    let columns = shop.join("columns");
    let aside = folder.join("columns aside");
    std::fs::rename(&columns, &aside)?;
    let by_scan = ask(&shop, &filters, "every product");
    std::fs::rename(&aside, &columns)?;
    if by_scan? != by_columns {
        return Err("the two ways find different numbers of products".into());
    }
    Ok(())
}

fn leaf(at: usize) -> Vec<String> {
    vec![format!("Branch {}", at / 10), format!("Leaf {at}")]
}

fn write_products(path: &Path, rows: usize) -> Result<(), Failure> {
    let mut numbers = Numbers(7);
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    writeln!(
        file,
        "id,title,brand,colour,price,weight,stock,released,category"
    )?;
    for row in 0..rows {
        let price = 99 + numbers.skewed(100_000) * 10 + numbers.below(10);
        let weight = 1 + numbers.skewed(20_000);
        let (brand, colour, stock) = (numbers.skewed(2000), numbers.below(30), numbers.below(500));
        let (year, month, day) = (
            2015 + numbers.below(10),
            1 + numbers.below(12),
            1 + numbers.below(28),
        );
        let category = match numbers.below(2) {
            0 => leaf(numbers.below(LEAVES)).join(" > "),
            _ => String::new(),
        };
        let weight = match weight > 1000 {
            true => format!("{}.{:03} kg", weight / 1000, weight % 1000),
            false => format!("{weight} g"),
        };
        writeln!(
            file,
            "sku-{row},Product {row} of many,Brand {brand},Colour {colour},{}.{:02},{weight},{stock},{year}-{month:02}-{day:02},{category}",
            price / 100,
            price % 100
        )?;
    }
    Ok(file.flush()?)
}

fn make(shop: &Path, products: &Path) -> Result<(), Failure> {
    let categories = (0..LEAVES).map(|at| CategoryRow {
        place: Place::Path(leaf(at)),
        ..CategoryRow::default()
    });
    let taxonomy = Taxonomy::from_rows(categories.collect())?;
    let embedder = Arc::new(Chance::new(DIMENSIONS));
    let catalog = Catalog::create(shop, &taxonomy, embedder, "chance")?;
    let begun = Instant::now();
    let input = Input::open(&products.display().to_string(), None)?;
    let reader = ProductReader::new(input, &Mapping::default())?;
    let report = catalog.import(reader, &ImportOptions::default(), &|| None, &mut ())?;
    catalog.wait_until_indexed(&mut ())?;
    let seconds = begun.elapsed().as_secs_f64();
    let size = |folder: &str| -> u64 {
        let files = std::fs::read_dir(shop.join(folder))
            .into_iter()
            .flatten()
            .flatten();
        files
            .filter_map(|file| file.metadata().ok())
            .map(|file| file.len())
            .sum()
    };
    println!(
        "{} products imported and indexed in {seconds:.0} s; store {:.0} MB, segments {:.0} MB, columns {:.0} MB",
        report.added,
        std::fs::metadata(shop.join("catalog.redb"))?.len() as f64 / 1e6,
        size("segments") as f64 / 1e6,
        size("columns") as f64 / 1e6
    );
    Ok(())
}

/// A filter in the languages of those who are asked.
#[derive(Clone)]
struct Asked {
    filter: String,
    sql: String,
    /// As nested lists, for engines that take conditions: `["between", "price", 2, 9]`.
    tree: Value,
}

impl Asked {
    fn new(filter: String, sql: String, tree: Value) -> Self {
        Self { filter, sql, tree }
    }

    fn both(&self, word: &str, other: &Self) -> Self {
        Self {
            filter: format!("({}) {word} ({})", self.filter, other.filter),
            sql: format!("({}) {} ({})", self.sql, word.to_uppercase(), other.sql),
            tree: json!([word, self.tree, other.tree]),
        }
    }

    fn and(&self, other: &Self) -> Self {
        self.both("and", other)
    }

    fn or(&self, other: &Self) -> Self {
        self.both("or", other)
    }

    fn not(&self) -> Self {
        Self {
            filter: format!("not ({})", self.filter),
            sql: format!("NOT ({})", self.sql),
            tree: json!(["not", self.tree]),
        }
    }
}

/// Filters by kind. No two are the same.
fn filters() -> Vec<(&'static str, Asked)> {
    let mut numbers = Numbers(11);
    let mut all = Vec::new();
    for at in 0..FILTERS {
        let low = 2 + numbers.skewed(900);
        let high = format!("{}.{at:02}", low + 10 + numbers.below(200));
        let brands: Vec<String> = (0..3)
            .map(|_| format!("Brand {}", numbers.skewed(2000)))
            .collect();
        let quoted = |mark: char| {
            let quoted = brands.iter().map(|brand| format!("{mark}{brand}{mark}"));
            quoted.collect::<Vec<String>>().join(", ")
        };
        let (branch, colour) = (at % 100, at % 30);
        let weight = 50 + numbers.below(5000);
        let since = format!("20{}-0{}", 16 + at % 8, 1 + at % 9);
        let price = Asked::new(
            format!("price in {low}..{high}"),
            format!("price BETWEEN {low} AND {high}"),
            json!(["between", "price", low, high.parse::<f64>().ok()]),
        );
        let brand = Asked::new(
            format!("brand in ({})", quoted('"')),
            format!("brand IN ({})", quoted('\'')),
            json!(["in", "brand", brands]),
        );
        let under = Asked::new(
            format!("category under \"Branch {branch}\""),
            format!("branch = 'Branch {branch}'"),
            json!(["in", "branch", [format!("Branch {branch}")]]),
        );
        let colour = Asked::new(
            format!("colour = \"Colour {colour}\""),
            format!("colour = 'Colour {colour}'"),
            json!(["in", "colour", [format!("Colour {colour}")]]),
        );
        let stock = Asked::new(
            format!("stock = {at}"),
            format!("stock = {at}"),
            json!(["between", "stock", at, at]),
        );
        let light = Asked::new(
            format!("weight < {weight} g"),
            format!("grams < {weight}"),
            json!(["below", "grams", weight]),
        );
        let new = Asked::new(
            format!("released >= {since}"),
            format!("released >= '{since}-01'"),
            json!(["since", "released", format!("{since}-01")]),
        );
        let in_stock = Asked::new(
            "stock > 0".to_owned(),
            "stock > 0".to_owned(),
            json!(["above", "stock", 0]),
        );
        all.extend([
            ("price range", price.clone()),
            ("brand in 3", brand.clone()),
            ("subtree", under.clone()),
            ("not", colour.not().and(&stock.not())),
            ("weight", light),
            ("date and stock", new.and(&in_stock)),
            ("price and brand and subtree", price.and(&brand).and(&under)),
            (
                "price and not brand or subtree",
                price.and(&brand.not()).or(&under),
            ),
        ]);
    }
    all
}

/// Searches by each filter, and prints times by kind; gives the numbers of products.
fn ask(shop: &Path, filters: &[(&'static str, Asked)], how: &str) -> Result<Vec<u64>, Failure> {
    let catalog = Catalog::open_read_only(shop)?;
    let mut numbers = Numbers(3);
    let mut query = || {
        let mut vector: Vec<f32> = (0..DIMENSIONS)
            .map(|_| numbers.below(2001) as f32 - 1000.0)
            .collect();
        assort::core::vector::normalize(&mut vector);
        Query::Vector(vector)
    };
    // What is read once per process is read before.
    catalog.search(&Search::new(query()).with_filter(Some("stock = 1000".to_owned())))?;
    let mut matches = Vec::new();
    let mut by_kind: Vec<(&str, Vec<f64>, Vec<u64>)> = Vec::new();
    let mut all = Vec::new();
    for (kind, asked) in filters {
        let search = Search::new(query()).with_filter(Some(asked.filter.clone()));
        let begun = Instant::now();
        let page = catalog.search(&search)?;
        let time = begun.elapsed().as_secs_f64() * 1e3;
        all.push(time);
        matches.push(page.matches);
        match by_kind.iter_mut().find(|(known, ..)| known == kind) {
            Some((_, times, found)) => {
                times.push(time);
                found.push(page.matches);
            }
            None => by_kind.push((kind, vec![time], vec![page.matches])),
        }
    }
    for (kind, times, found) in by_kind
        .iter_mut()
        .chain([&mut ("all", all, matches.clone())])
    {
        times.sort_by(f64::total_cmp);
        found.sort_unstable();
        let part = |part: usize| times[(times.len() - 1) * part / 100];
        println!(
            "{how:13} {kind:30} p50 {:8.2} ms  p90 {:8.2} ms  products {:>8}",
            part(50),
            part(90),
            found[found.len() / 2]
        );
    }
    Ok(matches)
}
