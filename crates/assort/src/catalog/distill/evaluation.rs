//! What a student is worth: judged on texts that it did not learn from.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use assort_core::vector::{dot, normalize};
use assort_core::{Candidates, CategoryIndex, Prototypes, Taxonomy, mean_of, text_hash};
use assort_distill::{QueryEncoder, Student, Table};
use rayon::prelude::*;

use super::{Categories, DistillReport, FLOOR, Text, Vectors};

/// Neighbours that are compared.
const NEAREST: usize = 10;

/// Queries whose neighbours are looked for, and products among which, at most.
const QUERIES: usize = 500;
const AMONG: usize = 50_000;

/// Fewer labelled products than this say nothing of accuracy.
const FEWEST: usize = 50;

/// How much better the teacher must be at queries to be asked for each.
const WORTH: f32 = 0.005;

/// Parts of the held-out products with a label that are filed rightly.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Accuracy {
    /// By the categories' own words: products and categories by the teacher.
    pub zero_shot_teacher: f32,
    /// Both by the student.
    pub zero_shot_student: f32,
    /// Products by the student, categories by the teacher.
    pub zero_shot_mixed: f32,
    /// By the nearest labelled product, all by the teacher.
    pub neighbor_teacher: f32,
    /// All by the student.
    pub neighbor_student: f32,
}

/// All that is judged by.
pub(super) struct Evaluator<'a> {
    pub(super) taxonomy: &'a Taxonomy,
    pub(super) categories: &'a Categories,
    pub(super) learned: &'a [Text],
    pub(super) held_out: &'a [Text],
    pub(super) vectors: &'a Vectors,
    pub(super) table: &'a Table,
    pub(super) student: &'a Student,
}

/// Rows of one encoder.
struct Rows {
    dimensions: usize,
    learned: Vec<f32>,
    held_out: Vec<f32>,
    categories: Vec<f32>,
}

impl Evaluator<'_> {
    /// What the student is worth, and how long what it says of a text usually
    /// is, which [`Student::familiarity`] is measured by.
    pub(super) fn report(&self) -> (DistillReport, f32) {
        let dimensions = self.student.dimensions();
        let learned = &self.learned[..self.learned.len().min(AMONG)];
        let rows = |texts: &[Text]| -> Vec<f32> {
            let rows = texts.iter().flat_map(|text| text.vector(self.vectors));
            rows.copied().collect()
        };
        let categories = self.categories.texts.iter();
        let teacher = Rows {
            dimensions,
            learned: rows(learned),
            held_out: rows(self.held_out),
            categories: categories
                .flat_map(|text| self.vectors[&text_hash(text)].iter().copied())
                .collect(),
        };
        let words = |texts: &[Text]| {
            let texts: Vec<Cow<'_, str>> = texts.iter().map(Text::composed).collect();
            let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
            self.student.embed(&texts)
        };
        let begun = Instant::now();
        let learned_by_student = words(learned).0;
        let seconds = begun.elapsed().as_secs_f64();
        let (held_out, familiar) = words(self.held_out);
        let names: Vec<&str> = self.categories.texts.iter().map(String::as_str).collect();
        let student = Rows {
            dimensions,
            learned: learned_by_student,
            held_out,
            categories: self.student.embed(&names).0,
        };
        let cosine = self.cosine(&student.held_out);
        let whole: Vec<f32> = self
            .held_out
            .par_iter()
            .flat_map_iter(|text| self.table.embed(&text.composed()))
            .collect();
        let accuracy = self.accuracy(&teacher, &student);
        let usual = familiar.iter().sum::<f32>() / familiar.len().max(1) as f32;
        let report = DistillReport {
            held_out: self.held_out.len() as u64,
            cosine,
            rounding: self.cosine(&whole) - cosine,
            overlap: overlap(
                (&teacher.held_out, &teacher.learned),
                (&student.held_out, &student.learned),
                dimensions,
            ),
            left: share(&familiar, |&length| length < FLOOR * usual),
            queries: better(accuracy),
            accuracy,
            rate: learned.len() as f64 / seconds.max(1e-9),
            ..DistillReport::default()
        };
        (report, usual)
    }

    /// Mean cosine of rows of the held-out texts with the teacher's.
    fn cosine(&self, rows: &[f32]) -> f32 {
        let pairs = self
            .held_out
            .iter()
            .zip(rows.chunks_exact(self.student.dimensions()));
        let sum: f32 = pairs
            .map(|(text, row)| dot(text.vector(self.vectors), row))
            .sum();
        sum / self.held_out.len().max(1) as f32
    }

    fn accuracy(&self, teacher: &Rows, student: &Rows) -> Option<Accuracy> {
        let truth: Vec<(usize, CategoryIndex)> = (0..)
            .zip(self.held_out)
            .filter_map(|(at, text)| Some((at, text.label?)))
            .collect();
        if truth.len() < FEWEST {
            return None;
        }
        Some(Accuracy {
            zero_shot_teacher: self.zero_shot(teacher, &teacher.categories, &truth),
            zero_shot_student: self.zero_shot(student, &student.categories, &truth),
            zero_shot_mixed: self.zero_shot(student, &teacher.categories, &truth),
            neighbor_teacher: self.neighbor(teacher, &truth),
            neighbor_student: self.neighbor(student, &truth),
        })
    }

    fn zero_shot(&self, rows: &Rows, words: &[f32], truth: &[(usize, CategoryIndex)]) -> f32 {
        let dimensions = rows.dimensions;
        let mut leaves = Vec::with_capacity(self.categories.counts.len() * dimensions);
        let mut left = words;
        for &count in &self.categories.counts {
            let (own, rest) = left.split_at(count * dimensions);
            let mut leaf = mean_of(own, dimensions);
            normalize(&mut leaf);
            leaves.extend(leaf);
            left = rest;
        }
        let candidates = Arc::new(Candidates::leaves(self.taxonomy));
        let mean = Some(mean_of(&rows.learned, dimensions));
        let prototypes = Prototypes::new(candidates, &leaves, dimensions, mean);
        share(truth, |&(at, category)| {
            let scores = prototypes.scores(&rows.held_out[at * dimensions..][..dimensions]);
            let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
            best.is_some_and(|best| prototypes.candidates().categories()[best] == category)
        })
    }

    fn neighbor(&self, rows: &Rows, truth: &[(usize, CategoryIndex)]) -> f32 {
        let dimensions = rows.dimensions;
        let most = truth.len().min(QUERIES);
        share(&truth[..most], |&(at, category)| {
            let query = &rows.held_out[at * dimensions..][..dimensions];
            let labelled = self
                .learned
                .iter()
                .zip(rows.learned.chunks_exact(dimensions))
                .filter_map(|(text, row)| Some((text.label?, dot(query, row))));
            let best = labelled.max_by(|a, b| a.1.total_cmp(&b.1));
            best.is_some_and(|(label, _)| label == category)
        })
    }
}

/// The part of `all` that is `right`.
fn share<T: Sync>(all: &[T], right: impl Fn(&T) -> bool + Sync + Send) -> f32 {
    let hits = all.par_iter().filter(|one| right(one)).count();
    hits as f32 / all.len().max(1) as f32
}

/// The encoder that does better at categories. Where no labels tell, it is the
/// student: words it knows from the products point where it puts these.
fn better(accuracy: Option<Accuracy>) -> QueryEncoder {
    match accuracy {
        Some(known) if known.zero_shot_mixed > known.zero_shot_student + WORTH => {
            QueryEncoder::Teacher
        }
        _ => QueryEncoder::Student,
    }
}

/// Queries and the rows they are compared with.
type Pair<'a> = (&'a [f32], &'a [f32]);

/// Mean part of the nearest rows by `truth` that are among the nearest by
/// `other`.
fn overlap(truth: Pair<'_>, other: Pair<'_>, dimensions: usize) -> f32 {
    let count = truth.0.len() / dimensions.max(1);
    let step = count.div_ceil(QUERIES).max(1);
    let queries: Vec<usize> = (0..count).step_by(step).collect();
    let shares: f32 = queries
        .par_iter()
        .map(|&at| {
            let own = |(queries, rows): Pair<'_>| {
                nearest(&queries[at * dimensions..][..dimensions], rows, dimensions)
            };
            let (wanted, found) = (own(truth), own(other));
            let both = wanted.iter().filter(|row| found.contains(row)).count();
            both as f32 / wanted.len().max(1) as f32
        })
        .sum();
    shares / queries.len().max(1) as f32
}

fn nearest(query: &[f32], rows: &[f32], dimensions: usize) -> Vec<usize> {
    let mut all: Vec<(f32, usize)> = rows
        .chunks_exact(dimensions)
        .enumerate()
        .map(|(at, row)| (dot(query, row), at))
        .collect();
    let most = NEAREST.min(all.len());
    if most < all.len() {
        all.select_nth_unstable_by(most, |a, b| b.0.total_cmp(&a.0));
    }
    all[..most].iter().map(|(_, at)| *at).collect()
}
