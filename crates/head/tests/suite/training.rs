//! What training promises.

use assort_head::{Error, HeadInput, Labelled, Loss, Shape, Step, TrainOptions, train};

use crate::{categories, small, titles, trained};

fn best(head: &assort_head::Head, title: &str) -> Option<usize> {
    let shares = head.log_shares(&[HeadInput::plain(title)]).remove(0)?;
    (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b]))
}

#[test]
fn shapes_and_losses_learn_what_tells_categories_apart() {
    let shapes = [Shape::Linear, Shape::Hidden(16)];
    let losses = [Loss::CrossEntropy, Loss::SquaredHinge];
    for (shape, loss) in shapes
        .into_iter()
        .flat_map(|shape| losses.map(|loss| (shape, loss)))
    {
        let options = small().with_shape(shape).with_loss(loss);
        let head = trained(300, &options, &mut |_| true).unwrap();
        assert_eq!(best(&head, "A tea kettle"), Some(0), "{shape:?} {loss:?}");
        assert_eq!(best(&head, "shoe for running"), Some(1), "{shape:?}");
        assert_eq!(best(&head, "热水壶"), Some(2), "{shape:?}");
        assert_eq!(best(&head, "zzz"), None, "nothing is known of it");
        let shares = head
            .log_shares(&[HeadInput::plain("kettle")])
            .remove(0)
            .unwrap();
        let sum: f32 = shares.iter().map(|share| share.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-4);
    }
}

#[test]
fn equal_seeds_give_equal_heads_whatever_the_threads() {
    let with = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            trained(300, &small().with_seed(seed), &mut |_| true)
                .unwrap()
                .digest()
        })
    };
    assert_eq!(with(1, 5), with(4, 5));
    assert_ne!(with(1, 5), with(1, 6));
}

#[test]
fn held_out_examples_are_measured_and_not_learned_from() {
    let (titles, classes) = titles(300);
    let inputs: Vec<HeadInput<'_>> = titles.iter().map(|title| HeadInput::plain(title)).collect();
    let names = categories();
    // All of the third category are held out, so nobody learns of it.
    let held_out: Vec<usize> = (0..300).filter(|at| at % 3 == 2).collect();
    let data = Labelled {
        inputs: &inputs,
        classes: &classes,
        categories: &names,
        held_out: &held_out,
        ..Labelled::default()
    };
    let mut curve = Vec::new();
    let mut tell = |step: Step| {
        if let Step::Epoch(epoch) = step {
            curve.push(epoch);
        }
        true
    };
    let head = train(&data, &small(), &mut tell).unwrap();
    assert_eq!(curve.len(), 10);
    assert_eq!(curve[9].held_out_accuracy, Some(0.0));
    assert!(curve[9].loss < curve[0].loss);
    assert_eq!(best(&head, "电热水壶"), None, "its words were never seen");
}

#[test]
fn patience_ends_training_that_gets_no_better() {
    let (titles, mut classes) = titles(200);
    // Labels by chance: there is nothing to learn of held-out ones.
    let mut chance = 1u64;
    for class in &mut classes {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        *class = (chance >> 60) as u32 % 3;
    }
    let inputs: Vec<HeadInput<'_>> = titles.iter().map(|title| HeadInput::plain(title)).collect();
    let names = categories();
    let held_out: Vec<usize> = (150..200).collect();
    let data = Labelled {
        inputs: &inputs,
        classes: &classes,
        categories: &names,
        held_out: &held_out,
        ..Labelled::default()
    };
    let mut epochs = 0;
    let mut tell = |step: Step| {
        epochs += usize::from(matches!(step, Step::Epoch(_)));
        true
    };
    let options = small().with_epochs(60).with_patience(Some(2));
    train(&data, &options, &mut tell).unwrap();
    assert!(epochs < 60, "{epochs}");
}

#[test]
fn what_cannot_be_learned_from_is_refused_in_a_sentence() {
    let inputs = [HeadInput::plain("a kettle"), HeadInput::plain("another")];
    let names = categories();
    let data = |classes: &'static [u32]| Labelled {
        inputs: &inputs,
        classes,
        categories: &names,
        ..Labelled::default()
    };
    let refused = |data: &Labelled<'_>, options: &TrainOptions| {
        let error = train(data, options, &mut |_| true).unwrap_err();
        assert!(matches!(error, Error::Argument(_)), "{error:?}");
        error.to_string()
    };
    let options = TrainOptions::default();
    assert!(refused(&data(&[1, 1]), &options).contains("two categories"));
    assert!(refused(&data(&[0, 9]), &options).contains("not among those given"));
    assert!(refused(&data(&[0]), &options).contains("one category"));
    let strange = options.clone().with_learning_rate(f32::NAN);
    assert!(refused(&data(&[0, 1]), &strange).contains("learning rates"));
    let endless = small()
        .with_learning_rate(f32::MAX)
        .with_output_learning_rate(f32::MAX);
    let error = trained(100, &endless, &mut |_| true).unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error:?}");
    let stopped = trained(100, &options, &mut |_| false).unwrap_err();
    assert!(matches!(stopped, Error::Interrupted));
}

#[test]
fn a_teachers_shares_are_learned_in_place_of_the_label() {
    let (titles, classes) = titles(300);
    let inputs: Vec<HeadInput<'_>> = titles.iter().map(|title| HeadInput::plain(title)).collect();
    let names = categories();
    // The teacher takes the first category for the second in seven of ten.
    let belief = |&class: &u32| match class {
        0 => vec![(0, 0.3), (1, 0.7)],
        _ => Vec::new(),
    };
    let soft: Vec<Vec<(u32, f32)>> = classes.iter().map(belief).collect();
    let data = Labelled {
        inputs: &inputs,
        classes: &classes,
        soft: &soft,
        categories: &names,
        ..Labelled::default()
    };
    let options = small().with_epochs(30).with_label_smoothing(0.0);
    let head = train(&data, &options, &mut |_| true).unwrap();
    let first = classes.iter().position(|class| *class == 0).unwrap();
    let shares = head.log_shares(&inputs[first..=first]);
    let shares: Vec<f32> = shares[0]
        .iter()
        .flatten()
        .map(|share| share.exp())
        .collect();
    assert!((shares[1] - 0.7).abs() < 0.15, "{shares:?}");
    let soft = vec![vec![(9, 1.0)]; 300];
    let data = Labelled {
        soft: &soft,
        ..data
    };
    let error = train(&data, &options, &mut |_| true).unwrap_err();
    assert!(error.to_string().contains("belief"), "{error}");
}
