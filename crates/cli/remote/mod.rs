//! Commands on the catalogs of a server. They print by what prints for catalogs that are
//! open here: `values` turns answers into what the library gives.

mod attributes;
mod classify;
mod import;
mod label;
mod learn;
mod products;
mod search;
mod values;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use assort::core::{Taxonomy, TaxonomyChange};
use assort_client::{Answer, Catalog, Client, Error, Operation};
use tokio::runtime::{Builder, Runtime};

use self::values::Tree;
use crate::args::{Command, EmbedderArgs, Global, ServerArgs, TaxonomyCommand};
use crate::commands::taxonomy;
use crate::failure::{Done, Failure, Outcome};
use crate::hints::{self, Named};
use crate::key;
use crate::progress::Console;
use crate::{commands, stop};

/// How often it is looked whether somebody asks to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Does a command on the server at `url`.
pub(crate) fn run(command: Command, url: &str, server: &ServerArgs, global: &Global) -> Outcome {
    let open = |name: &Path| match global.of_embedders() {
        Some(option) => Err(Failure::Usage(hints::option_not_on_a_server(option))),
        None => Remote::open(url, server, name),
    };
    let with_own = |name: &Path, embedder: &EmbedderArgs| {
        let remote = open(name)?;
        match embedder.embedder {
            Some(_) => Err(Failure::Usage(hints::option_not_on_a_server("--embedder"))),
            None => Ok(remote),
        }
    };
    match command {
        Command::Import(args) => import::run(&args, &with_own(&args.dir, &args.embedder)?, global),
        Command::Classify(args) => {
            classify::run(&args, with_own(&args.dir, &args.embedder)?, global)
        }
        Command::Search(args) => search::run(&args, &with_own(&args.dir, &args.embedder)?, global),
        Command::Label(args) => label::run(&args, &with_own(&args.dir, &args.embedder)?, global),
        Command::Taxonomy(args) => tree(args.command, open, global),
        Command::Train(args) => learn::train(&args, &with_own(&args.dir, &args.embedder)?, global),
        Command::Distill(args) => {
            learn::distill(&args, &with_own(&args.dir, &args.embedder)?, global)
        }
        Command::Remove(args) => commands::remove::run_on(&open(&args.dir)?, &args, global),
        Command::List(args) => {
            let remote = open(&args.dir)?;
            commands::list::list_of(&remote, &args, &remote.named(), global)
        }
        Command::Export(args) => {
            stop::listen();
            commands::list::export_of(&open(&args.dir)?, &args, global)
        }
        Command::Show(args) => products::show(&args, &open(&args.dir)?),
        Command::Stats(args) => learn::stats(&args, &open(&args.dir)?),
        Command::Check(args) => learn::check(&args, &with_own(&args.dir, &args.embedder)?, global),
        Command::Tune(args) => learn::tune(&args, &open(&args.dir)?, global),
        Command::Compact(args) => learn::compact(&open(&args.dir)?, global),
        Command::Attributes(args) => attributes::attributes(&args, &open(&args.dir)?, global),
        Command::Facets(args) => attributes::facets(&args, &open(&args.dir)?, global),
        // These are for no catalog.
        Command::Embedders(args) => commands::embedders::run(&args, global),
        Command::Completions { shell } => commands::completions::run(shell),
        Command::Init(_) => local("init"),
        Command::Evaluate(_) => local("evaluate"),
        Command::AuditLabels(_) => local("audit-labels"),
        #[cfg(feature = "pictures")]
        Command::Pictures(_) => local("pictures"),
        Command::Duplicates(_) => local("duplicates"),
        Command::Crosswalk(_) => local("crosswalk"),
        Command::AuditIndex(_) => local("audit-index"),
        Command::Reembed(_) => local("reembed"),
        Command::Backup(_) => local("backup"),
        Command::Pack(_) => local("pack"),
        Command::Restore(_) => local("restore"),
        Command::Replicate(_) => local("replicate"),
        #[cfg(feature = "object-store")]
        Command::Gc(_) => local("gc"),
        Command::Demo(_) => local("demo"),
        #[cfg(feature = "serve")]
        Command::Serve(_) => local("serve"),
    }
}

/// Refuses what is done on a catalog of this machine alone.
fn local(command: &str) -> Outcome {
    Err(Failure::Usage(hints::not_on_a_server(command)))
}

/// A catalog of a server, and the tree of its categories once it was asked for.
pub(crate) struct Remote {
    runtime: Runtime,
    catalog: Catalog,
    name: PathBuf,
    tree: RwLock<Option<Arc<Taxonomy>>>,
}

impl Remote {
    fn open(url: &str, server: &ServerArgs, name: &Path) -> Result<Self, Failure> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let given = name.to_str().filter(|name| name.chars().all(plain));
        let given = given.filter(|name| !name.starts_with('.'));
        let given = given.ok_or_else(|| Failure::Usage(hints::no_name_of_a_catalog(name)))?;
        let mut connect = Client::connect(url);
        if let Some(key) = key::key(server.key_file.as_deref())? {
            connect = connect.key(key);
        }
        if let Some(path) = &server.ca {
            connect = connect.ca(key::read(path)?);
        }
        match (&server.own_certificate, &server.own_private_key) {
            (Some(certificate), Some(key)) => {
                connect = connect.certificate(key::read(certificate)?, key::read(key)?);
            }
            (None, None) => {}
            _ => return Err(Failure::Usage(hints::half_a_certificate())),
        }
        if let Some(seconds) = server.timeout {
            connect = connect.timeout(Duration::from_secs(seconds.get()));
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let runtime = runtime
            .map_err(|error| Failure::Failed(format!("no thread could be started: {error}")))?;
        let client = runtime
            .block_on(async { connect.await })
            .map_err(|error| failure(&error))?;
        Ok(Self {
            runtime,
            catalog: client.catalog(given),
            name: name.to_owned(),
            tree: RwLock::default(),
        })
    }

    fn url(&self) -> &str {
        self.catalog.client().url()
    }

    /// The catalog as commands name it.
    fn named(&self) -> Named<'_> {
        Named::at(self.url(), &self.name)
    }

    /// Waits for an answer of the server; gives none if somebody asks to stop first.
    fn until_stopped<T>(
        &self,
        work: impl Future<Output = assort_client::Result<T>>,
    ) -> Option<Result<T, Error>> {
        self.runtime.block_on(async {
            tokio::select! {
                done = work => Some(done),
                () = stopped() => None,
            }
        })
    }

    /// Waits for an answer of the server, or until somebody asks to stop.
    fn wait<T>(&self, work: impl Future<Output = assort_client::Result<T>>) -> Result<T, Failure> {
        match self.until_stopped(work) {
            Some(done) => done.map_err(|error| self.failure(&error)),
            None => Err(Failure::Stopped("stopped".to_owned())),
        }
    }

    /// A failure of a call; which catalogs there are is told where this one is not.
    fn failure(&self, error: &Error) -> Failure {
        let missing = error
            .refusal()
            .filter(|refusal| refusal.reason == "NOT_FOUND");
        let missing = missing.and_then(|refusal| refusal.resource());
        if missing.is_none_or(|(kind, _)| kind != "assort.v1.Catalog") {
            return failure(error);
        }
        let served = self.runtime.block_on(self.catalog.client().catalogs());
        let Ok(served) = served else {
            return failure(error);
        };
        let names = served
            .into_iter()
            .map(|one| one.name.replace("catalogs/", ""));
        let names: Vec<String> = names.collect();
        Failure::of(error.kind(), hints::told_of_client(error, Some(&names)))
    }

    /// The tree of the catalog's categories.
    fn tree(&self) -> Result<Tree, Failure> {
        let known = self
            .tree
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match known {
            Some(taxonomy) => Ok(Tree(taxonomy)),
            None => self.new_tree(),
        }
    }

    /// The same, asked for again.
    fn new_tree(&self) -> Result<Tree, Failure> {
        let taxonomy = Arc::new(self.wait(self.catalog.taxonomy())?);
        *self.tree.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&taxonomy));
        Ok(Tree(taxonomy))
    }

    /// Turns an answer into what the library gives, by a new tree if the one that is known
    /// does not have its categories.
    fn with_tree<T>(
        &self,
        turn: impl Fn(&Tree) -> Result<T, values::UnknownCategory>,
    ) -> Result<T, Failure> {
        match turn(&self.tree()?) {
            Ok(turned) => Ok(turned),
            Err(_) => turn(&self.new_tree()?).map_err(Into::into),
        }
    }

    /// Follows long work to its end, and cancels it if somebody asks to stop.
    fn follow<R: Answer>(
        &self,
        begin: impl Future<Output = assort_client::Result<Operation<R>>>,
        console: &mut Console,
    ) -> Result<R, Failure> {
        let mut operation = self.wait(begin)?;
        let mut tell = |metadata: &assort_client::v1::OperationMetadata| {
            if !metadata.stage.is_empty() {
                console.elsewhere(&metadata.stage, metadata.fraction);
            }
        };
        let ended = self.until_stopped(operation.follow(&mut tell));
        let ended = match ended {
            Some(ended) => ended,
            // It may end before it hears of it.
            None => self.runtime.block_on(async {
                operation.cancel().await?;
                operation.wait().await
            }),
        };
        console.finish();
        ended.map_err(|error| self.failure(&error))
    }
}

/// Waits until somebody asks to stop.
async fn stopped() {
    while !stop::requested() {
        tokio::time::sleep(LOOK).await;
    }
}

/// A failure of a call.
fn failure(error: &Error) -> Failure {
    Failure::of(error.kind(), hints::told_of_client(error, None))
}

/// `assort taxonomy`
fn tree(
    command: TaxonomyCommand,
    open: impl Fn(&Path) -> Result<Remote, Failure>,
    global: &Global,
) -> Outcome {
    match command {
        TaxonomyCommand::Show {
            dir,
            category,
            depth,
        } => taxonomy::show(&open(&dir)?.tree()?.0, category.as_deref(), depth),
        TaxonomyCommand::Find { dir, text } => {
            taxonomy::find(&open(&dir)?.tree()?.0, &text, global)
        }
        TaxonomyCommand::Export {
            dir,
            format,
            output,
        } => taxonomy::export(&open(&dir)?.tree()?.0, format, output.as_deref()),
        // A server embeds the texts of categories when they are needed.
        TaxonomyCommand::Import {
            dir,
            file,
            reading,
            dry_run,
            no_prepare: _,
        } => {
            let (tree, format) = commands::init::read(&file, &reading)?;
            let remote = open(&dir)?;
            let mut change = TaxonomyChange::between(&remote.tree()?.0, &tree);
            change.labels_lost = remote.wait(remote.catalog.labels_outside(&tree))?;
            taxonomy::tell_change(&tree, &format, &change, global);
            if !dry_run {
                taxonomy::may_replace(&tree, &change, reading.yes)?;
                remote.wait(remote.catalog.replace_taxonomy(&tree))?;
                taxonomy::replaced(&tree, &change, global);
            }
            Ok(Done::Whole)
        }
    }
}
