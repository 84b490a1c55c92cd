//! An encoder, signer and verifier that shares no code with ours: the `openssl` command.
//!
//! Both directions are tested: what OpenSSL signs we verify (and with one bit flipped we refuse), what we sign OpenSSL
//! verifies.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "openssl/tool.rs"]
mod tool;

use crypto::{
    Curve, EcPrivateKey, EcdsaSignature, Error, HashAlgorithm, PublicKey, RsaPrivateKey, SessionCipher,
    SignatureScheme,
};
use der::asn1::{AnyRef, BitStringRef};
use der::{Decode as _, Encode as _, Sequence};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use tool::OpenSsl;

const MESSAGE: &[u8] = b"a message that both sides know";

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

/// Makes a key and its public half, in DER, in `key` and `pub`, and the key as PKCS#8 in `pkcs8`: for DER genpkey
/// writes the older form of each kind of key.
fn generate(openssl: &OpenSsl, options: &[&str]) {
    openssl.run(&[&["genpkey", "-outform", "DER", "-out", "key"], options].concat());
    openssl.run(&["pkey", "-inform", "DER", "-in", "key", "-pubout", "-outform", "DER", "-out", "pub"]);
    let pkcs8 = ["pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-in", "key"];
    openssl.run(&[&pkcs8[..], &["-outform", "DER", "-out", "pkcs8"]].concat());
}

fn generate_ec(openssl: &OpenSsl, curve: Curve, encoding: &str) {
    let curve = format!("ec_paramgen_curve:{}", openssl_name(curve));
    let encoding = format!("ec_param_enc:{encoding}");
    generate(openssl, &["-algorithm", "EC", "-pkeyopt", &curve, "-pkeyopt", &encoding]);
}

fn sign(openssl: &OpenSsl, hash: HashAlgorithm, options: &[&str]) -> Vec<u8> {
    openssl.write("message", MESSAGE);
    let start = ["dgst", &digest_option(hash), "-sign", "key", "-keyform", "DER", "-out", "signature"];
    openssl.run(&[&start, options, &["message"]].concat());
    openssl.read("signature")
}

/// Whether OpenSSL verifies `signature` with our encoding of the public key.
fn openssl_verifies(
    openssl: &OpenSsl,
    spki: &[u8],
    hash: HashAlgorithm,
    options: &[&str],
    signature: &[u8],
) -> bool {
    openssl.write("message", MESSAGE);
    openssl.write("our-pub", spki);
    openssl.write("our-signature", signature);
    let hash = digest_option(hash);
    let start = ["dgst", &hash, "-verify", "our-pub", "-keyform", "DER", "-signature", "our-signature"];
    openssl.succeeds(&[&start, options, &["message"]].concat())
}

fn flip(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[bit / 8] ^= 0x80 >> (bit % 8);
    flipped
}

#[test]
fn ecdsa_of_openssl_is_verified_for_named_and_explicit_parameters() {
    let openssl = OpenSsl::new();
    for curve in Curve::all() {
        for encoding in ["named_curve", "explicit"] {
            generate_ec(&openssl, curve, encoding);
            let (key, notes) = PublicKey::from_spki_der(&openssl.read("pub")).unwrap();
            assert_eq!(notes.explicit_parameters, encoding == "explicit");
            let PublicKey::Ec(key) = key else { panic!("not an EC key") };
            assert_eq!(key.curve(), curve);
            let private = EcPrivateKey::from_pkcs8_der(&openssl.read("pkcs8")).unwrap();
            assert_eq!(private.public_key(), key);
            for hash in HashAlgorithm::all() {
                let der = sign(&openssl, hash, &[]);
                let signature = EcdsaSignature::from_der(&der).unwrap();
                let digest = hash.digest(MESSAGE);
                assert_eq!(key.verify_prehash(&digest, &signature), Ok(()), "{curve:?} {hash:?}");
                assert_eq!(key.verify_prehash(&flip(&digest, 0), &signature), Err(Error::Signature));
                let plain = signature.to_plain(curve);
                for bit in [plain.len() * 4 - 1, plain.len() * 8 - 1] {
                    let flipped = EcdsaSignature::from_plain(curve, &flip(&plain, bit)).unwrap();
                    assert_eq!(key.verify_prehash(&digest, &flipped), Err(Error::Signature));
                }
            }
        }
    }
}

#[test]
fn openssl_verifies_our_ecdsa_for_named_and_explicit_parameters() {
    let openssl = OpenSsl::new();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for curve in Curve::all() {
        let key = EcPrivateKey::generate(curve, &mut rng);
        let named = PublicKey::Ec(key.public_key()).to_spki_der();
        for spki in [named, key.public_key().to_explicit_spki_der()] {
            for hash in [HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha512] {
                let verify = |sig: &[u8]| openssl_verifies(&openssl, &spki, hash, &[], sig);
                assert!(verify(&key.sign(hash, MESSAGE).to_der()), "{curve:?} {hash:?}");
                assert!(!verify(&key.sign(hash, b"another message").to_der()), "{curve:?} {hash:?}");
            }
        }
    }
}

#[test]
fn ecdh_with_openssl_agrees() {
    let openssl = OpenSsl::new();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for curve in Curve::all() {
        let key = EcPrivateKey::generate(curve, &mut rng);
        generate_ec(&openssl, curve, "named_curve");
        openssl.write("peer", &PublicKey::Ec(key.public_key()).to_spki_der());
        let derive = ["pkeyutl", "-derive", "-keyform", "DER", "-inkey", "key"];
        openssl.run(&[&derive[..], &["-peerform", "DER", "-peerkey", "peer", "-out", "shared"]].concat());
        let PublicKey::Ec(theirs) = PublicKey::from_spki_der(&openssl.read("pub")).unwrap().0 else {
            panic!("not an EC key")
        };
        assert_eq!(key.ecdh(&theirs).unwrap().as_slice(), openssl.read("shared"), "{curve:?}");
    }
}

fn generate_rsa(openssl: &OpenSsl, bits: usize, exponent: &str) -> (RsaPrivateKey, crypto::RsaPublicKey) {
    let bits = format!("rsa_keygen_bits:{bits}");
    let exponent = format!("rsa_keygen_pubexp:{exponent}");
    generate(openssl, &["-algorithm", "RSA", "-pkeyopt", &bits, "-pkeyopt", &exponent]);
    let private = RsaPrivateKey::from_pkcs8_der(&openssl.read("pkcs8")).unwrap();
    let PublicKey::Rsa(key) = PublicKey::from_spki_der(&openssl.read("pub")).unwrap().0 else {
        panic!("not an RSA key")
    };
    assert_eq!(private.public_key(), key);
    assert_eq!(PublicKey::Rsa(key.clone()).to_spki_der(), openssl.read("pub"));
    (private, key)
}

#[test]
fn pkcs1v15_agrees_with_openssl() {
    let openssl = OpenSsl::new();
    for (bits, exponent) in [(1024, "3"), (2048, "65537"), (2049, "4294967297")] {
        let (private, key) = generate_rsa(&openssl, bits, exponent);
        for hash in HashAlgorithm::all() {
            let signature = sign(&openssl, hash, &[]);
            assert_eq!(private.sign_pkcs1v15(hash, MESSAGE).unwrap(), signature);
            assert_eq!(key.verify_pkcs1v15(hash, MESSAGE, &signature), Ok(()), "{bits} {hash:?}");
            for bit in [7, bits / 2, signature.len() * 8 - 1] {
                let flipped = flip(&signature, bit);
                assert_eq!(key.verify_pkcs1v15(hash, MESSAGE, &flipped), Err(Error::Signature));
            }
        }
    }
}

#[test]
fn pss_agrees_with_openssl() {
    use HashAlgorithm::{Sha1, Sha256, Sha512};
    let openssl = OpenSsl::new();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for bits in [2048, 2049] {
        let (private, key) = generate_rsa(&openssl, bits, "65537");
        let spki = openssl.read("pub");
        for (hash, mgf_hash, salt) in
            [(Sha256, Sha256, 32), (Sha256, Sha256, 20), (Sha1, Sha1, 20), (Sha512, Sha1, 0)]
        {
            let (salt_option, mgf) = (format!("rsa_pss_saltlen:{salt}"), &digest_option(mgf_hash)[1..]);
            let mgf = format!("rsa_mgf1_md:{mgf}");
            let options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", &salt_option, "-sigopt", &mgf];
            let signature = sign(&openssl, hash, &options);
            let verify = |signature: &[u8]| key.verify_pss(hash, mgf_hash, Some(salt), MESSAGE, signature);
            assert_eq!(verify(&signature), Ok(()), "{bits} {hash:?} {salt}");
            assert_eq!(verify(&flip(&signature, signature.len() * 8 - 1)), Err(Error::Signature));
            if hash == mgf_hash {
                let ours = private.sign_pss(hash, salt, MESSAGE, &mut rng).unwrap();
                assert!(openssl_verifies(&openssl, &spki, hash, &options, &ours));
                let other = private.sign_pss(hash, salt, b"another message", &mut rng).unwrap();
                assert!(!openssl_verifies(&openssl, &spki, hash, &options, &other));
            }
        }
    }
}

/// RFC 5280, 4.1.
#[derive(Sequence)]
struct Certificate<'a> {
    tbs: AnyRef<'a>,
    algorithm: AnyRef<'a>,
    signature: BitStringRef<'a>,
}

/// Verifies the self-signed certificate in `cert` with the key in `pub`; says the scheme's name.
fn verify_certificate(openssl: &OpenSsl) -> String {
    let der = openssl.read("cert");
    let certificate = Certificate::from_der(&der).unwrap();
    let (key, _) = PublicKey::from_spki_der(&openssl.read("pub")).unwrap();
    let algorithm = certificate.algorithm.to_der().unwrap();
    let scheme = SignatureScheme::from_algorithm_identifier(&algorithm, None).unwrap();
    let (tbs, signature) = (certificate.tbs.to_der().unwrap(), certificate.signature.as_bytes().unwrap());
    assert_eq!(scheme.verify(&key, &tbs, signature), Ok(()));
    assert_eq!(scheme.verify(&key, &flip(&tbs, tbs.len() * 4), signature), Err(Error::Signature));
    scheme.name().into_owned()
}

#[test]
fn the_schemes_of_certificates_are_read_and_verified() {
    let openssl = OpenSsl::new();
    let pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt"];
    let certify = |options: &[&str]| {
        let start = ["req", "-x509", "-new", "-batch", "-subj", "/CN=x", "-keyform", "DER", "-key", "key"];
        openssl.run(&[&start[..], options, &["-outform", "DER", "-out", "cert"]].concat());
        verify_certificate(&openssl)
    };
    generate_rsa(&openssl, 2048, "65537");
    assert_eq!(certify(&["-sha224"]), "RSASSA-PKCS1-v1_5 SHA-224");
    assert_eq!(certify(&[&["-sha256"], &pss[..], &["rsa_pss_saltlen:32"]].concat()), "RSASSA-PSS SHA-256/32");
    assert_eq!(certify(&[&["-sha1"], &pss[..], &["rsa_pss_saltlen:20"]].concat()), "RSASSA-PSS SHA-1/20");
    let other_mgf = ["rsa_pss_saltlen:20", "-sigopt", "rsa_mgf1_md:sha1"];
    assert_eq!(certify(&[&["-sha512"], &pss[..], &other_mgf].concat()), "RSASSA-PSS SHA-512/20 MGF1 SHA-1");

    generate(&openssl, &["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]);
    assert!(PublicKey::from_spki_der(&openssl.read("pub")).unwrap().1.pss_only);
    assert_eq!(certify(&["-sha384", "-sigopt", "rsa_pss_saltlen:48"]), "RSASSA-PSS SHA-384/48");

    generate_ec(&openssl, Curve::BrainpoolP384r1, "explicit");
    assert_eq!(certify(&["-sha1"]), "ECDSA SHA-1");
    assert_eq!(certify(&["-sha512"]), "ECDSA SHA-512");
}

#[test]
fn the_session_ciphers_are_those_of_openssl() {
    let openssl = OpenSsl::new();
    let data: Vec<u8> = (0..96).collect();
    openssl.write("plain", &data);
    for (cipher, cbc) in [
        (SessionCipher::TripleDes, "des-ede-cbc"),
        (SessionCipher::Aes128, "aes-128-cbc"),
        (SessionCipher::Aes192, "aes-192-cbc"),
        (SessionCipher::Aes256, "aes-256-cbc"),
    ] {
        let key = cipher.kdf(b"a shared secret", 1);
        let hex_key = hex::encode(key.as_bytes());
        let iv = vec![0x5a; cipher.block_len()];
        let enc =
            ["enc", "-nopad", "-K", &hex_key, "-iv", &hex::encode(&iv), "-in", "plain", "-out", "cipher"];
        openssl.run(&[&enc[..], &[&format!("-{cbc}")]].concat());
        assert_eq!(key.encrypt_cbc(&iv, &data).unwrap(), openssl.read("cipher"), "{cbc}");
        assert_eq!(key.decrypt_cbc(&iv, &openssl.read("cipher")).unwrap().as_slice(), data);
        if cipher != SessionCipher::TripleDes {
            let options = ["-macopt", &format!("cipher:{cbc}"), "-macopt", &format!("hexkey:{hex_key}")];
            let start = ["mac", "-binary", "-in", "plain", "-out", "mac"];
            openssl.run(&[&start[..], &options, &["CMAC"]].concat());
            assert_eq!(key.mac(&data).unwrap().as_slice(), &openssl.read("mac")[..8], "{cbc}");
        }
    }
}
