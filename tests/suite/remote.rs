//! Commands with `--server`: they print what they print for a catalog that is open here.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::common::{self, Place, Ran};
use crate::serve;

/// A server of the place's shop on a free port, which ends with the test.
struct Server {
    own: Option<serve::Server>,
    url: String,
}

impl Server {
    fn of(place: &Place) -> Self {
        Self::start(place, "serve shop --listen 127.0.0.1:0")
    }

    fn start(place: &Place, arguments: &str) -> Self {
        let own = serve::Server::start(place, arguments);
        let scheme = if arguments.contains("--certificate") {
            "https"
        } else {
            "http"
        };
        Self {
            url: format!("{scheme}://{}", own.address),
            own: Some(own),
        }
    }

    fn url(&self) -> String {
        self.url.clone()
    }

    fn run(&self, place: &Place, arguments: &str) -> Ran {
        self.run_with(place, arguments, None)
    }

    fn run_with(&self, place: &Place, arguments: &str, last: Option<&str>) -> Ran {
        let mut command = place.command(arguments);
        Ran::of(command.args(last).env("ASSORT_SERVER", self.url()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.own.take().map(|own| own.end("-TERM")));
    }
}

/// One shop here and its twin on a server.
struct Twins {
    here: Place,
    there: Place,
    server: Server,
}

impl Twins {
    fn new() -> Self {
        let (here, there) = (Place::with_shop(), Place::with_shop());
        let server = Server::of(&there);
        Self {
            here,
            there,
            server,
        }
    }

    fn write(&self, name: &str, content: &str) {
        self.here.write(name, content);
        self.there.write(name, content);
    }

    /// Runs a command on both: it must end and print alike.
    #[track_caller]
    fn alike(&self, arguments: &str) -> (Ran, Ran) {
        self.alike_with(arguments, None, str::to_owned)
    }

    /// The same with a last argument, and with what `plain` leaves of what is printed.
    #[track_caller]
    fn alike_with(
        &self,
        arguments: &str,
        last: Option<&str>,
        plain: impl Fn(&str) -> String,
    ) -> (Ran, Ran) {
        let here = Ran::of(self.here.command(arguments).args(last));
        let there = self.server.run_with(&self.there, arguments, last);
        assert_eq!(here.code, there.code, "{here:#?} {there:#?}");
        assert_eq!(plain(&here.stdout), plain(&there.stdout), "{arguments}");
        (here, there)
    }

    /// Runs a command on both, whose last word must be alike too.
    #[track_caller]
    fn alike_to_the_last_word(&self, arguments: &str) {
        let (here, there) = self.alike(arguments);
        let last = |ran: &Ran| ran.stderr.lines().last().map(str::to_owned);
        // What is to be done next is to be done there.
        let server = format!("--server {} ", self.server.url());
        let there = last(&there).map(|last| last.replace(&server, ""));
        assert_eq!(last(&here), there, "{arguments}");
    }
}

/// JSON without fields that rightly differ.
fn without(fields: &[&str]) -> impl Fn(&str) -> String {
    move |printed| {
        let mut value = common::json(printed);
        for field in fields {
            value[field] = serde_json::Value::Null;
        }
        value.to_string()
    }
}

#[test]
fn what_only_reads_prints_the_same_for_a_catalog_of_a_server() {
    let twins = Twins::new();
    for arguments in [
        "list shop",
        "list shop --top 3",
        "list shop --top 8 --format jsonl",
        "list shop --format csv",
        "export shop",
        "export shop --format tsv",
        "export shop --format jsonl",
        "export shop --format table",
        "show shop p1",
        "show shop p1 --format json",
        "show shop none",
        "search shop kettle",
        "search shop kettle --format jsonl",
        "search shop kettle --format csv --top 3",
        "search shop kettle --top 3 --offset 2",
        "search shop kettle --offset 100",
        "search shop kettle --facets brand,category",
        "search shop kettle --facets brand --format jsonl",
        "facets shop brand,category,price",
        "facets shop brand --top 1 --format json",
        "attributes shop",
        "attributes shop --format json",
        "search shop kettle --min-similarity 0.3",
        "search shop --like p1 --exact --explain",
        "search shop --like none",
        "search shop kettle --filter brand=Boilo",
        "search shop kettle --filter brand",
        "search shop kettle --group-by brand --group-size 2 --format jsonl",
        "search shop kettle --group-by category --top 2 --offset 1",
        "search shop kettle --group-by content",
        "search shop kettle --group-by nothing",
        "taxonomy show shop",
        "taxonomy show shop kitchen --depth 1",
        "taxonomy show shop none",
        "taxonomy find shop kettle",
        "taxonomy export shop",
        "taxonomy export shop --format jsonl",
        "taxonomy export shop --format paths",
        "check shop",
    ] {
        twins.alike_to_the_last_word(arguments);
    }
    twins.alike_with(
        "export shop --format jsonl --filter",
        Some("category under \"Kitchen\""),
        str::to_owned,
    );
    // A server tells the model of its embedder and not how that is opened, and keeps
    // files of its own beside the catalog.
    let differ = without(&["embedder", "bytes"]);
    twins.alike_with("stats shop --format json", None, differ);
}

#[test]
fn products_are_filed_alike_and_decisions_kept() {
    let twins = Twins::new();
    twins.write(
        "new.csv",
        "id,title,price\nn1,Glass kettle,20\n,No id,1\nn2,Bread knife,9\np1,Electric kettle,1\n",
    );
    twins.write(
        "pictured.csv",
        "id,title,image\np1,Electric kettle 1.7 l,images/p1.jpg\n",
    );
    for arguments in [
        "import shop pictured.csv",
        "classify shop --text Teapot",
        "classify shop --text Teapot --explain --top 2",
        "classify shop new.csv",
        "classify shop new.csv --format jsonl --explain",
        "classify shop new.csv --format csv --sets 0.9 --min-confidence 0.6",
        "classify shop new.csv --method neighbors --format jsonl",
        "classify shop new.csv --method zero-shot --format jsonl",
        "classify shop new.csv --rejects rejected.csv",
        "classify shop --format jsonl",
        "classify shop --apply --format csv",
        "export shop",
    ] {
        twins.alike_to_the_last_word(arguments);
    }
    assert_eq!(
        twins.here.read("rejected.csv"),
        twins.there.read("rejected.csv")
    );
}

#[test]
fn what_writes_leaves_the_same_catalog() {
    let twins = Twins::new();
    twins.write(
        "more.csv",
        "id,title,description,colour,category\n\
         p2,Stovetop kettle with whistle,,red,kettles\n\
         a/b %,Slash & percent,\"two\nlines\",blue,Kitchen > Knives\n\
         ,No id,,,\n\
         m1,Mug,,,mugs\n\
         m2,Cup,,,\n\
         m2,Cup again,,,\n\
         m3,Cup,,,\n",
    );
    twins.write(
        "lists.jsonl",
        "{\"id\": \"l1\", \"title\": \"Towel\", \"colour\": [\"red\", \"blue\"], \"size\": 4}\n",
    );
    twins.write(
        "labels.csv",
        "id,category\np2,knives\np4,Knives\nnone,knives\np6,toys\np8,\np2,knives\n",
    );
    twins.write("good.csv", "id,category\np7,laptops\np8,laptops\n");
    twins.write("two.csv", "id,title\np1,Kettle\np3,Knife\n");
    twins.write("bad.csv", "id,title,category\nx1,Good,\nx2,Bad,nowhere\n");
    twins.write("tree.txt", "Kitchen\nKitchen > Kettles\nGarden\n");
    for arguments in [
        "import shop more.csv --dry-run",
        "import shop more.csv --rejects rejects.csv",
        "import shop more.csv",
        "import shop bad.csv --strict",
        "import shop lists.jsonl",
        "export shop",
        "export shop --format jsonl",
        "label shop labels.csv --strict",
        "label shop labels.csv --rejects unlabelled.csv",
        "label shop good.csv --strict",
        "label shop good.csv --clear",
        "export shop --format tsv",
        "remove shop p5 none",
        "remove shop p5 p6 --dry-run",
        "remove shop p5",
        "remove shop none",
        "remove shop --filter brand=Compo",
        "import shop two.csv --prune --dry-run",
        "import shop two.csv --prune",
        "export shop",
        "taxonomy import shop tree.txt --no-prepare --yes",
        "taxonomy export shop",
        "export shop",
    ] {
        twins.alike_to_the_last_word(arguments);
    }
    // Rows that only a catalog can reject are told later than those of the reader.
    let sorted = |place: &Place, name: &str| {
        let text = place.read(name);
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    for name in ["rejects.csv", "unlabelled.csv"] {
        assert_eq!(sorted(&twins.here, name), sorted(&twins.there, name));
    }
    drop(twins.server);
    let export = |place: &Place| place.run("export shop --format jsonl").done();
    assert_eq!(export(&twins.here), export(&twins.there));
}

#[test]
fn long_work_ends_with_the_same_report() {
    let twins = Twins::new();
    let mut rows = "id,title,category\n".to_owned();
    for at in 0..60 {
        let letters = ["north", "south", "east", "west", "home"];
        let name = format!("{} {}", letters[at % 5], letters[at / 5 % 5]);
        let kind = ["kettle", "knife"][at % 2];
        rows.push_str(&format!(
            "n{at},{kind} {name},{}\n",
            ["kettles", "knives"][at % 2]
        ));
    }
    twins.write("more.csv", &rows);
    twins.alike("import shop more.csv");
    twins.alike_with(
        "train shop --format json --seed 4 --heads 1",
        None,
        without(&["seconds"]),
    );
    twins.alike("classify shop --method head --format jsonl");
    twins.alike("tune shop --format json");
    twins.alike("compact shop");
    twins.alike("check shop --repair");
    twins.alike_to_the_last_word("distill shop");
    let refused = twins.server.run(&twins.there, "train shop --linear");
    refused.failed(2, &["a server does not know --linear", "leave it out"]);
}

#[test]
fn a_damaged_catalog_is_told_with_commands_for_the_server() {
    let place = Place::with_shop();
    place.write("smaller.txt", "Kitchen\n");
    place.run("taxonomy import shop smaller.txt --yes").done();
    place.write("taxonomy.tsv", common::TAXONOMY);
    let server = Server::of(&place);
    let found = server.run(&place, "check shop").ended(1).stdout;
    let told = found.split('`').nth(1).unwrap();
    let told = told.strip_prefix("assort ").unwrap();
    assert!(
        told.starts_with(&format!("--server {} ", server.url())),
        "{told}"
    );
    place.run(&told.replace("FILE", "taxonomy.tsv")).done();
    server.run(&place, "check shop").done();
}

#[test]
fn a_method_that_is_not_ready_is_made_ready_as_it_says() {
    let place = Place::empty();
    place.write("taxonomy.tsv", common::TAXONOMY);
    place.run("init shop --taxonomy taxonomy.tsv").done();
    place.write("products.csv", "id,title\np1,Electric kettle\np3,Knife\n");
    place.run("import shop products.csv").done();
    place.write("labels.csv", "id,category\np1,kettles\np3,knives\n");
    let server = Server::of(&place);
    let classify = "classify shop --text Pot --method neighbors";
    let said = server.run(&place, classify).ended(2).stderr;
    assert!(said.contains("--method zero-shot"), "{said}");
    let told = said
        .split('`')
        .nth(1)
        .unwrap()
        .strip_prefix("assort ")
        .unwrap();
    place.run(&told.replace("FILE", "labels.csv")).done();
    server.run(&place, classify).done();
    let head = server.run(&place, "classify shop --text Pot --method head");
    head.failed(2, &["no head has been trained", "train shop`"]);
}

#[test]
fn what_a_server_cannot_do_is_refused_and_done_without_it() {
    let place = Place::with_shop();
    let server = Server::of(&place);
    place.write("tree.txt", "A\n");
    for (arguments, words) in [
        (
            "init new --taxonomy tree.txt",
            ["`assort init`", "ASSORT_SERVER"],
        ),
        ("demo", ["`assort demo`", "leave out --server"]),
        (
            "evaluate shop --folds 2",
            ["`assort evaluate`", "directory"],
        ),
        ("audit-labels shop", ["`assort audit-labels`", "directory"]),
        (
            "reembed shop --distilled",
            ["`assort reembed`", "directory"],
        ),
        ("serve shop", ["`assort serve`", "directory"]),
        (
            "import shop tree.txt --fast",
            ["does not know --fast", "leave it out"],
        ),
        (
            "import shop tree.txt --update",
            ["does not know --update", "leave it out"],
        ),
        (
            "search shop x --embedder bundled",
            ["--embedder", "leave it out"],
        ),
        ("search shop x --offline", ["--offline", "leave it out"]),
        ("distill shop --no-adopt", ["--no-adopt", "leave it out"]),
        ("distill shop --seed 9", ["--seed", "leave it out"]),
        (
            "list ./shop",
            ["`./shop` is no name of a catalog", "such as `shop`"],
        ),
    ] {
        server.run(&place, arguments).failed(2, &words);
    }
    let one = place.run("list shop --key-file tree.txt");
    one.failed(
        2,
        &["--key-file is for commands on a server", "--server URL"],
    );
    place.run("init new --taxonomy tree.txt").done();
    // These are for no catalog.
    server.run(&place, "completions bash").done();
    server.run(&place, "embedders").done();
}

#[test]
fn a_catalog_that_is_not_served_is_told_with_those_that_are() {
    let place = Place::with_shop();
    let server = Server::start(
        &place,
        "serve shop books=shop --read-only --listen 127.0.0.1:0",
    );
    server.run(&place, "list toys").failed(
        1,
        &["the server has no `catalogs/toys`", "it has books, shop"],
    );
    server.run(&place, "list books").done();
    server
        .run(&place, "remove shop p1")
        .failed(2, &["served for reading only"]);
}

#[test]
fn a_server_that_is_not_there_is_told_with_what_to_do() {
    let place = Place::with_shop();
    let server = Server::of(&place);
    let url = server.url();
    drop(server);
    place.run(&format!("list shop --server {url}")).failed(
        1,
        &["no server answers at", "refused", "`assort serve DIR`"],
    );
    for (url, words) in [
        (
            "127.0.0.1:50051",
            ["is not the address", "http://HOST:PORT"],
        ),
        ("http://", ["is not the address", "http://HOST:PORT"]),
        (
            "http://127.0.0.1:1/x",
            ["behind the host", "http://HOST:PORT"],
        ),
    ] {
        place
            .run(&format!("list shop --server {url}"))
            .failed(2, &words);
    }
}

fn certificates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates")
}

#[test]
fn keys_and_certificates_are_told_with_what_to_do() {
    let place = Place::with_shop();
    let all = certificates();
    let pem = |name: &str| all.join(name).display().to_string();
    // SHA-256 of `reader` and `admin`.
    place.write(
        "keys",
        "reader read-only shop 3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30\n\
         admin admin * 8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918\n",
    );
    place.write("reader", "reader\n");
    place.write("stranger", "stranger\n");
    let serve = format!(
        "serve shop --listen 127.0.0.1:0 --keys keys --certificate {} --private-key {}",
        pem("server.pem"),
        pem("server.key")
    );
    let server = Server::start(&place, &serve);
    let ca = format!("--ca {}", pem("ca.pem"));
    let run = |arguments: &str| server.run(&place, arguments);
    // A machine may trust nobody at all.
    run("list shop").failed(1, &["--ca"]);
    run(&format!("list shop --ca {}", pem("other.pem"))).failed(1, &["is not trusted", "--ca"]);
    run(&format!("list shop {ca}")).failed(2, &["brings no key", "--key-file", "ASSORT_KEY"]);
    run(&format!("list shop {ca} --key-file stranger"))
        .failed(1, &["does not know the key", "--key-file"]);
    let reader = run(&format!("list shop {ca} --key-file reader"));
    assert!(reader.done().contains("Electric kettle"));
    run(&format!("remove shop p1 {ca} --key-file reader"))
        .failed(1, &["key", "--key-file", "ASSORT_KEY"]);
    let mut command = place.command(&format!("remove shop p1 {ca}"));
    let command = command.env("ASSORT_SERVER", server.url());
    Ran::of(command.env("ASSORT_KEY", "admin")).done();
    // The key is in nothing that is printed.
    let help = Ran::of(command.env("ASSORT_KEY", "secret").arg("--help"));
    assert!(!help.done().contains("secret"));
}

/// A server, and an import of 20,000 products to it of which some are stored.
#[expect(
    clippy::zombie_processes,
    reason = "whoever asks for it waits for its end"
)]
fn importing(place: &Place) -> (Server, Child) {
    let mut rows = "id,title\n".to_owned();
    for at in 0..20_000 {
        rows.push_str(&format!("r{at},Kettle of {}\n", at % 97));
    }
    place.write("many.csv", &rows);
    let server = Server::of(place);
    let mut command = place.command("import shop many.csv");
    let child = command.env("ASSORT_SERVER", server.url()).spawn().unwrap();
    loop {
        let stats = server.run(place, "stats shop --format json").done();
        if common::json(&stats)["products"].as_u64() > Some(100) {
            return (server, child);
        }
    }
}

#[test]
fn a_server_that_ends_within_an_import_loses_nothing_that_it_stored() {
    let place = Place::with_shop();
    let (server, mut child) = importing(&place);
    let stderr = child.stderr.take().unwrap();
    drop(server);
    let said = std::io::read_to_string(stderr).unwrap();
    let code = child.wait().unwrap().code();
    let there = place.stats()["products"].as_u64().unwrap() - 8;
    if code == Some(0) {
        // It was quicker.
        assert_eq!(there, 20_000);
        return;
    }
    assert_eq!(code, Some(1), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("error: "), "{said}");
    assert!(
        last.contains("the same command goes on from here"),
        "{said}"
    );
    let told = last.split("; ").find(|part| part.contains("stored"));
    let told = told.unwrap().replace(',', "");
    let told: u64 = told.split(' ').next().unwrap().parse().unwrap();
    assert!(told > 0 && told <= there, "{told} of {there}: {said}");
    let again = Server::of(&place);
    let ran = again.run(&place, "import shop many.csv").ended(0);
    let unchanged = format!("{there} unchanged");
    assert!(ran.stderr.replace(',', "").contains(&unchanged), "{ran:#?}");
    drop(again);
    assert_eq!(place.stats()["products"], 20_008);
}

#[test]
fn an_import_that_is_stopped_tells_what_is_stored_and_goes_on_when_it_is_run_again() {
    let place = Place::with_shop();
    let (server, mut child) = importing(&place);
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.unwrap().success());
    let said = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    let code = child.wait().unwrap().code();
    if code != Some(0) {
        assert_eq!(code, Some(130), "{said}");
        assert!(
            said.contains("everything counted as stored is safe"),
            "{said}"
        );
        let told = said.lines().find(|line| line.contains(" added, "));
        let told = told.and_then(|line| line.split(": ").nth(1)).unwrap();
        let told: u64 = told
            .replace(',', "")
            .split(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let stats = server.run(&place, "stats shop --format json").done();
        let there = common::json(&stats)["products"].as_u64().unwrap() - 8;
        assert!(told <= there, "{told} of {there}: {said}");
    }
    server.run(&place, "import shop many.csv").ended(0);
    drop(server);
    assert_eq!(place.stats()["products"], 20_008);
}

#[test]
fn a_file_that_is_longer_than_a_message_is_sent_in_several() {
    let twins = Twins::new();
    let text = "water ".repeat(100_000);
    let mut rows = String::new();
    for at in 0..40 {
        rows.push_str(&format!(
            "{{\"id\": \"b{at}\", \"title\": \"Kettle {at}\", \"serial\": \"{text}\"}}\n"
        ));
    }
    assert!(rows.len() > 20 << 20);
    twins.write("long.jsonl", &rows);
    twins.alike_to_the_last_word("import shop long.jsonl --dry-run");
    twins.alike_to_the_last_word("classify shop long.jsonl --format jsonl");
    twins.alike_to_the_last_word("import shop long.jsonl");
    twins.alike_to_the_last_word("list shop");
}
