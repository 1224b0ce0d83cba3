use assort_core::TextInput;
use assort_head::*;
use std::collections::*;
fn rows(p: &str) -> Vec<HashMap<String, String>> {
    let s = std::fs::read_to_string(p).unwrap();
    let mut l = s.lines();
    let h: Vec<&str> = l.next().unwrap().split('\t').collect();
    l.map(|r| {
        h.iter()
            .map(|s| s.to_string())
            .zip(r.split('\t').map(|s| s.to_string()))
            .collect()
    })
    .collect()
}
fn env(n: &str, d: f32) -> f32 {
    std::env::var(n)
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(d)
}
fn main() {
    let set = std::env::args().nth(1).unwrap();
    let text = env("TEXT", 0.0) > 0.0;
    let d = format!("/work/shared/data/{set}");
    let (a, b) = (
        rows(&format!("{d}/products.tsv")),
        rows(&format!("{d}/validation.tsv")),
    );
    let per = env("PER", 0.0) as usize;
    let get = |r: &HashMap<String, String>, k: &str| r.get(k).cloned().unwrap_or_default();
    let mut cats: Vec<String> = a.iter().map(|r| get(r, "category")).collect();
    cats.sort();
    cats.dedup();
    let pos: HashMap<String, u32> = cats.iter().cloned().zip(0..).collect();
    let mut seen: HashMap<u32, usize> = HashMap::new();
    let a: Vec<_> = a
        .into_iter()
        .filter(|r| {
            let c = pos[&get(r, "category")];
            let s = seen.entry(c).or_default();
            *s += 1;
            per == 0 || *s <= per
        })
        .collect();
    let f = |r: &[HashMap<String, String>]| -> Vec<(String, String)> {
        r.iter()
            .map(|r| {
                (
                    get(r, "title"),
                    if text {
                        get(r, "description")
                    } else {
                        String::new()
                    },
                )
            })
            .collect()
    };
    let (ta, tb) = (f(&a), f(&b));
    let ia: Vec<TextInput> = ta
        .iter()
        .map(|(t, d)| TextInput::of_product(t, d))
        .collect();
    let ib: Vec<TextInput> = tb
        .iter()
        .map(|(t, d)| TextInput::of_product(t, d))
        .collect();
    let ca: Vec<u32> = a.iter().map(|r| pos[&get(r, "category")]).collect();
    let held: Vec<usize> = (0..a.len()).filter(|i| i % 40 == 7).collect();
    let mut all: Vec<Vec<Option<Vec<f32>>>> = vec![];
    let specs = std::env::var("SPECS").unwrap_or("h256".into());
    for spec in specs.split(',') {
        let shape = if let Some(h) = spec.strip_prefix('h') {
            Shape::Hidden(h.parse().unwrap())
        } else {
            Shape::Linear
        };
        let mut o = TrainOptions::default().with_shape(shape);
        if shape == Shape::Linear {
            o = o
                .with_epochs(20)
                .with_learning_rate(0.05)
                .with_label_smoothing(0.1);
        }
        macro_rules! set {
            ($n:literal, $f:ident, $t:ty) => {
                if let Ok(v) = std::env::var(format!("{}_{}", $n, &spec[..1])) {
                    o.$f = v.parse::<$t>().unwrap();
                }
            };
        }
        set!("EPOCHS", epochs, usize);
        set!("LR", learning_rate, f32);
        set!("OLR", output_learning_rate, f32);
        set!("FD", feature_dropout, f32);
        set!("HD", hidden_dropout, f32);
        set!("LS", label_smoothing, f32);
        set!("WD", weight_decay, f32);
        set!("MF", max_features, usize);
        set!("SS", shortest_sequence, usize);
        set!("TW", text_weight, f32);
        set!("SEED", seed, u64);
        set!("CB", class_balance, f32);
        set!("LA", logit_adjustment, f32);
        set!("B", batch, usize);
        set!("DF", min_df, u32);
        o.seed += all.len() as u64;
        let data = Labelled {
            inputs: &ia,
            classes: &ca,
            weights: &[],
            categories: &cats,
            held_out: &held,
        };
        let t = std::time::Instant::now();
        let head = train(&data, &o, &mut |s| {
            if let Step::Epoch(e) = s {
                if env("V", 0.0) > 0.0 {
                    eprintln!("{e:?}");
                }
            }
            true
        })
        .unwrap();
        let tt = t.elapsed().as_secs_f64();
        let t = std::time::Instant::now();
        let p = head.log_shares(&ib);
        let ts = t.elapsed().as_secs_f64();
        report(
            &format!(
                "{spec} {tt:.1}s {} feats {} MB {:.0}/s",
                head.features(),
                head.bytes().len() >> 20,
                ib.len() as f64 / ts
            ),
            &[p.clone()],
            &b,
            &cats,
        );
        all.push(p);
    }
    if all.len() > 1 {
        report("all", &all, &b, &cats);
    }
}
fn report(
    what: &str,
    all: &[Vec<Option<Vec<f32>>>],
    b: &[HashMap<String, String>],
    cats: &[String],
) {
    let truth: Vec<&str> = b.iter().map(|r| r["category"].as_str()).collect();
    let mut pred = vec![];
    for i in 0..b.len() {
        let mut s = vec![0.0; cats.len()];
        for h in all {
            if let Some(v) = &h[i] {
                for (a, b) in s.iter_mut().zip(v) {
                    *a += b;
                }
            }
        }
        let best = (0..s.len())
            .max_by(|&x, &y| f32::total_cmp(&s[x], &s[y]))
            .unwrap();
        pred.push(cats[best].as_str());
    }
    let depth = truth.iter().map(|t| t.split(" > ").count()).max().unwrap();
    let cut = |s: &str, l: usize| s.split(" > ").take(l).collect::<Vec<_>>().join(" > ");
    let mut out = format!("{what}: ");
    let mut mean = 0.0;
    for l in 1..=depth {
        let mut m: HashMap<String, (f64, f64, f64)> = HashMap::new();
        let mut right = 0;
        for (t, p) in truth.iter().zip(&pred) {
            let (t, p) = (cut(t, l), cut(p, l));
            if t == p {
                right += 1;
                m.entry(t.clone()).or_default().0 += 1.0;
            }
            m.entry(t).or_default().1 += 1.0;
            m.entry(p).or_default().2 += 1.0;
        }
        let wf: f64 = m
            .values()
            .map(|(tp, n, p)| {
                if n + p > 0.0 {
                    n * 2.0 * tp / (n + p)
                } else {
                    0.0
                }
            })
            .sum::<f64>()
            / truth.len() as f64;
        mean += wf / depth as f64;
        out += &format!(
            "L{l} acc {:.4} wF1 {:.4}; ",
            right as f64 / truth.len() as f64,
            wf
        );
    }
    println!("{out} mean wF1 {mean:.4}");
}
