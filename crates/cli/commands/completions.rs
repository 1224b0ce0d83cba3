//! `assort completions`

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::failure::{Done, Outcome};
use crate::output;

pub(crate) fn run(shell: Shell) -> Outcome {
    let mut sink = output::sink(None)?;
    clap_complete::generate(shell, &mut Cli::command(), "assort", &mut sink);
    sink.flush()?;
    Ok(Done::Whole)
}
