//! The service beside the library, on one machine that runs clients too: filing one
//! product, searches by vector, bulk writes, and searches while a stream writes.
//!
//! ```text
//! cargo build --release -p assort-server --example load
//! cargo bench --bench service -- SHOP [ROUNDS]
//! ```
//!
//! `SHOP` is a catalog on a student (`assort distill`); it is copied, never changed.
//! Clients are `crates/server/examples/load.rs`, and `benches/service/client.py`
//! with Python's gRPC (`ASSORT_PYTHON`, or `target/ci-venv`). Figures are medians of
//! the rounds, whose parts take turns.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assort::core::{Method, Product};
use assort::{Catalog, ClassifyOptions, ImportOptions, Query, Search};
use assort_embed::{Options, StoredSpec};
use assort_testkit::Chance;
use serde_json::Value;

type Failure = Box<dyn std::error::Error>;

const PROGRAM: &str = env!("CARGO_BIN_EXE_assort");

/// How long a part of a round takes.
const PART: Duration = Duration::from_secs(5);

/// How many times what it can do a server is asked for, and how long.
const OVERLOAD: f64 = 4.0;
const OVERLOADED: Duration = Duration::from_secs(60);

/// What a round of searches and filing asks with.
const ASKED: usize = 1_000;

/// Titles that a stream writes while searches are measured.
const STREAMED: usize = 1_000_000;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut arguments = arguments
        .iter()
        .filter(|argument| !argument.starts_with("--"));
    let Some(shop) = arguments.next().map(PathBuf::from) else {
        println!("skipped: name a catalog on a student, `cargo bench --bench service -- SHOP`");
        return Ok(());
    };
    let rounds = arguments.next().map_or(Ok(3), |rounds| rounds.parse())?;
    let place = tempfile::tempdir()?;
    let bench = Bench {
        clients: Clients::find(place.path())?,
        place: place.path(),
        shop: &shop,
        titles: titles(&shop)?,
        rounds,
    };
    bench.searches()?;
    bench.filing()?;
    bench.writes()?;
    bench.overload()?;
    bench.searches_during_a_stream()
}

struct Bench<'a> {
    clients: Clients,
    place: &'a Path,
    shop: &'a Path,
    titles: Vec<String>,
    rounds: usize,
}

impl Bench<'_> {
    /// Searches by vectors of chance: two threads of the library, then two
    /// connections with 16 calls each.
    fn searches(&self) -> Result<(), Failure> {
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            inside.push(self.search_inside()?);
            let server = Server::start(self.shop, &self.clients)?;
            let seen = self.clients.load(&server, "vector", PART, 2, 16)?;
            outside.push(number(&seen, "/calls_per_second")?);
        }
        let (inside, outside) = (median(inside), median(outside));
        println!(
            "searches by vector: {inside:.0}/s by two threads of the library, {outside:.0}/s by two connections with 16 calls each, {:.2} of it",
            outside / inside
        );
        Ok(())
    }

    fn search_inside(&self) -> Result<f64, Failure> {
        let catalog = open(self.shop)?;
        let dimensions = catalog.space()?.dimensions;
        let mut chance = Chance(1);
        let vectors: Vec<Vec<f32>> = (0..ASKED).map(|_| chance.direction(dimensions)).collect();
        let search = |vector: &Vec<f32>| {
            let asked = Search::new(Query::Vector(vector.clone())).with_top(10);
            catalog.search(&asked).map(drop)
        };
        // The first search opens the index.
        search(&vectors[0])?;
        let until = Instant::now() + PART;
        let work = |skipped: usize| {
            let asked = vectors.iter().cycle().skip(skipped);
            let mut asked = asked.take_while(|_| Instant::now() < until);
            asked.try_fold(0, |count, vector| search(vector).map(|()| count + 1))
        };
        let counts: Vec<assort::Result<u32>> = std::thread::scope(|scope| {
            let threads: Vec<_> = [0, ASKED / 2]
                .into_iter()
                .map(|skipped| scope.spawn(move || work(skipped)))
                .collect();
            let joined = threads.into_iter().filter_map(|thread| thread.join().ok());
            joined.collect()
        });
        let count: u32 = counts.into_iter().sum::<assort::Result<u32>>()?;
        Ok(f64::from(count) / PART.as_secs_f64())
    }

    /// Filing one product a call: alone in the library, then by Python at half of the
    /// rate that it comes to flat out.
    fn filing(&self) -> Result<(), Failure> {
        let mut times = Rows::default();
        for _ in 0..self.rounds {
            let (middle, slow) = self.filing_inside()?;
            let server = Server::start(self.shop, &self.clients)?;
            let rate = format!("{}", PART.as_secs());
            let most = self.clients.python(&server, &["classify", &rate])?;
            let most = number(&most, "/calls_per_second")?;
            let half = format!("{:.0}", most / 2.0);
            let seen = self.clients.python(&server, &["classify", &rate, &half])?;
            times.add(&[
                middle,
                slow,
                most,
                number(&seen, "/milliseconds/p50")?,
                number(&seen, "/milliseconds/p99")?,
            ]);
        }
        let [middle, slow, most, served, served_slow] = times.medians()[..] else {
            return Ok(());
        };
        println!(
            "filing one product: {middle:.3} ms (p50) and {slow:.3} ms (p99) in the library; by Python at {:.0} calls/s, half of its most, {served:.3} ms and {served_slow:.3} ms: {:.2} and {:.2} ms more",
            most / 2.0,
            served - middle,
            served_slow - slow
        );
        Ok(())
    }

    fn filing_inside(&self) -> Result<(f64, f64), Failure> {
        let catalog = open(self.shop)?;
        catalog.prepare(&mut ())?;
        let options = ClassifyOptions::default().with_method(Method::Auto);
        let mut times = Vec::new();
        for title in self.titles.iter().take(2 * ASKED) {
            let product = Product {
                title: title.clone(),
                ..Product::default()
            };
            let begun = Instant::now();
            catalog.classify(&[product], &options)?;
            times.push(1e3 * begun.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times[(times.len() - 1) * part / 100];
        Ok((at(50), at(99)))
    }

    /// The titles of the catalog stored anew: by the command line from a file, and by
    /// streams of two clients.
    fn writes(&self) -> Result<(), Failure> {
        let file = self.place.join("titles.tsv");
        let lines = self.place.join("titles.txt");
        std::fs::write(&lines, self.titles.join("\n"))?;
        let mut rows = std::io::BufWriter::new(std::fs::File::create(&file)?);
        writeln!(rows, "id\ttitle")?;
        for (number, title) in self.titles.iter().enumerate() {
            writeln!(rows, "p{number}\t{title}")?;
        }
        rows.flush()?;
        let mut rates = Rows::default();
        for _ in 0..self.rounds {
            let shop = self.empty()?;
            let whole = self.timed_import(&shop, &file)?;
            let stored = self.import_inside()?;
            let server = Server::start(&self.empty()?, &self.clients)?;
            let path = lines.display().to_string();
            let python = self.clients.python(&server, &["upsert", &path])?;
            rates.add(&[stored, whole, number(&python, "/products_per_second")?]);
        }
        let [stored, whole, python] = rates.medians()[..] else {
            return Ok(());
        };
        println!(
            "{} titles stored: {stored:.0}/s by an import of the library, {python:.0}/s by a stream from Python, {:.2} of it; {whole:.0}/s by `assort import` until they are indexed",
            self.titles.len(),
            python / stored
        );
        Ok(())
    }

    /// Products a second of `assort import`, which waits until all are indexed.
    fn timed_import(&self, shop: &Path, file: &Path) -> Result<f64, Failure> {
        let begun = Instant::now();
        let import = Command::new(PROGRAM)
            .args(["import", "-q"])
            .args([shop, file])
            .stdout(Stdio::null())
            .status()?;
        match import.success() {
            true => Ok(self.titles.len() as f64 / begun.elapsed().as_secs_f64()),
            false => Err("the import failed".into()),
        }
    }

    /// Products a second of an import, until they are stored.
    fn import_inside(&self) -> Result<f64, Failure> {
        let catalog = open(&self.empty()?)?;
        let titles = self.titles.iter().enumerate();
        let products = titles.map(|(number, title)| Product {
            id: format!("p{number}"),
            title: title.clone(),
            ..Product::default()
        });
        let begun = Instant::now();
        catalog.import(products, &ImportOptions::default(), &|| None, &mut ())?;
        Ok(self.titles.len() as f64 / begun.elapsed().as_secs_f64())
    }

    /// Four times as many calls as the server can do, for a minute: searches that compare
    /// all vectors, which cost the client little.
    fn overload(&self) -> Result<(), Failure> {
        let server = Server::start(self.shop, &self.clients)?;
        let most = self.clients.load(&server, "exact", PART, 2, 16)?;
        let most = number(&most, "/calls_per_second")?;
        let before = server.resident()?;
        let rate = format!("{:.0}", OVERLOAD * most);
        let seen = self
            .clients
            .load_with(&server, "exact", OVERLOADED, &["8", "1", &rate])?;
        let counted = |at: &str| number(&seen, at);
        println!(
            "{OVERLOAD} times {most:.0} calls/s for {} s: {:.0} done (p99 {:.0} ms of a deadline of 1,000), {:.0} refused (p50 {:.1} ms, p99 {:.0} ms), {:.0} late, {:.0} failed; memory {:.0} MB before, {:.0} MB after",
            OVERLOADED.as_secs(),
            counted("/done")?,
            counted("/milliseconds/p99")?,
            counted("/refused")?,
            counted("/milliseconds_to_refuse/p50")?,
            counted("/milliseconds_to_refuse/p99")?,
            counted("/late")?,
            counted("/failed")?,
            before / 1e6,
            server.resident()? / 1e6
        );
        Ok(())
    }

    /// How long searches take, by one caller, while nothing else is done and while a
    /// stream writes a million products.
    fn searches_during_a_stream(&self) -> Result<(), Failure> {
        let shop = self.copy("streamed")?;
        let lines = self.place.join("million.txt");
        let mut file = std::io::BufWriter::new(std::fs::File::create(&lines)?);
        for number in 0..STREAMED {
            let title = &self.titles[number % self.titles.len()];
            writeln!(file, "{title} {number}")?;
        }
        file.flush()?;
        let server = Server::start(&shop, &self.clients)?;
        let quiet = self.clients.load(&server, "search", PART, 1, 1)?;
        let path = lines.display().to_string();
        let mut stream = self
            .clients
            .command(&server, &["upsert", &path])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut slowest = Vec::new();
        while stream.try_wait()?.is_none() {
            let seen = self.clients.load(&server, "search", PART, 1, 1)?;
            slowest.push(number(&seen, "/milliseconds/p99")?);
        }
        let told: Value = serde_json::from_slice(&stream.wait_with_output()?.stdout)?;
        let quiet = number(&quiet, "/milliseconds/p99")?;
        let most = slowest.iter().copied().fold(0.0, f64::max);
        let middle = median(slowest);
        println!(
            "searches by text: p99 {quiet:.2} ms alone; while a stream stores {STREAMED} products at {:.0}/s, {middle:.2} ms (median of parts of 5 s, {most:.2} at most), {:.2} times",
            number(&told, "/products_per_second")?,
            middle / quiet
        );
        Ok(())
    }

    /// A copy of the catalog.
    fn copy(&self, name: &str) -> Result<PathBuf, Failure> {
        let to = self.place.join(name);
        if to.exists() {
            std::fs::remove_dir_all(&to)?;
        }
        let copied = Command::new("cp")
            .arg("-r")
            .args([self.shop, &to])
            .status()?;
        if copied.success() {
            Ok(to)
        } else {
            Err("cp failed".into())
        }
    }

    /// A copy of the catalog without its products.
    fn empty(&self) -> Result<PathBuf, Failure> {
        let to = self.copy("empty")?;
        let catalog = open(&to)?;
        let ids: Vec<String> = products(&catalog)?
            .into_iter()
            .map(|product| product.id)
            .collect();
        catalog.remove(ids.iter().map(String::as_str))?;
        catalog.compact(&mut ())?;
        Ok(to)
    }
}

/// A catalog with its embedder.
fn open(shop: &Path) -> Result<Catalog, Failure> {
    let catalog = Catalog::open(shop)?;
    let spec: StoredSpec = catalog.embedder_spec()?.parse()?;
    let embedder = spec.open(catalog.directory(), &Options::default())?;
    Ok(catalog.with_embedder(embedder)?)
}

fn titles(shop: &Path) -> Result<Vec<String>, Failure> {
    let products = products(&Catalog::open_read_only(shop)?)?;
    Ok(products.into_iter().map(|product| product.title).collect())
}

fn products(catalog: &Catalog) -> Result<Vec<Product>, Failure> {
    let mut products: Vec<Product> = Vec::new();
    loop {
        let last = products.last().map(|product| product.id.clone());
        let page = catalog.list(None, last.as_deref(), 10_000)?;
        if page.is_empty() {
            return Ok(products);
        }
        products.extend(page.into_iter().map(|stored| stored.product));
    }
}

/// The program, serving one catalog as `shop`.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(shop: &Path, clients: &Clients) -> Result<Self, Failure> {
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .arg(format!("shop={}", shop.display()))
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("no stderr")?).lines();
        let address = loop {
            let line = lines.next().ok_or("the server did not start")??;
            if let Some((_, address)) = line.split_once(" on ") {
                break address.to_owned();
            }
        };
        // What it says must be read, or it would wait.
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self { child, address };
        // The first one waits until all is learned; without products there is none.
        let _ = clients.load(&server, "classify", Duration::from_secs(1), 1, 1);
        Ok(server)
    }

    /// Bytes of memory that it has in use.
    fn resident(&self) -> Result<f64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let words = line.and_then(|line| line.split_whitespace().next());
        Ok(1024.0 * words.ok_or("no VmRSS")?.parse::<f64>()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The programs that call a server.
struct Clients {
    load: PathBuf,
    python: PathBuf,
    stubs: PathBuf,
}

impl Clients {
    fn find(place: &Path) -> Result<Self, Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let own = std::env::current_exe()?;
        let built = own
            .parent()
            .and_then(Path::parent)
            .ok_or("no target folder")?;
        let load = built.join("examples/load");
        if !load.exists() {
            return Err(
                "build `cargo build --release -p assort-server --example load` first".into(),
            );
        }
        let python = std::env::var_os("ASSORT_PYTHON")
            .map_or_else(|| root.join("target/ci-venv/bin/python"), PathBuf::from);
        let stubs = place.join("stubs");
        let generate = root.join("examples/python/generate.py");
        let made = Command::new(&python).arg(generate).arg(&stubs).status()?;
        if !made.success() {
            return Err("Python with grpcio-tools could not make the stubs".into());
        }
        Ok(Self {
            load,
            python,
            stubs,
        })
    }

    /// What the load generator saw.
    fn load(
        &self,
        server: &Server,
        call: &str,
        lasts: Duration,
        connections: u32,
        in_flight: u32,
    ) -> Result<Value, Failure> {
        let numbers = [connections, in_flight].map(|number| number.to_string());
        self.load_with(server, call, lasts, &numbers)
    }

    fn load_with(
        &self,
        server: &Server,
        call: &str,
        lasts: Duration,
        rest: &[impl AsRef<OsStr>],
    ) -> Result<Value, Failure> {
        let told = Command::new(&self.load)
            .args([&server.address, "shop", call])
            .arg(lasts.as_secs().to_string())
            .args(rest)
            .output()?;
        Ok(serde_json::from_slice(&told.stdout)?)
    }

    /// What Python's client saw.
    fn python(&self, server: &Server, call: &[&str]) -> Result<Value, Failure> {
        let told = self.command(server, call).output()?;
        if !told.status.success() {
            return Err(String::from_utf8_lossy(&told.stderr).into());
        }
        Ok(serde_json::from_slice(&told.stdout)?)
    }

    fn command(&self, server: &Server, call: &[&str]) -> Command {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(&self.python);
        command
            .arg(root.join("benches/service/client.py"))
            .args([&server.address, "shop"])
            .args(call)
            .env("PYTHONPATH", &self.stubs);
        command
    }
}

/// Figures of several rounds, by column.
#[derive(Default)]
struct Rows(Vec<Vec<f64>>);

impl Rows {
    fn add(&mut self, row: &[f64]) {
        self.0.resize_with(row.len(), Vec::new);
        for (column, value) in self.0.iter_mut().zip(row) {
            column.push(*value);
        }
    }

    fn medians(self) -> Vec<f64> {
        self.0.into_iter().map(median).collect()
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn number(told: &Value, at: &str) -> Result<f64, Failure> {
    let number = told.pointer(at).and_then(Value::as_f64);
    number.ok_or_else(|| format!("no {at} in {told}").into())
}
