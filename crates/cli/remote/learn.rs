//! `assort train`, `distill`, `tune`, `check`, `compact` and `stats` on a server.

use std::time::Instant;

use assort::DistillOptions;
use assort_client::v1;

use super::{Remote, values};
use crate::args::{Check, Distill, Global, Stats, Train, Tune};
use crate::commands;
use crate::commands::distill::not_good_enough;
use crate::failure::{Done, Failure, Outcome};
use crate::hints;
use crate::progress::Console;

/// Refuses the first option that was given and that a server does not know.
fn refuse(options: &[(&str, bool)]) -> Result<(), Failure> {
    match options.iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(Failure::Usage(hints::option_not_on_a_server(option))),
        None => Ok(()),
    }
}

fn number(given: Option<std::num::NonZeroUsize>) -> i32 {
    given.map_or(0, |given| i32::try_from(given.get()).unwrap_or(i32::MAX))
}

pub(super) fn train(args: &Train, remote: &Remote, global: &Global) -> Outcome {
    refuse(&[
        ("--linear", args.linear),
        ("--hidden", args.hidden.is_some()),
        ("--loss", args.loss.is_some()),
        ("--learning-rate", args.learning_rate.is_some()),
    ])?;
    let mut console = Console::new(global.quiet);
    let begun = Instant::now();
    let request = v1::TrainHeadRequest {
        heads: number(args.heads),
        epochs: number(args.epochs),
        seed: args.seed,
        ..v1::TrainHeadRequest::default()
    };
    let report = remote.follow(remote.catalog.train(request), &mut console)?;
    let report = values::trained(&report);
    commands::train::print(&report, begun.elapsed(), args.format, &console)
}

pub(super) fn distill(args: &Distill, remote: &Remote, global: &Global) -> Outcome {
    let given = &args.teaching;
    let (options, usual) = (given.options(), DistillOptions::default());
    let teaching = options.teaching != usual.teaching;
    refuse(&[
        ("--no-adopt", args.no_adopt),
        ("--export", args.export.is_some()),
        ("--start", given.start.is_some()),
        ("--buckets, --epochs and --seed", teaching),
        ("--labels", options.labels != usual.labels),
        ("--query-encoder", options.queries.is_some()),
    ])?;
    let mut console = Console::new(global.quiet);
    let request = v1::DistillStudentRequest {
        sample: number(Some(given.sample)),
        min_quality: Some(given.min_quality),
        ..v1::DistillStudentRequest::default()
    };
    let told = remote.follow(remote.catalog.distill(request), &mut console)?;
    let report = values::distilled(&told);
    commands::distill::print(&report, args.format)?;
    if !told.adopted {
        return Err(not_good_enough(&report, given.min_quality));
    }
    console.say("the catalog is on the student");
    Ok(Done::Whole)
}

pub(super) fn tune(args: &Tune, remote: &Remote, global: &Global) -> Outcome {
    let mut console = Console::new(global.quiet);
    remote.follow(remote.catalog.seal(), &mut console)?;
    let work = remote.catalog.tune(args.recall, args.queries.get());
    let tuned = remote.follow(work, &mut console)?;
    commands::tune::print(&values::tuned(&tuned), args, global)
}

pub(super) fn check(args: &Check, remote: &Remote, global: &Global) -> Outcome {
    let mut console = Console::new(global.quiet);
    let found = remote.follow(remote.catalog.check(args.repair), &mut console)?;
    if args.repair {
        commands::check::tell_repaired(found.repaired as u64, global);
    }
    let problems: Vec<_> = found.problems.iter().map(values::problem).collect();
    let products = || Ok(remote.wait(remote.catalog.stats())?.products as u64);
    commands::check::print(&problems, products, &remote.named(), global)
}

pub(super) fn compact(remote: &Remote, global: &Global) -> Outcome {
    let mut console = Console::new(global.quiet);
    let done = remote.follow(remote.catalog.compact(), &mut console)?;
    let left = remote.wait(remote.catalog.stats())?.bytes as u64;
    commands::compact::tell(done.saved_bytes as u64, left, global);
    Ok(Done::Whole)
}

pub(super) fn stats(args: &Stats, remote: &Remote) -> Outcome {
    let told = remote.wait(remote.catalog.stats())?;
    commands::stats::print(&values::stats(&told), None, args)
}
