//! The keys that a client publishes for encryption: when they are fetched, and what follows if they cannot be.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crypto::{Curve, EcPrivateKey, PublicKey};
use jose::{ContentEncryption, DecryptionKey, Jwk, JwkSet, KeyManagement};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

use crate::common::browser::{Browser, claims};
use crate::common::{Bench, NOW};
use crate::login::{code, enrolled};

const ALGORITHMS: (KeyManagement, ContentEncryption) = (KeyManagement::EcdhEs, ContentEncryption::A256Gcm);

/// Where a client publishes its keys; `None` answers 500.
#[derive(Clone)]
struct Publisher {
    url: String,
    answer: Arc<Mutex<Option<Vec<u8>>>>,
    requests: Arc<Mutex<u32>>,
}

impl Publisher {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let publisher = Self { url, answer: Arc::default(), requests: Arc::default() };
        let here = publisher.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                here.serve(stream.unwrap());
            }
        });
        publisher
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut lines = BufReader::new(&stream).lines();
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        *self.requests.lock().unwrap() += 1;
        let answer = self.answer.lock().unwrap().clone();
        let (status, body) = answer.map_or(("500 No", Vec::new()), |body| ("200 OK", body));
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
    }

    fn publish(&self, seed: u64) -> DecryptionKey {
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(seed));
        let jwk = Jwk::for_encryption(&PublicKey::Ec(key.public_key()), ALGORITHMS.0).unwrap();
        let set = JwkSet::from(vec![jwk.with_kid("broker")]);
        *self.answer.lock().unwrap() = Some(serde_json::to_vec(&set).unwrap());
        DecryptionKey::Ec(key)
    }

    fn fall_silent(&self) {
        *self.answer.lock().unwrap() = None;
    }

    fn requests(&self) -> u32 {
        *self.requests.lock().unwrap()
    }

    fn bench(&self) -> Bench {
        Bench::with(|config| {
            let more = format!("jwks_uri = \"{}\"\nencryption_algorithm = \"ECDH-ES\"\nacr =", self.url);
            config.replacen("acr =", &more, 1)
        })
    }
}

fn open(key: &DecryptionKey, token: &str) -> Option<serde_json::Value> {
    let opened = key.decrypt(token, ALGORITHMS, &mut ChaCha20Rng::seed_from_u64(1)).ok()?;
    Some(claims(std::str::from_utf8(&opened).unwrap()))
}

/// So many seconds after the beginning.
fn later(bench: &Bench, seconds: i64) {
    bench.clock.advance(NOW.0 + seconds - bench.now().0);
}

#[test]
fn both_tokens_are_encrypted_to_the_published_key_and_fetched_before_the_login_only() {
    let publisher = Publisher::open();
    let key = publisher.publish(1);
    let bench = publisher.bench();
    let mut phone = enrolled(&bench);
    let code = code(&bench, &mut phone);
    assert_eq!(publisher.requests(), 1);
    // The client's own trouble does not reach its token call.
    publisher.fall_silent();
    let browser = Browser::new(&bench);
    let tokens = browser.redeem(&code).json();
    let id_token = open(&key, tokens["id_token"].as_str().unwrap()).unwrap();
    assert_eq!(id_token["acr"], "eidas2");
    let userinfo = browser.userinfo(tokens["access_token"].as_str().unwrap());
    assert_eq!(open(&key, &userinfo.body).unwrap()["sub"], id_token["sub"]);
    assert_eq!(publisher.requests(), 1);
}

#[test]
fn keys_that_are_replaced_are_seen_by_the_next_login() {
    let publisher = Publisher::open();
    let old = publisher.publish(1);
    let bench = publisher.bench();
    let mut phone = enrolled(&bench);
    code(&bench, &mut phone);
    let new = publisher.publish(2);
    later(&bench, 61);
    let code = code(&bench, &mut phone);
    let token = Browser::new(&bench).redeem(&code).json()["id_token"].as_str().unwrap().to_owned();
    assert!(open(&old, &token).is_none() && open(&new, &token).is_some());
}

#[test]
fn no_login_begins_with_keys_that_are_stale_absent_or_of_another_algorithm() {
    let publisher = Publisher::open();
    publisher.publish(1);
    let bench = publisher.bench();
    let browser = Browser::new(&bench);
    let begins = || browser.authorize("eidas2").query("error").is_none();
    assert!(begins());
    publisher.fall_silent();
    later(&bench, 600);
    assert!(begins(), "ten minutes old");
    later(&bench, 601);
    let refused = browser.authorize("eidas2");
    assert_eq!(refused.query("error").as_deref(), Some("temporarily_unavailable"));
    assert!(refused.query("state").is_some());
    *publisher.answer.lock().unwrap() = Some(br#"{"keys":[]}"#.to_vec());
    assert!(!begins(), "no key at all");
    *publisher.answer.lock().unwrap() = Some(vec![b' '; 70_000]);
    assert!(!begins(), "longer than a set may be");
    publisher.publish(1);
    later(&bench, 700);
    assert!(begins());
}

#[test]
fn keys_are_fetched_in_the_background_before_they_are_stale() {
    let publisher = Publisher::open();
    publisher.publish(1);
    let bench = publisher.bench();
    let refresh = |seconds| {
        later(&bench, seconds);
        let state = bench.state();
        bench.runtime.block_on(state.client_keys.refresh(state.now(), 30));
        publisher.requests()
    };
    assert_eq!([refresh(0), refresh(1), refresh(539), refresh(540), refresh(541)], [1, 1, 1, 2, 2]);
}
