//! Both builders make graphs that lead to every row.

use std::time::Instant;

use assort_index::{Audit, BuildOptions, Builder};

use crate::common::{self, Data, built, temporary};

const BUILDERS: [Builder; 2] = [Builder::Native, Builder::Reference];

fn audited(data: &Data, options: &BuildOptions) -> Audit {
    let directory = temporary();
    common::audited(&built(directory.path(), data, options))
}

#[test]
fn both_builders_pass_the_same_audit() {
    for builder in BUILDERS {
        for m in [8, 16] {
            let options = BuildOptions {
                builder,
                m,
                ..BuildOptions::default()
            };
            for data in [
                Data::random(3000, 64, 1),
                Data::clustered(3000, 100, 100, 2),
                Data::repeated(3000, 64, 3),
            ] {
                let audit = audited(&data, &options);
                assert!(audit.is_clean(), "{builder}, m {m}: {audit:?}");
                assert_eq!((audit.rows, audit.sought, audit.dead), (3000, 3000, 0));
                assert!(audit.links.max <= 2 * m);
            }
        }
    }
}

#[test]
fn thousands_of_equal_vectors_are_found() {
    let mut data = Data::clustered(4000, 64, 100, 3);
    let one = data.vectors[7].clone();
    data.vectors[1000..3000].fill(one.clone());
    for data in [data, Data::new(vec![one; 2000])] {
        for builder in BUILDERS {
            let options = BuildOptions {
                builder,
                ..BuildOptions::default()
            };
            let audit = audited(&data, &options);
            assert!(audit.is_clean(), "{builder}: {audit:?}");
        }
    }
}

fn recall(data: &Data, options: &BuildOptions, ef: usize) -> f64 {
    let directory = temporary();
    let start = Instant::now();
    let segment = built(directory.path(), data, options);
    let took = start.elapsed();
    let recall = common::recall(&segment, data, ef);
    println!(
        "{}: built in {took:?}, recall {recall} at ef {ef}",
        options.builder
    );
    recall
}

#[test]
fn the_native_builder_finds_no_less_than_the_reference() {
    let data = Data::clustered(5000, 64, 100, 4);
    let [native, reference] = BUILDERS.map(|builder| {
        let options = BuildOptions {
            builder,
            ..BuildOptions::default()
        };
        recall(&data, &options, 30)
    });
    assert!(native >= reference - 0.01, "{native} {reference}");
}

#[test]
fn builders_have_names() {
    for builder in BUILDERS {
        assert_eq!(builder.to_string().parse::<Builder>().ok(), Some(builder));
    }
    assert!("faiss".parse::<Builder>().is_err());
}
