use assort_embed::*;
use std::time::Instant;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let spec: Spec = a[1].parse().unwrap();
    let threads = a.get(3).map(|t| t.parse().unwrap());
    let titles: Vec<String> = std::fs::read_to_string(&a[2])
        .unwrap()
        .lines()
        .skip(1)
        .take(600)
        .map(|l| l.split('\t').nth(1).unwrap().to_owned())
        .collect();
    let t: Vec<&str> = titles.iter().map(|s| s.as_str()).collect();
    let s = Instant::now();
    let e = open(
        &spec,
        &Options {
            threads,
            ..Default::default()
        },
    )
    .unwrap();
    println!("open {:?} {}", s.elapsed(), e.space());
    for n in [256, 600] {
        for _ in 0..2 {
            let s = Instant::now();
            for c in t.chunks(n) {
                e.embed(c).unwrap();
            }
            println!(
                "batch {n}: {:.0} texts/s",
                t.len() as f64 / s.elapsed().as_secs_f64()
            );
        }
    }
    let s = Instant::now();
    for x in &t[..100] {
        e.embed(&[x]).unwrap();
    }
    println!("single: {:.0}/s", 100.0 / s.elapsed().as_secs_f64());
}
