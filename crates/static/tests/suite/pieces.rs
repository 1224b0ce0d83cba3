//! Pieces are those that `tokenizers` finds with the same vocabulary.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use assort_static::{Bits, Card, Piece, StaticEmbedding, Table};
use proptest::prelude::*;
use tokenizers::normalizers::NFKC;
use tokenizers::{NormalizedString, Normalizer, Tokenizer};
use unicode_normalization::UnicodeNormalization;

/// A tokenizer by the rules that a static embedding reads texts by.
fn tokenizer(vocabulary: &[(String, f32)]) -> Tokenizer {
    let vocabulary: Vec<(&str, f64)> = vocabulary
        .iter()
        .map(|(piece, score)| (piece.as_str(), f64::from(*score)))
        .collect();
    let rules = serde_json::json!({
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Replace", "content": " ", "pattern": {"Regex":
                "[\\x{9}\\x{a}\\x{c}\\x{d}\\x{85}\\x{1680}\\x{200b}\\x{200e}\\x{200f}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{2581}\\x{feff}\\x{fffd}]"}},
            {"type": "Replace", "content": "", "pattern": {"Regex": "[\\x{0}-\\x{1f}\\x{7f}-\\x{9f}]"}},
            {"type": "NFKC"},
            {"type": "Strip", "strip_left": true, "strip_right": true},
            {"type": "Replace", "content": " ", "pattern": {"Regex": " {2,}"}},
        ]},
        "pre_tokenizer": {
            "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": false
        },
        "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false, "vocab": vocabulary},
    });
    rules.to_string().parse().unwrap()
}

fn embedding(vocabulary: &[(String, f32)], controls: usize) -> StaticEmbedding {
    let pieces: Vec<Piece<'_>> = vocabulary
        .iter()
        .enumerate()
        .map(|(number, (text, score))| Piece {
            text: if number < controls { "" } else { text },
            score: *score,
            is_known: true,
        })
        .collect();
    let table = Table::rounded(64, Bits::Four, &vec![0.5; pieces.len() * 64]).unwrap();
    StaticEmbedding::new(&Card::default(), &pieces, 0, &table).unwrap()
}

#[track_caller]
fn assert_same(text: &str, tokenizer: &Tokenizer, embedding: &StaticEmbedding) {
    let ours = embedding.tokenize(text);
    let theirs = tokenizer.encode_fast(text, false).unwrap();
    // `tokenizers` puts a space into a text that has nothing in it.
    let is_blank = ours.is_empty() && theirs.get_tokens().iter().all(|token| token == "▁");
    assert!(
        is_blank || ours == theirs.get_ids(),
        "{text:?}: {ours:?}, {theirs:?}"
    );
}

/// Whether NFKC of a text is one in the Unicode of both; that of `tokenizers` is older.
fn is_known_to_both(text: &str) -> bool {
    let mut theirs = NormalizedString::from(text);
    NFKC.normalize(&mut theirs).unwrap();
    theirs.get().chars().eq(text.nfkc())
}

/// Words of many scripts, with what makes trouble between them.
fn text() -> impl Strategy<Value = String> {
    let words = "[a-e]{1,9}|[A-Za-z0-9]{1,6}|[à-öА-я]{1,6}|[α-ωא-תء-ي]{1,5}|[अ-हा-्]{1,5}|\
        [ก-ฮะ-์]{1,5}|[\u{4e00}-\u{4e20}]{1,5}|[ァ-ヺぁ-ゖ\u{3099}]{1,4}|[가-각ᄀ-하-ᅵ]{1,3}|\
        [！-～￠-￦]{1,4}|[\u{300}-\u{304}]{1,2}|[ \t\u{3000}\u{200b}\u{a0}]{1,3}|\\PC{1,5}|.{1,3}";
    prop::collection::vec(words, 0..8).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_vocabulary_cuts_as_tokenizers_do(
        texts in prop::collection::vec(text(), 1..6),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 1usize..6, 1u16..60), 0..200),
        found in prop::collection::btree_map("[a-e]{1,4}|▁[a-e]{0,4}", 1u16..60, 0..60),
    ) {
        // Pieces that are in the texts, of few scores, so that sums are often equal.
        let alone: Vec<char> = texts.concat().chars().filter(|&c| c != '\0').collect();
        let mut pieces = found;
        for (start, length, score) in cuts {
            if !alone.is_empty() {
                let start = start.index(alone.len());
                let end = alone.len().min(start + length);
                let piece: String = alone[start..end].iter().collect();
                pieces.insert(piece.replace(' ', "▁"), score);
            }
        }
        let scored = pieces.into_iter().map(|(piece, score)| (piece, -0.5 * f32::from(score)));
        let vocabulary: Vec<(String, f32)> =
            std::iter::once(("<unknown>".to_owned(), 0.0)).chain(scored).collect();
        let (tokenizer, embedding) = (tokenizer(&vocabulary), embedding(&vocabulary, 1));
        for text in texts.iter().filter(|text| is_known_to_both(text)) {
            assert_same(text, &tokenizer, &embedding);
        }
    }
}

/// The folder `shared/models`, or the one `ASSORT_MODELS` names.
fn models() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/models");
    std::env::var_os("ASSORT_MODELS").map_or(beside, PathBuf::from)
}

/// The tokenizer of a real model, with an embedding of its vocabulary.
fn real() -> Option<&'static (Tokenizer, StaticEmbedding)> {
    static REAL: OnceLock<Option<(Tokenizer, StaticEmbedding)>> = OnceLock::new();
    let read = || {
        let path = models().join("use-multilingual/tokenizer.json");
        let Ok(text) = std::fs::read_to_string(&path) else {
            assert!(std::env::var_os("ASSORT_REQUIRE_MODELS").is_none());
            eprintln!("skipped: no {}; set ASSORT_MODELS", path.display());
            return None;
        };
        let rules: serde_json::Value = serde_json::from_str(&text).unwrap();
        let vocabulary: Vec<(String, f32)> =
            serde_json::from_value(rules["model"]["vocab"].clone()).unwrap();
        let controls = vocabulary.iter().take_while(|(_, score)| *score == 0.0);
        let embedding = embedding(&vocabulary, controls.count());
        Some((text.parse().unwrap(), embedding))
    };
    REAL.get_or_init(read).as_ref()
}

#[test]
fn a_real_vocabulary_cuts_titles_as_its_tokenizer_does() {
    let Some((tokenizer, embedding)) = real() else {
        return;
    };
    for text in [
        "Stainless-steel water bottle, 1.5 l (BPA free) ½ price!",
        "【官方直营】小米 Redmi Note12 5G手机 8GB+128GB　时光蓝",
        "Ｔシャツ メンズ 半袖 ｼｬﾂ",
        "여성 러닝화 250mm",
        "Кофемолка электрическая, 200 Вт",
        "حذاء رياضي للرجال",
        "पुरुषों के लिए जूते",
        "Ấm đun nước siêu tốc 1,8 lít",
        "กระทะเคลือบ 28 ซม.",
        "Größe 42 – Schuhe für Männer™ №5 ①②③ ㎏ ﬁne",
        "👟🏃\u{200d}♂️ run",
        "",
        " \u{3000} ",
    ] {
        assert_same(text, tokenizer, embedding);
    }
}
