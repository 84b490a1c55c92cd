//! Clients that others wrote log in against `sceau serve` and accept every token: openid-client 5.7, as the broker uses it,
//! and openid-client 6 with PKCE. Node and the packages of tests/clients are installed by scripts/test.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

use crate::common::browser::Browser;
use crate::common::phone::{EMAIL, PIN, Phone};
use crate::common::{Bench, CLIENT, REDIRECT, SECRET};
use crypto::{Curve, EcPrivateKey};
use jose::{JwkSet, SigningKey};
use protocol::login::{Approved, LoginChallenge};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::Value;

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

/// Runs a client through a login; its claims. `more` are further arguments of the script.
fn log_in(bench: &Bench, script: &str, more: &[&str]) -> Value {
    log_in_to(bench, &mut Phone::enrol(bench, 1, &bench.passport()).0, CLIENT, script, more)
}

fn log_in_to(bench: &Bench, phone: &mut Phone, client: &str, script: &str, more: &[&str]) -> Value {
    let folder = CLIENTS;
    let installed = std::path::Path::new(folder).join("node_modules").is_dir();
    assert!(installed, "run scripts/test, or: npm ci --prefix tests/clients");
    let mut node = Command::new("node")
        .current_dir(folder)
        .args([script, &bench.url, client, SECRET, REDIRECT])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(node.stdout.take().unwrap());
    let mut authorization_url = String::new();
    output.read_line(&mut authorization_url).unwrap();

    let browser = Browser::new(bench);
    let redirect = browser.get(authorization_url.trim());
    let page = browser.get(&redirect.location.expect("a login page"));
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    let Approved::Qr { release_code } = phone.approve(&challenge, PIN).ok() else { panic!("no code") };
    let path = format!("/login/{}/release", page.attribute("data-login-id").unwrap());
    let done = browser.post(&path, &[("code", &release_code)]);
    let callback = done.location.expect("the way back to the client");
    writeln!(node.stdin.take().unwrap(), "{callback}").unwrap();

    let mut claims = String::new();
    output.read_to_string(&mut claims).unwrap();
    assert!(node.wait().unwrap().success(), "the client refused the login");
    serde_json::from_str(&claims).unwrap()
}

fn is_the_specimen(claims: &Value) {
    assert_eq!(claims["id_token"]["acr"], "eidas2");
    assert_eq!(claims["id_token"]["sub"], claims["userinfo"]["sub"]);
    for (claim, value) in [
        ("family_name", "ERIKSSON"),
        ("birthdate", "1974-08-12"),
        ("gender", "female"),
        ("birthplace", "75107"),
        ("birthcountry", "99100"),
        ("email", EMAIL),
    ] {
        let given = claims["userinfo"][claim].as_str().unwrap_or_default();
        assert!(given.eq_ignore_ascii_case(value), "{claim}: {given}");
    }
}

#[test]
fn the_brokers_client_library_accepts_a_login() {
    let bench = Bench::serve(|config| config);
    is_the_specimen(&log_in(&bench, "v5.mjs", &[]));
}

#[test]
fn openid_client_6_with_pkce_accepts_a_login() {
    let bench = Bench::serve(|config| config);
    is_the_specimen(&log_in(&bench, "v6.mjs", &[]));
}

#[test]
fn a_client_with_its_secret_in_the_header_is_let_in() {
    let bench = Bench::serve(|config| config.replace("client_secret_post", "client_secret_basic"));
    is_the_specimen(&log_in(&bench, "v6.mjs", &["basic"]));
}

#[test]
fn a_client_that_signs_its_assertions_is_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(11));
    let (key_file, jwks_file) = (folder.path().join("client.der"), folder.path().join("client.jwks"));
    std::fs::write(&key_file, &*key.to_pkcs8_der()).unwrap();
    let key = SigningKey::new(key).unwrap();
    let jwks = JwkSet::from(vec![key.jwk()]);
    std::fs::write(&jwks_file, serde_json::to_vec(&jwks).unwrap()).unwrap();
    let bench = Bench::serve(|config| {
        let secret = format!("secret = \"{SECRET}\"");
        let config = config.replace("client_secret_post", "private_key_jwt");
        config.replace(&secret, &format!("jwks_file = \"{}\"", jwks_file.display()))
    });
    is_the_specimen(&log_in(&bench, "v6.mjs", &[key_file.to_str().unwrap(), key.kid()]));
}

#[test]
fn the_brokers_client_library_opens_every_kind_of_encrypted_token() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Command::new("node");
    assert!(node.current_dir(CLIENTS).arg("keys.mjs").arg(folder.path()).status().unwrap().success());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let algorithms = ["RSA-OAEP-256", "RSA-OAEP", "ECDH-ES", "ECDH-ES+A256KW"];
    let pairs = algorithms.into_iter().flat_map(|alg| ["A256GCM", "A128CBC-HS256"].map(|enc| (alg, enc)));
    let bench = Bench::serve(|config| {
        let clients = pairs.clone().map(|(alg, enc)| {
            format!(
                r#"
[[clients]]
id = "{alg}-{enc}"
name = "FranceConnect"
redirect_uris = ["{REDIRECT}"]
authentication = "client_secret_post"
secret = "{SECRET}"
acr = ["eidas1", "eidas2"]
jwks_file = "{}"
encryption_algorithm = "{alg}"
encryption_method = "{enc}"
"#,
                path("public.json")
            )
        });
        config + &clients.collect::<String>()
    });
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    for (alg, enc) in pairs {
        let client = format!("{alg}-{enc}");
        let claims = log_in_to(&bench, &mut phone, &client, "v5.mjs", &[&path("private.json"), alg, enc]);
        is_the_specimen(&claims);
        assert_eq!(claims["id_token"]["aud"], client);
    }
}
