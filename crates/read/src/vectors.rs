//! Lists of numbers that are vectors: what a model says of a product, and no attribute.

/// Numbers of a vector, at least.
const LEAST: usize = 64;

/// Whether a value is a list of many numbers, most of them fractions, or some below zero.
pub(crate) fn is_vector(text: &str) -> bool {
    // Of so many numbers each has a digit, and something behind it.
    let begins = |c: char| c.is_ascii_digit() || "[(-.".contains(c);
    if text.len() < LEAST * 2 || !text.trim_start().starts_with(begins) {
        return false;
    }
    let (mut all, mut fractions, mut below) = (0usize, 0usize, false);
    let numbers = text.trim().trim_matches(['[', ']', '(', ')']);
    let numbers = numbers.split(|c: char| c.is_whitespace() || ",;>".contains(c));
    for number in numbers.filter(|number| !number.is_empty()) {
        let Ok(value) = number.parse::<f64>() else {
            return false;
        };
        all += 1;
        fractions += usize::from(value.fract() != 0.0);
        below |= value < 0.0;
    }
    all >= LEAST && (fractions * 2 > all || below)
}

/// Whether most values of a column are vectors.
pub(crate) fn are_vectors<'a>(values: impl Iterator<Item = &'a str>) -> bool {
    let (mut all, mut vectors) = (0usize, 0usize);
    for value in values {
        all += 1;
        vectors += usize::from(is_vector(value));
    }
    vectors * 2 > all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_many_numbers_and_mostly_fractions() {
        let list = |number: &str, count: usize| vec![number; count].join(", ");
        assert!(is_vector(&list("0.25", 64)));
        assert!(is_vector(&format!("[{}]", list("-1.5e-3", 384))));
        assert!(is_vector(&format!("[{}]", vec!["0.5"; 100].join("  "))));
        assert!(is_vector(&(list("7", 100) + ", -8")));
        assert!(is_vector(&vec!["0.5"; 100].join(" > ")));
        for text in [
            list("0.25", 63),
            list("4006381333931", 80),
            list("0.25", 80) + ", red",
            "0.25 ".repeat(10) + &"word ".repeat(80),
        ] {
            assert!(!is_vector(&text), "{text}");
        }
        let long = list("0.5", 64);
        assert!(are_vectors([long.as_str(), long.as_str(), "1"].into_iter()));
        assert!(!are_vectors([long.as_str(), "1"].into_iter()));
        assert!(!are_vectors(std::iter::empty()));
    }
}
