//! What the tests of the command line share: a small shop to start from, and
//! how to run the program in it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use assort::Catalog;
use assort_embed::{Options, Spec};
use serde_json::Value;
use tempfile::TempDir;

/// The shop's categories.
pub const TAXONOMY: &str = "id\tpath\tdescription\taliases\n\
    kitchen\tKitchen\t\t\n\
    kettles\tKitchen > Kettles\tKettles that boil water.\tteakettle|water boiler\n\
    knives\tKitchen > Knives\t\t\n\
    electronics\tElectronics\t\t\n\
    headphones\tElectronics > Headphones\t\tearbuds\n\
    laptops\tElectronics > Laptops\t\tnotebook computer\n";

/// The shop's products; three of them have a label.
pub const PRODUCTS: &str = "id,title,description,brand,price,category\n\
    p1,Electric kettle 1.7 l,Boils fast.,Boilo,29.99,kettles\n\
    p2,Stovetop whistling kettle,,Boilo,19,\n\
    p3,Chef's knife 20 cm,,Sharpo,45,knives\n\
    p4,Paring knife,,Sharpo,12,\n\
    p5,Wireless over-ear headphones,,Sono,59,headphones\n\
    p6,In-ear headphones with cable,,Sono,15,\n\
    p7,Laptop 14 inch 16 GB,,Compo,899,\n\
    p8,Gaming laptop 17 inch,,Compo,1499,\n";

/// A directory of its own for a test; the catalog, if any, is `shop` in it.
pub struct Place {
    directory: TempDir,
}

impl Place {
    /// An empty directory.
    pub fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory }
    }

    /// A directory with the shop in it.
    pub fn with_shop() -> Self {
        static SHOP: OnceLock<Vec<u8>> = OnceLock::new();
        let shop = SHOP.get_or_init(|| {
            let place = Self::empty();
            place.write("taxonomy.tsv", TAXONOMY);
            place.write("products.csv", PRODUCTS);
            place.run("init shop --taxonomy taxonomy.tsv").done();
            place.run("import shop products.csv").done();
            place.bytes()
        });
        let place = Self::empty();
        std::fs::create_dir(place.path("shop")).unwrap();
        place.write("shop/catalog.redb", shop);
        place
    }

    /// A directory with the shop, whose eight products are in a segment, which
    /// takes a thousand times as many otherwise.
    pub fn with_indexed_shop() -> Self {
        let place = Self::with_shop();
        let catalog = Catalog::open(place.path("shop")).unwrap();
        let embedder = assort_embed::open(&Spec::Bundled, &Options::default()).unwrap();
        let catalog = catalog.with_embedder(embedder).unwrap().with_live_limit(1);
        catalog.wait_until_indexed(&mut ()).unwrap();
        drop(catalog);
        let stats = place.stats();
        assert_eq!(stats["live"], 0);
        assert_eq!(stats["segments"][0]["products"], 8);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program, started here, with arguments that have no blanks in them.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assort"));
        command
            .current_dir(self.directory.path())
            .args(arguments.split_whitespace())
            .env_remove("COLUMNS")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &str) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// Runs with one more argument, which may have blanks in it.
    pub fn run_with(&self, arguments: &str, last: &str) -> Ran {
        Ran::of(self.command(arguments).arg(last))
    }

    /// Runs with `input` on standard input.
    pub fn feed(&self, arguments: &str, input: &str) -> Ran {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // It may end without reading all of it.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Ran::new(&format!("{command:?}"), &child.wait_with_output().unwrap())
    }

    pub fn stats(&self) -> Value {
        json(&self.run("stats shop --format json").done())
    }

    pub fn product(&self, id: &str) -> Value {
        json(&self.run(&format!("show shop {id} --format json")).done())
    }

    /// All that the catalog holds, as far as it can be printed.
    pub fn content(&self) -> String {
        let mut stats = self.stats();
        // A file may grow and hold the same.
        stats["bytes"] = Value::Null;
        let mut content = stats.to_string();
        content += &self.run("taxonomy export shop --format jsonl").done();
        let found = self.run("search shop x --format jsonl --top 1000").done();
        let mut products: Vec<&str> = found.lines().collect();
        products.sort_unstable();
        content + &products.join("\n")
    }

    /// The catalog's file.
    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path("shop/catalog.redb")).unwrap()
    }

    /// Runs a command that must fail with one sentence that has all of
    /// `words`, and must leave the catalog as it is.
    #[track_caller]
    pub fn refuses(&self, code: i32, arguments: &str, words: &[&str]) {
        let before = self.content();
        self.run(arguments).failed(code, words);
        assert_eq!(before, self.content(), "`{arguments}` changed the catalog");
    }
}

/// How a run of the program ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    #[expect(dead_code, reason = "failures print it")]
    command: String,
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        let name = format!("{command:?}");
        Self::new(&name, &command.output().unwrap())
    }

    pub fn new(command: &str, output: &Output) -> Self {
        let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            code: output.status.code(),
            stdout: utf8(&output.stdout),
            stderr: utf8(&output.stderr),
            command: command.to_owned(),
        }
    }

    /// What was printed by a run that ended with `code`.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// What a run that went well printed to stdout.
    #[track_caller]
    pub fn done(self) -> String {
        self.ended(0).stdout
    }

    /// Asserts that the run failed with nothing on stdout and one error as
    /// the last line of stderr, which has all of `words`.
    #[track_caller]
    pub fn failed(self, code: i32, words: &[&str]) {
        let ran = self.ended(code);
        assert_eq!(ran.stdout, "", "{ran:#?}");
        let errors = ran.stderr.matches("error: ").count();
        let last = ran.stderr.lines().last().unwrap_or_default();
        assert!(errors == 1 && last.starts_with("error: "), "{ran:#?}");
        for word in words {
            assert!(last.contains(word), "no `{word}` in: {last}");
        }
    }

    /// Asserts that stderr has all of `words`.
    #[track_caller]
    pub fn said(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "no `{word}` in: {self:#?}");
        }
        self
    }
}

/// Copies a program. Another process does it: a file that this one has open for
/// writing cannot be run while a third is being started.
#[cfg(unix)]
pub fn copy_program(from: &str, to: &Path) {
    let copied = Command::new("cp").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The objects of JSON Lines.
pub fn lines(text: &str) -> Vec<Value> {
    text.lines().map(json).collect()
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The records of a CSV file, header first.
pub fn csv_records(text: &str) -> Vec<Vec<String>> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes())
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

/// A model folder beside the repository, if it is there together with ONNX
/// Runtime.
pub fn model_folder(name: &str) -> Option<PathBuf> {
    let models = std::env::var_os("ASSORT_MODELS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models"),
        PathBuf::from,
    );
    let folder = models.join(name);
    if folder.is_dir() && std::env::var_os("ORT_DYLIB_PATH").is_some() {
        return Some(folder);
    }
    eprintln!("skipped: needs the model folder {name} (ASSORT_MODELS) and ORT_DYLIB_PATH");
    None
}
