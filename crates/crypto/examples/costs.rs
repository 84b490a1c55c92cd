//! What one verification costs, beside the `openssl` command's on the same machine: the table of
//! docs/adr/0001-cryptography.md.
//!
//! `cargo run --release -p crypto --example costs`
//!
//! A signature costs as much when it is refused, if its numbers are in range, so keys of RSA need not be made: an odd
//! number of the right length stands for a modulus. The last rows are the worst that a stranger can send.

use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use crypto::{Curve, EcPrivateKey, HashAlgorithm, PublicKey, RsaPublicKey, SignatureScheme};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

const MESSAGE: &[u8] = b"the signed attributes of a document";
/// Of so many batches the best counts: others run on the machine too.
const BATCHES: usize = 15;
const BATCH: Duration = Duration::from_millis(60);

/// The best time of one run, in microseconds.
fn time(mut run: impl FnMut()) -> f64 {
    let batch = || {
        let (start, mut runs) = (Instant::now(), 0u32);
        while start.elapsed() < BATCH {
            run();
            runs += 1;
        }
        start.elapsed().as_secs_f64() * 1e6 / f64::from(runs)
    };
    std::iter::repeat_with(batch).take(BATCHES).fold(f64::INFINITY, f64::min)
}

/// Microseconds of a verification by `openssl speed`, if it knows the algorithm.
fn openssl(algorithm: &str) -> Option<f64> {
    let output = Command::new("openssl").args(["speed", "-seconds", "2", algorithm]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let per_second: f64 = text.lines().last()?.split_whitespace().last()?.parse().ok()?;
    Some(1e6 / per_second)
}

/// Prints the cost with the key at hand, and of reading the key.
fn row(name: &str, openssl_name: Option<&str>, scheme: &str, spki: &[u8], signature: &[u8]) {
    let scheme = hex::decode(scheme).expect("hex");
    let scheme = SignatureScheme::from_algorithm_identifier(&scheme, None).expect("a scheme");
    let (key, _) = PublicKey::from_spki_der(spki).expect("a key");
    let verify = time(|| drop(std::hint::black_box(scheme.verify(&key, MESSAGE, signature))));
    let read = time(|| drop(std::hint::black_box(PublicKey::from_spki_der(spki))));
    let (theirs, ratio) = openssl_name
        .and_then(openssl)
        .map_or(("-".into(), "-".into()), |us| (format!("{us:.0}"), format!("{:.1}", verify / us)));
    println!("| {name} | {verify:.0} | {read:.0} | {theirs} | {ratio} |");
}

fn rsa(bits: usize, exponent: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut modulus = vec![0xb7; bits / 8];
    modulus[0] = 0xff;
    let key = RsaPublicKey::from_components(&modulus, exponent).expect("a key");
    (PublicKey::Rsa(key).to_spki_der(), vec![0x5a; bits / 8])
}

fn main() {
    println!("| verification, µs | key at hand | reading the key | OpenSSL, key at hand | ratio |");
    println!("|---|---|---|---|---|");
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for curve in Curve::all() {
        let openssl_name = match curve {
            Curve::P192 => Some("ecdsap192"),
            Curve::P224 => Some("ecdsap224"),
            Curve::P256 => Some("ecdsap256"),
            Curve::P384 => Some("ecdsap384"),
            Curve::P521 => Some("ecdsap521"),
            Curve::BrainpoolP256r1 => Some("ecdsabrp256r1"),
            Curve::BrainpoolP384r1 => Some("ecdsabrp384r1"),
            Curve::BrainpoolP512r1 => Some("ecdsabrp512r1"),
            Curve::BrainpoolP192r1 | Curve::BrainpoolP224r1 | Curve::BrainpoolP320r1 => None,
        };
        let key = EcPrivateKey::generate(curve, &mut rng);
        let signature = key.sign(HashAlgorithm::Sha256, MESSAGE).to_der();
        let spki = key.public_key().to_explicit_spki_der();
        row(curve.name(), openssl_name, "300a06082a8648ce3d040302", &spki, &signature);
    }
    let pkcs1 = "300d06092a864886f70d01010b0500";
    for (bits, openssl_name) in
        [(2048, Some("rsa2048")), (3072, Some("rsa3072")), (4096, Some("rsa4096")), (6144, None)]
    {
        let (spki, signature) = rsa(bits, &[1, 0, 1]);
        row(&format!("RSA-{bits}"), openssl_name, pkcs1, &spki, &signature);
    }
    let (spki, signature) = rsa(8192, &[1, 0xff, 0xff, 0xff, 0xff]);
    row("RSA-8192, e = 2^33 - 1", None, pkcs1, &spki, &signature);
    let base64: String = include_str!("../tests/vectors/dsa-3072-256.pem")
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let parameters = base64::engine::general_purpose::STANDARD.decode(base64).expect("base64");
    let (spki, signature) = dsa(&parameters);
    row("DSA-3072", None, "300b0609608648016503040302", &spki, &signature);
}

/// A key whose public number is the generator: all that matters here is that it lies in the group.
fn dsa(parameters: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use der::asn1::{AnyRef, BitString, ObjectIdentifier, UintRef};
    use der::{Decode as _, Encode as _, Sequence};
    #[derive(Sequence)]
    struct Domain<'a> {
        p: UintRef<'a>,
        q: UintRef<'a>,
        g: UintRef<'a>,
    }
    #[derive(Sequence)]
    struct Algorithm<'a> {
        oid: ObjectIdentifier,
        domain: AnyRef<'a>,
    }
    #[derive(Sequence)]
    struct Spki<'a> {
        algorithm: Algorithm<'a>,
        key: BitString,
    }
    let encode = || -> der::Result<(Vec<u8>, Vec<u8>)> {
        let y = Domain::from_der(parameters)?.g.to_der()?;
        let oid = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
        let algorithm = Algorithm { oid, domain: AnyRef::from_der(parameters)? };
        let spki = Spki { algorithm, key: BitString::from_bytes(&y)? }.to_der()?;
        let number = UintRef::new(&[0x5a; 32])?.to_der()?;
        let signature = [&[0x30, 2 * number.len() as u8][..], &number, &number].concat();
        Ok((spki, signature))
    };
    encode().expect("parameters of a group")
}
