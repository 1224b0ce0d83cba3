//! What to do about an error or a problem: the one place that knows which
//! command or option helps. The libraries say what is wrong, and no more.

use std::path::Path;

use assort::copies::is_copy;
use assort::read::{Rejected, Unstated};
use assort::{Error, Problem, ProblemKind};
use assort_embed::{Error as EmbedderError, Spec, StoredSpec};

/// An error of the engine with what to do about it.
pub(crate) fn told(error: &Error) -> String {
    joined(error.to_string(), of_error(error))
}

/// An error of the files of an import with what to do about it.
pub(crate) fn told_of_import(error: &Error) -> String {
    match error {
        Error::Input {
            unstated: Some(Unstated::Title),
            ..
        } => {
            let hint = ", or pass --update if the file changes products that are there";
            told(error) + hint
        }
        _ => told(error),
    }
}

/// Why a catalog cannot be served, with what to do about it.
#[cfg(feature = "serve")]
pub(crate) fn told_of_serving(error: &Error) -> String {
    match error {
        Error::Locked(_) => joined(
            error.to_string(),
            Some("or serve what it has committed with --read-only".to_owned()),
        ),
        Error::ReadOnlyCopy(_) => joined(
            error.to_string(),
            Some("serve it with --read-only".to_owned()),
        ),
        _ => told(error),
    }
}

/// Why a server cannot run, with what to do about it.
#[cfg(feature = "serve")]
pub(crate) fn told_of_server(error: &assort_server::Error) -> String {
    use assort_server::Error as Server;
    let hint = match error {
        Server::Exposed(_) => Some(
            "protect it with --keys, --certificate and --private-key, listen on 127.0.0.1, or pass --insecure",
        ),
        Server::Catalogs(_) => Some("give each a name of its own with NAME=DIR"),
        _ => None,
    };
    joined(error.to_string(), hint.map(str::to_owned))
}

/// A server without catalogs.
#[cfg(feature = "serve")]
pub(crate) fn nothing_to_serve() -> String {
    "there is no catalog to serve; name directories as DIR or NAME=DIR, or list them under [catalogs] in the file of --config".to_owned()
}

/// An error of an embedder with what to do about it.
pub(crate) fn told_of_embedder(error: &EmbedderError) -> String {
    joined(error.to_string(), of_embedder(error))
}

/// Why a catalog's own embedder cannot be opened, with what to do about it.
pub(crate) fn told_of_own_embedder(error: &EmbedderError, stored: &StoredSpec) -> String {
    match &stored.spec {
        Spec::Dir(path) if !path.exists() => {
            let moved = "if the model has moved, name its new place with --embedder dir:PATH";
            joined(told_of_embedder(error), Some(moved.to_owned()))
        }
        _ => told_of_embedder(error),
    }
}

/// Why a row was rejected, with what to do about it.
pub(crate) fn told_of_row(rejected: &Rejected) -> String {
    joined(rejected.reason.clone(), rejected.unstated.map(of_unstated))
}

/// A problem of the catalog in `directory` with what to do about it.
pub(crate) fn told_of_problem(problem: &Problem, directory: &Path) -> String {
    let hint = match is_copy(directory) {
        true => of_damaged_copy(directory),
        false => of_problem(&problem.kind, directory),
    };
    format!("{}: {hint}", problem.what)
}

fn joined(what: String, hint: Option<String>) -> String {
    match hint {
        Some(hint) => format!("{what}; {hint}"),
        None => what,
    }
}

fn of_error(error: &Error) -> Option<String> {
    Some(match error {
        Error::Input { unstated, .. } => return unstated.map(of_unstated),
        Error::NotACatalog(path) => format!(
            "make one with `assort init {} --taxonomy FILE`",
            path.display()
        ),
        Error::NotACopy(_) => {
            "make a backup with `assort backup CATALOG DIR`, and copy that".to_owned()
        }
        Error::ReadOnlyCopy(path) => format!(
            "make a catalog of it with `assort restore {} DIR`",
            path.display()
        ),
        Error::SpaceMismatch { .. } => {
            "leave out --embedder, or move the catalog with `assort reembed DIR --embedder SPEC`"
                .to_owned()
        }
        Error::NoLabels => {
            "label some with `assort label DIR FILE`, or use --method zero-shot".to_owned()
        }
        Error::NoHead => "train one with `assort train DIR`, or use --method auto".to_owned(),
        Error::Segment { path, .. } if is_copy(parent(parent(path))) => {
            of_damaged_copy(parent(parent(path)))
        }
        Error::Segment { path, .. } => format!(
            "`assort check --repair {}` embeds its products again",
            parent(parent(path)).display()
        ),
        Error::Student { .. } => {
            "fetch the file again, teach a student anew with `assort distill DIR --embedder SPEC`, \
             or move the catalog to another embedder with `assort reembed DIR --embedder SPEC`"
                .to_owned()
        }
        _ => return None,
    })
}

fn of_embedder(error: &EmbedderError) -> Option<String> {
    Some(match error {
        EmbedderError::Spec { .. } | EmbedderError::UnknownModel { .. } => {
            "`assort embedders` lists the names".to_owned()
        }
        EmbedderError::NotCached { offline: true, .. } => {
            "or run once without --offline to download it".to_owned()
        }
        EmbedderError::Student(error) => return of_error(&student(error)?),
        _ => return None,
    })
}

/// The engine's error for one about the file of a student.
fn student(error: &assort::students::Error) -> Option<Error> {
    match error {
        assort::students::Error::NotAStudent { path, what } => Some(Error::Student {
            path: path.clone(),
            what: what.clone(),
        }),
        _ => None,
    }
}

fn of_unstated(unstated: Unstated) -> String {
    match unstated {
        Unstated::Encoding(Some(guess)) => {
            format!("pass --encoding {guess} if the file is in that encoding")
        }
        Unstated::Encoding(None) => "check which --encoding the file is in".to_owned(),
        Unstated::Id => "name it with --id, or pass --id '#' to number the rows".to_owned(),
        Unstated::Title => "name it with --title".to_owned(),
        Unstated::Quoting => "pass --quoting on if they do".to_owned(),
        _ => "name it".to_owned(),
    }
}

fn of_problem(kind: &ProblemKind, directory: &Path) -> String {
    let dir = directory.display();
    match kind {
        ProblemKind::Checksums => {
            format!("run `assort check {dir}` again; if it is clean, all is well")
        }
        // An import passes over rows that are unchanged, so what is wrong has
        // to go first.
        ProblemKind::Product(id) => {
            format!("remove the product with `assort remove {dir} {id}` and import it again")
        }
        ProblemKind::Segment => {
            format!("run `assort check --repair {dir}`, which embeds its products again")
        }
        ProblemKind::Index => format!("run `assort compact {dir}`, which writes it anew"),
        ProblemKind::Labels => format!(
            "import the taxonomy that has the category with `assort taxonomy import {dir} FILE`, \
             or label the products anew with `assort label {dir} FILE`"
        ),
        _ => "restore the catalog from a backup, or make a new one and import again".to_owned(),
    }
}

/// A backup or a replica that is not what it should be.
fn of_damaged_copy(directory: &Path) -> String {
    let dir = directory.display();
    format!(
        "mend the copy with `assort backup CATALOG {dir} --verify` or `assort replicate FROM {dir} --verify`, as it was made"
    )
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Labels that cannot be divided as asked for.
pub(crate) fn folds_do_not_fit(error: &Error) -> String {
    format!("{error}; choose another number for --folds")
}

/// What follows a new catalog.
pub(crate) fn import_is_next(directory: &Path) -> String {
    format!("next: assort import {} PRODUCTS.csv", directory.display())
}

/// A fast import into a catalog that has products.
pub(crate) fn fast_is_too_late(directory: &Path) -> String {
    let dir = directory.display();
    format!(
        "--fast is for a catalog without products, and {dir} has some; run `assort distill {dir}`, and import without it"
    )
}

/// A move to another embedder that was begun.
pub(crate) fn move_goes_on(directory: &Path) -> String {
    let dir = directory.display();
    format!("`assort reembed {dir} --embedder SPEC` goes on")
}

/// A student that hardly knows new products.
pub(crate) fn student_is_old(directory: &Path) -> String {
    format!("`assort distill {}` teaches it anew", directory.display())
}

/// A list that is not whole.
pub(crate) fn more_follow(printed: &str, directory: &Path) -> String {
    format!(
        "{printed}, and more follow: --top prints more, `assort export {}` all",
        directory.display()
    )
}

/// A recall that no walk of the index has.
pub(crate) fn no_walk_reaches(recall: f64) -> String {
    format!(
        "note: no walk reaches a recall of {recall}; the widest is kept, and `assort search --exact` misses nothing"
    )
}

/// Rows of the index that are not found.
pub(crate) fn index_is_worn(directory: &Path) -> String {
    format!(
        "note: `assort compact {}` writes the index anew",
        directory.display()
    )
}

/// A demo that has no place.
pub(crate) fn demo_needs_a_directory(error: &std::io::Error) -> String {
    format!("no temporary directory could be made: {error}; give the demo one as `assort demo DIR`")
}

/// What to do after the demo, whose catalog is in `directory` if it is kept.
pub(crate) fn after_the_demo(directory: Option<&Path>) -> String {
    let Some(directory) = directory else {
        return "keep it and look around:\n  assort demo demo-shop".to_owned();
    };
    let shop = directory.display();
    format!(
        "go on with:\n  assort classify {shop} --text \"Stainless steel water bottle 750 ml\" --explain\n  assort search {shop} \"gift for a cook\" --filter 'price < 50'\n  assort taxonomy show {shop}\n  assort stats {shop}\nand with a shop of your own:\n  assort init my-shop --taxonomy CATEGORIES\n  assort import my-shop PRODUCTS"
    )
}
