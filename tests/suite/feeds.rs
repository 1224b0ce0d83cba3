//! Feeds of shops' platforms, by their published columns, from a file to a filed
//! catalog without an option.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, Float64Array, Int64Array, RecordBatch, StringArray, StructArray,
};
use parquet::arrow::ArrowWriter;
use serde_json::Value;

use crate::common::Place;

const TAXONOMY: &str = "id,path\n\
    10,Home\n\
    11,Home > Kitchen\n\
    12,Home > Kitchen > Kettles\n\
    13,Home > Kitchen > Frying Pans\n\
    20,Wear\n\
    21,Wear > Shirts\n\
    22,Wear > Hats\n";

/// What is said of a product after an import: its title, its label's id, and texts that
/// it has somewhere.
type Expected<'a> = (&'a str, &'a str, Option<&'a str>, &'a [&'a str]);

/// Imports a feed into a new catalog, and checks the products that come of it.
fn feed(file: &str, content: impl AsRef<[u8]>, products: &[Expected<'_>]) {
    let place = Place::empty();
    place.write("taxonomy.csv", TAXONOMY);
    place.write(file, content);
    place.run("init shop --taxonomy taxonomy.csv").done();
    let told = place.run(&format!("import shop {file}")).ended(0).stderr;
    let count = products.len() as u64;
    assert_eq!(place.stats()["products"], count, "{file}: {told}");
    for (id, title, label, texts) in products {
        let product = json(&place, id);
        assert_eq!(product["title"], *title, "{file}: {told}");
        let found = product["label"]["id"].as_str();
        assert_eq!(found, *label, "{file}, {id}: {told}");
        let all = product.to_string();
        for text in *texts {
            assert!(all.contains(text), "{file}: no {text} in {all}");
        }
    }
    place.run("classify shop").ended(0);
}

fn json(place: &Place, id: &str) -> Value {
    let shown = place.run_with("show shop --format json", id).done();
    serde_json::from_str(&shown).unwrap()
}

#[test]
fn shopify_products_with_variants_and_pictures() {
    let csv = "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src,Image Position,Status\n\
        linen-shirt,Linen Shirt,<p>Airy.</p>,Loom,Wear > Shirts,Shirt,summer,TRUE,Size,S,LS-S,39.00,https://a.example/1.jpg,1,active\n\
        linen-shirt,,,,,,,,,M,LS-M,39.00,https://a.example/2.jpg,2,\n\
        linen-shirt,,,,,,,,,,,,https://a.example/3.jpg,3,\n\
        straw-hat,Straw Hat,,Loom,Wear > Hats,Hat,,TRUE,Title,Default Title,SH,19.00,,,active\n";
    feed(
        "shopify.csv",
        csv,
        &[
            (
                "linen-shirt",
                "Linen Shirt",
                Some("21"),
                &["LS-S", "LS-M", "3.jpg"],
            ),
            ("straw-hat", "Straw Hat", Some("22"), &["SH"]),
        ],
    );
    let json = r#"{"products": [
        {"id": 71, "title": "Linen Shirt", "body_html": "<p>Airy.</p>", "product_type": "Wear > Shirts",
         "variants": [{"id": 711, "sku": "LS-S"}, {"id": 712, "sku": "LS-M"}], "images": [{"src": "https://a.example/1.jpg"}]},
        {"id": 72, "title": "Straw Hat", "product_type": "Hats", "variants": [{"id": 721, "sku": "SH"}]}
    ]}"#;
    feed(
        "shopify.json",
        json,
        &[
            ("71", "Linen Shirt", Some("21"), &["LS-S", "LS-M"]),
            ("72", "Straw Hat", Some("22"), &["SH"]),
        ],
    );
}

#[test]
fn woocommerce_products_with_variations() {
    let csv = "ID,Type,SKU,Name,Published,\"Short description\",Description,\"Regular price\",Categories,Tags,Images,Parent,\"Attribute 1 name\",\"Attribute 1 value(s)\"\n\
        7,variable,shirt,Oxford Shirt,1,,Cotton.,,\"Wear > Shirts, Wear\",,a.jpg,,Size,\"S, M\"\n\
        8,simple,kettle,Whistling Kettle,1,,,29,Home &gt; Kitchen &gt; Kettles,,b.jpg,,,\n\
        9,variation,shirt-s,Oxford Shirt - S,1,,,35,,,,shirt,Size,S\n\
        10,variation,shirt-m,Oxford Shirt - M,1,,,35,,,,id:7,Size,M\n";
    feed(
        "woocommerce.csv",
        csv,
        &[
            ("7", "Oxford Shirt", Some("21"), &["shirt-s", "shirt-m"]),
            ("8", "Whistling Kettle", Some("12"), &["kettle"]),
        ],
    );
}

#[test]
fn magento_products_with_store_views() {
    let csv = "sku,store_view_code,attribute_set_code,product_type,categories,product_websites,name,description,price,url_key\n\
        KT-1,,Default,simple,\"Default Category/Home/Kitchen,Default Category/Home/Kitchen/Kettles\",base,Steel Kettle,<p>Whistles.</p>,24.0000,kettle\n\
        KT-1,de,Default,simple,,,Stahlkessel,,,\n\
        HT-1,,Default,simple,Default Category/Wear/Hats,base,Sun Hat,,12.5000,hat\n";
    feed(
        "magento.csv",
        csv,
        &[
            ("KT-1", "Steel Kettle", Some("12"), &["Stahlkessel"]),
            ("HT-1", "Sun Hat", Some("22"), &[]),
        ],
    );
}

#[test]
fn prestashop_products() {
    let csv = "Product ID;Active (0/1);Name *;Categories (x,y,z...);Price tax excluded;Reference #;Quantity;Summary;Description;Image URLs (x,y,z...)\n\
        1;1;Steel kettle;Home,Kettles;19.90;KE-1;4;<p>Whistles.</p>;<p>For gas.</p>;http://a.example/1.jpg\n\
        2;1;Sun hat;Hats;9.90;HA-1;4;;;http://a.example/2.jpg\n";
    feed(
        "prestashop.csv",
        csv,
        &[
            ("1", "Steel kettle", Some("12"), &["KE-1", "Whistles"]),
            ("2", "Sun hat", Some("22"), &["HA-1"]),
        ],
    );
}

#[test]
fn amazon_listings_and_flat_files() {
    let listing = "item-name\titem-description\tlisting-id\tseller-sku\tprice\tquantity\topen-date\timage-url\tasin1\tproduct-id\n\
        Steel kettle\tWhistles.\t0101A\tKE-NEW\t24.99\t3\t2030-01-01\t\tB0MADEUP01\tB0MADEUP01\n\
        Steel kettle\tWhistles.\t0101B\tKE-USED\t14.99\t1\t2030-01-02\t\tB0MADEUP01\tB0MADEUP01\n";
    feed(
        "listings.txt",
        listing,
        &[
            ("KE-NEW", "Steel kettle", None, &["B0MADEUP01"]),
            ("KE-USED", "Steel kettle", None, &["0101B"]),
        ],
    );
    let flat = "TemplateType=made-up\tVersion=2030.1\tThe top 3 rows are for the market\t\t\t\t\n\
        Product Type\tSeller SKU\tProduct Name\tParentage\tParent SKU\tColour\tProduct Description\n\
        feed_product_type\titem_sku\titem_name\tparent_child\tparent_sku\tcolor_name\tproduct_description\n\
        shirts\tSH\tOxford shirt\tparent\t\t\tCotton.\n\
        shirts\tSH-B\tOxford shirt, blue\tchild\tSH\tblue\tCotton.\n\
        shirts\tSH-R\tOxford shirt, red\tchild\tSH\tred\tCotton.\n";
    feed(
        "flat.txt",
        flat,
        &[("SH", "Oxford shirt", Some("21"), &["SH-B", "SH-R", "red"])],
    );
}

#[test]
fn ebay_and_etsy_listings() {
    let ebay = "*Action(SiteID=US|Country=US|Currency=USD|Version=1193),CustomLabel,*Category,*Title,*ConditionID,*Description,PicURL,*Quantity,*StartPrice\n\
        Add,KE-1,20625,Steel Kettle 2 l,1000,Whistles.,https://a.example/1.jpg,3,24.99\n\
        Add,HA-1,52365,Sun Hat,1000,,https://a.example/2.jpg,3,12.00\n";
    feed(
        "ebay.csv",
        ebay,
        &[
            ("KE-1", "Steel Kettle 2 l", None, &["20625", "1.jpg"]),
            ("HA-1", "Sun Hat", None, &["52365"]),
        ],
    );
    let etsy = "TITLE,DESCRIPTION,PRICE,CURRENCY_CODE,QUANTITY,TAGS,MATERIALS,IMAGE1,IMAGE2,\"VARIATION 1 TYPE\",\"VARIATION 1 NAME\",\"VARIATION 1 VALUES\",SKU\n\
        Felt hat,\"Warm, soft\",30.00,USD,2,\"hat,wool\",wool,https://a.example/1.jpg,,,,,FH-1\n\
        Linen shirt,Airy,49.00,USD,1,shirt,linen,https://a.example/2.jpg,,Size,Size,\"S,M\",\"LS-S,LS-M\"\n";
    feed(
        "etsy.csv",
        etsy,
        &[
            ("FH-1", "Felt hat", None, &["wool", "1.jpg"]),
            ("LS-S,LS-M", "Linen shirt", None, &["Airy"]),
        ],
    );
}

#[test]
fn taobao_products_in_utf_16() {
    let text = "version 1.00\n\
        title\tcid\tseller_cids\tstuff_status\tlocation_state\tprice\tnum\tdescription\touter_id\n\
        宝贝名称\t宝贝类目\t店铺类目\t新旧程度\t省\t宝贝价格\t宝贝数量\t宝贝描述\t商家编码\n\
        不锈钢烧水壶 2升\t50012\t\t1\t浙江\t129.00\t8\t会鸣笛\tKE-01\n\
        夏季遮阳帽\t50013\t\t1\t浙江\t39.00\t8\t\tHA-01\n";
    let bytes: Vec<u8> = std::iter::once(0xfeff)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    feed(
        "taobao.csv",
        bytes,
        &[
            ("KE-01", "不锈钢烧水壶 2升", None, &["50012", "会鸣笛"]),
            ("HA-01", "夏季遮阳帽", None, &["39.00"]),
        ],
    );
}

#[test]
fn akeneo_products_with_locales() {
    let csv = "sku;categories;enabled;family;groups;name-en_US;name-de_DE;description-en_US-ecommerce;price-EUR\n\
        KE-1;kettles,frying_pans;1;kitchen;;Steel kettle;Stahlkessel;Whistles.;24.90\n\
        HA-1;hats;1;wear;;Sun hat;Sonnenhut;;9.90\n";
    feed(
        "akeneo.csv",
        csv,
        &[
            (
                "KE-1",
                "Steel kettle",
                Some("12"),
                &["Stahlkessel", "Whistles"],
            ),
            ("HA-1", "Sun hat", Some("22"), &["Sonnenhut"]),
        ],
    );
}

#[test]
fn google_merchant_feeds() {
    let tsv = "id\ttitle\tdescription\tlink\timage_link\tavailability\tprice\tbrand\tgtin\tgoogle_product_category\tproduct_type\titem_group_id\n\
        K1\tSteel kettle\tWhistles.\thttps://a.example/k1\thttps://a.example/k1.jpg\tin stock\t24.99 EUR\tStelo\t04012345678901\tHome > Kitchen > Kettles\tKitchen > Boil\t\n\
        H1\tSun hat\t\thttps://a.example/h1\thttps://a.example/h1.jpg\tin stock\t9.99 EUR\tLoom\t04012345678918\t22\tSummer > Hats\t\n";
    let products: [Expected<'_>; 2] = [
        (
            "K1",
            "Steel kettle",
            Some("12"),
            &["04012345678901", "Kitchen > Boil"],
        ),
        ("H1", "Sun hat", Some("22"), &["Summer > Hats"]),
    ];
    feed("google.tsv", tsv, &products);
    let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel>
  <title>A shop</title><link>https://a.example</link><description>All of it</description>
  <item><g:id>K1</g:id><title>Steel kettle</title><description><![CDATA[Whistles.]]></description>
    <g:price>24.99 EUR</g:price><g:gtin>04012345678901</g:gtin>
    <g:google_product_category>Home &gt; Kitchen &gt; Kettles</g:google_product_category>
    <g:product_type>Kitchen &gt; Boil</g:product_type></item>
  <item><g:id>H1</g:id><title>Sun hat</title><g:price>9.99 EUR</g:price>
    <g:google_product_category>22</g:google_product_category><g:product_type>Summer &gt; Hats</g:product_type></item>
</channel></rss>"#;
    feed("google.xml", xml, &products);
}

#[test]
fn yandex_offers_name_the_categories_of_their_feed() {
    let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
<yml_catalog date="2030-01-01"><shop><name>A shop</name>
  <categories><category id="10">Wear</category><category id="12" parentId="10">Hats</category></categories>
  <offers>
    <offer id="H1"><typePrefix>Sun hat</typePrefix><vendor>Loom</vendor><model>L2</model><categoryId>12</categoryId></offer>
    <offer id="X1"><name>Steel kettle</name><categoryId>13</categoryId></offer>
  </offers></shop></yml_catalog>"#;
    feed(
        "feed.yml",
        xml,
        &[
            ("H1", "Sun hat Loom L2", Some("22"), &["Loom"]),
            ("X1", "Steel kettle", None, &["categoryId 13"]),
        ],
    );
}

#[test]
fn ebay_variations_stand_under_their_product() {
    let csv = "*Action(SiteID=US),*Title,CustomLabel,Relationship,RelationshipDetails,*StartPrice\n\
        Add,Sun hat,HA,,Size=S;M,9.90\n,,HA-S,Variation,Size=S,9.90\n,,HA-M,Variation,Size=M,10.90\n";
    feed(
        "ebay.csv",
        csv,
        &[("HA", "Sun hat", None, &["HA-S", "HA-M"])],
    );
}

#[test]
fn woocommerce_products_in_german() {
    let csv = "ID,Typ,Artikelnummer,Name,Kurzbeschreibung,\"Regulärer Preis\",Kategorien,\"Übergeordnetes Produkt\"\n\
        7,variable,shirt,Hemd,,,Wear > Shirts,\n\
        9,variation,shirt-s,Hemd - S,,\"19,90\",,shirt\n";
    feed("woo.csv", csv, &[("7", "Hemd", Some("21"), &["shirt-s"])]);
}

/// A Parquet file of columns.
fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    file
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[test]
fn parquet_files_of_data_sets() {
    let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![&b"\xff\xd8"[..], b"\x89PNG", b""]));
    let paths = texts(&[Some("img/1.jpg"), None, None]);
    let pictures = StructArray::try_from(vec![("bytes", bytes), ("path", paths)]).unwrap();
    let prices = Float64Array::from(vec![Some(24.0), Some(19.9), None]);
    let file = parquet(vec![
        ("image", Arc::new(pictures)),
        ("product_id", Arc::new(Int64Array::from(vec![71, 72, 73]))),
        (
            "title",
            texts(&[Some("Steel kettle"), Some("Sun hat"), Some("Linen shirt")]),
        ),
        (
            "category",
            texts(&[Some("Home > Kitchen > Kettles"), Some("Hats"), None]),
        ),
        ("price", Arc::new(prices)),
        ("brand", texts(&[Some("Loom"), None, Some("Loom")])),
    ]);
    feed(
        "train-00000-of-00001.parquet",
        file,
        &[
            (
                "71",
                "Steel kettle",
                Some("12"),
                &["img/1.jpg", "\"24\"", "Loom"],
            ),
            ("72", "Sun hat", Some("22"), &["19.9"]),
            ("73", "Linen shirt", None, &["Loom"]),
        ],
    );
}

#[test]
fn a_taxonomy_and_labels_may_be_parquet_too() {
    let place = Place::empty();
    let parents = Int64Array::from(vec![None, Some(1), Some(1)]);
    let tree = parquet(vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("parent_id", Arc::new(parents)),
        (
            "name",
            texts(&[Some("Home"), Some("Kettles"), Some("Hats")]),
        ),
    ]);
    place.write("tree.parquet", tree);
    place.run("init shop --taxonomy tree.parquet").done();
    place.write("products.csv", "id,title\n7,Steel kettle\n");
    place.run("import shop products.csv").done();
    let labels = parquet(vec![
        ("id", texts(&[Some("7")])),
        ("category", texts(&[Some("Kettles")])),
    ]);
    place.write("labels.parquet", labels);
    place.run("label shop labels.parquet").done();
    assert_eq!(json(&place, "7")["label"]["id"], "2");
    let truth = parquet(vec![
        ("id", texts(&[Some("7")])),
        ("title", texts(&[Some("Steel kettle")])),
        ("category", texts(&[Some("Kettles")])),
    ]);
    place.write("truth.parquet", truth);
    place.run("evaluate shop truth.parquet").done();
}
