//! What the sources themselves must keep to.

use std::path::{Path, PathBuf};

/// The Rust files in a folder and all folders in it.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension() == Some("rs".as_ref()) {
            found.push(path);
        }
    }
}

/// What a line of code says of commands and options: `assort` before a word, or
/// two dashes before a letter, between quotes.
fn names_a_command(line: &str) -> bool {
    let code = line.trim_start();
    if code.starts_with("//") {
        return false;
    }
    let quoted = code.split_once('"').map_or("", |(_, rest)| rest);
    // The middle of a string of several lines has no quote of its own.
    let text = if quoted.is_empty() { code } else { quoted };
    let option = text.match_indices("--").any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + 2..].chars().next();
        !matches!(before, Some('-')) && after.is_some_and(|next| next.is_ascii_lowercase())
    });
    let command = text.match_indices("`assort ").any(|(at, start)| {
        let after = text[at + start.len()..].chars().next();
        after.is_some_and(|next| next.is_ascii_lowercase())
    });
    option || command
}

#[test]
fn no_message_of_a_library_names_a_command_or_an_option() {
    assert!(names_a_command(r#"    "use `assort check` for it","#));
    assert!(names_a_command(r#"format!("pass --encoding {guess}")"#));
    assert!(!names_a_command("/// As `assort check --repair` does."));
    assert!(!names_a_command("let left = right - -1; // --"));
    let mut files = Vec::new();
    for library in ["core", "index", "distill", "embed", "assort", "server"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
        sources(&root.join(library).join("src"), &mut files);
    }
    assert!(files.len() > 50, "{} files were found", files.len());
    let mut named = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = (1..).zip(text.lines());
        let bad = lines.filter(|(_, line)| names_a_command(line));
        named.extend(bad.map(|(number, line)| format!("{}:{number}: {line}", file.display())));
    }
    assert!(named.is_empty(), "{}", named.join("\n"));
}
