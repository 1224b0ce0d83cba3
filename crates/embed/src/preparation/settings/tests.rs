use super::*;
use crate::json::tests::folder;

fn input(shape: &[usize]) -> Port {
    Port {
        name: "pixel_values".to_owned(),
        numbers: Numbers::F32,
        shape: Some(shape.iter().map(|n| Some(*n).filter(|n| *n > 0)).collect()),
    }
}

fn read_with(file: &str, text: &str, shape: &[usize]) -> Result<Preparation, Error> {
    let folder = folder(&[(file, text)]);
    read(folder.path(), &input(shape))
}

fn processor(text: &str) -> Preparation {
    read_with("preprocessor_config.json", text, &[0, 3, 0, 0]).unwrap()
}

#[test]
fn what_image_processors_write_is_followed() {
    let clip = processor(
        r#"{"do_resize": true, "size": {"shortest_edge": 224}, "do_center_crop": true,
            "crop_size": {"height": 200, "width": 210}, "resample": 3, "do_rescale": true,
            "rescale_factor": 0.5, "do_normalize": true,
            "image_mean": [0.1, 0.2, 0.3], "image_std": 0.4}"#,
    );
    assert_eq!(clip.resize, Resize::Shortest(224));
    assert_eq!((clip.size, clip.filter), ((210, 200), Filter::Bicubic));
    assert_eq!((clip.scale, clip.mean), (0.5, [0.1, 0.2, 0.3]));
    assert_eq!((clip.deviation, clip.middle), ([0.4; 3], Middle::Down));

    let vit = processor(r#"{"size": 160, "resample": 2, "do_normalize": false}"#);
    assert_eq!(vit.resize, Resize::Exact(160, 160));
    assert_eq!((vit.size, vit.mean), ((160, 160), [0.0; 3]));

    let old_clip = processor(r#"{"size": 160, "do_center_crop": true, "crop_size": 150}"#);
    assert_eq!(old_clip.resize, Resize::Shortest(160));
    assert_eq!(old_clip.size, (150, 150));

    let convnext = processor(r#"{"size": {"shortest_edge": 224}, "crop_pct": 0.875}"#);
    assert_eq!(convnext.resize, Resize::Shortest(256));
    assert_eq!(convnext.size, (224, 224));

    let offset = processor(r#"{"size": 8, "do_normalize": false, "rescale_offset": true}"#);
    assert_eq!(offset.mean, [1.0; 3]);
}

#[test]
fn what_timm_writes_is_followed() {
    let lite = read_with(
        "config.json",
        r#"{"architecture": "efficientnet_lite0", "pretrained_cfg": {
            "input_size": [3, 240, 240], "interpolation": "bilinear", "crop_pct": 0.96,
            "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}}"#,
        &[0, 0, 0, 3],
    );
    let lite = lite.unwrap();
    assert_eq!(
        (lite.size, lite.resize),
        ((240, 240), Resize::Shortest(250))
    );
    assert_eq!(
        (lite.filter, lite.layout),
        (Filter::Bilinear, Layout::Pixels)
    );
    assert_eq!((lite.mean, lite.middle), ([0.5; 3], Middle::Even));
    assert!(lite.to_string().contains("(config.json)"), "{lite}");
}

#[test]
fn a_folder_that_says_nothing_gets_what_is_usual_and_it_is_told() {
    let bare = read_with("other.json", "{}", &[1, 192, 192, 3]).unwrap();
    assert_eq!(
        (bare.size, bare.resize),
        ((192, 192), Resize::Shortest(219))
    );
    assert_eq!(bare.layout, Layout::Pixels);
    assert_eq!(
        bare.to_string(),
        "shorter side 219, cut to 192 × 192, bicubic, mean 0.485 0.456 0.406, deviation \
         0.229 0.224 0.225 (usual settings; no file states any)"
    );
    let unsaid = read_with("other.json", "{}", &[0, 3, 0, 0]).unwrap();
    assert_eq!((unsaid.size, unsaid.layout), ((224, 224), Layout::Planes));
    // Text models' settings say nothing of pictures.
    let vit = read_with("config.json", r#"{"hidden_size": 768}"#, &[0, 3, 0, 0]).unwrap();
    assert_eq!(vit, unsaid);
}

#[test]
fn what_cannot_be_done_is_refused_by_its_file() {
    for (text, words) in [
        (r#"{"size": {"longest_edge": 200}}"#, "not supported"),
        (r#"{"size": 1000000}"#, "no number of pixels"),
        (r#"{"size": 224, "do_pad": true}"#, "`do_pad`"),
        (r#"{"size": 224, "resample": 9}"#, "no known way"),
        (r#"{"size": 224, "image_std": [0, 1, 1]}"#, "above zero"),
        (r#"{"size": 224, "image_mean": [1, 2]}"#, "three numbers"),
        (
            r#"{"size": 200}"#,
            "200 × 200 pixels, and the model takes 224 × 224",
        ),
    ] {
        let refused = read_with("preprocessor_config.json", text, &[1, 3, 224, 224]);
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
        assert!(refused.contains("preprocessor_config.json"), "{refused}");
    }
}
