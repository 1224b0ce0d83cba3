//! The module `assort._assort`: what Python's package `assort` calls. It is private to that
//! package, whose functions say what they take and give.

mod catalog;
mod categories;
mod decisions;
mod distilling;
mod encoder;
mod error;
mod evaluating;
mod pack;
mod rows;
mod sharded;
mod table;
mod work;

use pyo3::prelude::*;

#[pymodule]
mod _assort {
    use std::ffi::OsString;

    use pyo3::prelude::*;

    #[pymodule_export]
    use super::catalog::Catalog;
    #[pymodule_export]
    use super::decisions::Decisions;
    #[pymodule_export]
    use super::encoder::Encoder;
    #[pymodule_export]
    use super::pack::Pack;
    #[pymodule_export]
    use super::sharded::Sharded;

    #[pymodule_export]
    use super::table::Table;

    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    /// Runs a command of the command line; gives its exit code.
    #[pyfunction]
    fn command(py: Python<'_>, arguments: Vec<OsString>) -> PyResult<u8> {
        super::command(py, arguments)
    }
}

#[cfg(feature = "cli")]
fn command(py: Python<'_>, arguments: Vec<std::ffi::OsString>) -> PyResult<u8> {
    Ok(py.detach(|| assort_cli::run(arguments)))
}

#[cfg(not(feature = "cli"))]
fn command(_: Python<'_>, arguments: Vec<std::ffi::OsString>) -> PyResult<u8> {
    drop(arguments);
    let what = "this build has no command line; build it with the feature `cli`";
    Err(error::invalid(what))
}
