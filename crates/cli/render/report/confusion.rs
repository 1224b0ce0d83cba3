//! What is taken for what: heat maps of the first level, or of the whole where it has
//! one level, and of the parents whose children are confused most.

use std::collections::BTreeMap;

use assort::core::{CategoryIndex, Report, Taxonomy};
use maud::{Markup, html};

use crate::text::{count, counted};

/// Categories of a heat map at most.
const MOST: usize = 22;

/// Children of one parent at most.
const MOST_CHILDREN: usize = 8;

/// Parents that are shown.
const PARENTS: usize = 4;

pub(super) fn section(report: &Report, taxonomy: &Taxonomy) -> Markup {
    let siblings = &report.siblings;
    let first_level = Heat::of_roots(report, taxonomy);
    let parents = worst_parents(report, taxonomy);
    html! {
        section {
            h2 { "Mistakes" }
            p .lead {
                (counted(report.errors as u64, "decision is", "decisions are")) " wrong. "
                @if siblings.errors > 0 {
                    (count(siblings.errors as u64)) " of them (" (format!("{:.0}%", 100.0 * siblings.share))
                    ") stay among categories of one parent."
                }
            }
            p .legend {
                "A row is a true category, a column what it was taken for; columns have the numbers of the rows. "
                span .key { span .swatch .right {} " right, " } span .key { span .swatch .wrong {} " mistakes" } ", "
                "the stronger the larger their part of the row."
            }
            h3 { "The first level" }
            (first_level.table(taxonomy))
            @if !parents.is_empty() {
                h3 { "Siblings that are confused most" }
                div .heats {
                    @for (parent, heat) in &parents {
                        figure .heat-of {
                            figcaption .above { (taxonomy.path(*parent)) }
                            (heat.table(taxonomy))
                        }
                    }
                }
            }
            (frequent(report, taxonomy))
        }
    }
}

/// How often categories were taken for each other.
struct Heat {
    /// Categories by the number of their mistakes; what is not among them is together.
    categories: Vec<CategoryIndex>,
    counts: BTreeMap<(CategoryIndex, CategoryIndex), usize>,
    products: BTreeMap<CategoryIndex, usize>,
    /// Products without a decision as deep as the truth.
    undecided: BTreeMap<CategoryIndex, usize>,
    /// Categories that are not shown.
    left_out: usize,
}

impl Heat {
    /// Groups categories by `of`; what it gives nothing for is not looked at.
    fn new(
        report: &Report,
        of: impl Fn(CategoryIndex) -> Option<CategoryIndex>,
        most: usize,
    ) -> Self {
        let (mut counts, mut products) = (BTreeMap::new(), BTreeMap::new());
        let mut decided: BTreeMap<CategoryIndex, usize> = BTreeMap::new();
        let mut wrong: BTreeMap<CategoryIndex, usize> = BTreeMap::new();
        for one in &report.categories {
            if let Some(own) = of(one.category) {
                *products.entry(own).or_insert(0) += one.support;
                *counts.entry((own, own)).or_insert(0) += one.right;
                *decided.entry(own).or_insert(0) += one.right;
            }
        }
        for one in &report.confusions {
            let Some(truth) = of(one.truth) else {
                continue;
            };
            *decided.entry(truth).or_insert(0) += one.count;
            let Some(taken_for) = of(one.decided) else {
                continue;
            };
            *counts.entry((truth, taken_for)).or_insert(0) += one.count;
            if truth != taken_for {
                *wrong.entry(truth).or_insert(0) += one.count;
                *wrong.entry(taken_for).or_insert(0) += one.count;
            }
        }
        let undecided = products.iter().map(|(category, products)| {
            let decided = decided.get(category).copied().unwrap_or(0);
            (*category, products - decided.min(*products))
        });
        let undecided = undecided.collect();
        let wrong_of = |category: &CategoryIndex| wrong.get(category).copied().unwrap_or(0);
        let mut categories: Vec<CategoryIndex> = products.keys().copied().collect();
        categories.retain(|category| products[category] > 0 && wrong_of(category) > 0);
        categories.sort_by_key(|category| std::cmp::Reverse(wrong_of(category)));
        let left_out = categories.len().saturating_sub(most);
        categories.truncate(most);
        // The largest first, as in the table of categories.
        categories.sort_by_key(|category| std::cmp::Reverse(products[category]));
        Self {
            categories,
            counts,
            products,
            undecided,
            left_out,
        }
    }

    /// Of categories of the first level.
    fn of_roots(report: &Report, taxonomy: &Taxonomy) -> Self {
        let root = |category| taxonomy.lineage(category).first().copied();
        Self::new(report, root, MOST)
    }

    fn count(&self, truth: CategoryIndex, decided: CategoryIndex) -> usize {
        self.counts.get(&(truth, decided)).copied().unwrap_or(0)
    }

    fn table(&self, taxonomy: &Taxonomy) -> Markup {
        if self.categories.is_empty() {
            return html! { p .aside { "No mistakes between categories of this level." } };
        }
        let has_undecided = self.categories.iter().any(|at| self.undecided[at] > 0);
        html! {
            div .scroll {
                table .heat {
                    thead {
                        tr {
                            th {}
                            @for (number, category) in (1..).zip(&self.categories) {
                                th title=(taxonomy.path(*category)) { (number) }
                            }
                            th .other title="all other categories" { "others" }
                            @if has_undecided { th .other title="no decision, or one above the truth" { "none" } }
                            th .other { "all" }
                        }
                    }
                    tbody {
                        @for (number, truth) in (1..).zip(&self.categories) {
                            (self.row(taxonomy, number, *truth, has_undecided))
                        }
                    }
                }
            }
            @if self.left_out > 0 {
                p .aside { (counted(self.left_out as u64, "category", "categories")) " with fewer mistakes " (are(self.left_out)) " among the others." }
            }
        }
    }

    fn row(
        &self,
        taxonomy: &Taxonomy,
        number: usize,
        truth: CategoryIndex,
        has_undecided: bool,
    ) -> Markup {
        let (name, products) = (&taxonomy.category(truth).name, self.products[&truth]);
        let shown = self
            .categories
            .iter()
            .map(|&decided| self.count(truth, decided));
        let shown: usize = shown.sum();
        let others = products.saturating_sub(self.undecided[&truth] + shown);
        let cell = |count: usize, kind: &'static str, told: String| {
            let part = count as f64 / products.max(1) as f64;
            // Mistakes are few: their roots can be told apart.
            let shade = if kind == "right" { part } else { part.sqrt() };
            let on = if shade > 0.6 { "on" } else { "" };
            html! {
                td class=(format!("{kind} {on}")) style=(format!("--v:{shade:.2}"))
                    title=(format!("{name}, {told}: {count} of {products} ({:.1}%)", 100.0 * part)) {
                    @if count > 0 { (count) }
                }
            }
        };
        html! {
            tr {
                th scope="row" title=(taxonomy.path(truth)) {
                    span .rank { (number) } span .name { (name) }
                }
                @for &decided in &self.categories {
                    @let kind = if decided == truth { "right" } else { "wrong" };
                    (cell(self.count(truth, decided), kind, format!("taken for {}", taxonomy.category(decided).name)))
                }
                (cell(others, "wrong", "taken for others".to_owned()))
                @if has_undecided { (cell(self.undecided[&truth], "none", "not decided".to_owned())) }
                td .total { (count(products as u64)) }
            }
        }
    }
}

fn are(count: usize) -> &'static str {
    match count {
        1 => "is",
        _ => "are",
    }
}

/// The parents among whose children there are most mistakes.
fn worst_parents(report: &Report, taxonomy: &Taxonomy) -> Vec<(CategoryIndex, Heat)> {
    let mut mistakes: BTreeMap<CategoryIndex, usize> = BTreeMap::new();
    for pair in &report.siblings.pairs {
        if let Some(parent) = taxonomy.category(pair.first).parent {
            *mistakes.entry(parent).or_insert(0) += pair.count();
        }
    }
    let mut parents: Vec<(CategoryIndex, usize)> = mistakes.into_iter().collect();
    parents.sort_by_key(|(_, mistakes)| std::cmp::Reverse(*mistakes));
    parents.truncate(PARENTS);
    parents
        .into_iter()
        .map(|(parent, _)| {
            let child = |category: CategoryIndex| {
                (taxonomy.category(category).parent == Some(parent)).then_some(category)
            };
            (parent, Heat::new(report, child, MOST_CHILDREN))
        })
        .collect()
}

/// The mistakes that are made most often.
fn frequent(report: &Report, taxonomy: &Taxonomy) -> Markup {
    if report.confusions.is_empty() {
        return html! {};
    }
    html! {
        h3 { "The most frequent mistakes" }
        table .mistakes {
            thead { tr { th .number { "products" } th { "is" } th { "was taken for" } } }
            tbody {
                @for one in report.confusions.iter().take(15) {
                    tr {
                        td .number { (count(one.count as u64)) }
                        td { (super::path(taxonomy, one.truth)) }
                        td { (super::path(taxonomy, one.decided)) }
                    }
                }
            }
        }
    }
}
