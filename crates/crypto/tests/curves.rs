//! Every curve against OpenSSL: many signatures in both directions, keys at the edges, and the explicit parameters
//! bit by bit.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "openssl/tool.rs"]
mod tool;

use crypto::{Curve, EcPrivateKey, EcdsaSignature, Error, HashAlgorithm, PublicKey};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use tool::OpenSsl;

/// Signatures a curve and direction.
const MANY: usize = 20;

fn openssl_name(curve: Curve) -> &'static str {
    match curve {
        Curve::P192 => "prime192v1",
        Curve::P224 => "secp224r1",
        Curve::P256 => "prime256v1",
        Curve::P384 => "secp384r1",
        Curve::P521 => "secp521r1",
        other => other.name(),
    }
}

fn digest_option(hash: HashAlgorithm) -> String {
    format!("-{}", hash.name().to_lowercase().replace('-', ""))
}

/// A message of its own for each signature, and each hash in turn.
fn messages(rng: &mut ChaCha20Rng) -> Vec<(HashAlgorithm, Vec<u8>)> {
    let hashes = HashAlgorithm::all().cycle().take(MANY);
    let mut message = |hash| {
        let mut bytes = vec![0; 40];
        rng.fill_bytes(&mut bytes);
        (hash, bytes)
    };
    hashes.map(&mut message).collect()
}

#[test]
fn many_signatures_of_openssl_verify_and_none_that_was_altered() {
    let (openssl, mut rng) = (OpenSsl::new(), ChaCha20Rng::seed_from_u64(3));
    for curve in Curve::all() {
        let ec = EcPrivateKey::generate(curve, &mut rng);
        openssl.write("key", &ec.to_pkcs8_der());
        let key = ec.public_key();
        for (hash, message) in messages(&mut rng) {
            openssl.write("message", &message);
            let sign = ["dgst", &digest_option(hash), "-sign", "key", "-keyform", "DER"];
            openssl.run(&[&sign[..], &["-out", "signature", "message"]].concat());
            let signature = EcdsaSignature::from_der(&openssl.read("signature")).unwrap();
            let digest = hash.digest(&message);
            assert_eq!(key.verify_prehash(&digest, &signature), Ok(()), "{curve:?} {hash:?}");
            let mut plain = signature.to_plain(curve);
            let bit = rng.next_u32() as usize % (plain.len() * 8);
            plain[bit / 8] ^= 1 << (bit % 8);
            let altered = EcdsaSignature::from_plain(curve, &plain).unwrap();
            assert_eq!(key.verify_prehash(&digest, &altered), Err(Error::Signature), "{curve:?} {bit}");
        }
    }
}

/// The keys 1, 2 and the order less one too: their points are the generator, its double, and its opposite.
#[test]
fn openssl_verifies_many_of_ours_and_none_over_another_message() {
    let (openssl, mut rng) = (OpenSsl::new(), ChaCha20Rng::seed_from_u64(4));
    for curve in Curve::all() {
        let mut last = curve.order();
        *last.last_mut().unwrap() -= 1;
        let mut keys: Vec<_> =
            [&[1][..], &[2], &last].map(|n| EcPrivateKey::from_scalar(curve, n).unwrap()).into();
        keys.push(EcPrivateKey::generate(curve, &mut rng));
        for ((hash, message), key) in messages(&mut rng).into_iter().zip(keys.iter().cycle()) {
            let explicit = key.public_key().to_explicit_spki_der();
            let named = PublicKey::Ec(key.public_key()).to_spki_der();
            openssl.write("signature", &key.sign(hash, &message).to_der());
            let verify = |spki: &[u8], message: &[u8]| {
                openssl.write("pub", spki);
                openssl.write("message", message);
                let verify = ["dgst", &digest_option(hash), "-verify", "pub", "-keyform", "DER"];
                openssl.succeeds(&[&verify[..], &["-signature", "signature", "message"]].concat())
            };
            assert!(verify(&named, &message), "{curve:?} {hash:?}");
            assert!(verify(&explicit, &message), "{curve:?} {hash:?}");
            assert!(!verify(&named, &message[1..]), "{curve:?} {hash:?}");
        }
    }
}

/// Whatever bit of them is flipped, they are no curve's, but for the one that makes version 3 of version 1.
#[test]
fn the_explicit_parameters_of_openssl_are_compared_whole() {
    const VERSION: usize = 2;
    let openssl = OpenSsl::new();
    for curve in Curve::all() {
        let name = ["ecparam", "-name", openssl_name(curve), "-outform", "DER", "-out", "parameters"];
        let explicit = [&name[..], &["-param_enc", "explicit"]].concat();
        let no_seed = [&explicit[..], &["-no_seed"]].concat();
        let compressed = [&explicit[..], &["-conv_form", "compressed"]].concat();
        for arguments in [&explicit, &no_seed, &compressed] {
            openssl.run(arguments);
            let read = Curve::from_ec_parameters_der(&openssl.read("parameters"));
            assert_eq!(read, Ok((curve, true)), "{curve:?}");
        }
        openssl.run(&no_seed);
        let parameters = openssl.read("parameters");
        let version = parameters.windows(3).position(|w| w == [2, 1, 1]).unwrap() + VERSION;
        for bit in (0..parameters.len() * 8).filter(|bit| *bit != version * 8 + 1) {
            let mut flipped = parameters.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Curve::from_ec_parameters_der(&flipped).is_err(), "{curve:?} bit {bit}");
        }
        openssl.run(&name);
        assert_eq!(Curve::from_ec_parameters_der(&openssl.read("parameters")), Ok((curve, false)));
    }
}
