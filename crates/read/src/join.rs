//! Rows that are about one product, made one.

use std::collections::HashMap;

use crate::columns::Columns;
use crate::maker::{Given, add_text};
use crate::names::{KEY, attribute, plain};
use crate::tally::Tally;

/// Kinds of products that others belong to.
const PARENTS: [&str; 5] = [
    "variable",
    "parent",
    "configurable",
    "variablesubscription",
    "group",
];

/// Kinds of rows that belong to a product.
const CHILDREN: [&str; 4] = ["variation", "child", "variant", "subscriptionvariation"];

/// Joins rows: one without a title that has the id of the row before, one for another
/// view of the shop, and one that names a product before it as its parent.
#[derive(Debug)]
pub(crate) struct Join {
    /// The product that rows may still be joined to.
    last: Option<Given>,
    /// Products that others may name as their parent anywhere, and where they are by
    /// their keys.
    held: Vec<Given>,
    by_key: HashMap<String, usize>,
    /// Rows whose parent has not come yet.
    early: Vec<Given>,
    names: Names,
    /// Whether there is a row for each attribute of a product.
    is_long: bool,
}

/// Names of attributes that further values get, or do not.
#[derive(Debug)]
struct Names {
    title: String,
    image: String,
    /// What says how rows belong together, and nothing about the product.
    structure: Vec<String>,
}

impl Join {
    pub(crate) fn new(columns: &Columns) -> Self {
        let name = |column: Option<&str>| attribute(column.unwrap_or_default()).to_owned();
        let structure = [columns.parent, columns.kind, columns.view]
            .into_iter()
            .flatten();
        let structure = structure.map(|at| name(Some(columns.names[at].as_str())));
        Self {
            last: None,
            held: Vec::new(),
            by_key: HashMap::new(),
            early: Vec::new(),
            is_long: columns.is_long(),
            names: Names {
                title: name(columns.title()),
                image: name(columns.image()),
                structure: structure.collect(),
            },
        }
    }

    /// Takes a row; gives one that nothing more can be joined to.
    pub(crate) fn take(&mut self, given: Given, tally: &Tally) -> Option<Given> {
        if self.goes_on(&given) {
            tally.count_joined();
            if let Some(last) = &mut self.last {
                merge(last, given, &self.names);
            }
            return None;
        }
        if let Some(parent) = given.parent.as_deref() {
            if let Some(last) = self.last.as_mut().filter(|last| is_named(last, parent)) {
                tally.count_joined();
                merge(last, given, &self.names);
                return None;
            }
            if let Some(&at) = self.by_key.get(parent) {
                tally.count_joined();
                merge(&mut self.held[at], given, &self.names);
                return None;
            }
            if is_of(&given, &CHILDREN) {
                self.early.push(given);
                return None;
            }
        }
        if given.parent.is_none() && is_of(&given, &CHILDREN) && !has_title(&given) {
            // eBay's variations stand under their product, and do not name it.
            if let Some(last) = &mut self.last {
                tally.count_joined();
                merge(last, given, &self.names);
                return None;
            }
        }
        let before = self.last.take();
        if is_of(&given, &PARENTS) {
            self.hold(given);
        } else {
            self.last = Some(given);
        }
        before
    }

    /// All that is left, in the order of the lines.
    pub(crate) fn finish(&mut self, tally: &Tally) -> Vec<Given> {
        let mut left: Vec<Given> = self.last.take().into_iter().collect();
        for given in std::mem::take(&mut self.early) {
            let parent = given
                .parent
                .as_deref()
                .and_then(|parent| self.by_key.get(parent));
            match parent {
                Some(&at) => {
                    tally.count_joined();
                    merge(&mut self.held[at], given, &self.names);
                }
                None => left.push(given),
            }
        }
        left.append(&mut self.held);
        left.sort_by_key(|given| given.line);
        left
    }

    fn hold(&mut self, given: Given) {
        for key in keys(&given) {
            self.by_key.insert(key, self.held.len());
        }
        self.held.push(given);
    }

    /// Whether a row is about the product of the row before.
    fn goes_on(&self, given: &Given) -> bool {
        let Some(last) = &self.last else {
            return false;
        };
        let names_another = self.is_long && given.update.title == last.update.title;
        let has_view = given.view.is_some() && given.view != last.view;
        last.update.id == given.update.id && (!has_title(given) || has_view || names_another)
    }
}

fn has_title(given: &Given) -> bool {
    let title = given.update.title.as_ref();
    title.is_some_and(|title| !title.is_empty())
}

/// What a product is called by those that belong to it: its id, also behind `id:`, and
/// its other keys.
fn keys(given: &Given) -> impl Iterator<Item = String> + '_ {
    let id = &given.update.id;
    let own = [id.clone(), format!("id:{id}")];
    let others = given.update.attributes.iter();
    let others = others.filter(|(name, _)| KEY.contains(&plain(name).as_str()));
    own.into_iter()
        .chain(others.map(|(_, value)| value.clone()))
}

fn is_named(given: &Given, parent: &str) -> bool {
    keys(given).any(|key| key == parent)
}

fn is_of(given: &Given, kinds: &[&str]) -> bool {
    let kind = given.kind.as_deref().map(plain);
    kind.is_some_and(|kind| kinds.contains(&kind.as_str()))
}

/// Adds what a row says to the product that it is about: values that the product does
/// not have are further ones of the attribute, also another title, picture and id.
fn merge(product: &mut Given, row: Given, names: &Names) {
    let update = &mut product.update;
    let mut more = row.update.attributes;
    for (pair, value) in row.unnamed {
        // Rows of variants have the name of an option in that of their product alone.
        match product.named.iter().find(|(named, _)| *named == pair) {
            Some((_, name)) => more.push((name.clone(), value)),
            None => product.unnamed.push((pair, value)),
        }
    }
    more.retain(|(name, _)| !names.structure.contains(name));
    if row.update.id != update.id {
        more.push(("variant id".to_owned(), row.update.id));
    }
    if let Some(other) = row
        .update
        .title
        .filter(|other| update.title.as_ref() != Some(other))
    {
        let name = match &row.view {
            Some(view) => format!("{} {view}", names.title),
            None => format!("variant {}", names.title),
        };
        more.push((name, other));
    }
    let own_image = update.image.get_or_insert_default();
    match row.update.image {
        Some(other) if own_image.is_empty() => *own_image = other,
        Some(other) if other != *own_image => more.push((names.image.clone(), other)),
        _ => {}
    }
    if row.view.is_none()
        && let Some(text) = row.update.text
    {
        text.lines()
            .for_each(|line| add_text(&mut update.text, line.to_owned()));
    }
    for value in more {
        if !value.1.is_empty() && !update.attributes.contains(&value) {
            update.attributes.push(value);
        }
    }
    if product.category.is_none() {
        product.category = row.category;
        product.more_categories = row.more_categories;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use crate::{Input, Mapping, ProductReader};

    /// Products as `id title [attribute=value …]`, and the number of joined rows.
    fn joined(file: &str) -> (Vec<String>, u64) {
        let input = Input::from_reader("shop", Cursor::new(file.as_bytes().to_vec()), None);
        let reader = ProductReader::new(input.unwrap(), &Mapping::default()).unwrap();
        let tally = reader.tally();
        let products = reader.map(|row| match row.unwrap().whole() {
            Ok(row) => {
                let pairs = row.product.attributes.iter();
                let pairs: Vec<String> = pairs
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                format!(
                    "{} {} [{}]",
                    row.product.id,
                    row.product.title,
                    pairs.join(" ")
                )
            }
            Err(rejected) => format!("{}! {}", rejected.line, rejected.reason),
        });
        let products = products.collect();
        (products, tally.joined())
    }

    #[test]
    fn rows_that_go_on_with_a_product_add_their_values() {
        let file = "handle,title,size,image\na,Mug,S,1.jpg\na,,M,2.jpg\na,,S,\nb,Pot,,\na,,L,\n";
        let expected = [
            "a Mug [image=2.jpg size=M size=S]",
            "b Pot []",
            "6! no title",
        ];
        assert_eq!(joined(file), (expected.map(str::to_owned).to_vec(), 2));
    }

    #[test]
    fn views_of_a_product_are_its_other_titles() {
        let file = "sku,store_view_code,name\nk,,Kettle\nk,de,Kessel\nk,,Kettle\n";
        let (found, joined) = joined(file);
        assert_eq!(found[0], "k Kettle [name de=Kessel]");
        assert_eq!((found.len(), joined), (2, 1));
    }

    #[test]
    fn variants_are_joined_to_the_parent_that_they_name_wherever_it_stands() {
        let file = "id,sku,name,type,parent\n9,m-s,Mug small,variation,m\n\
            7,m,Mug,variable,\n8,p,Pot,simple,\n10,m-l,Mug large,variation,id:7\n\
            11,x,Lost,variation,gone\n";
        let (found, joined) = joined(file);
        let mug = "7 Mug [sku=m sku=m-l sku=m-s type=variable ";
        assert!(found[0].starts_with(mug), "{found:?}");
        assert_eq!(found[1], "8 Pot [sku=p type=simple]");
        assert!(found[2].starts_with("11 Lost"), "{found:?}");
        assert_eq!((found.len(), joined), (3, 2));
    }

    #[test]
    fn variations_under_a_product_are_joined_with_ids_of_their_own() {
        let file = "Title,CustomLabel,Relationship,RelationshipDetails\nHat,H,,Size=S;M\n\
            ,H-S,Variation,Size=S\n,H-M,Variation,Size=M\nPan,P,,\n";
        let (found, joined) = joined(file);
        assert!(found[0].starts_with("H Hat ["), "{found:?}");
        assert!(found[0].contains("variant id=H-M"), "{found:?}");
        assert_eq!((found.len(), joined), (2, 2));
    }

    #[test]
    fn variants_are_joined_in_the_languages_of_shops() {
        let file = "ID,Typ,Artikelnummer,Name,Übergeordnetes Produkt\n10,variable,T,Shirt,\n\
            11,variation,T-S,Shirt S,T\n12,variation,T-M,Shirt M,id:10\n";
        let (found, count) = joined(file);
        assert_eq!((found.len(), count), (1, 2), "{found:?}");
        let file = "ID,Type,UGS,Nom,Parent\n10,variable,T,Shirt,\n11,variation,T-S,Shirt S,T\n";
        assert_eq!(joined(file).1, 1);
        let file =
            "ID,Tipo,SKU,Nombre,Superior\n10,variable,T,Shirt,\n11,variation,T-S,Shirt S,T\n";
        assert_eq!(joined(file).1, 1);
    }

    #[test]
    fn variants_of_new_shopify_files_are_joined_by_the_handle() {
        let file = "Title,URL handle,SKU,Option1 value\nHat,hat,H-S,S\n,hat,H-M,M\n";
        let (found, count) = joined(file);
        assert!(found[0].starts_with("hat Hat ["), "{found:?}");
        assert_eq!((found.len(), count), (1, 1));
    }

    #[test]
    fn lines_that_name_the_object_before_as_their_parent_are_joined() {
        let file = "{\"id\":\"p1\",\"title\":\"Mug\"}\n\
            {\"id\":\"v1\",\"sku\":\"M-1\",\"__parentId\":\"p1\"}\n{\"id\":\"p2\",\"title\":\"Pot\"}\n";
        let (found, joined) = joined(file);
        assert_eq!(found[0], "p1 Mug [sku=M-1 variant id=v1]");
        assert_eq!((found.len(), joined), (2, 1));
    }
}
