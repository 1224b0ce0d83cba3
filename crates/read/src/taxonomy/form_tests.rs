//! Taxonomies in forms that few programs write.

use std::io::Cursor;

use assort_core::{CategoryRow, Place};

use super::*;

fn read(file: &str) -> crate::Result<TaxonomyFile> {
    let input = Input::from_reader("tree", Cursor::new(file.as_bytes().to_vec()), None)?;
    read_taxonomy(input, &TaxonomyOptions::default())
}

/// The form, and rows as `id: A|B`, for children `id: parent < name`.
fn told(file: &str) -> (String, Vec<String>) {
    let file = read(file).unwrap();
    let tell = |row: &CategoryRow| {
        let place = match &row.place {
            Place::Path(path) => path.join("|"),
            Place::Child { parent, name } => {
                format!("{} < {name}", parent.as_deref().unwrap_or("root"))
            }
        };
        format!("{}: {place}", row.id.as_deref().unwrap_or("-"))
    };
    (file.format.clone(), file.rows.iter().map(tell).collect())
}

fn message(file: &str) -> String {
    read(file).unwrap_err().to_string()
}

#[test]
fn nested_sets_are_trees() {
    let (format, rows) =
        told("id,name,lft,rgt\n3,Woks,3,4\n1,Kitchen,1,8\n2,Pans,2,5\n4,Pots,6,7\n5,Garden,9,10\n");
    let expected = [
        "3: 2 < Woks",
        "1: root < Kitchen",
        "2: 1 < Pans",
        "4: 1 < Pots",
        "5: root < Garden",
    ];
    assert_eq!(rows, expected);
    let form = "columns id=id from=lft to=rgt name=name, by parent; rows stand below those whose intervals enclose theirs";
    assert!(format.contains(form), "{format}");
    // Parents say it, too.
    let (format, _) = told("id,name,parent_id,lft,rgt\n1,Kitchen,,1,4\n2,Pans,1,2,3\n");
    assert!(format.ends_with("by parent"), "{format}");
    let crossing = message("id,name,lft,rgt\n1,Kitchen,1,4\n2,Pans,2,6\n");
    assert_eq!(
        crossing,
        "tree, line 3: the interval from 2 to 6 in columns `lft` and `rgt` crosses that from 1 to 4"
    );
    let ends = message("id,name,lft,rgt\n1,Kitchen,1,4\n2,Pans,3,2\n");
    assert!(
        ends.contains("line 3") && ends.contains("ends before it begins"),
        "{ends}"
    );
    let none = message("id,name,lft,rgt\n1,Kitchen,1,4\n2,Pans,2,x\n");
    assert!(none.contains("line 3: column `rgt` has `x`"), "{none}");
}

#[test]
fn ids_in_brackets_behind_names_are_ids() {
    let (format, rows) = told("Kitchen [K1]\nKitchen [K1] > Pans [K2]\nGarden [G1]\n");
    assert_eq!(rows, ["K1: Kitchen", "K2: Kitchen|Pans", "G1: Garden"]);
    assert!(format.contains("id=id path=path"), "{format}");
    let (_, rows) = told("Kitchen (1)\n  Pans (2)\nGarden (3)\n");
    assert_eq!(rows, ["1: Kitchen", "2: Kitchen|Pans", "3: Garden"]);
    let (_, rows) = told("Kitchen (1)\n  Pans (1)\nGarden (3)\n");
    // Numbers that repeat count what is there.
    assert_eq!(rows[1], "-: Kitchen|Pans");
}

#[test]
fn headings_and_lists_of_markdown_are_trees() {
    let (format, rows) = told("# Kitchen\n\n## Pans\n### Woks\n# Garden\n- Hoses\n");
    let expected = [
        "-: Kitchen",
        "-: Kitchen|Pans",
        "-: Kitchen|Pans|Woks",
        "-: Garden",
        "-: Garden|Hoses",
    ];
    assert_eq!(rows, expected);
    assert!(format.starts_with("Markdown"), "{format}");
    let (_, rows) = told("# Kitchen\n- Pans\n- Pots\n# Garden\n- Hoses\n");
    assert_eq!(rows[1], "-: Kitchen|Pans");
    let (_, rows) = told("1. Kitchen\n   1. Pans\n2. Garden\n   1. Hoses\n");
    assert_eq!(
        rows,
        [
            "-: Kitchen",
            "-: Kitchen|Pans",
            "-: Garden",
            "-: Garden|Hoses"
        ]
    );
    let broken = message("# Kitchen\n### Pans\n");
    assert_eq!(
        broken,
        "tree, line 2: the heading `### Pans` leaves out a level below `Kitchen`"
    );
    // Comments stay what they are.
    let (_, rows) = told("# mine\n# of today\nKitchen\nKitchen > Pans\n");
    assert_eq!(rows, ["-: Kitchen", "-: Kitchen|Pans"]);
}

#[test]
fn columns_are_levels_by_what_is_in_them() {
    let rows = "Fashion,Shoes,Sneakers\nFashion,Shoes,Boots\nFashion,Shirts,Polos\nFashion,Shirts,Tees\nHome,Kitchen,Pans\nHome,Kitchen,Pots\n";
    for header in ["Department,Group,Kind", "Sector,Range,Line"] {
        let (format, found) = told(&format!("{header}\n{rows}"));
        assert!(format.contains(&format!("levels={header}")), "{format}");
        assert_eq!(found.len(), 6);
        assert_eq!(found[0], "-: Fashion|Shoes|Sneakers", "{header}");
    }
    // The same name may stand below several.
    let (_, found) = told(&format!(
        "Department,Group,Kind\n{rows}Home,Office,Desks\nHome,Office,Pots\nHome,Bath,Mats\n"
    ));
    assert_eq!(found[7], "-: Home|Office|Pots");
    // What tells nothing of a row that is not told, or recurs, is no level.
    for others in [
        "Department,Group,Remark\nFashion,Shoes,new\nFashion,Shirts,slow\nHome,Kitchen,fine\n",
        "Department,Group,Colour\nFashion,Shoes,red\nFashion,Shoes,blue\nFashion,Shirts,red\nFashion,Shirts,blue\nHome,Pans,red\n",
    ] {
        let (format, _) = told(others);
        assert!(
            format.contains("levels=Department,Group ignored="),
            "{format}"
        );
    }
}

#[test]
fn names_in_lists_of_yaml_are_a_tree() {
    for file in [
        "Home:\n  Kitchen:\n    - Pans\n    - Pots\nFashion:\n  - Shoes\n",
        "Home:\n- Kitchen:\n  - Pans\n  - Pots\nFashion:\n- Shoes\n",
    ] {
        let (_, rows) = told(file);
        let expected = [
            "-: Home",
            "-: Home|Kitchen",
            "-: Home|Kitchen|Pans",
            "-: Home|Kitchen|Pots",
            "-: Fashion",
            "-: Fashion|Shoes",
        ];
        assert_eq!(rows, expected, "{file}");
    }
}

#[test]
fn concepts_of_skos_are_categories_and_elements_without_names_are_refused() {
    let concept = |id: u8, name: &str, more: &str| {
        format!(
            "<skos:Concept rdf:about=\"x/{id}\"><skos:prefLabel xml:lang=\"en\">{name}</skos:prefLabel>{more}</skos:Concept>"
        )
    };
    let below = "<skos:broader rdf:resource=\"x/1\"/>";
    let file = format!(
        "<rdf:RDF>{}{}</rdf:RDF>",
        concept(1, "Kitchen", ""),
        concept(2, "Pans", below)
    );
    assert_eq!(told(&file).1, ["x/1: root < Kitchen", "x/2: x/1 < Pans"]);
    let nameless = "<list><entry ref=\"1\"><up ref=\"2\"/></entry><entry ref=\"2\"><up ref=\"3\"/></entry></list>";
    assert!(
        message(nameless).contains("has no name"),
        "{}",
        message(nameless)
    );
}

#[test]
fn ids_on_the_way_and_numbers_of_chapters_are_trees() {
    let browse = |id: u8, name: &str, path: &str| {
        format!(
            "<Node><browseNodeId>{id}</browseNodeId><browseNodeName>{name}</browseNodeName><browsePathById>{path}</browsePathById></Node>"
        )
    };
    let file = format!(
        "<Result>{}{}</Result>",
        browse(1, "Kitchen", "0,1"),
        browse(2, "Pans", "0,1,2")
    );
    assert_eq!(told(&file).1, ["1: root < Kitchen", "2: 1 < Pans"]);
    let (_, rows) = told("No,Name\n1,Kitchen\n1.1,Pans\n1.1.1,Woks\n2,Garden\n");
    assert_eq!(rows[2], "1.1.1: 1.1 < Woks");
}

#[test]
fn bullets_are_no_part_of_names() {
    let (_, rows) = told("Kitchen\n \u{2022} Pans\n   \u{25e6} Woks\n \u{2022} Pots\nGarden\n");
    assert_eq!(rows[2], "-: Kitchen|Pans|Woks");
}
