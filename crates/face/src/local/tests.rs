use super::*;
use crate::PortraitFinding;

/// The portrait of the BSI reference data set, which is not committed: `Datagroup2.bin` in the folder of
/// `SCEAU_SHARED`. And the values that another pipeline gave for it and three other specimens (expected.json there).
fn specimen() -> Option<(Portrait, serde_json::Value)> {
    let Ok(shared) = std::env::var("SCEAU_SHARED") else {
        println!("skipped: SCEAU_SHARED is not set");
        return None;
    };
    let read = |name: &str| std::fs::read(std::path::Path::new(&shared).join(name)).unwrap();
    let (dg2, findings) =
        lds::Dg2::parse_with_findings(&read("bsi-reference-dataset/Datagroup2.bin")).unwrap();
    let portrait = Portrait::decode(&dg2, &findings).unwrap();
    Some((portrait, serde_json::from_slice(&read("face-models/expected.json")).unwrap()))
}

fn engine() -> LocalEngine {
    LocalEngine::new(LocalEngineConfig::default()).unwrap()
}

#[test]
fn the_specimen_portrait_gives_the_cosines_of_another_pipeline() {
    let Some((portrait, expected)) = specimen() else { return };
    let images = &expected["dg2_images"];
    assert_eq!(hex::encode(portrait.image_sha256()), images["bsi2008"]["jp2_sha256"].as_str().unwrap());
    let ours = engine().portrait_template(&portrait).unwrap();
    let theirs = |name: &str| {
        let values = images[name]["embedding_l2"].as_array().unwrap();
        Template::from_values(&values.iter().map(|v| v.as_f64().unwrap() as f32).collect::<Vec<_>>())
    };
    let own = ours.cosine(&theirs("bsi2008"));
    println!("with its own value: {own:.4}");
    assert!(own > 0.99, "{own}");
    for other in ["icao_silver", "persosim", "loes2006"] {
        let wanted = expected["cosines"].as_object().unwrap().iter();
        let wanted = wanted.filter(|(pair, _)| pair.contains("bsi2008") && pair.contains(other));
        let wanted = wanted.map(|(_, value)| value.as_f64().unwrap()).next().unwrap();
        let cosine = ours.cosine(&theirs(other));
        println!("with {other}: {cosine:.4}, expected {wanted:.4}");
        assert!((cosine - wanted).abs() < 0.02, "{other}: {cosine}, expected {wanted}");
    }
}

#[test]
fn a_record_that_says_another_size_than_its_image_is_a_finding() {
    let Some((portrait, _)) = specimen() else { return };
    let size = PortraitFinding::Header(lds::dg2::Dg2Finding::ImageSize);
    assert!(portrait.findings().contains(&size), "337 x 449 over an image of 413 x 531");
    assert_eq!((portrait.picture().width(), portrait.picture().height()), (413, 531));
}

#[test]
fn thresholds_of_another_version_or_that_contradict_each_other_are_refused() {
    let problem = |change: fn(&mut LocalEngineConfig)| {
        let mut config = LocalEngineConfig::default();
        change(&mut config);
        LocalEngine::new(config).err().map(|error| error.to_string())
    };
    assert_eq!(problem(|_| {}), None);
    assert!(problem(|c| c.version = "0".into()).is_some());
    assert!(problem(|c| c.borderline = 0.46).is_some());
    assert!(problem(|c| c.accept = 1.1).is_some());
    assert!(problem(|c| c.same_capture = f64::NAN).is_some());
}
