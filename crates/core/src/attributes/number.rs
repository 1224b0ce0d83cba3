//! Numbers as programs and as people write them.

use std::borrow::Cow;

/// More digits than these are not safe in an `f64`, and are codes anyway.
const MAX_INTEGER_DIGITS: usize = 15;

/// The digits zero of scripts that have their own; the others follow them.
const ZEROS: [char; 5] = ['٠', '۰', '०', '০', '๐'];

/// The same with western digits and marks, and with a plain minus sign.
pub(super) fn western(text: &str) -> Cow<'_, str> {
    let of_other = |c: char| -> Option<char> {
        match c {
            '−' => Some('-'),
            '٫' => Some('.'),
            '٬' => Some(','),
            _ => {
                let digit =
                    |zero: &char| (c as u32).checked_sub(*zero as u32).filter(|at| *at < 10);
                char::from_digit(ZEROS.iter().find_map(digit)?, 10)
            }
        }
    };
    if text.is_ascii() || !text.chars().any(|c| of_other(c).is_some()) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| of_other(c).unwrap_or(c)).collect()
}

/// A number as programs write it.
pub(super) fn plain(text: &str) -> Option<f64> {
    // Also keeps out `inf` and `nan`, which the parser would take.
    if !text.starts_with(|c: char| matches!(c, '0'..='9' | '+' | '-' | '.')) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    let integer = !text.contains(['.', 'e', 'E']);
    (number.is_finite() && (!integer || is_safe(text))).then_some(number)
}

fn is_safe(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() <= MAX_INTEGER_DIGITS
}

/// A number as people write it: thousands may be separated, and the decimal mark may be
/// a comma. A single comma before three digits separates thousands, as all marks do in a
/// number that is known to be whole.
pub(super) fn amount(text: &str, is_whole: bool) -> Option<f64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let mark = digits.rfind(['.', ',']);
    let mark = mark.filter(|&at| !is_whole && is_decimal(digits, at));
    let (whole, fraction) = match mark {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, ""),
    };
    let first = whole.split(is_separator).next()?;
    let mut separators = whole.chars().filter(|c| is_separator(*c));
    let separator = separators.next();
    let proper = is_digits(first)
        && (separator.is_none() || (1..=3).contains(&first.len()))
        && separators.all(|other| Some(other) == separator)
        && are_groups(&whole[first.len()..], separator)
        && (mark.is_none() || is_digits(fraction));
    if !proper || (mark.is_none() && !is_safe(whole)) {
        return None;
    }
    let whole = whole.replace(is_separator, "");
    let number: f64 = format!("{whole}.{fraction}").parse().ok()?;
    Some(sign * number)
}

/// Whether what follows the first group of digits are groups of three, or of two with
/// three in the last, as in India.
fn are_groups(rest: &str, separator: Option<char>) -> bool {
    let groups = rest.split(is_separator).skip(1);
    let lengths: Vec<usize> = groups
        .map(|group| if is_digits(group) { group.len() } else { 0 })
        .collect();
    let Some((last, before)) = lengths.split_last() else {
        return true;
    };
    let of = |length: usize| before.iter().all(|one| *one == length);
    *last == 3 && (of(3) || (of(2) && separator == Some(',')))
}

/// Whether the mark at that place, the last of its kind, is a decimal one.
fn is_decimal(digits: &str, at: usize) -> bool {
    let mark = &digits[at..=at];
    if digits.matches(mark).count() > 1 {
        return false;
    }
    let behind = digits.len() - at - 1;
    // Another mark before it separates thousands.
    let other = if mark == "," { '.' } else { ',' };
    mark == "." || behind < 3 || digits[..at].contains(other)
}

fn is_separator(c: char) -> bool {
    matches!(
        c,
        ',' | '.' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}'
    )
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
