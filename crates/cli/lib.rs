//! The command line: arguments in, results on stdout, everything else on
//! stderr. It is a library so that other programs, Python's `assort` among them, can be
//! it, too; there is no other use for it.

/// Prints a line to stderr, unless nobody reads it any more.
macro_rules! tell {
    ($($message:tt)*) => {
        drop(std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("{}\n", format_args!($($message)*)),
        ))
    };
}

mod args;
mod commands;
mod embedder;
mod failure;
mod files;
mod hints;
#[cfg(feature = "client")]
mod key;
mod notes;
mod progress;
mod rejects;
#[cfg(feature = "client")]
mod remote;
mod render;
mod script;
#[cfg(feature = "serve")]
mod settings;
mod stop;
mod text;

use std::ffi::OsString;

use crate::args::{Cli, Command};
use crate::failure::{Failure, Outcome};

/// Runs the command that `arguments` name, of which the first is the program's own name;
/// gives the exit code. What clap says itself (`--help`, and that arguments are wrong) ends
/// the process.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = Cli::read(arguments);
    cli.global().use_threads();
    // A panic over damaged pages is caught below and reported as an error; its
    // own message would only confuse. Others are told here.
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(|| command(cli));
    failure::exit_code(outcome.unwrap_or_else(|panic| Err(Failure::panicked(panic.as_ref()))))
}

fn command(cli: Cli) -> Outcome {
    let global = &cli.global();
    #[cfg(feature = "client")]
    if let Some(url) = cli.server.url() {
        return remote::run(cli.command, url, &cli.server, global);
    } else if let Some(option) = cli.server.for_servers()
        && !matches!(cli.command, Command::Replicate(_))
    {
        return Err(Failure::Usage(hints::needs_a_server(option)));
    }
    match cli.command {
        Command::Init(args) => commands::init::run(args, global),
        Command::Import(args) => commands::import::run(args, global),
        Command::Classify(args) if args.dir.is_file() => commands::pack::classify(&args, global),
        Command::Classify(args) => commands::classify::run(&args, global),
        Command::Search(args) => commands::search::run(&args, global),
        Command::Label(args) => commands::label::run(args, global),
        Command::Evaluate(args) => commands::evaluate::run(args, global),
        Command::Taxonomy(args) => commands::taxonomy::run(args, global),
        Command::AuditLabels(args) => commands::audit_labels::run(&args, global),
        #[cfg(feature = "pictures")]
        Command::Pictures(args) => commands::pictures::run(&args, global),
        Command::Attributes(args) => commands::attributes::run(&args, global),
        Command::Duplicates(args) => commands::duplicates::run(&args, global),
        Command::Facets(args) => commands::facets::run(&args, global),
        Command::Crosswalk(args) => commands::crosswalk::run(&args, global),
        Command::Train(args) => commands::train::run(&args, global),
        Command::Distill(args) => commands::distill::run(&args, global),
        Command::Reembed(args) => commands::reembed::run(args, global),
        Command::Remove(args) => commands::remove::run(&args, global),
        Command::List(args) => commands::list::list(&args, global),
        Command::Export(args) => commands::list::export(&args, global),
        Command::Show(args) => commands::show::run(&args),
        Command::Stats(args) => commands::stats::run(&args),
        Command::Check(args) => commands::check::run(&args, global),
        Command::Tune(args) => commands::tune::run(&args, global),
        Command::AuditIndex(args) => commands::tune::audit(&args, global),
        Command::Backup(args) => commands::backup::run(&args, global),
        Command::Pack(args) => commands::pack::run(&args, global),
        Command::Restore(args) => commands::restore::run(&args, global),
        Command::Replicate(args) => {
            #[cfg(feature = "client")]
            let source = commands::replicate::source(&args, &cli.server)?;
            #[cfg(not(feature = "client"))]
            let source = commands::replicate::source(&args)?;
            commands::replicate::run(&args, source, global)
        }
        #[cfg(feature = "object-store")]
        Command::Gc(args) => commands::sharded::gc(&args, global),
        Command::Compact(args) => commands::compact::run(&args, global),
        #[cfg(feature = "serve")]
        Command::Serve(args) => commands::serve::run(args, global),
        Command::Embedders(args) => commands::embedders::run(&args, global),
        Command::Completions { shell } => commands::completions::run(shell),
        Command::Demo(args) => commands::demo::run(args, global),
    }
}
