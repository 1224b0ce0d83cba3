//! What the integration tests share: a toy embedder, toy products, a random
//! number generator, and child processes.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    unreachable_pub,
    reason = "each test file uses a part of this, and a failure in a helper fails the test"
)]

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use assort::core::compose::product_text;
use assort::core::{
    CategoryRow, EmbedError, Embedder, Input, Place, Product, Role, Space, Taxonomy, composed_texts,
};
use assort::read::{ProductRow, Rejected};
use assort::{Catalog, ImportReport, InputRow, Observer, Progress};

/// Coordinates of a toy vector unless told otherwise.
pub const DIMENSIONS: usize = 32;

/// How a toy embedder misbehaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// A coordinate is not a number.
    Nan,
    /// A coordinate is missing.
    Short,
    /// A vector is twice as long as it should be.
    TwiceAsLong,
    /// The model cannot be run.
    Error,
}

/// Hashes words and their trigrams into a unit vector. Texts that share words
/// are near each other.
pub struct Toy {
    space: Space,
    batch: usize,
    delay: Duration,
    /// Misbehave from this call on, counted from 0.
    fault: Mutex<Option<(usize, Fault)>>,
    calls: AtomicUsize,
    texts: Mutex<Vec<String>>,
}

impl Toy {
    /// Embedders of different names make vectors of different spaces.
    pub fn new(name: &str) -> Self {
        Self::with_dimensions(name, DIMENSIONS)
    }

    pub fn with_dimensions(name: &str, dimensions: usize) -> Self {
        Self {
            space: Space {
                model: format!("toy-{name}"),
                fingerprint: format!("{:016x}", hash(name, dimensions as u64)),
                dimensions,
            },
            batch: 64,
            delay: Duration::ZERO,
            fault: Mutex::new(None),
            calls: AtomicUsize::new(0),
            texts: Mutex::new(Vec::new()),
        }
    }

    pub fn batch_of(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    /// Takes that long for each text.
    pub fn slow(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Misbehaves from the call of that number on, counted from now.
    pub fn break_at(&self, call: usize, fault: Fault) {
        let now = self.calls.load(Ordering::SeqCst);
        *self.fault.lock().unwrap() = Some((now + call, fault));
    }

    pub fn mend(&self) {
        *self.fault.lock().unwrap() = None;
    }

    /// The texts that were embedded since the last time this was asked.
    pub fn embedded(&self) -> Vec<String> {
        std::mem::take(&mut *self.texts.lock().unwrap())
    }

    /// The vector of a text.
    pub fn vector(&self, text: &str) -> Vec<f32> {
        let mut vector = vec![0.0f32; self.space.dimensions];
        let seed = hash(&self.space.model, 7);
        for word in text.split_whitespace() {
            let word = word.to_lowercase();
            add(&mut vector, hash(&word, seed), 2.0);
            let letters: Vec<char> = word.chars().collect();
            for three in letters.windows(3) {
                let three: String = three.iter().collect();
                add(&mut vector, hash(&three, seed), 0.5);
            }
        }
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        if length < 1e-6 {
            vector[0] = 1.0;
        } else {
            vector.iter_mut().for_each(|x| *x /= length);
        }
        vector
    }
}

impl Embedder for Toy {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
        let texts = composed_texts(inputs, &self.space)?;
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        if !self.delay.is_zero() {
            std::thread::sleep(self.delay * texts.len() as u32);
        }
        let mut vectors: Vec<f32> = texts.iter().flat_map(|text| self.vector(text)).collect();
        let fault = *self.fault.lock().unwrap();
        match fault
            .filter(|(from, _)| call >= *from)
            .map(|(_, fault)| fault)
        {
            Some(Fault::Error) => return Err(EmbedError::new("the toy broke; wind it up")),
            Some(Fault::Nan) => *vectors.last_mut().unwrap() = f32::NAN,
            Some(Fault::Short) => drop(vectors.pop()),
            Some(Fault::TwiceAsLong) => {
                let from = vectors.len() - self.space.dimensions;
                vectors[from..].iter_mut().for_each(|x| *x *= 2.0);
            }
            None => {}
        }
        let mut seen = self.texts.lock().unwrap();
        seen.extend(texts.into_iter().map(Into::into));
        Ok(vectors)
    }

    fn batch(&self) -> usize {
        self.batch
    }
}

fn add(vector: &mut [f32], hash: u64, weight: f32) {
    let at = (hash >> 8) as usize % vector.len();
    vector[at] += if hash & 1 == 0 { weight } else { -weight };
}

fn hash(text: &str, seed: u64) -> u64 {
    let start = seed ^ 0xcbf2_9ce4_8422_2325;
    let sum = text.bytes().fold(start, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Random(sum).next()
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// The seed of this run, printed so that a failure can be repeated with
/// `ASSORT_TEST_SEED`.
pub fn seed() -> u64 {
    let given = std::env::var("ASSORT_TEST_SEED").ok();
    let seed = given.map_or_else(
        || {
            let now = std::time::UNIX_EPOCH.elapsed().unwrap();
            Random(now.as_nanos() as u64).next() >> 32
        },
        |text| text.parse().unwrap(),
    );
    println!("repeat with ASSORT_TEST_SEED={seed}");
    seed
}

/// A number from the environment.
pub fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Leaves of the toy taxonomy: path, and words its products have.
pub const LEAVES: [(&str, &str, [&str; 4]); 8] = [
    ("Kitchen", "Kettles", ["kettle", "boil", "water", "spout"]),
    ("Kitchen", "Knives", ["knife", "blade", "cutting", "edge"]),
    ("Kitchen", "Pans", ["pan", "frying", "nonstick", "lid"]),
    ("Clothing", "Shoes", ["shoe", "sole", "laces", "sneaker"]),
    ("Clothing", "Hats", ["hat", "brim", "cap", "felt"]),
    ("Garden", "Spades", ["spade", "digging", "shovel", "earth"]),
    (
        "Garden",
        "Hoses",
        ["hose", "sprinkler", "nozzle", "watering"],
    ),
    (
        "Books",
        "Novels",
        ["novel", "paperback", "chapter", "story"],
    ),
];

/// Words that say nothing of a category.
pub const FILLERS: [&str; 16] = [
    "red", "blue", "large", "small", "new", "classic", "premium", "set", "steel", "light", "soft",
    "green", "deluxe", "pack", "original", "black",
];

/// The path of a leaf as text.
pub fn path(leaf: usize) -> String {
    let (root, name, _) = LEAVES[leaf];
    format!("{root} > {name}")
}

/// A taxonomy of some of the [`LEAVES`], in the order given.
pub fn taxonomy_of(leaves: &[usize]) -> Taxonomy {
    let rows = leaves.iter().map(|&leaf| {
        let (root, name, words) = LEAVES[leaf];
        CategoryRow {
            place: Place::Path(vec![root.to_owned(), name.to_owned()]),
            descriptions: vec![format!("{} and {}", words[0], words[1])],
            ..CategoryRow::default()
        }
    });
    Taxonomy::from_rows(rows.collect()).unwrap()
}

pub fn taxonomy() -> Taxonomy {
    taxonomy_of(&[0, 1, 2, 3, 4, 5, 6, 7])
}

/// A product of a leaf whose title has some of the leaf's words and some that
/// say nothing.
pub fn product_of(random: &mut Random, id: &str, leaf: usize) -> Product {
    let words = &LEAVES[leaf].2;
    let title = [
        *random.pick(&FILLERS),
        *random.pick(words),
        *random.pick(&FILLERS),
        *random.pick(words),
        *random.pick(&FILLERS),
    ];
    let mut attributes = vec![("price".to_owned(), random.below(100).to_string())];
    if !random.one_in(4) {
        let brand = *random.pick(&["Ada", "Bob", "Cy"]);
        attributes.push(("brand".to_owned(), brand.to_owned()));
    }
    Product {
        id: id.to_owned(),
        title: format!("{} {}", title.join(" "), random.below(1000)),
        text: if random.one_in(3) {
            format!("Made for {}.", random.pick(&FILLERS))
        } else {
            String::new()
        },
        attributes,
        image: None,
    }
    .sorted()
}

/// `count` products with their leaves, the same ones for the same seed.
pub fn products(seed: u64, count: usize) -> Vec<(Product, usize)> {
    let mut random = Random(seed);
    (0..count)
        .map(|at| {
            let leaf = random.below(LEAVES.len());
            (product_of(&mut random, &format!("p{at:05}"), leaf), leaf)
        })
        .collect()
}

/// Rows as a reader gives them, numbered from 2 as in a file with a header.
pub fn rows(
    products: impl IntoIterator<Item = (Product, Option<String>)>,
) -> impl Iterator<Item = InputRow> {
    products
        .into_iter()
        .zip(2..)
        .map(|((product, category), line)| {
            Ok(Ok(ProductRow {
                line,
                product,
                category,
            }))
        })
}

/// Rows that label products: ids and categories.
pub fn labels<'t>(
    pairs: impl IntoIterator<Item = (&'t str, Option<String>)>,
) -> impl Iterator<Item = InputRow> {
    rows(pairs.into_iter().map(|(id, category)| {
        let product = Product {
            id: id.to_owned(),
            ..Product::default()
        };
        (product, category)
    }))
}

/// A catalog in a directory of its own, with the full toy taxonomy.
pub fn catalog(toy: &Arc<Toy>) -> (tempfile::TempDir, Catalog) {
    let directory = tempfile::tempdir().unwrap();
    let embedder: Arc<dyn Embedder> = toy.clone();
    let catalog = Catalog::create(directory.path(), &taxonomy(), embedder, "toy").unwrap();
    (directory, catalog)
}

/// Fails unless the catalog is whole.
#[track_caller]
pub fn assert_clean(catalog: &mut Catalog) {
    let problems = catalog.check().unwrap();
    assert!(problems.is_empty(), "{problems:#?}");
}

/// Fails unless the catalog finds the product by the vector of its own text.
#[track_caller]
pub fn assert_found_by_own_vector(catalog: &Catalog, toy: &Toy, product: &Product) {
    let vector = toy.vector(&product_text(product));
    let mut search = assort::Search::new(assort::Query::Vector(vector));
    search.filter = Some(format!("id = \"{}\"", product.id));
    let page = catalog.search(&search).unwrap();
    assert_eq!(page.found.len(), 1, "{}", product.id);
    let similarity = page.found[0].similarity;
    // Sealed vectors are kept in half precision.
    assert!(similarity > 0.999, "{}: {similarity}", product.id);
}

/// Remembers what is told, and stops when it is time.
#[derive(Default)]
pub struct Recorder {
    pub imports: Vec<ImportReport>,
    pub rejected: Vec<Rejected>,
    pub reembedded: Vec<u64>,
    /// Stop once that many more questions have been asked.
    pub stop_after: Option<usize>,
    asked: std::cell::Cell<usize>,
}

impl Recorder {
    pub fn stopping_after(questions: usize) -> Self {
        Self {
            stop_after: Some(questions),
            ..Self::default()
        }
    }
}

impl Observer for Recorder {
    fn progress(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Import { report, .. } => self.imports.push(report.clone()),
            Progress::Reembed { done, .. } => self.reembedded.push(done),
            _ => {}
        }
    }

    fn rejected(&mut self, rejected: &Rejected) {
        self.rejected.push(rejected.clone());
    }

    fn stop(&self) -> bool {
        self.asked.set(self.asked.get() + 1);
        self.stop_after
            .is_some_and(|after| self.asked.get() > after)
    }
}

/// Says what a child process of a test is to do; unset in the test itself.
const TASK: &str = "ASSORT_TEST_TASK";

/// The task of this process, if it is a child, and its arguments.
pub fn task() -> Option<Vec<String>> {
    let task = std::env::var(TASK).ok()?;
    Some(task.split('\n').map(str::to_owned).collect())
}

/// The command that runs this test binary's test `child` on a task. Every test
/// file with children has a test of that name, which does nothing without a
/// task.
pub fn child_command(task: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(TASK, task.join("\n"));
    command
}

/// Starts a child whose standard input and output are pipes.
pub fn start(task: &[&str]) -> Child {
    child_command(task)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Tells the parent a word and a number. The line break before keeps it apart
/// from what the test harness prints.
pub fn tell(word: &str, number: u64) {
    let mut out = std::io::stdout().lock();
    write!(out, "\n{word} {number}\n").unwrap();
    out.flush().unwrap();
}

/// The number a child told, if the line tells that word.
pub fn told(line: &str, word: &str) -> Option<u64> {
    let (found, number) = line.split_once(' ')?;
    (found == word).then(|| number.parse().ok()).flatten()
}

/// Tells what is committed as an import or re-embedding goes on.
pub struct Teller;

impl Observer for Teller {
    fn progress(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Import { report, .. } => tell("done", report.added + report.updated),
            Progress::Reembed { done, .. } => tell("done", done),
            _ => {}
        }
    }
}
