//! What imports what: every crate keeps to the order that `ARCHITECTURE.md` states,
//! no files import each other in a circle, and no file grows too long.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Crates with the folders of their sources.
const CRATES: [(&str, &str); 17] = [
    ("core", "crates/core/src"),
    ("files", "crates/files/src"),
    ("index", "crates/index/src"),
    ("columns", "crates/columns/src"),
    ("distill", "crates/distill/src"),
    ("head", "crates/head/src"),
    ("read", "crates/read/src"),
    ("assort", "crates/assort/src"),
    ("static", "crates/static/src"),
    ("embed", "crates/embed/src"),
    ("pictures", "crates/pictures/src"),
    ("proto", "crates/proto/src"),
    ("client", "crates/client/src"),
    ("server", "crates/server/src"),
    ("replica", "crates/replica/src"),
    ("python", "crates/python/src"),
    ("cli", "crates/cli"),
];

/// Lines a file may have.
const LONGEST: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder, without build output.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).unwrap();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() && path.file_name() != Some("target".as_ref()) {
            found.extend(files(&path));
        } else if path.extension() == Some("rs".as_ref()) {
            found.push(path);
        }
    }
    found
}

/// The modules of a crate: names from the root down, and the source without
/// comments and tests.
struct Modules(BTreeMap<Vec<String>, String>);

impl Modules {
    fn read(folder: &Path) -> Self {
        let mut modules = BTreeMap::new();
        for path in files(folder) {
            let inside = path.strip_prefix(folder).unwrap().with_extension("");
            let parts = inside.iter().map(|part| part.to_str().unwrap().to_owned());
            let mut names: Vec<String> = parts.collect();
            names.retain(|name| !["mod", "lib", "main"].contains(&name.as_str()));
            if !names.iter().any(|name| name.ends_with("tests")) {
                let source = std::fs::read_to_string(&path).unwrap();
                let code = source.split("#[cfg(test)]\nmod tests {").next();
                let lines = code.unwrap_or_default().lines();
                let code = lines.filter(|line| !line.trim_start().starts_with("//"));
                let code = code.collect::<Vec<_>>().join("\n");
                // A program and its library are one.
                modules
                    .entry(names)
                    .or_insert_with(String::new)
                    .push_str(&code);
            }
        }
        Self(modules)
    }

    /// The module that a path leads into, if it is one of the crate's own; a
    /// name that the crate's root gives again leads to where it comes from.
    fn resolve(&self, path: &[String]) -> Option<Vec<String>> {
        let known = (1..=path.len()).rev();
        let mut known = known.map(|end| path[..end].to_vec());
        known.find(|path| self.0.contains_key(path)).or_else(|| {
            let given_again = self.uses(&[], "pub use ");
            let named = |from: &Vec<String>| from.last() == path.first() && from.len() > 1;
            let from = given_again.into_iter().find(named)?;
            self.resolve(&from)
        })
    }

    /// The modules that a module names.
    fn imports(&self, module: &[String]) -> BTreeSet<Vec<String>> {
        let mut paths = self.uses(module, "use ");
        // Paths in the middle of the code.
        let code = &self.0[module];
        for at in code.match_indices("crate::").map(|(at, _)| at + 7) {
            let path = code[at..].split(|c: char| !(c.is_alphanumeric() || "_:".contains(c)));
            let path = path.into_iter().next().unwrap_or_default();
            paths.push(path.split("::").map(str::to_owned).collect());
        }
        paths.retain(|path| path.iter().all(|name| !name.is_empty()));
        let found = paths.iter().filter_map(|path| self.resolve(path));
        found.filter(|found| found != module).collect()
    }

    /// Paths from the crate's root that statements of a kind name.
    fn uses(&self, module: &[String], kind: &str) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        for statement in self.0[module].split(';') {
            let Some((_, tree)) = statement.split_once(kind) else {
                continue;
            };
            for path in leaves(tree) {
                let names: Vec<&str> = path.split("::").collect();
                paths.extend(absolute(module, &names));
            }
        }
        paths
    }
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn leaves(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    if tree.is_empty() {
        return Vec::new();
    }
    let Some((stem, rest)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or_default();
        return vec![name.trim().to_owned()];
    };
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let (mut depth, mut from, mut found) = (0, 0, Vec::new());
    for (at, sign) in inner.char_indices().chain([(inner.len(), ',')]) {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let own = leaves(&inner[from..at]).into_iter();
                found.extend(own.map(|leaf| format!("{stem}{leaf}")));
                from = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// A path in a module as one from the crate's root, if it is of this crate.
fn absolute(module: &[String], names: &[&str]) -> Option<Vec<String>> {
    let rest = |from: usize| names[from..].iter().map(|name| (*name).to_owned());
    let above = names.iter().take_while(|name| **name == "super").count();
    match *names.first()? {
        "crate" => Some(rest(1).collect()),
        "self" => Some(module.iter().cloned().chain(rest(1)).collect()),
        "super" => {
            let stem = module.len().checked_sub(above)?;
            Some(module[..stem].iter().cloned().chain(rest(above)).collect())
        }
        _ if module.is_empty() => Some(rest(0).collect()),
        _ => None,
    }
}

/// The order of a crate's modules, as `ARCHITECTURE.md` states it: a line that
/// begins with the crate's name in a list of orders.
fn stated(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let begin = format!("- {name}: ");
    let lines = text.lines().skip_while(|line| !line.starts_with(&begin));
    let mut order = String::new();
    for (at, line) in lines.enumerate() {
        if at > 0 && !line.starts_with("  ") {
            break;
        }
        order.push_str(line.strip_prefix(&begin).unwrap_or(line));
        order.push(' ');
    }
    let names = order.split_whitespace();
    names
        .map(|name| name.trim_matches('`').to_owned())
        .collect()
}

#[test]
fn modules_import_only_from_those_that_the_architecture_states_before_them() {
    let mut wrong = Vec::new();
    for (name, folder) in CRATES {
        let modules = Modules::read(&root().join(folder));
        let order = stated(name);
        let place =
            |module: &[String]| order.iter().position(|known| Some(known) == module.first());
        for module in modules.0.keys().filter(|module| !module.is_empty()) {
            let Some(own) = place(module) else {
                wrong.push(format!("{name}: the order does not name `{}`", module[0]));
                continue;
            };
            for import in modules.imports(module) {
                if place(&import).is_some_and(|other| other > own) {
                    let (module, import) = (module.join("::"), import.join("::"));
                    wrong.push(format!(
                        "{name}: `{module}` imports `{import}`, which comes later"
                    ));
                }
            }
        }
        let unknown = |known: &&String| {
            !modules
                .0
                .keys()
                .any(|module| module.first() == Some(*known))
        };
        let unknown = order.iter().filter(unknown);
        wrong.extend(unknown.map(|known| format!("{name}: there is no module `{known}`")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for (name, folder) in CRATES {
        let modules = Modules::read(&root().join(folder));
        let mut left: BTreeMap<Vec<String>, BTreeSet<Vec<String>>> = BTreeMap::new();
        for module in modules.0.keys().filter(|module| !module.is_empty()) {
            let mut imports = modules.imports(module);
            // A folder's face and what is in the folder are one.
            imports.retain(|import| !import.starts_with(module) && !module.starts_with(import));
            left.insert(module.clone(), imports);
        }
        // Files that import nothing that is left are in no circle.
        loop {
            let ends: Vec<Vec<String>> = left
                .iter()
                .filter(|(_, imports)| imports.iter().all(|import| !left.contains_key(import)))
                .map(|(module, _)| module.clone())
                .collect();
            if ends.is_empty() {
                break;
            }
            ends.iter().for_each(|end| drop(left.remove(end)));
        }
        circles.extend(left.iter().map(|(module, imports)| {
            let imports = imports.iter().filter(|import| left.contains_key(*import));
            let imports: Vec<String> = imports.map(|import| import.join("::")).collect();
            format!(
                "{name}: `{}` imports {}",
                module.join("::"),
                imports.join(", ")
            )
        }));
    }
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn no_file_is_longer_than_a_reader_bears() {
    let mut long = Vec::new();
    for folder in ["crates", "tests", "benches", "examples", "fuzz"] {
        for path in files(&root().join(folder)) {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            if lines > LONGEST {
                long.push(format!("{} has {lines} lines", path.display()));
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn a_tree_of_names_is_read_as_its_paths() {
    let paths = leaves("crate::a::{self, b, c::{d, e as f}}");
    let wanted = [
        "crate::a::self",
        "crate::a::b",
        "crate::a::c::d",
        "crate::a::c::e",
    ];
    assert_eq!(paths, wanted);
}
