//! How much each source counts, by what trials with known truth show.

use super::ensemble::{Evidence, sources};
use super::weights::Weights;
use crate::decision::Method;
use crate::source::Source;
use crate::vector::solve;

/// As many trials speak as loud as what is assumed.
const PRIOR_TRIALS: f64 = 20.0;

/// Steps of Newton's method at most.
const STEPS: usize = 30;

/// The largest weight.
const MOST: f64 = 5.0;

/// The weights of the sources that make the truth of the trials most likely (a
/// multinomial logistic regression with one coefficient a source), held near
/// `assumed`. Each trial is what was found out and the place of the truth among the
/// candidates.
pub fn weigh(trials: &[(&Evidence, usize)], assumed: Weights) -> Weights {
    const COUNT: usize = Source::COUNT;
    let start: Vec<f64> = assumed.as_slice().iter().map(|w| f64::from(*w)).collect();
    let mut weights = start.clone();
    for _ in 0..STEPS {
        let mut gradient = [0.0f64; COUNT];
        let mut curvature = [[0.0f64; COUNT]; COUNT];
        for (at, (now, then)) in weights.iter().zip(&start).enumerate() {
            gradient[at] = PRIOR_TRIALS * (then - now);
            curvature[at][at] = PRIOR_TRIALS;
        }
        for (evidence, truth) in trials {
            add_trial(evidence, *truth, &weights, &mut gradient, &mut curvature);
        }
        let Some(step) = solve(curvature, gradient) else {
            break;
        };
        let mut moved = 0.0f64;
        for (weight, step) in weights.iter_mut().zip(step) {
            let next = (*weight + step.clamp(-0.5, 0.5)).clamp(0.0, MOST);
            moved = moved.max((next - *weight).abs());
            *weight = next;
        }
        if moved < 1e-4 {
            break;
        }
    }
    let mut result = [0.0; COUNT];
    for (out, weight) in result.iter_mut().zip(weights) {
        *out = weight as f32;
    }
    Weights::new(result)
}

/// Adds a trial's slope of the log likelihood, and its curvature.
fn add_trial(
    evidence: &Evidence,
    truth: usize,
    weights: &[f64],
    gradient: &mut [f64; Source::COUNT],
    curvature: &mut [[f64; Source::COUNT]; Source::COUNT],
) {
    let heard: Vec<(usize, &[f32])> = sources(Method::Auto)
        .iter()
        .filter_map(|&source| Some((source as usize, evidence.of(source)?)))
        .collect();
    let Some(count) = heard.first().map(|(_, log_shares)| log_shares.len()) else {
        return;
    };
    let mut shares = vec![0.0f32; count];
    for (source, log_shares) in &heard {
        crate::vector::add_scaled(&mut shares, log_shares, weights[*source] as f32);
    }
    super::prototypes::softmax(&mut shares, 1.0);
    let mean = |log_shares: &[f32]| -> f64 {
        let terms = shares.iter().zip(log_shares);
        terms.map(|(p, value)| f64::from(p * value)).sum()
    };
    let means: Vec<f64> = heard.iter().map(|(_, own)| mean(own)).collect();
    for (at, (source, own)) in heard.iter().enumerate() {
        gradient[*source] += f64::from(own[truth]) - means[at];
        for (other_at, (other, others)) in heard.iter().enumerate().take(at + 1) {
            let products = shares.iter().zip(own.iter().zip(*others));
            let both: f64 = products.map(|(p, (a, b))| f64::from(p * a * b)).sum();
            let covariance = both - means[at] * means[other_at];
            curvature[*source][*other] += covariance;
            if at != other_at {
                curvature[*other][*source] += covariance;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_right_is_heard_and_who_guesses_is_not() {
        let says = |right: usize| {
            let mut log_shares = vec![-3.0f32; 4];
            log_shares[right] = -0.2;
            Some(log_shares)
        };
        let trials: Vec<(Evidence, usize)> = (0..400)
            .map(|at| {
                let truth = at % 4;
                let guess = (at * 7 / 3) % 4;
                let evidence = Evidence::default()
                    .with(Source::Head, says(truth))
                    .with(Source::Lexical, says(guess));
                (evidence, truth)
            })
            .collect();
        let trials: Vec<(&Evidence, usize)> = trials.iter().map(|(e, t)| (e, *t)).collect();
        let weights = weigh(&trials, Weights::default());
        assert!(weights.of(Source::Head) > 1.5, "{weights:?}");
        assert!(weights.of(Source::Lexical) < 0.6, "{weights:?}");
        assert_eq!(weights.of(Source::Neighbors), 1.0, "nothing is known of it");
        assert_eq!(weigh(&[], Weights::default()), Weights::default());
    }
}
