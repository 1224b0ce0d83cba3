//! What names of columns mean.

pub(crate) use crate::column_words::{CATEGORY, ID, IMAGE, OR_TITLE, TEXT, TITLE};

/// The product that a row belongs to.
pub(crate) const PARENT: &[&str] = &[
    "parent",
    "parentid",
    "parentsku",
    "parentproductid",
    "parenthandle",
    "übergeordnetesprodukt",
    "superior",
    "genitore",
    "pai",
    "ascendente",
    "родительский",
    "親",
    "親商品",
];

/// Whether a row is a whole product, one that others belong to, or one of those.
pub(crate) const KIND: &[&str] = &[
    "type",
    "producttype",
    "parentage",
    "parentagelevel",
    "parentchild",
    "relationshiptype",
    "relationship",
    "typ",
    "tipo",
    "タイプ",
];

/// The language or the view of a shop that a row is for.
pub(crate) const VIEW: &[&str] = &[
    "storeviewcode",
    "storeview",
    "language",
    "languagecode",
    "lang",
    "locale",
    "sprache",
    "语言",
];

/// Another key of a product, which rows that belong to it may name.
pub(crate) const KEY: &[&str] = &[
    "sku",
    "itemsku",
    "sellersku",
    "handle",
    "reference",
    "artikelnummer",
    "ugs",
];

/// What a catalog's own list of products says of decisions, which are no facts about
/// the products.
const DECISION: &[&str] = &[
    "decision",
    "decisionid",
    "decisioncategory",
    "decisionpath",
    "decisionconfidence",
    "decisionmethod",
];

/// Before or behind the name of a category that stands in place of another one, in
/// languages.
const CORRECTED: &[&str] = &[
    "correct",
    "corrected",
    "correction",
    "right",
    "true",
    "gold",
    "new",
    "final",
    "actual",
    "reviewed",
    "verified",
    "target",
    "richtige",
    "neue",
    "korrigierte",
    "korrigiert",
    "korrektur",
    "endgültige",
    "corrigé",
    "corrigée",
    "correcte",
    "nouvelle",
    "bonne",
    "corregida",
    "corregido",
    "correcta",
    "nueva",
    "corretta",
    "corrigida",
    "correta",
    "nuova",
    "nova",
    "juiste",
    "gecorrigeerde",
    "nieuwe",
    "poprawna",
    "nowa",
    "správná",
    "nová",
    "korrekt",
    "rätt",
    "ny",
    "правильная",
    "исправленная",
    "новая",
    "正确",
    "修正后",
    "修正",
    "更正",
    "新",
    "正確",
    "正しい",
    "修正後",
    "올바른",
    "수정",
];

/// Of those the ones that say so alone.
const CORRECTIONS: &[&str] = &[
    "correct",
    "corrected",
    "correction",
    "corrections",
    "correctedto",
    "shouldbe",
    "groundtruth",
    "truth",
    "korrigiert",
    "korrektur",
    "corrigé",
    "corrigée",
    "corregido",
    "corregida",
    "corretto",
    "corretta",
    "corrigido",
    "gecorrigeerd",
    "исправлено",
    "正确",
    "修正",
    "更正",
    "修正后",
    "正確",
    "修正後",
];

/// Before or behind the name of a category that another one stands in place of.
const OLD: &[&str] = &[
    "old",
    "previous",
    "former",
    "original",
    "wrong",
    "alte",
    "bisherige",
    "falsche",
    "ursprüngliche",
    "ancienne",
    "actuelle",
    "antigua",
    "anterior",
    "vecchia",
    "precedente",
    "antiga",
    "oude",
    "vorige",
    "stara",
    "stará",
    "gammal",
    "gammel",
    "старая",
    "прежняя",
    "исходная",
    "原",
    "旧",
    "原来",
    "舊",
    "元",
    "기존",
];

/// Of those, and of what a model said, the ones that say so alone.
const NOT_RIGHT: &[&str] = &[
    "old",
    "previous",
    "before",
    "was",
    "predicted",
    "prediction",
    "predictedlabel",
    "predictedcategory",
    "vorhersage",
    "bisher",
    "vorher",
    "原",
    "旧",
    "预测",
    "预测类目",
];

/// Whether a column of that plain name has the categories that are right, where another
/// has those that were.
pub(crate) fn is_correction(plain: &str) -> bool {
    CORRECTIONS.contains(&plain) || is_category_that_is(plain, CORRECTED)
}

/// Whether a column of that plain name has categories that are no longer right, or that
/// nobody has looked at.
pub(crate) fn is_old(plain: &str) -> bool {
    NOT_RIGHT.contains(&plain) || is_category_that_is(plain, OLD)
}

fn is_category_that_is(plain: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        let rest = plain
            .strip_prefix(word)
            .or_else(|| plain.strip_suffix(word));
        rest.is_some_and(|rest| CATEGORY.contains(&rest))
    })
}

/// Whether a column of that plain name says how a product was filed.
pub(crate) fn is_decision(plain: &str) -> bool {
    DECISION.contains(&plain)
}

/// Whether cells are names of columns of products or labels.
pub(crate) fn names_products(cells: &[String]) -> bool {
    let plain: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
    let has = |names: &[&str]| plain.iter().any(|cell| names.contains(&cell.as_str()));
    has(ID) && (has(TITLE) || has(OR_TITLE) || has(CATEGORY))
}

/// Whether cells have all columns that somebody has named, if these are two or more: one
/// may be a value as well.
pub(crate) fn has_all(cells: &[String], stated: &[&str]) -> bool {
    let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
    stated.len() > 1 && stated.iter().all(|name| cells.contains(&plain(name)))
}

/// Before the name of an attribute: keys of an object `attributes` get it too.
pub(crate) const OF_ATTRIBUTES: &str = "attributes.";

/// Before the name of an attribute in files of eBay and WooCommerce, and behind it in those of
/// Shopify: `C:Brand`, `attribute:pa_color`, `Fabric (product.metafields.shopify.fabric)`.
const ITEM_SPECIFICS: [&str; 4] = ["C:", "*C:", "attribute:pa_", "attribute:"];
const METAFIELD: &str = " (product.metafields.";

/// The index of a table by pandas, `__index_level_0__`.
pub(crate) const INDEX: &str = "indexlevel0";

/// Whether a column of that plain name is no attribute, unless somebody says so. What
/// names the category under another heading would give the answer away if it were kept
/// as a fact about the product.
pub(crate) fn is_no_attribute(plain: &str) -> bool {
    plain.is_empty()
        || plain == INDEX
        || CATEGORY.contains(&plain)
        || is_decision(plain)
        || is_correction(plain)
}

/// What an import calls the category that a source gave where it is of another taxonomy.
const OF_SOURCE: &str = "sourcecategory";

/// Whether a column of that plain name says what a source calls the category, which is
/// kept whatever else says it.
pub(crate) fn is_of_source(plain: &str) -> bool {
    plain == OF_SOURCE
}

/// Whether an attribute of this name says what somebody calls the category of a product,
/// as `product_type` or `类目` do.
pub fn is_category_name(name: &str) -> bool {
    CATEGORY.contains(&plain(name).as_str())
}

/// The attribute that a column of that name has.
pub(crate) fn attribute(column: &str) -> &str {
    let of_platform = || match column.strip_suffix(')') {
        Some(metafield) => metafield.split_once(METAFIELD).map(|(name, _)| name),
        None => {
            let mut starts = ITEM_SPECIFICS.iter();
            starts.find_map(|start| column.strip_prefix(start))
        }
    };
    let own = column.strip_prefix(OF_ATTRIBUTES);
    match own.or_else(of_platform) {
        Some(name) if !plain(name).is_empty() => name.trim_start(),
        _ => column,
    }
}

/// A name without case, spaces and punctuation.
pub(crate) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether a name is `plain`, as [`plain`] leaves it, told without a copy.
pub(crate) fn is_plainly(name: &str, plain: &str) -> bool {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).eq(plain.chars())
}

/// The names, where one that was there before gets a number: `colour`, `colour 2`.
pub(crate) fn told_apart(names: &[String]) -> Vec<String> {
    let mut told: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let numbered = (2..).map(|number| format!("{name} {number}"));
        let free = std::iter::once(name.clone()).chain(numbered);
        let is_free = |new: &String| new.is_empty() || !told.contains(new);
        let is_free = |new: &String| is_free(new) && (new == name || !names.contains(new));
        let mut free = free.filter(is_free);
        told.push(free.next().unwrap_or_default());
    }
    told
}
