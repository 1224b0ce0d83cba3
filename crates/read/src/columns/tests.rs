//! Tests of what columns mean.

use super::*;
use crate::sample::tests::sample;

fn resolve(header: &str, mapping: &Mapping) -> std::result::Result<String, Refusal> {
    let names: Vec<_> = header.split(',').map(str::to_owned).collect();
    let sample = Sample::default();
    Columns::resolve(&names, mapping, &sample).map(|columns| columns.to_string())
}

fn guess(header: &str) -> String {
    resolve(header, &Mapping::default()).unwrap()
}

fn some(name: &str) -> Option<String> {
    Some(name.to_owned())
}

#[test]
fn usual_headers_are_understood() {
    assert_eq!(
        guess("id,title,description,brand,price"),
        "id=id title=title text=description attributes=brand,price"
    );
    assert_eq!(
        guess("Product ID,Product-Name,Body (HTML),Product_Type,Image Src,Vendor"),
        "id=Product ID title=Product-Name text=Body (HTML) category=Product_Type image=Image Src attributes=Vendor"
    );
    assert_eq!(
        guess("商品编号,商品名称,描述,类目,图片,品牌"),
        "id=商品编号 title=商品名称 text=描述 category=类目 image=图片 attributes=品牌"
    );
    assert_eq!(
        guess("asin,name,summary,text,gtin"),
        "id=asin title=name text=summary,text attributes=gtin"
    );
}

#[test]
fn columns_without_a_name_are_told_by_their_number() {
    let names = ["", "id", "title", ""].map(str::to_owned);
    let rows = sample(&["0|7|Mug|red", "1|8|Pan|blue"]);
    let columns = Columns::resolve(&names, &Mapping::default(), &rows).unwrap();
    assert_eq!(columns.to_string(), "id=id title=title attributes=column 4");
}

#[test]
fn what_a_file_without_names_lacks_is_said() {
    let refused = |header: &str, rows: &[&str]| {
        let names: Vec<_> = header.split('|').map(str::to_owned).collect();
        let columns = Columns::resolve(&names, &Mapping::default(), &sample(rows));
        columns.unwrap_err()
    };
    let both = refused("price|stock", &["1|2"]);
    assert!(
        both.message
            .starts_with("no column looks like an id, and none like a title")
    );
    assert_eq!(both.unstated, Some(Unstated::Id));
    let headless = refused("101|Pan", &["102|Pot", "103|Lid"]);
    assert!(
        headless.message.contains("the file has no header"),
        "{headless:?}"
    );
    assert_eq!(headless.unstated, None);
    let single = refused("id/title", &["1/Pan", "2/Pot"]);
    assert!(single.message.contains("only one column"), "{single:?}");
    assert_eq!(single.unstated, None);
}

#[test]
fn name_of_id_platforms_and_languages_are_known() {
    for (header, id, title) in [
        ("Nr,Listing Title", "Nr", "Listing Title"),
        ("No.,ItemDescription", "No.", "ItemDescription"),
        ("barcode,offer_name", "barcode", "offer_name"),
        ("Код товара,Название", "Код товара", "Название"),
        ("Kod produktu,Nazwa", "Kod produktu", "Nazwa"),
        ("รหัสสินค้า,title", "รหัสสินค้า", "title"),
        ("رقم المنتج,title", "رقم المنتج", "title"),
        ("SKU编码,标题", "SKU编码", "标题"),
        ("Código,Descripción", "Código", "Descripción"),
        ("商家编码,数字ID,宝贝名称", "数字ID", "宝贝名称"),
        ("URL handle,Title,SKU", "URL handle", "Title"),
    ] {
        let found = guess(header);
        assert!(
            found.starts_with(&format!("id={id} title={title}")),
            "{found}"
        );
    }
    let found = guess("id,title,descripción");
    assert_eq!(found, "id=id title=title text=descripción");
}

#[test]
fn a_second_category_column_is_no_attribute() {
    assert_eq!(
        guess("id,title,category,category_id"),
        "id=id title=title category=category_id ignored=category"
    );
    let none = Mapping {
        category: some("-"),
        ..Mapping::default()
    };
    assert_eq!(
        resolve("id,title,category", &none).unwrap(),
        "id=id title=title ignored=category"
    );
}

#[test]
fn stated_columns_win_over_guesses() {
    let stated = Mapping {
        id: some("CODE"),
        title: some("label"),
        text: Some(Vec::new()),
        attributes: Some(vec!["label".to_owned(), "id".to_owned()]),
        ..Mapping::default()
    };
    assert_eq!(
        resolve("id,code,label,description", &stated).unwrap(),
        "id=code title=label attributes=label,id ignored=description"
    );
}

#[test]
fn missing_columns_are_named_with_those_there_are() {
    let wrong = Mapping {
        category: some("kind"),
        ..Mapping::default()
    };
    assert_eq!(
        resolve("id,title", &wrong).unwrap_err().message,
        "there is no column `kind`; the columns are id, title"
    );
    let no_id = resolve("title,price", &Mapping::default()).unwrap_err();
    assert_eq!(no_id.unstated, Some(Unstated::Id));
    let no_title = resolve("id,price", &Mapping::default()).unwrap_err();
    assert_eq!(no_title.unstated, Some(Unstated::Title));
}

#[test]
fn rows_can_be_numbered_and_labels_go_without_titles() {
    let labels = Mapping {
        id: some("#"),
        require_title: false,
        ..Mapping::default()
    };
    assert_eq!(resolve("label", &labels).unwrap(), "id=# category=label");
}
