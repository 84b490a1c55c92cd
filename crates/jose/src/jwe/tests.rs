use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::json;

use super::*;

const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl";
const ALGORITHMS: [KeyManagement; 4] =
    [KeyManagement::RsaOaep, KeyManagement::RsaOaep256, KeyManagement::EcdhEs, KeyManagement::EcdhEsA256Kw];
const ENCRYPTIONS: [ContentEncryption; 2] = [ContentEncryption::A256Gcm, ContentEncryption::A128CbcHs256];

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(3)
}

/// A recipient's key pair for an algorithm.
fn pair(alg: KeyManagement) -> (DecryptionKey, Jwk) {
    let mut rng = rng();
    let (private, public) = if alg.key_type() == "RSA" {
        let key = RsaPrivateKey::generate(2048, &mut rng).unwrap();
        let public = PublicKey::Rsa(key.public_key());
        (DecryptionKey::Rsa(Box::new(key)), public)
    } else {
        let key = EcPrivateKey::generate(Curve::P256, &mut rng);
        let public = PublicKey::Ec(key.public_key());
        (DecryptionKey::Ec(key), public)
    };
    (private, Jwk::for_encryption(&public, alg).unwrap())
}

fn header(compact: &str) -> serde_json::Value {
    let encoded = compact.split('.').next().unwrap();
    serde_json::from_slice(&base64url::decode(encoded, "header").unwrap()).unwrap()
}

#[test]
fn every_pair_of_algorithms_encrypts_and_decrypts() {
    for alg in ALGORITHMS {
        let (private, jwk) = pair(alg);
        let key = EncryptionKey::select(&vec![jwk.clone()].into(), alg).unwrap();
        for enc in ENCRYPTIONS {
            let compact = key.encrypt(enc, TOKEN, &mut rng()).unwrap();
            let header = header(&compact);
            assert_eq!(header["alg"], alg.name());
            assert_eq!((&header["enc"], &header["cty"]), (&json!(enc.name()), &json!("JWT")));
            assert_eq!(header["kid"], json!(jwk.kid()));
            assert_eq!(header.get("epk").is_some(), alg.key_type() == "EC");
            let opened = private.decrypt(&compact, (alg, enc), &mut rng()).unwrap();
            assert_eq!(opened.as_slice(), TOKEN.as_bytes());
        }
    }
}

#[test]
fn a_changed_part_is_refused() {
    for alg in ALGORITHMS {
        let (private, jwk) = pair(alg);
        let key = EncryptionKey::select(&vec![jwk].into(), alg).unwrap();
        for enc in ENCRYPTIONS {
            let compact = key.encrypt(enc, TOKEN, &mut rng()).unwrap();
            let parts: Vec<&str> = compact.split('.').collect();
            for changed in 1..5 {
                let mut bytes = base64url::decode(parts[changed], "part").unwrap();
                match bytes.first_mut() {
                    Some(first) => *first ^= 1,
                    None => bytes.push(1),
                }
                let mut parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                parts[changed] = base64url::encode(&bytes);
                let refused = private.decrypt(&parts.join("."), (alg, enc), &mut rng());
                assert_eq!(refused.err(), Some(Error::Decryption), "{} part {changed}", alg.name());
            }
            // The header is authenticated as it was sent.
            let mut other = header(&compact);
            other["typ"] = json!("jwt");
            let mut parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
            parts[0] = base64url::encode(&serde_json::to_vec(&other).unwrap());
            let refused = private.decrypt(&parts.join("."), (alg, enc), &mut rng());
            assert_eq!(refused.err(), Some(Error::Decryption));
        }
    }
}

#[test]
fn other_algorithms_extensions_and_forms_are_refused() {
    let (private, jwk) = pair(KeyManagement::EcdhEs);
    let key = EncryptionKey::select(&vec![jwk].into(), KeyManagement::EcdhEs).unwrap();
    let pair = (KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
    let compact = key.encrypt(pair.1, TOKEN, &mut rng()).unwrap();
    let decrypt = |compact: &str, pair| private.decrypt(compact, pair, &mut rng()).unwrap_err();
    assert_eq!(decrypt(&compact, (KeyManagement::EcdhEsA256Kw, pair.1)), Error::Header);
    assert_eq!(decrypt(&compact, (pair.0, ContentEncryption::A128CbcHs256)), Error::Header);
    assert_eq!(decrypt(&format!("{compact}.x"), pair), Error::NotCompact);
    assert_eq!(decrypt(&"x".repeat(MAX_LEN + 1), pair), Error::TooLarge);
    for member in ["crit", "zip", "apu", "apv"] {
        let mut changed = header(&compact);
        changed[member] = json!("DEF");
        let rest = compact.split_once('.').unwrap().1;
        let encoded = base64url::encode(&serde_json::to_vec(&changed).unwrap());
        assert_eq!(decrypt(&format!("{encoded}.{rest}"), pair), Error::Header, "{member}");
    }
    let (rsa, _) = self::pair(KeyManagement::RsaOaep256);
    assert_eq!(rsa.decrypt(&compact, pair, &mut rng()).unwrap_err(), Error::KeyMismatch);
}

#[test]
fn a_key_is_chosen_by_alg_and_use_and_never_by_its_place() {
    let (_, oaep) = pair(KeyManagement::RsaOaep);
    let (_, oaep256) = pair(KeyManagement::RsaOaep256);
    let (_, ecdh) = pair(KeyManagement::EcdhEs);
    let signing = EcPrivateKey::generate(Curve::P256, &mut rng()).public_key();
    let signing = Jwk::from_public_key(&PublicKey::Ec(signing)).unwrap();
    // One kid for several keys, as the broker publishes them.
    let keys: JwkSet =
        [signing.clone(), oaep, oaep256.clone(), ecdh].map(|key| key.with_kid("one")).to_vec().into();
    for alg in [KeyManagement::RsaOaep, KeyManagement::RsaOaep256, KeyManagement::EcdhEs] {
        let key = EncryptionKey::select(&keys, alg).unwrap();
        assert_eq!((key.alg, key.kid.as_deref()), (alg, Some("one")));
    }
    assert_eq!(EncryptionKey::select(&keys, KeyManagement::EcdhEsA256Kw), Err(Error::UnknownKey));
    assert_eq!(EncryptionKey::select(&vec![signing].into(), KeyManagement::EcdhEs), Err(Error::UnknownKey));

    let without = |member: &str| -> Jwk {
        let mut json = serde_json::to_value(&oaep256).unwrap();
        json.as_object_mut().unwrap().remove(member);
        serde_json::from_value(json).unwrap()
    };
    for member in ["alg", "use", "kid"] {
        assert!(EncryptionKey::select(&vec![without(member)].into(), KeyManagement::RsaOaep256).is_ok());
    }
    let named_after = vec![without("alg").with_kid("unnamed"), oaep256.with_kid("named")];
    let chosen = EncryptionKey::select(&named_after.into(), KeyManagement::RsaOaep256).unwrap();
    assert_eq!(chosen.kid.as_deref(), Some("named"));
}
