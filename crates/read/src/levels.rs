//! Columns that are the levels of one path, such as `category1`, `category2`.

use assort_core::{CategoryIndex, SEPARATOR, Taxonomy};

use crate::known::{by_name, share_by_name};
use crate::sample::Sample;

/// The part of the rows in which a column lies below another, at least.
const BELOW: f64 = 0.9;

/// The part of the values of the uppermost column that are categories, at least.
const UPPERMOST: f64 = 0.6;

/// Rows that are looked at.
const ROWS: usize = 200;

/// The longest row of `columns` whose categories lie below one another, the deepest last:
/// in the order of the columns or the other way round. Empty if there is none.
pub(crate) fn levels(taxonomy: &Taxonomy, sample: &Sample, columns: &[usize]) -> Vec<usize> {
    let backwards: Vec<usize> = columns.iter().rev().copied().collect();
    let is_uppermost = |column: usize| {
        let share = share_by_name(taxonomy, sample, column);
        share.is_some_and(|share| share >= UPPERMOST)
    };
    let is_uppermost = &is_uppermost;
    let chains = [columns, &backwards].into_iter().flat_map(|columns| {
        let from = (0..columns.len()).filter(move |&from| is_uppermost(columns[from]));
        from.map(move |from| chain(taxonomy, sample, &columns[from..]))
    });
    // The first of equally long ones, in the order of the file.
    let longest = chains.reduce(|best, other| {
        if other.len() > best.len() {
            other
        } else {
            best
        }
    });
    longest.filter(|chain| chain.len() > 1).unwrap_or_default()
}

fn chain(taxonomy: &Taxonomy, sample: &Sample, columns: &[usize]) -> Vec<usize> {
    let mut chain: Vec<usize> = columns.first().copied().into_iter().collect();
    for &column in columns.iter().skip(1) {
        if is_below(taxonomy, sample, &chain, column) {
            chain.push(column);
        }
    }
    chain
}

/// Whether nearly all values of a column are categories below those of the columns above.
fn is_below(taxonomy: &Taxonomy, sample: &Sample, above: &[usize], column: usize) -> bool {
    let (mut all, mut below) = (0u32, 0u32);
    for row in 0..sample.len().min(ROWS) {
        let value = |&at: &usize| sample.value(row, at);
        let upper: Vec<&str> = above
            .iter()
            .map(value)
            .filter(|value| !value.is_empty())
            .collect();
        let own = sample.value(row, column);
        if upper.is_empty() || own.is_empty() {
            continue;
        }
        all += 1;
        let lower: Vec<&str> = upper.iter().copied().chain([own]).collect();
        let found = deepest(taxonomy, &upper).zip(deepest(taxonomy, &lower));
        below += u32::from(found.is_some_and(|(upper, lower)| {
            upper != lower && taxonomy.lineage(lower).contains(&upper)
        }));
    }
    all > 0 && f64::from(below) >= f64::from(all) * BELOW
}

/// The category that names from the top down are: the whole path, or else the last name.
fn deepest(taxonomy: &Taxonomy, names: &[&str]) -> Option<CategoryIndex> {
    let last = names.last()?;
    by_name(taxonomy, &names.join(SEPARATOR)).or_else(|| by_name(taxonomy, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::tests::sample;

    #[test]
    fn columns_below_one_another_are_levels_in_either_order() {
        let paths = [
            "Home > Kitchen > Pans",
            "Home > Kitchen > Pots",
            "Wear > Hats",
        ];
        let taxonomy = Taxonomy::from_paths(paths).unwrap();
        let found = |rows: &[&str]| levels(&taxonomy, &sample(rows), &[0, 1, 2]);
        assert_eq!(found(&["Home|Kitchen|Pans", "Wear|Hats|"]), [0, 1, 2]);
        assert_eq!(
            found(&["Pans|Kitchen|Home", "Pots|Kitchen|Home"]),
            [2, 1, 0]
        );
        assert_eq!(found(&["Home|Pans|red", "Wear|Hats|blue"]), [0, 1]);
        assert!(found(&["Hats|Pans|Pots", "Pots|Hats|Pans"]).is_empty());
        assert!(found(&["Pans|Pans|", "Hats|Hats|"]).is_empty());
    }
}
