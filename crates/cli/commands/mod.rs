//! One file for each command.

pub(crate) mod check;
pub(crate) mod classify;
pub(crate) mod compact;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod embedders;
pub(crate) mod evaluate;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod label;
pub(crate) mod reembed;
pub(crate) mod remove;
pub(crate) mod search;
pub(crate) mod show;
pub(crate) mod stats;
pub(crate) mod taxonomy;
