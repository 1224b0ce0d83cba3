//! What every embedder does to texts before and to vectors after its model.

use assort_core::EmbedError;

/// How many bytes of a text are handed to a tokenizer. No model listed reads
/// more than 8192 tokens, and a tokenizer works through all it is given before
/// it cuts: without a limit one pasted book would stall a batch.
const MAX_BYTES: usize = 64 * 1024;

/// Stands in for a text that has nothing to read: some models refuse such a
/// text and others give a zero vector, which has no direction.
const BLANK: &str = ".";

/// The part of `text` that is read at all.
pub(crate) fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_BYTES)]
}

/// The part of `text` that a model is given.
pub(crate) fn readable(text: &str) -> &str {
    let cut = beginning(text);
    if cut.chars().all(is_blank) {
        BLANK
    } else {
        cut
    }
}

/// Whether tokenizers drop the character: space, control, or zero width.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Scales `row` to unit length.
pub(crate) fn normalize(row: &mut [f32]) -> Result<(), EmbedError> {
    let norm = row
        .iter()
        .map(|v| f64::from(*v) * f64::from(*v))
        .sum::<f64>()
        .sqrt();
    if !norm.is_finite() || norm == 0.0 {
        return Err(EmbedError::new(
            "the model gave a vector that is zero or not finite; \
             its files may be damaged, fetch them again",
        ));
    }
    for v in row {
        *v = (f64::from(*v) / norm) as f32;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_texts_get_something_to_read() {
        for text in ["", "  \t\n", "\u{200b}\u{feff}", "\u{0}"] {
            assert_eq!(readable(text), BLANK);
        }
        assert_eq!(readable(" a "), " a ");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = "é".repeat(MAX_BYTES) + "tail";
        assert_eq!(readable(&text).len(), MAX_BYTES);
        let odd = format!("a{text}");
        assert_eq!(readable(&odd).len(), MAX_BYTES - 1);
    }

    #[test]
    fn only_directions_have_unit_length() {
        let mut row = [3.0, 4.0];
        normalize(&mut row).unwrap();
        assert_eq!(row, [0.6, 0.8]);
        assert!(normalize(&mut [0.0, 0.0]).is_err());
        assert!(normalize(&mut [f32::NAN, 1.0]).is_err());
        assert!(normalize(&mut [f32::INFINITY, 1.0]).is_err());
    }
}
