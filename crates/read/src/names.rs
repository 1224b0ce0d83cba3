//! What names of columns mean.

// Names as `plain` leaves them, the likeliest first.
pub(crate) const ID: &[&str] = &[
    "id",
    "productid",
    "itemid",
    "urlhandle",
    "sku",
    "skuid",
    "asin",
    "gtin",
    "ean",
    "upc",
    "uid",
    "uuid",
    "productcode",
    "itemcode",
    "partnumber",
    "mpn",
    "handle",
    "variantsku",
    "编号",
    "商品id",
    "商品编号",
    "产品id",
    "产品编号",
    "商品编码",
    "货号",
    "sku编号",
    "itemsku",
    "sellersku",
    "productsku",
    "listingid",
    "offerid",
    "customlabel",
    "customlabelsku",
    "identifier",
    "productno",
    "itemno",
    "itemnumber",
    "productnumber",
    "articleid",
    "articlenumber",
    "artikelnummer",
    "artikelnr",
    "artnr",
    "artikelid",
    "produktnummer",
    "produktid",
    "reference",
    "référence",
    "référenceproduit",
    "referencia",
    "codigo",
    "código",
    "codigodelproducto",
    "codice",
    "kod",
    "articul",
    "артикул",
    "код",
    "numiid",
    "数字id",
    "宝贝id",
    "商家编码",
    "外部编码",
    "商品コード",
    "商品番号",
    "品番",
    "jan",
    "상품코드",
    "상품번호",
    "entityid",
    "gid",
    "編號",
    "商品編號",
    "產品編號",
    "outerid",
    "artno",
    "variantid",
    "variationid",
    "uniqueid",
    "recordid",
    "articleno",
    "artikelno",
    "objectid",
    "externalid",
    "sku编码",
    "skucode",
    "ugs",
    "商品管理番号",
    "管理番号",
    "製品番号",
    "제품코드",
    "кодтовара",
    "идентификатор",
    "номертовара",
    "kodproduktu",
    "kodtowaru",
    "kódproduktu",
    "códigodeproducto",
    "códigodoproduto",
    "codigodoproduto",
    "codiceprodotto",
    "codeproduit",
    "codearticle",
    "artikelcode",
    "productcodes",
    "รหัสสินคา",
    "رقمالمنتج",
    "كودالمنتج",
    "barcode",
    "eancode",
    "strichcode",
    "штрихкод",
    "条码",
    "商品条码",
    "nr",
    "no",
    "№",
];
pub(crate) const TITLE: &[&str] = &[
    "title",
    "name",
    "producttitle",
    "productname",
    "itemname",
    "itemtitle",
    "标题",
    "商品标题",
    "产品标题",
    "名称",
    "商品名称",
    "商品名",
    "产品名称",
    "产品名",
    "品名",
    "titel",
    "artikelname",
    "artikelbezeichnung",
    "bezeichnung",
    "produktname",
    "produkttitel",
    "produktbezeichnung",
    "nom",
    "nomduproduit",
    "désignation",
    "libellé",
    "titre",
    "nombre",
    "nombredelproducto",
    "título",
    "titulo",
    "nome",
    "nomeprodotto",
    "nomedoproduto",
    "titolo",
    "naam",
    "productnaam",
    "nazwa",
    "nazwaproduktu",
    "název",
    "navn",
    "namn",
    "produktnavn",
    "название",
    "наименование",
    "naziv",
    "宝贝标题",
    "宝贝名称",
    "編號名稱",
    "商品名稱",
    "產品名稱",
    "名稱",
    "標題",
    "商品タイトル",
    "商品名前",
    "タイトル",
    "상품명",
    "제품명",
    "product",
    "item",
    "produkt",
    "artikel",
    "produit",
    "producto",
    "prodotto",
    "товар",
    "商品",
    "产品",
    "產品",
    "fullname",
    "listingtitle",
    "offername",
    "offertitle",
    "名前",
    "商品タイトル名",
    "製品名",
    "ชื่อสินคา",
    "اسمالمنتج",
    "названиетовара",
    "наименованиетовара",
];

/// What is a title where nothing else is.
pub(crate) const OR_TITLE: &[&str] = &[
    "itemdescription",
    "productdescription",
    "description",
    "descripción",
    "descripcion",
    "descrizione",
    "descrição",
    "descricao",
    "beschreibung",
    "omschrijving",
    "описание",
];
pub(crate) const TEXT: &[&str] = &[
    "description",
    "productdescription",
    "shortdescription",
    "longdescription",
    "text",
    "body",
    "bodyhtml",
    "summary",
    "details",
    "features",
    "bulletpoints",
    "描述",
    "商品描述",
    "产品描述",
    "详情",
    "商品详情",
    "简介",
    "itemdescription",
    "longdesc",
    "shortdesc",
    "bodytext",
    "content",
    "beschreibung",
    "produktbeschreibung",
    "langbeschreibung",
    "kurzbeschreibung",
    "descriptioncourte",
    "descriptionlongue",
    "descripción",
    "descripcion",
    "descripcioncorta",
    "descrizione",
    "descrição",
    "descricao",
    "opis",
    "popis",
    "omschrijving",
    "beskrivelse",
    "beskrivning",
    "описание",
    "краткоеописание",
    "宝贝描述",
    "商品简介",
    "商品說明",
    "描述說明",
    "商品説明",
    "説明",
    "簡単な説明",
    "短い説明",
    "商品説明文",
    "상품설명",
    "bulletpoint1",
    "bulletpoint2",
    "bulletpoint3",
    "bulletpoint4",
    "bulletpoint5",
];
pub(crate) const CATEGORY: &[&str] = &[
    "correctlabel",
    "correctedlabel",
    "truelabel",
    "goldlabel",
    "newlabel",
    "finallabel",
    "actualcategory",
    "actuallabel",
    "reviewedcategory",
    "reviewedlabel",
    "groundtruth",
    "correctpath",
    "correctcategorypath",
    "richtigekategorie",
    "neuekategorie",
    "correctcategory",
    "correctedcategory",
    "correctcategoryid",
    "truecategory",
    "targetcategory",
    "newcategory",
    "goldcategory",
    "finalcategory",
    "labelid",
    "categoryid",
    "category",
    "categorypath",
    "categories",
    "productcategory",
    "googleproductcategory",
    "producttype",
    "categoryname",
    "taxonomy",
    "breadcrumb",
    "breadcrumbs",
    "label",
    "labelpath",
    "类目id",
    "分类id",
    "类目",
    "分类",
    "类目路径",
    "分类路径",
    "商品类目",
    "商品分类",
    "类别",
    "品类",
    "categoriesxyz",
    "categoriespath",
    "categoriesname",
    "categoriesid",
    "itemcategory",
    "primarycategory",
    "storecategory",
    "productcategories",
    "feedproducttype",
    "itemtype",
    "itemtypekeyword",
    "categoryname1",
    "kategorie",
    "kategorien",
    "warengruppe",
    "catégorie",
    "catégories",
    "categorie",
    "categoría",
    "categorías",
    "categoria",
    "categorias",
    "kategoria",
    "kategori",
    "kategorier",
    "категория",
    "категории",
    "groupe",
    "rubrique",
    "cid",
    "宝贝类目",
    "類別",
    "類目",
    "分類",
    "商品類別",
    "商品カテゴリ",
    "カテゴリ",
    "カテゴリー",
    "カテゴリ名",
    "카테고리",
    "sourcecategory",
];
pub(crate) const IMAGE: &[&str] = &[
    "image1",
    "image",
    "imageurl",
    "imagelink",
    "imagesrc",
    "imagepath",
    "mainimage",
    "picture",
    "pictureurl",
    "photo",
    "img",
    "thumbnail",
    "图片",
    "主图",
    "商品图片",
    "图片链接",
    "mainimageurl",
    "images",
    "imageurls",
    "imageurlsxyz",
    "picurl",
    "pictures",
    "baseimage",
    "mediagallery",
    "additionalimages",
    "bild",
    "bildurl",
    "imagen",
    "immagine",
    "图片地址",
    "圖片",
    "主圖",
    "画像",
    "商品画像",
    "画像url",
    "商品画像url",
    "bilder",
    "imágenes",
    "이미지",
];

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

/// Whether a column of that plain name has the categories that are right, where another
/// has those that were.
pub(crate) fn is_correction(plain: &str) -> bool {
    CORRECTIONS.contains(&plain) || is_category_that_is(plain, CORRECTED)
}

/// Whether a column of that plain name has categories that are no longer right.
pub(crate) fn is_old(plain: &str) -> bool {
    is_category_that_is(plain, OLD)
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

/// Before the name of an attribute: keys of an object `attributes` get it too.
const OF_ATTRIBUTES: &str = "attributes.";

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
    match column.strip_prefix(OF_ATTRIBUTES) {
        Some(name) if !plain(name).is_empty() => name,
        _ => column,
    }
}

/// A name for the column of an attribute by which a [`ProductReader`](crate::ProductReader) knows it
/// again: its own, or `attributes.NAME` where a column of its own name would be taken
/// for something else.
///
/// ```
/// use assort_read::attribute_column;
///
/// assert_eq!(attribute_column("price"), "price");
/// assert_eq!(attribute_column("Category"), "attributes.Category");
/// ```
pub fn attribute_column(name: &str) -> String {
    let simple = plain(name);
    let means_more = [ID, TITLE, TEXT, IMAGE]
        .iter()
        .any(|names| names.contains(&simple.as_str()));
    match means_more || is_no_attribute(&simple) || name.starts_with(OF_ATTRIBUTES) {
        true => format!("{OF_ATTRIBUTES}{name}"),
        false => name.to_owned(),
    }
}

/// A name without case, spaces and punctuation.
pub(crate) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
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
