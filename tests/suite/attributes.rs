//! What attributes hold: kinds, filters by them, summaries and facets.

use crate::common::{Place, json, text};

const PRODUCTS: &str = "\
id,title,brand,price,weight,instock,released,size,category
1,Kettle steel,Ada,\"1.299,00 €\",500 g,yes,2024-05-31,S,Kitchen
2,Kettle red,ada,\"19,99 €\",\"1,5 kg\",no,01.06.2024,M,Kitchen
3,Tea pot,HP,\"24,50 €\",2x250g,yes,2025-01-02,12,Kitchen
4,Lamp,HP,\"99,00 €\",2 lb,no,2023-01-02,XL,Light
";

fn place() -> Place {
    let place = Place::empty();
    place.write("tree.txt", "Kitchen\nLight\n");
    place.write("products.csv", PRODUCTS);
    place.run("init shop --taxonomy tree.txt --yes").ended(0);
    place
}

fn imported() -> Place {
    let place = place();
    let told = place.run("import shop products.csv").ended(0);
    told.said(&["instock:boolean, price:money, released:date, weight:mass"]);
    place
}

/// Ids of the products that a filter finds.
fn found(place: &Place, filter: &str) -> Vec<String> {
    let ran = place
        .run_with("list shop --format jsonl --filter", filter)
        .ended(0);
    let ids = ran
        .stdout
        .lines()
        .map(|line| json(line)["id"].as_str().unwrap().to_owned());
    ids.collect()
}

#[test]
fn kinds_are_found_on_import_and_filters_go_by_them() {
    let place = imported();
    for (filter, ids) in [
        ("weight < 600 g", "1 3"),
        ("weight >= 1 kg", "2"),
        ("weight = \"500 g\"", "1 3"),
        ("price < 25 EUR", "2 3"),
        ("price < 25", "2 3"),
        ("instock = true", "1 3"),
        ("released >= 2024 and released < 2025", "1 2"),
        ("brand = ADA", "1 2"),
        ("not weight > 1 kg and category = Kitchen", "1 3"),
    ] {
        assert_eq!(
            found(&place, filter),
            ids.split(' ').collect::<Vec<_>>(),
            "{filter}"
        );
    }
    let unfit = place.run_with("list shop --filter", "weight < 600");
    unfit.failed(2, &["weight is of the kind mass", "such as \"500 g\""]);
    // Where most values are no amounts, text would be compared.
    let unfit = place.run_with("list shop --filter", "brand < 800 g");
    unfit.failed(2, &["brand has no kind", "of the kind mass"]);
    assert!(found(&place, "price < 25 USD").is_empty());
}

#[test]
fn prices_from_one_amount_to_another_are_told_where_a_filter_passes_over_them() {
    let place = place();
    let mut products = PRODUCTS.to_owned();
    for id in 5..30 {
        products += &format!("{id},Mug {id},HP,\"{id},00 €\",1 kg,yes,2024-05-31,S,Kitchen\n");
    }
    products += "30,Set of mugs,HP,\"10,00 - 20,00 €\",1 kg,yes,2024-05-31,S,Kitchen\n";
    place.write("products.csv", products);
    let told = place.run("import shop products.csv").ended(0);
    told.said(&["price:money"]);
    let told = place.run_with("list shop --filter", "price < 15").ended(0);
    told.said(&[
        "1 of 30 values of `price` among the first 30 products are not of the kind money",
        "(the first is `10,00 - 20,00 €`)",
    ]);
    let told = place.run_with("remove shop --dry-run --filter", "price < 15");
    told.ended(0).said(&["the first is `10,00 - 20,00 €`"]);
    let told = place.run("attributes shop").ended(0);
    told.said(&["1 value of price cannot be read as money (`10,00 - 20,00 €`)"]);
}

#[test]
fn kinds_are_set_and_overrule_what_was_found() {
    let place = imported();
    let told = place
        .run("attributes shop --set weight:text,size:g,colour:money")
        .ended(0);
    told.said(&[
        "no product has the attribute `colour` yet",
        "of size cannot be read as g",
    ]);
    assert_eq!(found(&place, "size < 20"), ["3"]);
    assert_eq!(found(&place, "weight = \"1,5 kg\""), ["2"]);
    // A later import finds nothing else.
    place.write("more.csv", PRODUCTS.replace("Lamp", "Lamp of paper"));
    place.run("import shop more.csv").ended(0);
    let told = place.run("attributes shop --format json").ended(0);
    let kinds: Vec<String> = json(&told.stdout)["attributes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{}:{}", text(&one["name"]), text(&one["kind"])))
        .collect();
    for kind in ["weight:text", "size:g", "price:money", "brand:any"] {
        assert!(kinds.iter().any(|own| own == kind), "{kinds:?}");
    }
    let wrong = place.run("attributes shop --set weight:parsec");
    wrong
        .ended(2)
        .said(&["\"parsec\" is no kind of attribute", "or a unit such as kg"]);
    let wrong = place.run("attributes shop --set weight");
    wrong.ended(2).said(&["expected NAME:KIND"]);
}

#[test]
fn kinds_can_be_said_with_the_import() {
    let place = place();
    let told = place
        .run("import shop products.csv --attr size:text,weight:text")
        .ended(0);
    told.said(&["attributes=brand,price,weight,instock,released,size"]);
    assert_eq!(found(&place, "weight = \"2x250g\""), ["3"]);
    assert_eq!(found(&place, "size > 9").len(), 3);
}

#[test]
fn prices_are_amounts_wherever_their_currency_stands() {
    let place = Place::empty();
    place.write("tree.csv", "id,path\n1,Kitchen\n");
    place.write(
        "products.tsv",
        "id\ttitle\tprice\n1\tPan\t£9.99\n2\tPot\t€ 12.50\n3\tLid\tUS$5\n4\tWok\t¥ 1,200\n5\tTop\t1450 р.\n",
    );
    place.run("init shop --taxonomy tree.csv").done();
    let told = place.run("import shop products.tsv").ended(0);
    told.said(&["price:money"]);
    assert_eq!(found(&place, "price < 20"), ["1", "2", "3"]);
    assert_eq!(found(&place, "price >= 1200 JPY"), ["4"]);
}

#[test]
fn products_are_counted_by_values() {
    let place = imported();
    let told = place
        .run("facets shop brand,category,price --format json")
        .ended(0);
    let facets = json(&told.stdout);
    let brand = &facets["facets"][0];
    assert_eq!(brand["values"][0]["products"], 2);
    assert_eq!(brand["distinct"], 2);
    assert_eq!(facets["facets"][1]["values"][0]["value"], "Kitchen");
    let table = place
        .run_with("facets shop brand --filter", "price < 25")
        .ended(0);
    assert!(
        table
            .stdout
            .starts_with("brand: 2 values, 0 products without\n"),
        "{}",
        table.stdout
    );
    let near = place
        .run("search shop kettle --facets brand --format jsonl")
        .ended(0);
    assert_eq!(
        json(near.stdout.lines().last().unwrap())["facets"][0]["name"],
        "brand"
    );
    place.run("facets shop brnd").failed(
        2,
        &["no product has an attribute `brnd`", "there are: brand"],
    );
    place
        .run("search shop kettle --facets brand --format csv")
        .failed(2, &["facets are no rows"]);
}

#[test]
fn a_summary_tells_what_cannot_be_read_and_several_currencies() {
    let place = place();
    let products = PRODUCTS
        .replace("\"99,00 €\"", "$99.00")
        .replace("2 lb", "heavy");
    place.write("products.csv", products);
    place.run("import shop products.csv").ended(0);
    place
        .run("attributes shop --set weight:mass,price:money")
        .ended(0)
        .said(&[
            "1 value of weight cannot be read as mass (`heavy`)",
            "price is in EUR, $",
        ]);
    let told = place
        .run_with("search shop lamp --filter", "price < 100")
        .ended(0);
    told.said(&["`price` is in", "means all of them"]);
}
