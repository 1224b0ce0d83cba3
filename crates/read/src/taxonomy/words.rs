//! What names of columns mean in a taxonomy file.

use crate::language::is_language;
use crate::names::plain;

// Names as `plain` leaves them, the likeliest first, parted by spaces.
const ID: &str = "id categoryid termid catid cid entityid gid nodeid browsenodeid code categorycode \
    catcode key categorykey identifier uid uuid guid externalid taxonomyid googleid kategorieid \
    kategorienummer idkategorie idcategory idcategorie catégorieid idcategoria idcategoría \
    categoriaid categoríaid codigo código codice number nr kod категорияid idкатегории код 编号 \
    类目id 分类id 类目编号 分类编号 編號 分類id カテゴリid カテゴリーid コード 分類コード 카테고리id 코드 \
    slug handle ident about";
const PARENT: &str = "pid fatherid father upperid supercategory supercategoryid broader broaderresource eltern elternid \
    elternkategorie obergruppe oberkategorie oberkategorieid übergeordnet übergeordneteid \
    übergeordnetekategorie catégorieparente categorieparente catégoriemère padre idpadre padreid \
    categoríapadre categoriapadre pai idpai categoriapai genitore nadrzędna родитель родительid \
    родительскаякатегория 父类目 父类目id 父分类 父分类id 父id 父级 父级id 上级 上级id 上级类目 上级分类 \
    父分類 親 親id 親カテゴリ 親カテゴリid 親カテゴリー 親カテゴリーid 상위카테고리 상위카테고리id vater vaterid";
/// What names of columns of parents have in them.
const PARENTS: &str = "parent padre genitore eltern übergeordnet uebergeordnet bovenliggend förälder forælder \
    nadrzędn nadřazen родител 父 上级 上級 親 상위";
const PATH: &str = "path fullpath categorypath fullname breadcrumb breadcrumbs taxonomypath fullcategory \
    fullcategorypath categoryfullname categoryfullpath hierarchy categoryhierarchy namepath pathname \
    categorytree lineage completename qualifiedname hierarchicalname taxonomy browsepathbyid pathids idpath categorypathids ancestors pfad kategoriepfad \
    vollständigerpfad chemin chemincomplet arborescence filariane ruta rutacompleta percorso caminho \
    ścieżka путь 路径 全路径 类目路径 分类路径 类目全路径 分類路徑 パス カテゴリパス カテゴリーパス \
    카테고리경로";
const NAME: &str = "name categoryname catname termname title categorytitle displayname label labels \
    category localname kategoriename kategorie bezeichnung benennung catégorie categorie nomcatégorie nom libellé \
    libelle nombre nombrecategoría categoría categoria nome naam namn navn nazwa kategoria název nimi ad \
    kategori название наименование категория 名称 类目 类目名称 分类 分类名称 名稱 分類 分類名稱 \
    カテゴリ カテゴリ名 カテゴリー カテゴリー名 名前 카테고리 카테고리명 이름 caption preflabel text";
const DESCRIPTIONS: &str = "description descriptions desc definition longdescription categorydescription \
    beschreibung descripción descripcion descrizione descrição omschrijving описание 描述 说明 説明 설명";
const ALIASES: &str =
    "alias aliases synonym synonyms alternativenames altnames synonyme synonymes 别名 同义词";
const EXAMPLES: &str = "example examples beispiele exemples ejemplos 示例 例子";
const LANGUAGE: &str = "locale lang language languagecode langcode localecode languageid sprache langue \
    idioma lingua язык 语言 語言 言語 언어";
/// Headers of a list of paths, beside names and paths.
const LISTS: &str = "categories productcategory productcategories producttype producttypes kategorien \
    produktkategorie produktkategorien warengruppe warengruppen catégories categorías categorias \
    categorieën категории 商品分类 商品类目 商品カテゴリ taxonomies";
/// Headers of a list in further languages, with the marks of their scripts.
const HEADINGS: &str = "rubrique rubriques rubrik rubriken рубрика рубрики productgroep productgroepen الفئة الفئات \
    فئة التصنيف التصنيفات القسم الأقسام หมวดหมู่ หมวดหมู่สินค้า ประเภท ประเภทสินค้า danhmục kategorier \
    kategorie kategorije κατηγορία κατηγορίες קטגוריה קטגוריות श्रेणी विभाग";
/// What only lists of products have a number for.
const PRICES: &str = "price saleprice regularprice preis verkaufspreis prix precio prezzo prijs preço preco cena \
    цена 价格 售价 単価 価格 가격 ราคา السعر fiyat";
/// What only lists of products tell.
const PRODUCTS: &str = "prezzo prijs preço preco cena цена 售价 가격 verkaufspreis artikelnummer artikelnr bestellnummer \
    lagerbestand bestand hersteller référence marque fabricant voorraad fabrikant артикул бренд производитель 재고 브랜드 在庫 \
    商品番号 price saleprice regularprice compareatprice variantprice msrp sku variantsku \
    vendor brand manufacturer barcode variantbarcode gtin ean upc mpn asin availability stock quantity qty \
    inventory variantinventoryqty shippingweight bodyhtml variantgrams preis prix precio marke marca hersteller \
    价格 价钱 品牌 库存 価格 ブランド";
/// Numbers of the level of a row.
const DEPTHS: &str = "level depth lvl tier indent categorylevel ebene niveau nivel livello stufe 级别 层级 级数 レベル 階層";
/// Numbers that say nothing of the tree.
const NUMBERS: &str = "position sort sortorder order ordering rank level depth count products productcount status \
    active visible enabled weight menuorder termorder sequence priority ebene reihenfolge 排序 层级";

/// What a name of a column means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Id,
    Parent,
    Path,
    Name,
    Descriptions,
    Aliases,
    Examples,
    Language,
    List,
    Product,
    Price,
    Depth,
    Number,
}

impl Word {
    fn list(self) -> &'static str {
        match self {
            Self::Id => ID,
            Self::Parent => PARENT,
            Self::Path => PATH,
            Self::Name => NAME,
            Self::Descriptions => DESCRIPTIONS,
            Self::Aliases => ALIASES,
            Self::Examples => EXAMPLES,
            Self::Language => LANGUAGE,
            Self::List => LISTS,
            Self::Product => PRODUCTS,
            Self::Price => PRICES,
            Self::Depth => DEPTHS,
            Self::Number => NUMBERS,
        }
    }

    /// How far down its list the name stands; none if the word does not mean it.
    pub(super) fn rank(self, column: &str) -> Option<usize> {
        let name = plain(column);
        if name.is_empty() {
            return None;
        }
        if self == Self::Parent {
            return parent_rank(&name);
        }
        let listed = self.list().split_whitespace();
        let listed = listed
            .clone()
            .position(|known| known == name)
            .ok_or(listed.count());
        listed
            .or_else(|last| self.ends(&name).then_some(last).ok_or(()))
            .ok()
    }

    /// Whether the end of a name says it: `node_id`, `browse_path`, `group name`.
    fn ends(self, name: &str) -> bool {
        let (ends, but): (&[&str], &[&str]) = match self {
            Self::Id => (
                &[
                    "nodeid",
                    "termid",
                    "groupid",
                    "sectionid",
                    "departmentid",
                    "tid",
                ],
                &[],
            ),
            Self::Path => (
                &["path", "breadcrumb", "breadcrumbs", "路径", "パス"],
                &["image", "file", "url", "icon", "parent"],
            ),
            Self::Name => (
                &[
                    "nodename",
                    "termname",
                    "groupname",
                    "sectionname",
                    "categoryname",
                    "departmentname",
                ],
                &["parent"],
            ),
            _ => return false,
        };
        ends.iter().any(|end| name.ends_with(end)) && !but.iter().any(|word| name.contains(word))
    }

    pub(super) fn means(self, column: &str) -> bool {
        self.rank(column).is_some()
    }

    /// The columns of that meaning, the likeliest first.
    pub(super) fn among(self, columns: &[String]) -> Vec<usize> {
        let ranked = columns.iter().enumerate();
        let ranked = ranked.filter_map(|(at, column)| Some((self.rank(column)?, at)));
        let mut ranked: Vec<(usize, usize)> = ranked.collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(_, at)| at).collect()
    }
}

/// Names with `parent` in them, but for those that ask whether there is one or count them.
fn parent_rank(name: &str) -> Option<usize> {
    let stems = PARENTS.split_whitespace();
    let of_parent =
        stems.into_iter().any(|stem| name.contains(stem)) && !name.contains("grandparent");
    let other = ["is", "has"].iter().any(|start| name.starts_with(start))
        || ["path", "count", "level", "url"]
            .iter()
            .any(|end| name.ends_with(end));
    if of_parent && !other {
        let id = ["id", "code", "key", "parent"]
            .iter()
            .any(|end| name.ends_with(end));
        return Some(usize::from(!id));
    }
    let listed = PARENT.split_whitespace().position(|known| known == name);
    listed.map(|at| at + 2)
}

/// Whether the end of a name says that a column has codes or ids, and not those of parents:
/// `HS Code`, `Kategorie-Nr`, `카테고리번호`.
pub(super) fn is_called_a_code(column: &str) -> bool {
    let name = plain(column);
    let ends = [
        "code",
        "kod",
        "kode",
        "код",
        "id",
        "nr",
        "nummer",
        "number",
        "eclass",
        "编号",
        "编码",
        "コード",
        "番号",
        "번호",
        "코드",
    ];
    (name == "no" || ends.iter().any(|end| name.ends_with(end)))
        && !Word::Parent.means(column)
        && !Word::Product.means(column)
}

/// Whether a column has the paths of parents: `parent path`, `ancestor_path`.
pub(super) fn is_parent_path(column: &str) -> bool {
    let name = plain(column);
    let of_parent = PARENTS.split_whitespace().any(|stem| name.contains(stem));
    let path = ["path", "breadcrumb", "breadcrumbs", "pfad", "路径", "パス"];
    (of_parent || name.contains("ancestor")) && path.iter().any(|end| name.ends_with(end))
}

/// Whether cells name columns of a taxonomy.
pub(super) fn is_header(cells: &[String]) -> bool {
    match cells {
        [one] => is_heading(one),
        _ => {
            let words = [Word::Id, Word::Parent, Word::Path, Word::Name];
            cells
                .iter()
                .any(|cell| words.iter().any(|word| word.means(cell)))
        }
    }
}

/// Whether a line stands above a list of paths.
pub(super) fn is_heading(line: &str) -> bool {
    let name = plain(line);
    let mut further = HEADINGS.split_whitespace();
    [Word::Path, Word::Name, Word::List]
        .iter()
        .any(|word| word.means(line))
        || further.any(|known| plain(known) == name)
}

/// `zh`, `zh-CN`, `pt_BR`: a language code with or without a region.
pub(super) fn language(column: &str) -> Option<String> {
    let code = column.trim().replace('_', "-").to_ascii_lowercase();
    let (language, region) = code.split_once('-').unwrap_or((&code, "cn"));
    let known = is_language(language);
    let plausible =
        (2..=4).contains(&region.len()) && region.bytes().all(|b| b.is_ascii_alphanumeric());
    (known && plausible).then(|| code.clone())
}

/// `path_zh`, `name.zh-CN`: whether it is a path, and the language.
pub(super) fn suffixed(column: &str) -> Option<(bool, String)> {
    let column = column.trim_end_matches([')', ']']);
    let starts = column.match_indices(['_', '.', '-', ' ', '(', '[', ':', '@']);
    starts.into_iter().find_map(|(at, _)| {
        let (stem, suffix) = (&column[..at], &column[at + 1..]);
        let path = Word::Path.means(stem);
        // Texts in languages are more often descriptions than names.
        let name = Word::Name.means(stem) && plain(stem) != "text";
        (path || name).then_some((path, language(suffix)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_platforms_and_languages_are_known() {
        for (word, names) in [
            (
                Word::Id,
                "term_id CategoryID tid node_id cat_id entity_id Kategorie-ID código カテゴリID slug",
            ),
            (
                Word::Parent,
                "pid ParentCategoryId parent_term Parent-ID id_parent 父类目ID Oberkategorie Código_padre id_родителя",
            ),
            (
                Word::Path,
                "Full_Path breadcrumbs browse_path Kategoriepfad ruta 类目路径",
            ),
            (
                Word::Name,
                "Name* CategoryName Kategorie catégorie nombre 名称 label",
            ),
        ] {
            for name in names.split(' ') {
                assert!(word.means(name), "{name}");
            }
        }
        for name in [
            "is_parent",
            "has_parent",
            "parent_path",
            "grandparent_id",
            "parents_count",
        ] {
            assert!(!Word::Parent.means(name), "{name}");
        }
    }

    #[test]
    fn the_likeliest_column_comes_first() {
        let columns = ["slug", "name", "code", "id"].map(str::to_owned);
        assert_eq!(Word::Id.among(&columns), [3, 2, 0]);
        let columns = ["parent_name", "parent_id"].map(str::to_owned);
        assert_eq!(Word::Parent.among(&columns), [1, 0]);
    }

    #[test]
    fn languages_are_told_from_other_columns() {
        assert_eq!(suffixed("path_zh_CN"), Some((true, "zh-cn".to_owned())));
        assert_eq!(suffixed("label-de_DE"), Some((false, "de-de".to_owned())));
        assert_eq!(suffixed("name(en-gb)"), Some((false, "en-gb".to_owned())));
        assert_eq!(language("en"), Some("en".to_owned()));
        assert_eq!((language("id"), suffixed("name_long")), (None, None));
    }
}
