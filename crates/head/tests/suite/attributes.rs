//! What attributes of products tell a head.

use assort_core::chance::below;
use assort_core::{AttributeKind, AttributeSchema};
use assort_head::{Bytes, Head, HeadInput, Labelled, Shape, TrainOptions, train};

type Attributes = Vec<(String, String)>;

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

fn input(attributes: &Attributes) -> HeadInput<'_> {
    HeadInput {
        attributes,
        ..HeadInput::plain("goods")
    }
}

fn options() -> TrainOptions {
    TrainOptions::default()
        .with_shape(Shape::Hidden(16))
        .with_batch(32)
        .with_epochs(30)
}

fn learned(products: &[Attributes], classes: &[u32], schema: Option<&AttributeSchema>) -> Head {
    let inputs: Vec<HeadInput<'_>> = products.iter().map(input).collect();
    let categories: Vec<String> = ["light", "heavy"].map(str::to_owned).into();
    let data = Labelled {
        inputs: &inputs,
        classes,
        categories: &categories,
        schema,
        ..Labelled::default()
    };
    train(&data, &options(), &mut |_| true).unwrap()
}

/// The category of a product.
fn best(head: &Head, pairs: &[(&str, &str)]) -> usize {
    let shares = head.log_shares(&[input(&attributes(pairs))]).remove(0);
    let shares = shares.unwrap();
    usize::from(shares[1] > shares[0])
}

/// Products of less and more than five kilograms, written in grams or kilograms.
fn weighed() -> (Vec<Attributes>, Vec<u32>) {
    let mut chance = 3;
    let all = (0..400).map(|at| {
        let grams = below(10_000, &mut chance);
        let written = match at % 2 {
            0 => format!("{grams} g"),
            _ => format!("{} kg", grams as f64 / 1000.0),
        };
        let id = format!("https://shop.example/{at}");
        let all = attributes(&[("Weight", &written), ("url", &id), ("currency", "EUR")]);
        (all, u32::from(grams >= 5000))
    });
    all.unzip()
}

#[test]
fn numbers_are_read_in_base_units_and_help_their_neighbours() {
    let (products, classes) = weighed();
    let head = learned(&products, &classes, None);
    // What names each product, and what all have in common, tells nothing.
    assert_eq!(head.attributes().collect::<Vec<_>>(), ["weight"]);
    assert_eq!(best(&head, &[("weight", "1234 g")]), 0);
    assert_eq!(best(&head, &[("WEIGHT", "8.1 kg")]), 1);
    assert_eq!(best(&head, &[("weight", "400 kg")]), 1, "beyond all known");
    assert_eq!(best(&head, &[("weight", "2 lb")]), 0);
}

#[test]
fn texts_among_numbers_and_unknown_values_do_no_harm() {
    let (mut products, classes) = weighed();
    for at in (0..400).step_by(40) {
        products[at][0].1 = ["NaN", "n/a", "inf", ""][at / 40 % 4].to_owned();
    }
    let head = learned(&products, &classes, None);
    assert_eq!(best(&head, &[("weight", "9000 g")]), 1);
    for strange in ["nan", "-inf", "heavy", "1e999 kg", "\u{0}", "٣ kg"] {
        let product = attributes(&[("weight", strange), ("unheard of", "x")]);
        let shares = head.log_shares(&[input(&product)]).remove(0).unwrap();
        assert!(shares.iter().all(|share| share.is_finite()), "{strange}");
    }
    let nothing = HeadInput {
        attributes: &attributes(&[("unheard of", "x"), ("weight", "")]),
        ..HeadInput::plain("zzz")
    };
    assert_eq!(head.log_shares(&[nothing]), [None]);
}

#[test]
fn texts_lists_and_what_is_missing_are_told_apart() {
    let lists: [&[(&str, &str)]; 4] = [
        &[("tag", "feather"), ("tag", "new")],
        &[("tag", "new"), ("tag", "IRON"), ("tag", "old")],
        &[("material", "paper"), ("tag", "new")],
        &[("material", "lead"), ("tag", "new")],
    ];
    let products: Vec<Attributes> = (0..80).map(|at| attributes(lists[at % 4])).collect();
    let classes: Vec<u32> = (0..80).map(|at| at % 2).collect();
    let head = learned(&products, &classes, None);
    assert_eq!(best(&head, &[("Tag", "Feather")]), 0);
    assert_eq!(best(&head, &[("tag", "iron"), ("tag", "new")]), 1);
    assert_eq!(best(&head, &[("material", "PAPER")]), 0);
    // Nothing but whether there is a size tells these apart.
    let products = (0..80).map(|at| match at % 3 {
        0 => attributes(&[("kind", "x")]),
        _ => attributes(&[("kind", "x"), ("size", ["s", "m"][at % 2])]),
    });
    let products: Vec<Attributes> = products.collect();
    let classes: Vec<u32> = (0..80).map(|at| u32::from(at % 3 == 0)).collect();
    let products: Vec<Attributes> = products
        .into_iter()
        .zip(0..)
        .map(|(mut own, at)| {
            own[0].1 = ["x", "y"][at % 2].to_owned();
            own
        })
        .collect();
    let head = learned(&products, &classes, None);
    assert_eq!(best(&head, &[("kind", "x")]), 1);
    assert_eq!(best(&head, &[("kind", "x"), ("size", "s")]), 0);
}

#[test]
fn the_kind_that_was_set_decides() {
    // Codes that look like numbers: even ones are heavy.
    let products = (0..200).map(|at| attributes(&[("code", &(100 + at % 8).to_string())]));
    let products: Vec<Attributes> = products.collect();
    let classes: Vec<u32> = (0..200).map(|at| u32::from(at % 8 % 2 == 0)).collect();
    let schema: AttributeSchema = [("Code", AttributeKind::Text)].into_iter().collect();
    let head = learned(&products, &classes, Some(&schema));
    assert_eq!(best(&head, &[("code", "104")]), 1);
    assert_eq!(best(&head, &[("code", "105")]), 0);
}

#[test]
fn very_many_values_make_no_large_head() {
    let values = 1 << 18;
    let mut chance = 5;
    let products: Vec<Attributes> = (0..values)
        .map(|at: usize| {
            // Half of the products share each of so many values, the others have their own.
            let value = match at % 2 {
                0 => format!("common {}", below(40_000, &mut chance)),
                _ => format!("own {at}"),
            };
            attributes(&[("model", &value)])
        })
        .collect();
    let classes: Vec<u32> = (0..values as u32).map(|at| at % 2).collect();
    let inputs: Vec<HeadInput<'_>> = products.iter().map(input).collect();
    let categories: Vec<String> = ["light", "heavy"].map(str::to_owned).into();
    let data = Labelled {
        inputs: &inputs,
        classes: &classes,
        categories: &categories,
        ..Labelled::default()
    };
    let small = options()
        .with_shape(Shape::Linear)
        .with_epochs(1)
        .with_batch(4096);
    let head = train(&data, &small, &mut |_| true).unwrap();
    assert!(head.features() < 17_000, "{}", head.features());
    // What was never seen counts as rare values do.
    assert_eq!(best(&head, &[("model", "own 99999999")]), 1);
}

#[test]
fn equal_seeds_give_equal_heads_that_are_read_again() {
    let (products, classes) = weighed();
    let head = learned(&products, &classes, None);
    assert_eq!(head.digest(), learned(&products, &classes, None).digest());
    assert_eq!(head.bytes()[8], 2, "the format");
    let bytes = Bytes::Owned(head.bytes().to_vec());
    let again = Head::read(bytes, std::path::Path::new("a.head")).unwrap();
    let inputs: Vec<HeadInput<'_>> = products.iter().map(input).collect();
    assert_eq!(head.log_shares(&inputs), again.log_shares(&inputs));
    let weightless = train(
        &Labelled {
            inputs: &inputs,
            classes: &classes,
            categories: &["light".to_owned(), "heavy".to_owned()],
            ..Labelled::default()
        },
        &options().with_attribute_weight(f32::NAN),
        &mut |_| true,
    );
    assert!(weightless.unwrap_err().to_string().contains("attributes"));
}
