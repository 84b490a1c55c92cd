//! Appendix H of Doc 9303-11: integrated mapping. It prints K_pi of a password that it does not print, so the numbers are
//! computed below the steps.

use crypto::SessionCipher;
use lds::security_info::{KeyAgreement, PaceInfo};
use serde_json::Value;

use super::*;

const ECDH: &str = include_str!("../../tests/vectors/doc9303-11-pace-im-ecdh.json");
const DH: &str = include_str!("../../tests/vectors/doc9303-11-pace-im-dh.json");

fn is_as_printed(example: &str, agreement: KeyAgreement, parameters: u8, mapped: &str) {
    let example: Value = serde_json::from_str(example).expect("JSON");
    let bytes = |name: &str| hex::decode(example[name].as_str().expect("a string")).expect("hex digits");
    let cipher = SessionCipher::Aes128;
    let info = PaceInfo::new(agreement, PaceMapping::Integrated, cipher, parameters);
    let offer = PaceOffer::from_info(&info).expect("an allowed way");
    let group = offer.group;
    // A point is printed without its 04.
    let element = |name: &str| match group {
        PaceGroup::Ec(_) => group.element(&[&[4], &bytes(name)[..]].concat()).expect("a point"),
        PaceGroup::Dh(_) => group.element(&bytes(name)).expect("a number of the subgroup"),
    };

    let password_key = cipher.key(&bytes("K_pi")).unwrap();
    let nonce = offer.decrypt_nonce(&password_key, &bytes("nonce_z")).unwrap();
    assert_eq!(*nonce, bytes("nonce_s"));
    let generator = mapping::integrated(group, cipher, &nonce, &bytes("nonce_t")).unwrap();
    assert!(generator == element(mapped));
    for (own, other, token) in [("terminal", "chip", "T_ifd"), ("chip", "terminal", "T_ic")] {
        let private = group.reduce(&bytes(&format!("{own}_sk"))).unwrap();
        assert!(generator.times(&private).unwrap() == element(&format!("{own}_pk")), "{own}");
        let theirs = element(&format!("{other}_pk"));
        let shared = theirs.times(&private).unwrap().secret();
        assert_eq!(*shared, bytes("shared_secret"));
        assert_eq!(cipher.kdf(&shared, 1).as_bytes(), bytes("KS_enc"));
        let mac = cipher.kdf(&shared, 2);
        assert_eq!(mac.as_bytes(), bytes("KS_mac"));
        assert_eq!(offer.token(&mac, &theirs).unwrap().to_vec(), bytes(token), "{token}");
    }
}

#[test]
fn integrated_mapping_on_a_curve_is_that_of_appendix_h_1() {
    is_as_printed(ECDH, KeyAgreement::Ecdh, 13, "G_mapped");
}

#[test]
fn integrated_mapping_in_a_prime_field_is_that_of_appendix_h_2() {
    is_as_printed(DH, KeyAgreement::Dh, 0, "g_mapped");
}
