//! Clients that others wrote log in against `sceau serve` and accept every token: openid-client 5.7, as the broker uses it,
//! and openid-client 6 with PKCE. Node and the packages of tests/clients are installed by scripts/test.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::browser::Browser;
use crate::common::phone::{EMAIL, PIN, Phone};
use crate::common::{Bench, CLIENT, REDIRECT, SECRET};
use crate::login::code;
use crypto::{Curve, EcPrivateKey};
use jose::{JwkSet, SigningKey};
use protocol::approval::{Approval, Decision};
use protocol::login::{Approved, LoginChallenge, Logins};
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

/// A client's key: its file (PKCS#8), its name, and the set that holds its public half.
fn client_key(folder: &Path) -> (String, String, String) {
    let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(11));
    let (key_file, jwks_file) = (folder.join("client.der"), folder.join("client.jwks"));
    std::fs::write(&key_file, &*key.to_pkcs8_der()).unwrap();
    let key = SigningKey::new(key).unwrap();
    std::fs::write(&jwks_file, serde_json::to_vec(&JwkSet::from(vec![key.jwk()])).unwrap()).unwrap();
    (key_file.display().to_string(), key.kid().to_owned(), jwks_file.display().to_string())
}

/// The configuration, whose client proves itself by a key.
fn by_key(config: &str, jwks_file: &str) -> String {
    let secret = format!("secret = \"{SECRET}\"");
    let config = config.replace("client_secret_post", "private_key_jwt");
    config.replace(&secret, &format!("jwks_file = \"{jwks_file}\""))
}

#[test]
fn a_client_that_signs_its_assertions_is_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let (key_file, kid, jwks_file) = client_key(folder.path());
    let bench = Bench::serve(|config| by_key(&config, &jwks_file));
    is_the_specimen(&log_in(&bench, "v6.mjs", &[&key_file, &kid]));
}

/// Pushed request, PKCE, private_key_jwt, DPoP; introspection and revocation beside.
#[test]
fn openid_client_6_as_a_fapi_client_accepts_a_login() {
    let folder = tempfile::tempdir().unwrap();
    let (key_file, kid, jwks_file) = client_key(folder.path());
    let bench = Bench::serve(|config| {
        let fapi = "policy = { profile = \"fapi2\", access_token = \"reusable\" }\nacr =";
        by_key(&config, &jwks_file).replacen("acr =", fapi, 1)
    });
    let claims = log_in(&bench, "v6-fapi.mjs", &[&key_file, &kid]);
    is_the_specimen(&claims);
    assert!(claims["type"].as_str().unwrap().eq_ignore_ascii_case("DPoP"));
    assert_eq!((&claims["before"]["active"], &claims["after"]["active"]), (&true.into(), &false.into()));
}

/// The person approves on her phone while the client polls.
#[test]
fn openid_client_6_asks_a_person_on_her_phone() {
    let bench = Bench::serve(|config| config.replacen("acr =", "policy = { ciba = true }\nacr =", 1));
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    let browser = Browser::new(&bench);
    let tokens = browser.redeem(&code(&bench, &mut phone)).json();
    let mut node = Command::new("node")
        .current_dir(CLIENTS)
        .args(["v6-ciba.mjs", &bench.url, CLIENT, SECRET, tokens["id_token"].as_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(node.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line.trim(), "asked");
    let waiting: Logins = phone.login_call("GET", "/v1/logins", &()).ok();
    let statement = Approval {
        decision: Decision::Approve,
        binding_number: Some("42".into()),
        ..waiting.logins[0].statement.clone()
    };
    let answer = phone.answer(&statement, PIN);
    let _: Approved =
        phone.login_call("POST", &format!("/v1/logins/{}/approve", statement.login_id), &answer).ok();
    let mut claims = String::new();
    output.read_to_string(&mut claims).unwrap();
    assert!(node.wait().unwrap().success(), "the client refused the answer");
    is_the_specimen(&serde_json::from_str(&claims).unwrap());
}

#[test]
fn the_brokers_client_library_opens_every_kind_of_token() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Command::new("node");
    assert!(node.current_dir(CLIENTS).arg("keys.mjs").arg(folder.path()).status().unwrap().success());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let algorithms = ["RSA-OAEP-256", "RSA-OAEP", "ECDH-ES", "ECDH-ES+A256KW"];
    let pairs = algorithms.into_iter().flat_map(|alg| ["A256GCM", "A128CBC-HS256"].map(|enc| (alg, enc)));
    let es256 = pairs.map(|(alg, enc)| ("ES256", alg, enc));
    // As the broker's own records of identity providers have it.
    let rs256 = [("RS256", "ECDH-ES", "A256GCM"), ("RS256", "RSA-OAEP-256", "A256GCM"), ("RS256", "", "")];
    let sets: Vec<_> = es256.chain(rs256).collect();
    let rsa = path("rsa.pem");
    let mut openssl = Command::new("openssl");
    openssl.args([
        "genpkey",
        "-quiet",
        "-algorithm",
        "RSA",
        "-pkeyopt",
        "rsa_keygen_bits:2048",
        "-out",
        &rsa,
    ]);
    assert!(openssl.status().unwrap().success());
    let bench = Bench::serve(|config| {
        let config =
            config.replace("\"keys/oidc-signing.pem\"", &format!("\"keys/oidc-signing.pem\", \"{rsa}\""));
        let clients = sets.iter().map(|(signature, alg, enc)| {
            let encrypted = format!(
                "jwks_file = \"{}\"\nencryption_algorithm = \"{alg}\"\nencryption_method = \"{enc}\"",
                path("public.json")
            );
            let encrypted = if alg.is_empty() { String::new() } else { encrypted };
            format!(
                r#"
[[clients]]
id = "{signature}-{alg}-{enc}"
name = "FranceConnect"
redirect_uris = ["{REDIRECT}"]
authentication = "client_secret_post"
secret = "{SECRET}"
acr = ["eidas1", "eidas2"]
signing_algorithm = "{signature}"
{encrypted}
"#
            )
        });
        config + &clients.collect::<String>()
    });
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    for (signature, alg, enc) in sets {
        let client = format!("{signature}-{alg}-{enc}");
        let keys = if alg.is_empty() { String::new() } else { path("private.json") };
        let claims = log_in_to(&bench, &mut phone, &client, "v5.mjs", &[&keys, alg, enc, signature]);
        is_the_specimen(&claims);
        assert_eq!(claims["id_token"]["aud"], client);
    }
}
