//! Columns that are a level of the tree each: names, or codes, names and definitions.

use std::collections::HashSet;

use super::sheet::Sheet;
use super::words::{Word, language};

/// Words that stand for one level, alone or after `sub`.
const LEVELS: &str = "category categories kategorie catégorie categorie categoría categoria categorie \
    department dept abteilung rayon departamento reparto segment family familie famille familia famiglia \
    class klasse classe clase subclass brick commodity division section sektion sector universe univers \
    group gruppe groupe grupo gruppo warengruppe hauptgruppe untergruppe hauptkategorie unterkategorie \
    artikelgruppe produktgruppe productgroup maincategory mastercategory topcategory rootcategory articletype \
    producttype type typ collection subject genre kategoria kategori anakategori kategorija kategória productgroep \
    hoofdgroep subgroep hoofdcategorie grupa dział dzial категория подкатегория группа \
    подгруппа раздел подраздел 大分類 中分類 小分類 細分類 大类 中类 小类 细类 类目 分类 대분류 중분류 소분류 세분류 \
    大カテゴリ 中カテゴリ 小カテゴリ 大カテゴリー 中カテゴリー 小カテゴリー 대카테고리 중카테고리 소카테고리 세카테고리";
/// Words that stand for a level with a number.
const NUMBERED: &str = "l lv lvl level cat category kategorie catégorie categorie categoría categoria subcategory \
    subcat kategorieebene ebene niveau nivel livello nível stufe tier hierarchy depth rank node class group \
    department taxonomy path c rubrik rubrique уровень категория 级类目 级分类 级 类目 分类 レベル 階層 カテゴリ 카테고리 분류 차분류 차카테고리 단계 \
    categorylevel levelcategory taxonomylevel hierarchylevel productcategory googlecategory";
const CODES: [&str; 18] = [
    "code",
    "id",
    "no",
    "nr",
    "number",
    "key",
    "código",
    "codigo",
    "kode",
    "num",
    "nummer",
    "编号",
    "编码",
    "コード",
    "番号",
    "코드",
    "번호",
    "код",
];
const NAMES: [&str; 20] = [
    "name",
    "title",
    "label",
    "text",
    "nom",
    "nombre",
    "bezeichnung",
    "desc",
    "description",
    "nome",
    "libelle",
    "libellé",
    "名称",
    "名",
    "titel",
    "이름",
    "명",
    "название",
    "наименование",
    "nazwa",
];
const DEFINITIONS: [&str; 6] = [
    "definition",
    "includes",
    "excludes",
    "explanation",
    "description",
    "desc",
];

/// The columns of one level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) name: usize,
    pub(super) code: Option<usize>,
    pub(super) definitions: Vec<usize>,
}

/// What a column's name says of a level.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    /// The level's own word, `#` in place of a number.
    stem: String,
    /// Its number, or how often `sub` stands before it.
    number: Option<u32>,
    /// What of the level the column holds.
    rest: Vec<String>,
}

/// The levels that names of columns tell, from the root down; none if there are not
/// two of them.
pub(super) fn by_names(columns: &[String]) -> Option<Vec<Level>> {
    let said: Vec<(usize, Said)> = (0..)
        .zip(columns)
        .filter_map(|(at, column)| Some((at, said(column)?)))
        .collect();
    let numbered = numbered(&said);
    let worded = levels_of(said.iter().filter(|(_, said)| !said.stem.contains('#')));
    let mut levels = numbered;
    if levels.len() < 2 {
        levels = worded;
    } else if let Some(first) = levels.first().map(|level| level.name) {
        // `Category, Subcategory 1, Subcategory 2`
        let before = worded.into_iter().filter(|level| level.name < first);
        levels.splice(0..0, before);
    }
    (levels.len() >= 2).then_some(levels)
}

/// The longest run of levels that differ in their number alone.
fn numbered(said: &[(usize, Said)]) -> Vec<Level> {
    let stems: HashSet<&str> = said
        .iter()
        .map(|(_, said)| said.stem.as_str())
        .filter(|stem| stem.contains('#'))
        .collect();
    let mut runs: Vec<Vec<Level>> = stems
        .into_iter()
        .map(|stem| {
            let mut own: Vec<&(usize, Said)> =
                said.iter().filter(|(_, said)| said.stem == stem).collect();
            own.sort_by_key(|(at, said)| (said.number, *at));
            levels_of(own.into_iter())
        })
        .collect();
    runs.sort_by_key(|levels| {
        (
            levels.len(),
            std::cmp::Reverse(levels.first().map(|level| level.name)),
        )
    });
    runs.pop().unwrap_or_default()
}

/// Joins columns of one level.
fn levels_of<'a>(said: impl Iterator<Item = &'a (usize, Said)>) -> Vec<Level> {
    let mut groups: Vec<(&Said, Vec<(usize, &Said)>)> = Vec::new();
    for (at, said) in said {
        let same =
            |(first, _): &&mut (&Said, _)| first.stem == said.stem && first.number == said.number;
        match groups.iter_mut().find(same) {
            Some((_, group)) => group.push((*at, said)),
            None => groups.push((said, vec![(*at, said)])),
        }
    }
    groups
        .iter()
        .filter_map(|(_, group)| level(group))
        .collect()
}

fn level(group: &[(usize, &Said)]) -> Option<Level> {
    let is =
        |said: &Said, words: &[&str]| said.rest.iter().any(|word| words.contains(&word.as_str()));
    let find =
        |test: &dyn Fn(&Said) -> bool| group.iter().find(|(_, said)| test(said)).map(|(at, _)| *at);
    let bare = find(&|said| said.rest.is_empty());
    let named = find(&|said| is(said, &NAMES[..7])).or_else(|| find(&|said| is(said, &NAMES)));
    let code = find(&|said| is(said, &CODES) && !is(said, &NAMES));
    let (name, code) = match (named, bare) {
        (Some(name), bare) => (name, code.or(bare)),
        (None, Some(bare)) => (bare, code),
        (None, None) => return None,
    };
    let definitions = group
        .iter()
        .filter(|(at, said)| *at != name && is(said, &DEFINITIONS))
        .map(|(at, _)| *at);
    let definitions = definitions.collect();
    Some(Level {
        name,
        code,
        definitions,
    })
}

/// What a column says, if it is of a level.
fn said(column: &str) -> Option<Said> {
    if language(column).is_some() {
        return None;
    }
    let mut words: Vec<String> = words(column).into_iter().flat_map(parted).collect();
    let kinds = |word: &String| {
        [&CODES[..], &NAMES[..], &DEFINITIONS[..]]
            .iter()
            .any(|list| list.contains(&word.as_str()))
    };
    let number = words.iter().find_map(|word| word.parse().ok());
    let rest: Vec<String> = words.iter().filter(|word| kinds(word)).cloned().collect();
    let general = [
        "product",
        "products",
        "item",
        "shop",
        "google",
        "merchandise",
    ];
    words.retain(|word| {
        !kinds(word) && word.parse::<u32>().is_err() && !general.contains(&word.as_str())
    });
    let stem = words.concat();
    let listed = |list: &str, stem: &str| list.split_whitespace().any(|known| known == stem);
    if number.is_some() && listed(NUMBERED, &stem) {
        let stem = format!("{stem}#");
        return Some(Said { stem, number, rest });
    }
    let (mut below, mut own) = (0, stem.as_str());
    while let Some(rest) = ["sub", "sous", "unter", "sotto", "pod", "alt"]
        .iter()
        .find_map(|word| own.strip_prefix(word))
    {
        (below, own) = (below + 1, rest);
    }
    let known = listed(LEVELS, own) || listed(LEVELS, &stem);
    (known && number.is_none()).then(|| Said {
        stem: own.to_owned(),
        number: Some(below),
        rest,
    })
}

/// The words of a name, in lower case: `SegmentCode`, `level_1_name`, `L2`, `一级类目`.
fn words(column: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for sign in column.chars() {
        let numeral = "一二三四五六七八九".chars().position(|known| known == sign);
        let same = before.is_alphanumeric()
            && before.is_numeric() == sign.is_numeric()
            && is_wide(before) == is_wide(sign)
            && !(before.is_lowercase() && sign.is_uppercase());
        match numeral {
            Some(at) => words.push((at + 1).to_string()),
            None if !sign.is_alphanumeric() => {}
            None => {
                let lower = sign.to_lowercase();
                match words.last_mut().filter(|_| same) {
                    Some(word) => word.extend(lower),
                    None => words.push(lower.collect()),
                }
            }
        }
        before = if numeral.is_some() { ' ' } else { sign };
    }
    words
}

/// Whether a letter is of a script that does without blanks between words.
fn is_wide(sign: char) -> bool {
    sign >= '\u{2e80}'
}

/// The word of a level and the word of what a column holds of it, where both are written as
/// one: `cname`, `catid`, `大分類コード`.
fn parted(word: String) -> Vec<String> {
    let known = |word: &str| {
        let mut listed = NUMBERED.split_whitespace().chain(LEVELS.split_whitespace());
        listed.any(|listed| listed == word)
    };
    if known(&word) {
        return vec![word];
    }
    let mut ends = CODES.iter().chain(&NAMES);
    let cut = ends.find_map(|end| Some((word.strip_suffix(end)?, *end)).filter(|cut| known(cut.0)));
    match cut {
        Some((stem, end)) => vec![stem.to_owned(), end.to_owned()],
        None => vec![word],
    }
}

/// Whether columns without telling names are levels from the root down: each value
/// of one has hardly more than one above it, and there are ever more of them.
pub(super) fn by_content(sheet: &Sheet, columns: &[usize]) -> bool {
    let rows = sheet.rows.len();
    if columns.len() < 2 || rows < 3 {
        return false;
    }
    let distinct = |column: usize| sheet.texts(column).collect::<HashSet<_>>().len();
    let ascending = columns
        .windows(2)
        .all(|pair| distinct(pair[0]) <= distinct(pair[1]));
    let few = distinct(columns[0]) * 2 <= rows + 1;
    let one_above = columns.windows(2).all(|pair| {
        let both: HashSet<(&str, &str)> = sheet.texts(pair[0]).zip(sheet.texts(pair[1])).collect();
        both.len() * 4 <= distinct(pair[1]) * 5
    });
    ascending && few && one_above
}

/// Whether the columns stand from the fine to the coarse.
pub(super) fn are_reversed(sheet: &Sheet, levels: &[Level]) -> bool {
    let distinct = |level: &Level| {
        let texts = sheet.texts(level.name).filter(|text| !text.is_empty());
        texts.collect::<HashSet<_>>().len()
    };
    sheet.rows.len() > 2
        && levels
            .windows(2)
            .all(|pair| distinct(&pair[0]) > distinct(&pair[1]))
}

/// Whether a column may be a level though its name does not say so.
pub(super) fn may_be(column: &str) -> bool {
    let words = [
        Word::Number,
        Word::Product,
        Word::Descriptions,
        Word::Language,
    ];
    !words.iter().any(|word| word.means(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(header: &str) -> Vec<(usize, Option<usize>, Vec<usize>)> {
        let columns: Vec<String> = header.split(',').map(str::to_owned).collect();
        let levels = by_names(&columns).unwrap_or_default();
        let tell = |level: Level| (level.name, level.code, level.definitions);
        levels.into_iter().map(tell).collect()
    }

    fn names(header: &str) -> Vec<usize> {
        found(header).into_iter().map(|(name, ..)| name).collect()
    }

    #[test]
    fn level_columns_are_known_by_their_names() {
        for header in [
            "Category,Subcategory,Sub-subcategory",
            "Kategorie,Unterkategorie,Unterunterkategorie",
            "Department,Class,Subclass",
            "level_1,level_2,level_3",
            "L1,L2,L3",
            "cat1,cat2,cat3",
            "Ebene 1,Ebene 2,Ebene 3",
            "Category Level 1,Category Level 2,Category Level 3",
            "一级类目,二级类目,三级类目",
            "大分類,中分類,小分類",
            "Category,Subcategory 1,Subcategory 2",
            "Segment,Family,Class",
            "Product Category,Product Subcategory,Product Sub-Subcategory",
            "Kategoria,Podkategoria,Podpodkategoria",
            "대분류,중분류,소분류",
            "1차분류,2차분류,3차분류",
            "Ana Kategori,Alt Kategori,Alt Alt Kategori",
        ] {
            assert_eq!(names(header), [0, 1, 2], "{header}");
        }
        assert_eq!(names("id,Level 2,Level 1"), [2, 1]);
        assert_eq!(names("id,L1 Name,brand,L2 Name"), [1, 3]);
    }

    #[test]
    fn codes_names_and_definitions_belong_to_their_level() {
        let pair = vec![(1, Some(0), vec![]), (3, Some(2), vec![])];
        assert_eq!(found("Segment,Segment Name,Family,Family Name"), pair);
        for header in [
            "level1_id,level1_name,level2_id,level2_name",
            "cid1,cname1,cid2,cname2",
            "cat1id,cat1name,cat2id,cat2name",
            "一级类目ID,一级类目名称,二级类目ID,二级类目名称",
            "大分類コード,大分類名,中分類コード,中分類名",
            "대분류코드,대분류명,중분류코드,중분류명",
        ] {
            assert_eq!(found(header), pair, "{header}");
        }
        assert_eq!(
            found(
                "SegmentCode,SegmentTitle,SegmentDefinition,FamilyCode,FamilyTitle,FamilyDefinition"
            ),
            [(1, Some(0), vec![2]), (4, Some(3), vec![5])]
        );
    }

    #[test]
    fn other_columns_are_no_levels() {
        for header in [
            "id,name,parent",
            "id,path",
            "Category,Name",
            "image 1,image 2",
            "name,name_de",
        ] {
            assert!(names(header).is_empty(), "{header}");
        }
    }
}
