//! Filter expressions.

use assort_core::{AttributeSchema, Filter, FilterExpr, Product};

/// Parses an expression, prints it, parses it again, and holds it against a
/// product. What it prints must parse to an equal expression.
pub fn filter(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(expression) = FilterExpr::parse(text) else {
        return false;
    };
    let printed = expression.to_string();
    assert_eq!(
        FilterExpr::parse(&printed).as_ref(),
        Ok(&expression),
        "{printed}"
    );
    let category = |name: &str, below: bool| match name {
        "none" => Err("there is none".to_owned()),
        _ if below => Ok(vec![2, 1]),
        _ => Ok(vec![1]),
    };
    if let Ok(filter) = Filter::parse(text, &AttributeSchema::default(), category) {
        let product = product();
        filter.matches(&(&product, Some(1)));
        filter.matches(&(&product, None));
    }
    true
}

fn product() -> Product {
    let attributes = [("brand", "HP"), ("price", "1,299.00"), ("brand", "")];
    Product {
        id: "P1".to_owned(),
        title: "Pavilion 15,6\" ＵＳＢ-C Größe".to_owned(),
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..Product::default()
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let expressions = [
        "brand = \"HP\" and price < 500",
        "category under \"Electronics > Laptops\" and not colour in (red, pink)",
        "(`screen size` in 13..15.6 or title contains \"15.6 inch\") and has weight",
        "price between 1000 and 2e3 or id != 'P\\'1' or category in (one, two)",
        "not (text not contains x) and brand not in (a) and price >= -0.5",
    ];
    expressions.map(|text| text.as_bytes().to_vec()).into()
}
