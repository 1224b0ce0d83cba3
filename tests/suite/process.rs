//! The program among others: pipes, signals, locks, and the file system.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, Stdio};

use crate::common::{self, Place, Ran};

/// A child whose stderr is read line by line.
struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Running {
    fn start(place: &Place, arguments: &str) -> Self {
        Self::of(&mut place.command(arguments))
    }

    fn of(command: &mut std::process::Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr }
    }

    fn write(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// Waits for a line with `words`.
    fn wait_for(&mut self, words: &str) {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            let count = self.stderr.read_line(&mut line).unwrap();
            assert_ne!(count, 0, "it ended without saying `{words}`");
        }
    }

    /// Sends a signal, such as `-INT`.
    #[cfg(unix)]
    fn send(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args([signal, &id])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Ends the input; gives the exit code and what was left on stderr.
    fn end(mut self) -> (Option<i32>, String) {
        drop(self.child.stdin.take());
        let mut left = String::new();
        self.stderr.read_to_string(&mut left).unwrap();
        (self.child.wait().unwrap().code(), left)
    }
}

/// Products in rows so long that a reader of a pipe takes the first of them
/// before it has seen the last.
fn long_rows(count: usize) -> String {
    let filler = "x".repeat(100_000 / count);
    let mut file = "id,title,filler\n".to_owned();
    for row in 0..count {
        file += &format!("n{row},Mug number {row},{filler}\n");
    }
    file
}

#[test]
fn one_process_writes_and_others_read() {
    let place = Place::with_shop();
    place.write("a.csv", "id,title\nb,Cup\n");
    let mut writer = Running::start(&place, "import shop - --attr -");
    writer.write(&long_rows(20));
    writer.wait_for("standard input: ");

    // All of these wait a while for the writer to end.
    let waiting: Vec<(&str, Child)> = ["import shop a.csv", "classify shop", "check shop"]
        .into_iter()
        .map(|arguments| (arguments, place.command(arguments).spawn().unwrap()))
        .collect();
    assert_eq!(place.stats()["products"], 8);
    for command in ["show shop p1", "search shop mug", "taxonomy show shop"] {
        assert_ne!(place.run(command).done(), "");
    }
    for (arguments, child) in waiting {
        let ran = Ran::new(arguments, &child.wait_with_output().unwrap());
        if arguments.starts_with("import") {
            ran.failed(1, &["shop is open for writing in another process"]);
        } else {
            ran.ended(0);
        }
    }
    assert_eq!(place.stats()["products"], 8);

    let (code, said) = writer.end();
    assert_eq!(code, Some(0), "{said}");
    place.run("import shop a.csv").done();
    assert_eq!(place.stats()["products"], 29);
}

#[cfg(unix)]
#[test]
fn an_import_stopped_by_a_signal_keeps_whole_batches_and_goes_on_later() {
    for signal in ["-INT", "-TERM"] {
        stop_an_import(signal);
    }
}

#[cfg(unix)]
fn stop_an_import(signal: &str) {
    let place = Place::with_shop();
    let rows = 300;
    let file = long_rows(rows as usize);
    let mut import = Running::start(&place, "import shop - --attr -");
    import.write(&file);
    import.wait_for("standard input: ");
    import.send(signal);
    import.wait_for("stopping after the current batch");
    // Whoever waits for input hears of it with the next row.
    import.write("last,Last mug,\n");
    let (code, said) = import.end();
    assert_eq!(code, Some(130), "{said}");
    assert!(
        said.contains("the same command goes on from here"),
        "{said}"
    );
    // A batch of a quick embedder has all that was read.
    let kept = place.stats()["products"].as_u64().unwrap() - 8;
    assert!(kept > 0 && kept <= rows + 1, "{kept} of {rows} were kept");
    place.run("check shop").done();

    let rows = rows + 2;
    place.write("all.csv", file + "last,Last mug,\nlater,Later mug,\n");
    let ran = place.run("import shop all.csv --attr -").ended(0);
    ran.said(&[&format!(
        "{rows} rows: {} added, 0 updated, {kept} unchanged",
        rows - kept
    )]);
    assert_eq!(place.stats()["products"], 8 + rows);
}

#[cfg(unix)]
#[test]
fn a_second_signal_ends_at_once_and_loses_nothing() {
    for (first, second) in [("-TERM", "-TERM"), ("-INT", "-TERM")] {
        let place = Place::with_shop();
        let mut import = Running::start(&place, "import shop - --attr -");
        import.write(&long_rows(20));
        import.wait_for("standard input: ");
        import.send(first);
        import.wait_for("stopping after the current batch");
        import.send(second);
        // It waits for no further row.
        assert_eq!(import.child.wait().unwrap().code(), Some(130));
        place.run("check shop").done();
    }
}

#[cfg(unix)]
#[test]
fn a_hangup_that_nohup_ignores_stops_nothing() {
    let place = Place::with_shop();
    let program = env!("CARGO_BIN_EXE_assort");
    let mut command = std::process::Command::new("sh");
    let script = format!("trap '' HUP; exec '{program}' import shop - --attr -");
    command.args(["-c", &script]).current_dir(place.path("."));
    let mut import = Running::of(&mut command);
    import.write(&long_rows(20));
    import.wait_for("standard input: ");
    import.send("-HUP");
    let (code, said) = import.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(place.stats()["products"], 28);
}

#[test]
fn output_that_nobody_reads_is_no_failure() {
    let place = Place::with_shop();
    for arguments in [
        "completions bash",
        "embedders",
        "search shop mug --format jsonl",
        "classify shop --format csv",
        "taxonomy export shop",
        "stats shop",
    ] {
        // Nobody reads the results.
        let mut child = place.command(arguments).spawn().unwrap();
        drop(child.stdout.take());
        let ran = Ran::new(arguments, &child.wait_with_output().unwrap()).ended(0);
        for words in ["error", "panicked", "pipe"] {
            assert!(!ran.stderr.contains(words), "{ran:#?}");
        }
        // Nobody reads the messages either.
        let mut child = place.command(arguments).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments}");
    }
    place.write("a.csv", "id,title\n,No id\nnew,Mug\n");
    let mut child = place.command("import shop a.csv").spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert_eq!(place.product("new")["title"], "Mug");
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_costs_nothing_that_was_stored() {
    let place = Place::with_shop();
    place.write("a.csv", "id,title\nnew,Mug\n");
    let before = place.content();
    // A few KiB, which the file has many times already.
    let program = env!("CARGO_BIN_EXE_assort");
    let limited = |arguments: &str| {
        let script = format!("trap '' XFSZ; ulimit -f 8; exec '{program}' {arguments}");
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &script]).current_dir(place.path("."));
        Ran::of(&mut command)
    };
    let words = ["shop/catalog.redb", "File too large", "free some space"];
    limited("import shop a.csv").failed(1, &words);
    place.run("check shop").done();
    assert_eq!(before, place.content());
    place.run("import shop a.csv").done();
    assert_eq!(place.stats()["products"], 9);
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_is_told() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    let place = Place::with_shop();
    place.write("a.csv", "id,title,category\nnew,Kettle,kettles\n");
    place.write("tree.txt", "A\n");
    std::fs::create_dir(place.path("bare")).unwrap();
    // Root may write anywhere, so that the program runs as nobody, who must
    // be able to reach it.
    let root = std::fs::metadata(place.path(".")).unwrap().uid() == 0;
    let program = place.path("assort");
    common::copy_program(env!("CARGO_BIN_EXE_assort"), &program);
    let mode = |name: &str, mode: u32| {
        set_permissions(place.path(name), Permissions::from_mode(mode)).unwrap();
    };
    mode(".", 0o755);
    mode("bare", 0o555);
    mode("shop", 0o555);
    mode("shop/catalog.redb", 0o444);
    let run = |arguments: &str| {
        let mut command = std::process::Command::new(&program);
        command
            .args(arguments.split_whitespace())
            .current_dir(place.path("."));
        if root {
            command.uid(65534).gid(65534);
        }
        Ran::of(&mut command)
    };
    let before = place.bytes();
    let words = ["Permission denied", "make it writable for this user"];
    for (arguments, path) in [
        ("import shop a.csv", "shop/catalog.redb"),
        ("label shop a.csv", "shop/catalog.redb"),
        ("classify shop --apply", "shop/catalog.redb"),
        ("taxonomy import shop tree.txt", "shop/catalog.redb"),
        ("remove shop p1", "shop/catalog.redb"),
        ("compact shop", "shop/catalog.redb"),
        ("init bare --taxonomy tree.txt", "bare/catalog.redb"),
        ("init bare/new --taxonomy tree.txt", "bare/new"),
    ] {
        run(arguments).failed(1, &[path, words[0], words[1]]);
    }
    for arguments in [
        "stats shop",
        "show shop p1",
        "search shop kettle",
        "classify shop",
        "evaluate shop a.csv",
        "taxonomy find shop kettles",
    ] {
        assert_ne!(run(arguments).done(), "", "{arguments}");
    }
    run("check shop")
        .ended(0)
        .said(&["checksums are not verified"]);
    // Their rejects cannot be listed there, which is told and no failure.
    std::fs::write(
        place.path("bad.csv"),
        "id,title,category\n,Cup,kettles\nnew,Kettle,kettles\n",
    )
    .unwrap();
    for command in ["classify", "evaluate"] {
        let list = format!("shop/rejects-{command}.csv cannot be written");
        let ran = run(&format!("{command} shop bad.csv")).ended(3);
        let ran = ran.said(&["1 rejected row is not listed", &list, "--rejects"]);
        assert_ne!(ran.stdout, "");
    }
    assert!(before == place.bytes(), "the file has changed");

    mode("shop", 0o000);
    run("stats shop").failed(1, &["shop/catalog.redb", words[0], words[1]]);
    mode("shop", 0o755);
}

#[test]
fn upkeep_finds_and_mends() {
    let place = Place::with_shop();
    let before = place.content();
    place
        .run("check shop")
        .ended(0)
        .said(&["all is well: 8 products verified"]);
    place
        .run("compact shop")
        .ended(0)
        .said(&["given back", "left"]);
    assert_eq!(before, place.content());
}

#[test]
fn a_model_folder_is_told_of_without_being_opened() {
    let place = Place::empty();
    std::fs::create_dir(place.path("shoes-e5-small")).unwrap();
    for (file, text) in [
        ("model.onnx", "no model"),
        ("tokenizer.json", "{}"),
        (
            "config.json",
            r#"{"hidden_size": 384, "num_hidden_layers": 12}"#,
        ),
        (
            "config_sentence_transformers.json",
            r#"{"prompts": {"query": "q: ", "passage": "p: "}}"#,
        ),
    ] {
        place.write(&format!("shoes-e5-small/{file}"), text);
    }
    let prompts = r#""q: " for queries, "p: " for products"#;
    let told = place
        .run("embedders dir:shoes-e5-small")
        .said(&[prompts])
        .done();
    assert!(told.contains("English") && told.contains("384"), "{told}");
    place
        .run("embedders dir:none")
        .failed(1, &["none", "not a folder"]);
    place
        .run("embedders none")
        .failed(2, &["`none` names no embedder"]);
}

#[test]
fn an_embedder_is_recommended_where_the_default_files_badly() {
    let place = Place::empty();
    place.write(
        "zh.txt",
        "健康运动、户外 > 运动鞋 > 跑步鞋\n手机 > 智能手机\n",
    );
    place.write("en.txt", "Sports > Running shoes\nPhones > Smartphones\n");
    let recommended = "fastembed:MultilingualE5Small";
    let warned = place.run("init zh --taxonomy zh.txt");
    warned.said(&[recommended]).done();
    // It is one that there is.
    place.run(&format!("embedders {recommended}")).done();
    for silent in [
        "init zh2 --taxonomy zh.txt --quiet",
        "init en --taxonomy en.txt",
    ] {
        let ran = place.run(silent);
        assert!(!ran.stderr.contains(recommended), "{}", ran.stderr);
        ran.done();
    }
}

#[test]
fn the_list_of_embedders_and_completions_are_printed() {
    let place = Place::empty();
    let listed = place.run("embedders --cache .").done();
    for name in [
        "bundled",
        "fastembed:BGESmallENV15",
        "dir:PATH",
        "static:FILE",
    ] {
        assert!(listed.contains(name), "no `{name}` in {listed}");
    }
    let told = place.run("embedders --cache . --format json").done();
    let told: Vec<serde_json::Value> = serde_json::from_str(&told).unwrap();
    let small = "fastembed:MultilingualE5Small";
    let small = told.iter().find(|one| one["embedder"] == small).unwrap();
    assert_eq!(small["languages"], "100 languages");
    assert_eq!(small["dimensions"], 384);
    assert_eq!(small["query_prompt"], "query: ");
    // Nobody has to guess what any of them reads, how fast it is and how large.
    for one in &told {
        for fact in ["languages", "titles_per_second", "bytes"] {
            assert!(!one[fact].is_null(), "no {fact} of {one}");
        }
    }
    let script = place.run("completions bash").done();
    assert!(script.contains("complete -F _assort"), "{script}");
    let help = place.run("--help").done();
    assert!(help.contains("assort demo") && help.contains("Exit codes"));
    for command in ["init", "import", "classify", "search", "label", "evaluate"] {
        assert!(
            place
                .run(&format!("{command} --help"))
                .done()
                .contains("Example")
        );
        assert!(script.contains(command));
    }
}
