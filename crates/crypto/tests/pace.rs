//! The worked examples of PACE in Doc 9303-11, appendices G, H and I: everything that this room computes of them.

use crypto::{Curve, EcPoint, Scalar, SessionCipher};
use serde_json::Value;

const EXAMPLES: [&str; 5] = ["pace_gm_ecdh", "pace_gm_dh", "pace_im_ecdh", "pace_im_dh", "pace_cam_ecdh"];

fn example(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("vectors/doc9303-11-pace.json")).expect("JSON");
    all[name].clone()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("a string")).expect("hex digits")
}

#[test]
fn the_nonce_is_decrypted_under_the_password_key() {
    for name in EXAMPLES {
        let example = example(name);
        if example["K_sha1_mrz"].is_string() {
            let key = SessionCipher::Aes128.kdf(&bytes(&example["K_sha1_mrz"]), 3);
            assert_eq!(key.as_bytes(), bytes(&example["K_pi"]), "{name}");
        }
        let key = SessionCipher::Aes128.key(&bytes(&example["K_pi"])).unwrap();
        let nonce = key.decrypt_cbc(&[0; 16], &bytes(&example["nonce_z"])).unwrap();
        assert_eq!(nonce.as_slice(), bytes(&example["nonce_s"]), "{name}");
    }
}

#[test]
fn generic_mapping_and_key_agreement_give_the_same_on_both_sides() {
    let curve = Curve::BrainpoolP256r1;
    // Reduced, since one private key of appendix I stands above the order.
    let scalar = |value: &Value| Scalar::from_bytes_reduced(curve, &bytes(value)).unwrap();
    let point = |value: &Value| EcPoint::from_sec1(curve, &[&[4], &bytes(value)[..]].concat()).unwrap();
    for name in ["pace_gm_ecdh", "pace_cam_ecdh"] {
        let example = example(name);
        let (map, ka) = (&example["map"], &example["ka"]);
        let generator = EcPoint::generator(curve);
        for side in ["terminal", "chip"] {
            let other = if side == "terminal" { "chip" } else { "terminal" };
            let part = |step: &Value, of: &str, key: &str| step[format!("{of}_{key}")].clone();
            let own = scalar(&part(map, side, "sk"));
            assert_eq!(generator.mul(&own).unwrap(), point(&part(map, side, "pk")), "{name} {side}");
            let h = point(&part(map, other, "pk")).mul(&own).unwrap();
            assert_eq!(h, point(&map["H"]));
            let nonce = scalar(&example["nonce_s"]);
            let mapped = generator.mul(&nonce).unwrap().add(&h).unwrap();
            assert_eq!(mapped, point(&map["G_mapped"]));
            let own = scalar(&part(ka, side, "sk"));
            assert_eq!(mapped.mul(&own).unwrap(), point(&part(ka, side, "pk")), "{name} {side}");
            let shared = point(&part(ka, other, "pk")).mul(&own).unwrap();
            assert_eq!(shared.x(), bytes(&ka["shared_secret"]));
        }
    }
}

#[test]
fn session_keys_and_tokens_are_derived_from_the_shared_secret() {
    for name in EXAMPLES {
        let example = example(name);
        let secret = bytes(&example["shared_secret"]);
        assert_eq!(SessionCipher::Aes128.kdf(&secret, 1).as_bytes(), bytes(&example["KS_enc"]), "{name}");
        let mac = SessionCipher::Aes128.kdf(&secret, 2);
        assert_eq!(mac.as_bytes(), bytes(&example["KS_mac"]), "{name}");
        for side in ["ifd", "ic"] {
            let token = mac.mac(&bytes(&example[format!("token_input_{side}")])).unwrap();
            assert_eq!(token.as_slice(), bytes(&example[format!("T_{side}")]), "{name} {side}");
        }
    }
}
