//! Sharded catalogs: what making, assembling and searching them costs, by how many shards.
//!
//! `cargo bench --bench sharded -- [PRODUCTS]`; `ASSORT_SHARED` (or `../shared`) must have
//! the data. Products are titles of `jd-zh` with numbers of their own. Shards are made
//! one after the other, by all threads, and are in a folder.

#[path = "common/data.rs"]
mod data;

use std::path::Path;
use std::time::Instant;

use assort::core::{Embedder, Product, Taxonomy};
use assort::{Catalog, InputRow, Query, Search};
use assort_embed::{Options, Spec, open};
use assort_replica::sharded::{Commit, Sharded};
use data::{reader, title_columns};

type Failure = Box<dyn std::error::Error>;

/// Products of all shards.
const PRODUCTS: usize = 200_000;

/// How many shards they are in.
const SHARDS: [usize; 4] = [1, 4, 16, 64];

/// Texts that are searched for.
const QUERIES: usize = 1_000;

/// Products that are looked for.
const K: usize = 10;

fn main() -> Result<(), Failure> {
    let Some(shared) = data::shared() else {
        return Ok(());
    };
    let asked = std::env::args().skip(1).find_map(|one| one.parse().ok());
    let source = shared.join("data/jd-zh");
    let (products, queries) = products(&source.join("products.tsv"), asked.unwrap_or(PRODUCTS))?;
    let taxonomy = data::taxonomy(&source.join("taxonomy.tsv"))?;
    println!(
        "{} products, {} queries, k = {K}",
        products.len(),
        queries.len()
    );
    println!(
        "| shards | made, products a second | MB sent | assembled, products a second | recall | queries a second |"
    );
    println!("|---|---|---|---|---|---|");
    for shards in SHARDS {
        row(shards, &products, &queries, &taxonomy)?;
    }
    Ok(())
}

/// Products whose titles differ, and titles of others to search for.
fn products(file: &Path, count: usize) -> Result<(Vec<Product>, Vec<String>), Failure> {
    let rows = reader(file, &title_columns())?.filter_map(|row| match row.into() {
        InputRow::Product(row) => Some(row.product.title),
        _ => None,
    });
    let mut titles: Vec<String> = rows.collect();
    let queries = titles.split_off(titles.len() - QUERIES);
    let product = |(at, title): (usize, &String)| Product {
        id: at.to_string(),
        title: format!("{title} {at}"),
        ..Product::default()
    };
    let products = titles.iter().cycle().take(count).enumerate().map(product);
    Ok((products.collect(), queries))
}

fn row(
    count: usize,
    products: &[Product],
    queries: &[String],
    taxonomy: &Taxonomy,
) -> Result<(), Failure> {
    let place = tempfile::tempdir()?;
    let url = format!("file://{}", place.path().join("store").display());
    let sharded = Sharded::open(&url)?;
    let embedder = open(&Spec::Bundled, &Options::default())?;
    let began = Instant::now();
    let mut shards = Vec::new();
    for (part, products) in products.chunks(products.len().div_ceil(count)).enumerate() {
        let directory = place.path().join("part");
        let catalog = Catalog::create(&directory, taxonomy, embedder.clone(), "bundled")?;
        let catalog = catalog.with_live_limit(usize::MAX);
        catalog.put(products.to_vec())?;
        shards.push(sharded.put(&catalog, part as u64, "a", None, &mut ())?);
        drop(catalog);
        std::fs::remove_dir_all(&directory)?;
    }
    let made = products.len() as f64 / began.elapsed().as_secs_f64();
    let version = sharded.commit(shards, "bench", Commit::Replace)?;
    let sent: u64 = version.shards.iter().map(|shard| shard.size).sum();
    let all = place.path().join("all");
    let began = Instant::now();
    sharded.assemble(&version, &place.path().join("cache"), &all, &mut ())?;
    let assembled = products.len() as f64 / began.elapsed().as_secs_f64();
    let catalog = Catalog::open_read_only(&all)?.with_embedder(embedder.clone())?;
    let vectors = vectors(embedder.as_ref(), queries)?;
    let (recall, rate) = searched(&catalog, &vectors)?;
    println!(
        "| {count} | {made:.0} | {} | {assembled:.0} | {recall:.3} | {rate:.0} |",
        sent / 1_000_000
    );
    Ok(())
}

fn vectors(embedder: &dyn Embedder, queries: &[String]) -> Result<Vec<Vec<f32>>, Failure> {
    use assort::core::{Input, Role};
    let inputs: Vec<Input<'_>> = queries.iter().map(|text| Input::plain(text)).collect();
    let vectors = embedder.embed(&inputs, Role::Query)?;
    let rows = vectors.chunks_exact(embedder.space().dimensions);
    Ok(rows.map(<[f32]>::to_vec).collect())
}

/// The part of the nearest that is found, and searches a second on one thread.
fn searched(catalog: &Catalog, queries: &[Vec<f32>]) -> Result<(f64, f64), Failure> {
    let find = |vector: &Vec<f32>, exact: bool| -> Result<Vec<f32>, assort::Error> {
        let search = Search::new(Query::Vector(vector.clone()))
            .with_top(K)
            .with_exact(exact);
        let page = catalog.search(&search)?;
        Ok(page.found.iter().map(|one| one.similarity).collect())
    };
    let mut hits = 0;
    for vector in &queries[..queries.len().min(100)] {
        let (exact, found) = (find(vector, true)?, find(vector, false)?);
        let least = exact.last().copied().unwrap_or(1.0);
        hits += found.iter().filter(|one| **one >= least - 1e-4).count();
    }
    let recall = hits as f64 / (K * queries.len().min(100)) as f64;
    let mut rates = Vec::new();
    for _ in 0..3 {
        let began = Instant::now();
        for vector in queries {
            find(vector, false)?;
        }
        rates.push(queries.len() as f64 / began.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    Ok((recall, rates[1]))
}
