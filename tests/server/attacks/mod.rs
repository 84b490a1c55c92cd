//! What an attacker, or a careless client, sends: one line for each check, with an id and the sentence that it comes from.
//! Every check of a table runs; the report names all that failed.
//!
//! - [`authorize`]: the front channel; [`token`]: the token endpoint and client authentication; [`tokens`]: what codes and
//!   tokens are worth; [`answers`]: headers, methods, what is published; [`backchannel`]: people asked on their phones (CIBA).

mod answers;
mod authorize;
mod backchannel;
mod token;
mod tokens;

use std::collections::BTreeSet;

use crate::common::browser::{Browser, Page, encode};
use crate::common::phone::{PIN, Phone};
use crate::common::{Bench, CLIENT, REDIRECT, SECRET};
use crypto::{Curve, EcPrivateKey};
use jose::{JwkSet, SigningKey};
use protocol::login::{Approved, LoginChallenge};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

/// Another client with a secret in the form.
const OTHER: &str = "other";
/// A client with its secret in the header.
const BASIC: &str = "basic";
/// A client that signs assertions.
const SIGNING: &str = "signing";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn client_key(seed: u64) -> SigningKey {
    SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(100 + seed))).unwrap()
}

/// A server with four clients of one redirect URI each.
fn bench(folder: &std::path::Path) -> Bench {
    let jwks = folder.join("client.jwks");
    std::fs::write(&jwks, serde_json::to_vec(&JwkSet::from(vec![client_key(1).jwk()])).unwrap()).unwrap();
    let client = |id: &str, proof: &str| {
        format!(
            "[[clients]]\nid = \"{id}\"\nname = \"{id}\"\nredirect_uris = [\"{REDIRECT}\"]\nacr = [\"eidas1\", \"eidas2\"]\n{proof}\n"
        )
    };
    let secret = format!("secret = \"{SECRET}\"");
    Bench::with(|config| {
        config
            + &client(OTHER, &format!("authentication = \"client_secret_post\"\n{secret}"))
            + &client(BASIC, &format!("authentication = \"client_secret_basic\"\n{secret}"))
            + &client(
                SIGNING,
                &format!("authentication = \"private_key_jwt\"\njwks_file = \"{}\"", jwks.display()),
            )
    })
}

/// One request, as raw as it gets.
struct Raw<'a> {
    method: &'a str,
    path: String,
    headers: Vec<(&'a str, String)>,
    body: String,
}

impl<'a> Raw<'a> {
    fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), headers: Vec::new(), body: String::new() }
    }

    fn form(path: &str, body: impl Into<String>) -> Self {
        let kind = ("content-type", "application/x-www-form-urlencoded".to_owned());
        Self { method: "POST", path: path.into(), headers: vec![kind], body: body.into() }
    }

    fn with(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn send(&self, bench: &Bench) -> Page {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .build()
            .into();
        let mut request =
            ureq::http::Request::builder().method(self.method).uri(format!("{}{}", bench.url, self.path));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let mut response = agent.run(request.body(self.body.clone()).unwrap()).unwrap();
        Page {
            status: response.status().as_u16(),
            location: response.headers().get("location").map(|l| l.to_str().unwrap().to_owned()),
            headers: response.headers().clone(),
            body: response.body_mut().read_to_string().unwrap_or_default(),
        }
    }
}

fn header<'p>(page: &'p Page, name: &str) -> &'p str {
    page.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// Names and values that become a query or form; a change takes a name away, sets it, or adds it again.
#[derive(Clone)]
enum Change<'a> {
    Without(&'a str),
    Set(&'a str, &'a str),
    Again(&'a str, &'a str),
    /// Appended as it is.
    Text(&'a str),
}

fn changed(base: &[(&str, &str)], changes: &[Change<'_>]) -> String {
    let mut pairs: Vec<(String, String)> = base.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
    let mut tail = String::new();
    for change in changes {
        match change {
            Change::Without(name) => pairs.retain(|(n, _)| n != name),
            Change::Set(name, value) => {
                pairs.retain(|(n, _)| n != name);
                pairs.push(((*name).into(), (*value).into()));
            }
            Change::Again(name, value) => pairs.push(((*name).into(), (*value).into())),
            Change::Text(text) => tail.push_str(text),
        }
    }
    pairs.iter().map(|(n, v)| format!("{n}={}", encode(v))).collect::<Vec<_>>().join("&") + &tail
}

/// The broker's request.
fn request(client: &str, changes: &[Change<'_>]) -> String {
    let base = [
        ("client_id", client),
        ("scope", "openid profile email birth"),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("acr_values", "eidas2"),
        ("nonce", "n-0S6_WzA2Mj"),
        ("state", "af0ifjsldkj"),
        ("prompt", "login"),
    ];
    changed(&base, changes)
}

/// The broker's form.
fn form(code: &str, changes: &[Change<'_>]) -> String {
    let base = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
    ];
    changed(&base, changes)
}

/// A code for this query, the whole way.
fn code(bench: &Bench, phone: &mut Phone<'_>, query: &str) -> String {
    let browser = Browser::new(bench);
    let begun = browser.get(&format!("/authorize?{query}"));
    let page = browser.get(&begun.location.expect("a login page"));
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    let Approved::Qr { release_code } = phone.approve(&challenge, PIN).ok() else { panic!("no code") };
    let path = format!("/login/{}/release", page.attribute("data-login-id").unwrap());
    browser.post(&path, &[("code", &release_code)]).query("code").unwrap()
}

/// What a table found.
#[derive(Default)]
struct Report {
    ids: BTreeSet<&'static str>,
    failed: Vec<String>,
}

impl Report {
    fn check(&mut self, id: &'static str, source: &str, outcome: Result<(), String>) {
        assert!(self.ids.insert(id), "{id} is there twice");
        if let Err(why) = outcome {
            self.failed.push(format!("{id} ({source}): {why}"));
        }
    }

    fn end(self, at_least: usize) {
        assert!(self.failed.is_empty(), "{}", self.failed.join("\n"));
        assert!(self.ids.len() >= at_least, "{} checks", self.ids.len());
    }
}

fn is<T, G>(what: &str, got: G, expected: T) -> Result<(), String>
where
    T: std::fmt::Debug,
    G: std::fmt::Debug + PartialEq<T>,
{
    if got == expected { Ok(()) } else { Err(format!("{what}: {got:?}, not {expected:?}")) }
}
