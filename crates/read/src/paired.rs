//! Columns in pairs, of which one names what the other has: `Attribute 1 name` and
//! `Attribute 1 value(s)`.

use crate::names::OF_ATTRIBUTES;
use crate::sample::Sample;

/// The longest name of a fact, in bytes: more is a text.
const LONGEST: usize = 100;

/// What columns of facts have in their names, in the languages of platforms.
const FACTS: &str = "attribute attributes attribut attributs attribuut atributo atributos attributo attributi \
    atrybut attributt атрибут option options opción opcion opciones opzione opzioni optie opcja опция variation \
    variations variante varianten variación variacion variazione feature features caractéristique \
    caractéristiques caracteristique característica características caracteristica caratteristica \
    kenmerk cecha property properties propriété propriedade propiedad proprietà eigenschaft \
    eigenschaften merkmal merkmale spec specs specification specifications spezifikation especificación \
    parameter parameters param params параметр характеристика свойство customfield field meta metadata metafield \
    metafields specific specifics 属性 屬性 规格 規格 オプション バリエーション 옵션 속성";

/// Words for the name of a fact, its value and its unit, the likeliest first.
const NAMES: &str = "name names label key title nom nombre nome naam nazwa navn namn bezeichnung titel название имя 名前 名称 \
    名稱 名 이름 명 code id";
const VALUES: &str = "value values val valeur valeurs wert werte valor valores valore valori waarde waarden wartość \
    wartości värde værdi verdi значение значения 値 值 값 text";
const UNITS: &str = "unit units uom einheit unité unidad unità eenheid единица 单位 單位 単位 단위";

/// Of the words for values those for several.
const SEVERAL: &str = "values valeurs werte valores valori waarden wartości значения";

/// Ends of words for one that may be several: `value(s)`, `Wert(e)`.
const ENDINGS: [&str; 5] = ["s", "e", "es", "i", "en"];

/// Words that say something of a fact beside its name and value, and nothing of a product.
const BESIDE: &str = "visible visibility global globale default sichtbar standard position order sort linked to type typ \
    tipo is variation visibile predeterminado par défaut defecto por predefinito taxonomy slug group \
    表示 グローバル デフォルト 初期値 可視";

/// Words that join the others.
const JOINING: &str =
    "de des del della dell di do da du l d la le el of the van von für の custom item product";

/// A pair of columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) name: usize,
    pub(crate) value: usize,
    pub(crate) unit: Option<usize>,
    /// Whether a cell may have several values, with commas between them.
    pub(crate) several: bool,
}

/// All pairs of columns of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs {
    pub(crate) pairs: Vec<Pair>,
    /// Columns that say something else of the facts, such as whether they are shown.
    pub(crate) beside: Vec<usize>,
}

/// What a column of a fact has of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// The name, with the place of its word among those for it.
    Name(usize),
    Value {
        several: bool,
    },
    Unit,
    Beside,
}

/// What the name of a column says of a fact.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    /// Which fact it is: the words for facts with the numbers.
    fact: String,
    part: Part,
}

impl Pairs {
    /// The pairs among columns of which `is_free` says that they mean nothing else.
    pub(crate) fn among(
        names: &[String],
        sample: &Sample,
        is_free: impl Fn(usize) -> bool,
    ) -> Self {
        let free = names.iter().enumerate().filter(|(at, _)| is_free(*at));
        let said: Vec<(usize, Said)> = free
            .filter_map(|(at, name)| Some((at, said(name)?)))
            .collect();
        let mut found = Self::default();
        for (value, own) in &said {
            let Part::Value { several } = own.part else {
                continue;
            };
            let kin = || said.iter().filter(|(_, other)| other.fact == own.fact);
            let first = kin().find(|(_, other)| matches!(other.part, Part::Value { .. }));
            let named = kin().filter(|(at, other)| {
                matches!(other.part, Part::Name(_)) && are_names(sample, *at)
            });
            let Some((name, _)) = named.min_by_key(|(_, other)| other.part) else {
                continue;
            };
            if first.is_none_or(|(at, _)| at != value) {
                continue;
            }
            let unit = kin().find(|(_, other)| other.part == Part::Unit);
            found.pairs.push(Pair {
                name: *name,
                value: *value,
                unit: unit.map(|(at, _)| *at),
                several,
            });
            let beside = kin().filter(|(at, other)| {
                at != name && matches!(other.part, Part::Name(_) | Part::Beside)
            });
            found.beside.extend(beside.map(|(at, _)| *at));
        }
        found
    }

    pub(crate) fn has(&self, column: usize) -> bool {
        let is_of =
            |pair: &Pair| pair.name == column || pair.value == column || pair.unit == Some(column);
        self.pairs.iter().any(is_of)
    }
}

/// The values in a cell of a column of several, with commas between them that stand behind
/// no backslash. One comma between digits is a decimal one.
pub(crate) fn several(cell: &str) -> Vec<String> {
    let is_decimal = |at: usize| {
        let digit = |sign: Option<char>| sign.is_some_and(|sign| sign.is_ascii_digit());
        digit(cell[..at].chars().next_back()) && digit(cell[at + 1..].chars().next())
    };
    let commas: Vec<usize> = cell.match_indices(',').map(|(at, _)| at).collect();
    let commas = commas.into_iter().filter(|at| !cell[..*at].ends_with('\\'));
    let mut commas: Vec<usize> = commas.collect();
    let spaced = |at: &usize| cell[at + 1..].starts_with(' ');
    if commas.iter().any(spaced) {
        commas.retain(spaced);
    } else if commas.len() == 1 && is_decimal(commas[0]) {
        commas.clear();
    }
    let ends = commas.iter().copied().chain([cell.len()]);
    let starts = std::iter::once(0).chain(commas.iter().map(|at| at + 1));
    let values = starts.zip(ends).map(|(start, end)| &cell[start..end]);
    let values = values.map(|value| value.trim().replace("\\,", ","));
    values.filter(|value| !value.is_empty()).collect()
}

/// Whether a column holds names of facts: short texts, in some row.
fn are_names(sample: &Sample, column: usize) -> bool {
    let is_name = |name: &str| name.len() <= LONGEST && name.contains(char::is_alphabetic);
    sample.values(column).next().is_some() && sample.values(column).all(is_name)
}

/// Whether a column of that name may be one of a pair.
pub(crate) fn is_of_pair(name: &str) -> bool {
    said(name).is_some()
}

fn said(column: &str) -> Option<Said> {
    // The attributes of objects have names of their own; those of lists have numbers.
    let own = column.strip_prefix(OF_ATTRIBUTES);
    if own.is_some_and(|own| !own.starts_with(|sign: char| sign.is_ascii_digit())) {
        return None;
    }
    let (mut fact, mut names_fact, mut numbered) = (Vec::new(), false, false);
    let mut part = None;
    let is = |list: &str, word: &str| list.split_whitespace().any(|known| known == word);
    for word in words(column) {
        let rank = NAMES.split_whitespace().position(|known| known == word);
        let found = match rank {
            Some(rank) => Some(Part::Name(rank)),
            None if is(VALUES, &word) => Some(Part::Value {
                several: is(SEVERAL, &word),
            }),
            None if is(UNITS, &word) => Some(Part::Unit),
            None => None,
        };
        match (&mut part, found) {
            (None, Some(found)) => part = Some(found),
            (Some(Part::Value { several }), None) if ENDINGS.contains(&word.as_str()) => {
                *several = true;
            }
            _ if is(JOINING, &word) => {}
            _ if is(FACTS, &word) && !names_fact => {
                names_fact = true;
                fact.push(word);
            }
            _ if word.bytes().all(|byte| byte.is_ascii_digit()) => {
                numbered = true;
                fact.push(word);
            }
            (None | Some(Part::Beside), None) if is(BESIDE, &word) => part = Some(Part::Beside),
            (Some(_), _) if is(BESIDE, &word) => {}
            _ => return None,
        }
    }
    // `Option 1` beside `Option 1 value` is its name.
    let last = NAMES.split_whitespace().count();
    let part = part.or(numbered.then_some(Part::Name(last)))?;
    names_fact.then(|| Said {
        fact: fact.join(" "),
        part,
    })
}

/// The words and numbers of a name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for sign in name.chars() {
        let goes_on = before.is_alphanumeric()
            && before.is_numeric() == sign.is_numeric()
            && !(before.is_lowercase() && sign.is_uppercase())
            && (before == 'の') == (sign == 'の');
        if sign.is_alphanumeric() {
            let lower = sign.to_lowercase();
            match words.last_mut().filter(|_| goes_on) {
                Some(word) => word.extend(lower),
                None => words.push(lower.collect()),
            }
        }
        before = sign;
    }
    // Signs that stand for words are written without blanks between them.
    words.into_iter().flat_map(parted).collect()
}

/// `属性名` as `属性` and `名`.
fn parted(word: String) -> Vec<String> {
    let is_wide = word.chars().all(|sign| sign >= '\u{2e80}');
    let mut facts = FACTS.split_whitespace().filter(|_| is_wide);
    let cut = facts.find_map(|fact| word.strip_prefix(fact).map(|rest| (fact, rest)));
    match cut {
        Some((fact, rest)) if !rest.is_empty() => vec![fact.to_owned(), rest.to_owned()],
        _ => vec![word],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::tests::sample;

    fn found(header: &str) -> (Vec<(usize, usize)>, Vec<usize>) {
        let names: Vec<String> = header.split('|').map(str::to_owned).collect();
        let row = vec!["Colour"; names.len()].join("|");
        let pairs = Pairs::among(&names, &sample(&[&row]), |_| true);
        let told = pairs.pairs.iter().map(|pair| (pair.name, pair.value));
        (told.collect(), pairs.beside)
    }

    #[test]
    fn names_of_columns_in_pairs_are_known() {
        for (header, pair, beside) in [
            (
                "Attribute 1 name|Attribute 1 value(s)|Attribute 1 visible|Attribute 1 global|Attribute 1 default",
                (0, 1),
                vec![2, 3, 4],
            ),
            (
                "Attribut 1 Name|Attribut 1 Wert(e)|Attribut 1 Sichtbar",
                (0, 1),
                vec![2],
            ),
            (
                "Nom de l’attribut 1|Valeur(s) de l’attribut 1",
                (0, 1),
                vec![],
            ),
            (
                "Nombre del atributo 1|Valor(es) del atributo 1",
                (0, 1),
                vec![],
            ),
            ("属性 1 の名前|属性 1 の値", (0, 1), vec![]),
            ("属性名1|属性值1", (0, 1), vec![]),
            (
                "VARIATION 1 TYPE|VARIATION 1 NAME|VARIATION 1 VALUES",
                (1, 2),
                vec![0],
            ),
            (
                "Option1 Name|Option1 Value|Option1 Linked To",
                (0, 1),
                vec![2],
            ),
            ("attribute-name1|attribute-value1", (0, 1), vec![]),
            ("specs/0/name|specs/0/value", (0, 1), vec![]),
            (
                "attributes.0.key|attributes.0.id|attributes.0.value",
                (0, 2),
                vec![1],
            ),
            ("Option 1|Option 1 Value", (0, 1), vec![]),
            ("attributeName|attributeValue", (0, 1), vec![]),
        ] {
            assert_eq!(found(header), (vec![pair], beside), "{header}");
        }
        let two = found("Option1 Name|Option1 Value|Option2 Name|Option2 Value");
        assert_eq!(two.0, [(0, 1), (2, 3)]);
    }

    #[test]
    fn other_columns_are_no_pairs() {
        for header in [
            "name|value",
            "attributes.name|attributes.text",
            "Option1 Name|Option2 Value",
            "Meta title|Meta description",
            "Variant SKU|Variant Price",
            "id|title|price",
            "Attribute 1 name|Attribute 1 visible",
        ] {
            assert_eq!(found(header).0, [], "{header}");
        }
        let names = ["Option 1", "Option 1 value"].map(str::to_owned);
        let numbers = Pairs::among(&names, &sample(&["7|3", "8|4"]), |_| true);
        assert!(numbers.pairs.is_empty());
    }

    #[test]
    fn several_values_are_told_apart() {
        assert_eq!(several("Red, Dark blue"), ["Red", "Dark blue"]);
        assert_eq!(several("S,M,L"), ["S", "M", "L"]);
        assert_eq!(several("38,39,40"), ["38", "39", "40"]);
        assert_eq!(several("1,5 kg"), ["1,5 kg"]);
        assert_eq!(several("1,5 kg, 2,5 kg"), ["1,5 kg", "2,5 kg"]);
        assert_eq!(several("Salt\\, pepper, Oil"), ["Salt, pepper", "Oil"]);
        assert!(several(" ").is_empty());
    }
}
