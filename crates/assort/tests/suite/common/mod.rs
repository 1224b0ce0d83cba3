//! What the integration tests share: toy products, and child processes.

pub mod answers;

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use assort::core::compose::product_text;
use assort::core::{CategoryRow, Embedder, Place, Product, Taxonomy};
use assort::read::{ProductRow, Rejected};
use assort::{Catalog, ImportReport, InputRow, Observer, Progress};
use assort_testkit::Chance;
use assort_testkit::toy::Toy;

/// The seed of this run, printed so that a failure can be repeated with
/// `ASSORT_TEST_SEED`.
pub fn seed() -> u64 {
    let given = std::env::var("ASSORT_TEST_SEED").ok();
    let seed = given.map_or_else(
        || {
            let now = std::time::UNIX_EPOCH.elapsed().unwrap();
            Chance(now.as_nanos() as u64).next() >> 32
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
pub fn product_of(random: &mut Chance, id: &str, leaf: usize) -> Product {
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
    let mut random = Chance(seed);
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
            InputRow::Product(ProductRow {
                line,
                product,
                category,
                ..ProductRow::default()
            })
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
pub fn assert_clean(catalog: &Catalog) {
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

/// The command that runs the test `child` of this test binary, such as
/// `crash::child`, on a task. That test does nothing without a task.
pub fn child_command(child: &str, task: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([child, "--exact", "--nocapture", "--test-threads=1"])
        .env(TASK, task.join("\n"));
    command
}

/// Starts a child whose standard input and output are pipes.
pub fn start(child: &str, task: &[&str]) -> Child {
    child_command(child, task)
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
