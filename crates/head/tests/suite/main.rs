//! Heads through the public API.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test fails the test"
)]

mod attributes;
mod file;
mod older;
mod training;

use assort_head::{Head, HeadInput, Labelled, Result, Step, TrainOptions, train};

/// Titles of two kinds of things in many colours and sizes, with their class.
fn titles(count: usize) -> (Vec<String>, Vec<u32>) {
    const KINDS: [&str; 3] = ["kettle for tea", "running shoe", "电热水壶"];
    let all = (0..count).map(|at| {
        let class = at % KINDS.len();
        let title = format!("{} colour{} size {}", KINDS[class], at % 7, at % 11);
        (title, class as u32)
    });
    all.unzip()
}

fn categories() -> Vec<String> {
    ["kettles", "shoes", "wasser"].map(str::to_owned).into()
}

/// A head that learned from `count` titles.
fn trained(
    count: usize,
    options: &TrainOptions,
    go_on: &mut dyn FnMut(Step) -> bool,
) -> Result<Head> {
    let (titles, classes) = titles(count);
    let inputs: Vec<HeadInput<'_>> = titles.iter().map(|title| HeadInput::plain(title)).collect();
    let data = Labelled {
        inputs: &inputs,
        classes: &classes,
        categories: &categories(),
        ..Labelled::default()
    };
    train(&data, options, go_on)
}

fn small() -> TrainOptions {
    TrainOptions::default()
        .with_shape(assort_head::Shape::Hidden(16))
        .with_batch(32)
        .with_epochs(10)
}
