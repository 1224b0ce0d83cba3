//! What to do about an error or a problem: the one place that knows which
//! command or option helps. The libraries say what is wrong, and no more.

pub(crate) mod copies;
pub(crate) mod packs;
pub(crate) mod pictures;
#[cfg(feature = "object-store")]
pub(crate) mod sharded;

use std::path::Path;

use assort::copies::is_copy;
#[cfg(feature = "client")]
use assort::core::Method;
use assort::core::UnknownTexts;
use assort::read::{Rejected, Unstated};
use assort::{Error, Problem, ProblemKind};
use assort_embed::{Error as EmbedderError, Spec, StoredSpec};

use crate::script::Script;
use crate::text::{count, counted};

/// An error of the engine with what to do about it.
pub(crate) fn told(error: &Error) -> String {
    joined(error.to_string(), of_error(error))
}

/// An error of the files of an import with what to do about it.
pub(crate) fn told_of_import(error: &Error) -> String {
    match error {
        Error::Input(assort::read::Error::Input {
            unstated: Some(Unstated::Title),
            ..
        }) => {
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
pub(crate) fn told_of_own_embedder(
    error: &EmbedderError,
    stored: &StoredSpec,
    directory: &Path,
) -> String {
    match &stored.spec {
        Spec::BundledEnglish => {
            let moved = format!(
                "the catalog was made with it when it was called `bundled`; {}",
                move_to_bundled(directory)
            );
            joined(told_of_embedder(error), Some(moved))
        }
        Spec::Dir(path) | Spec::Static(path) if !path.exists() => {
            let kind = match stored.spec {
                Spec::Static(_) => "static:FILE",
                _ => "dir:PATH",
            };
            let moved =
                format!("if the model has moved, name its new place with --embedder {kind}");
            joined(told_of_embedder(error), Some(moved))
        }
        _ => told_of_embedder(error),
    }
}

/// Why a catalog's own embedder is another one than that of its vectors, with what to do
/// about it.
pub(crate) fn told_of_changed_embedder(
    error: &Error,
    stored: &StoredSpec,
    directory: &Path,
) -> String {
    let hint = match (&stored.spec, error) {
        (Spec::Bundled, Error::SpaceMismatch { .. }) => format!(
            "`bundled` was another model in the program that made the catalog; {}",
            move_to_bundled(directory)
        ),
        (spec, Error::SpaceMismatch { .. }) => format!(
            "{spec} has changed since the catalog was made: put back what was there, or move the catalog with `assort reembed {} --embedder SPEC`",
            directory.display()
        ),
        _ => return told(error),
    };
    joined(error.to_string(), Some(hint))
}

/// What moves a catalog to the embedder that everybody has.
fn move_to_bundled(directory: &Path) -> String {
    format!(
        "`assort reembed {} --embedder bundled` moves it to what that is in this program",
        directory.display()
    )
}

/// Why a row was rejected, with what to do about it.
pub(crate) fn told_of_row(rejected: &Rejected) -> String {
    joined(rejected.reason.clone(), rejected.unstated.map(of_unstated))
}

/// A catalog as commands name it.
pub(crate) struct Named<'n> {
    server: Option<&'n str>,
    name: &'n Path,
}

impl<'n> Named<'n> {
    /// One in a directory.
    pub(crate) fn of(directory: &'n Path) -> Self {
        Self {
            server: None,
            name: directory,
        }
    }

    /// One that a server has.
    #[cfg(feature = "client")]
    pub(crate) fn at(server: &'n str, name: &'n Path) -> Self {
        Self {
            server: Some(server),
            name,
        }
    }

    /// The command that does something with it, with what follows its name.
    fn command(&self, does: &str, rest: &str) -> String {
        let server = self.server.map(|server| format!("--server {server} "));
        let name = self.name.display();
        format!("assort {}{does} {name}{rest}", server.unwrap_or_default())
    }
}

/// A problem of a catalog with what to do about it.
pub(crate) fn told_of_problem(problem: &Problem, named: &Named<'_>) -> String {
    let hint = match named.server.is_none() && is_copy(named.name) {
        true => of_damaged_copy(named.name),
        false => of_problem(&problem.kind, named),
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
        Error::Input(assort::read::Error::Input { unstated, .. }) => {
            return unstated.map(of_unstated);
        }
        Error::NotACatalog(path) => format!(
            "make one with `assort init {} --taxonomy FILE`",
            path.display()
        ),
        Error::NotACopy(path) if is_address(path) => format!(
            "make one there with `assort backup CATALOG {}`",
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
        Error::NoPictures => {
            "embed them with `assort pictures DIR --images IMAGES --embedder dir:MODEL`".to_owned()
        }
        Error::NoHead => "train one with `assort train DIR`, or use --method auto".to_owned(),
        Error::NoLabelledPictures => {
            "embed pictures with `assort pictures DIR --images IMAGES --embedder dir:MODEL` and label products with `assort label DIR FILE`, or use --method auto; a pack has none".to_owned()
        }
        Error::Segment { path, .. } | Error::PictureSegment { path, .. } if is_copy(parent(parent(path))) => {
            of_damaged_copy(parent(parent(path)))
        }
        Error::Segment { path, .. } => format!(
            "`assort check --repair {}` embeds its products again",
            parent(parent(path)).display()
        ),
        Error::PictureSegment { path, .. } => format!(
            "`assort pictures {} --images IMAGES` embeds its pictures again",
            parent(parent(path)).display()
        ),
        Error::Student { .. } => {
            "fetch the file again, teach a student anew with `assort distill DIR --embedder SPEC`, \
             or move the catalog to another embedder with `assort reembed DIR --embedder SPEC`"
                .to_owned()
        }
        Error::Copy { path, .. } if is_address(path) && !path.ends_with("manifest.json") => {
            "`assort backup CATALOG URL --verify` sends all files of it again".to_owned()
        }
        Error::Refused { at, .. } if at.starts_with("s3://") => {
            "check the bucket, and AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT of the environment"
                .to_owned()
        }
        Error::Refused { .. } => {
            "check the bucket, and GOOGLE_SERVICE_ACCOUNT of the environment, which names the file of a key"
                .to_owned()
        }
        _ => return None,
    })
}

/// Whether what messages call a path is the address of an object store.
fn is_address(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.contains("://"))
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
            let guess = guess.to_ascii_lowercase();
            format!("pass --encoding {guess}, or --encoding auto, if that is right")
        }
        Unstated::Encoding(None) => "check which --encoding the file is in".to_owned(),
        Unstated::Id => "name it with --id, or pass --id '#' to number the rows".to_owned(),
        Unstated::Title => "name it with --title".to_owned(),
        Unstated::Category => "name the one that is right with --category".to_owned(),
        Unstated::Tree => "name the columns with --id, --parent and --name, or with --path, or with --levels A,B,C"
            .to_owned(),
        Unstated::Quoting => "pass --quoting on if they do".to_owned(),
        _ => "name it".to_owned(),
    }
}

fn of_problem(kind: &ProblemKind, named: &Named<'_>) -> String {
    let command = |does: &str, rest: &str| named.command(does, rest);
    match kind {
        ProblemKind::Checksums => {
            format!(
                "run `{}` again; if it is clean, all is well",
                command("check", "")
            )
        }
        // An import passes over rows that are unchanged, so what is wrong has
        // to go first.
        ProblemKind::Product(id) => format!(
            "remove the product with `{}` and import it again",
            command("remove", &format!(" {id}"))
        ),
        ProblemKind::Segment => format!(
            "run `{}`, which embeds its products again",
            command("check --repair", "")
        ),
        ProblemKind::Pictures => format!(
            "run `{}`, which embeds its pictures again",
            command("pictures", " --images IMAGES")
        ),
        ProblemKind::Index => format!("run `{}`, which writes it anew", command("compact", "")),
        ProblemKind::Labels => format!(
            "import the taxonomy that has the category with `{}`, or label the products anew with `{}`",
            command("taxonomy import", " FILE"),
            command("label", " FILE")
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

/// An address for which this program was not built.
#[cfg(not(all(feature = "client", feature = "object-store")))]
pub(crate) fn needs_the_feature(url: &str, feature: &str) -> String {
    format!(
        "{url}: this program was built without the feature `{feature}`; build it with `cargo build --release --features {feature}`"
    )
}

/// An option that is for servers alone.
#[cfg(feature = "client")]
pub(crate) fn needs_a_server(option: &str) -> String {
    format!("{option} is for commands on a server; name it with --server URL, or leave it out")
}

/// A command that a server does not do.
#[cfg(feature = "client")]
pub(crate) fn not_on_a_server(command: &str) -> String {
    format!(
        "`assort {command}` cannot be done on a server; leave out --server, and ASSORT_SERVER of the environment, \
         and name the directory of a catalog of this machine"
    )
}

/// An option of a command that a server does not know.
#[cfg(feature = "client")]
pub(crate) fn option_not_on_a_server(option: &str) -> String {
    format!("a server does not know {option}; leave it out")
}

/// A certificate without its key, or the reverse.
#[cfg(feature = "client")]
pub(crate) fn half_a_certificate() -> String {
    "--own-certificate and --own-private-key belong together; name both".to_owned()
}

/// A file for a key that has none.
#[cfg(feature = "client")]
pub(crate) fn empty_key_file() -> String {
    "the file of --key-file is empty; write the key into it, on one line".to_owned()
}

/// A name that no catalog of a server has.
#[cfg(feature = "client")]
pub(crate) fn no_name_of_a_catalog(given: &Path) -> String {
    format!(
        "`{}` is no name of a catalog; with --server, give the name that it is served by, such as `shop`",
        given.display()
    )
}

/// An error of a client with what to do about it. `served` are the catalogs that the
/// server has, where one is named that it has not.
#[cfg(feature = "client")]
pub(crate) fn told_of_client(error: &assort_client::Error, served: Option<&[String]>) -> String {
    use assort_client::Error as Client;
    let hint = match (error, error.reason()) {
        (Client::Address { .. }, _) => {
            "name it with --server http://HOST:PORT, or https://HOST:PORT if it has a certificate"
        }
        (Client::Unreachable { .. }, _) => {
            "start it with `assort serve DIR`, or name another one with --server"
        }
        (Client::Broken { url, .. }, _) if url.starts_with("http://") => {
            "try again, with https:// if the server has a certificate"
        }
        (Client::Broken { .. }, _) => "try again, with http:// if the server has no certificate",
        (Client::Untrusted { .. } | Client::Certificates(_), _) => {
            "name the file of certificates that the server's rests on with --ca"
        }
        (Client::CallerUntrusted { .. }, _) => {
            "name yours with --own-certificate and --own-private-key"
        }
        (Client::Deadline, _) => "give it longer with --timeout",
        (_, Some("KEY_MISSING")) => {
            "name its file with --key-file, or put it into ASSORT_KEY of the environment"
        }
        (Client::Key, _) | (_, Some("KEY_UNKNOWN" | "KEY_FORBIDS")) => {
            "give another one with --key-file, or as ASSORT_KEY of the environment"
        }
        (_, Some("QUEUE_FULL" | "STOPPING" | "PAGE_TOKEN_EXPIRED")) => "try again later",
        _ => "",
    };
    let hint = match served {
        None => hint.to_owned(),
        Some([]) => "it has none that the key may read".to_owned(),
        Some(served) => format!("it has {}", served.join(", ")),
    };
    joined(
        error.to_string(),
        Some(hint).filter(|hint| !hint.is_empty()),
    )
}

/// Why products cannot be filed by a method, where the catalog is not ready for it.
#[cfg(feature = "client")]
pub(crate) fn method_not_ready(said: &str, method: Method, named: &Named<'_>) -> String {
    let hint = match method {
        Method::Neighbors => format!(
            "label some with `{}`, or use --method zero-shot",
            named.command("label", " FILE")
        ),
        Method::Head => format!(
            "train one with `{}`, or use --method auto",
            named.command("train", "")
        ),
        Method::Pictures => {
            "the catalog's own `assort pictures` embeds pictures; or use --method auto".to_owned()
        }
        _ => return said.to_owned(),
    };
    joined(said.to_owned(), Some(hint))
}

/// An import into a server that broke off, after so many rows.
#[cfg(feature = "client")]
pub(crate) fn import_broke_off(error: &str, stored: &str) -> String {
    format!("{error}; {stored} stored, and the same command goes on from here")
}

/// Labels that cannot be divided as asked for.
pub(crate) fn folds_do_not_fit(error: &Error) -> String {
    format!("{error}; choose another number for --folds")
}

/// The embedder that is recommended for other languages than English.
const FOR_OTHER_LANGUAGES: &str = "fastembed:MultilingualE5Small";

/// An embedder that does not read what a taxonomy is written in.
pub(crate) fn embedder_cannot_read(spec: &Spec, script: Script) -> String {
    format!(
        "warning: the taxonomy is written in {script}, which {spec} does not read: products will be filed by chance; make the catalog anew with `--embedder {FOR_OTHER_LANGUAGES}`"
    )
}

/// A taxonomy that another embedder is known to file better.
pub(crate) fn a_model_files_better() -> String {
    format!(
        "note: with few labels `--embedder {FOR_OTHER_LANGUAGES}` files more products of such a taxonomy rightly, at about 130 titles a second"
    )
}

/// A tree that looks as if its file was read wrongly, if there are reasons.
pub(crate) fn doubtful_taxonomy(doubts: &[String]) -> Option<String> {
    (!doubts.is_empty()).then(|| {
        format!(
            "the taxonomy looks wrong: {}; --separator, --path, --parent and --levels say how it is to be read",
            doubts.join("; ")
        )
    })
}

/// A question to which there is nobody to answer.
pub(crate) fn pass_yes(question: &str) -> String {
    format!("{question}; pass --yes to go on all the same")
}

/// What follows a new catalog.
pub(crate) fn import_is_next(directory: &Path) -> String {
    format!("next: assort import {} PRODUCTS.csv", directory.display())
}

/// Products that the embedder has learned nothing of, if there are any.
pub(crate) fn unknown_products(unknown: &UnknownTexts, directory: &Path) -> Option<String> {
    let filed = "their vectors mean nothing, and they are filed by words alone or not at all";
    of_unknown(unknown, "product", "products", filed, directory)
}

/// Categories that the embedder has learned nothing of, if there are any.
pub(crate) fn unknown_categories(unknown: &UnknownTexts, directory: &Path) -> Option<String> {
    let filed = "products are filed there by words and labels alone";
    of_unknown(unknown, "category", "categories", filed, directory)
}

fn of_unknown(
    unknown: &UnknownTexts,
    one: &str,
    many: &str,
    so: &str,
    directory: &Path,
) -> Option<String> {
    let scripts = unknown.by_script.iter();
    let scripts: Vec<String> = scripts
        .map(|(script, texts)| format!("{} {script}", count(*texts)))
        .collect();
    (!scripts.is_empty()).then(|| {
        format!(
            "warning: the embedder has learned nothing of the words of {} of {} ({}): {so}; `assort embedders` lists others, and `assort reembed {} --embedder SPEC` moves to one",
            count(unknown.unknown()),
            counted(unknown.seen, one, many),
            scripts.join(", "),
            directory.display()
        )
    })
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
pub(crate) fn more_follow(printed: &str, named: &Named<'_>) -> String {
    format!(
        "{printed}, and more follow: --top prints more, `{}` all",
        named.command("export", "")
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
