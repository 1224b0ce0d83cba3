//! `assort completions`

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::failure::{Done, Outcome};
use crate::render;

pub(crate) fn run(shell: Shell) -> Outcome {
    // Made whole first: clap panics where writing fails.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "assort", &mut script);
    let mut sink = render::sink(None)?;
    sink.write_all(&script)?;
    sink.flush()?;
    Ok(Done::Whole)
}
