//! The program `assort`.

use std::process::ExitCode;

fn main() -> ExitCode {
    assort_cli::run(std::env::args_os()).into()
}
