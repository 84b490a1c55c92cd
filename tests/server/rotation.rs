//! The keys of ID tokens change while a server runs.

use std::process::Command;

use crate::common::browser::Browser;
use crate::common::{Bench, CLIENT, CONFIG};
use crate::login::{code, enrolled};
use clock::UnixTime;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

#[test]
fn a_new_key_is_published_then_signs_and_the_old_ones_tokens_still_log_out() {
    let out = "post_logout_redirect_uris = [\"http://127.0.0.1:1/out\"]\nacr =";
    let bench = Bench::with(|config| config.replacen("acr =", out, 1));
    let mut phone = enrolled(&bench);
    let browser = Browser::new(&bench);
    let published = || -> Vec<String> {
        let keys = browser.get("/jwks").json()["keys"].as_array().unwrap().clone();
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let id_token = |phone: &mut _| {
        let tokens = browser.redeem(&code(&bench, phone)).json();
        tokens["id_token"].as_str().unwrap().to_owned()
    };
    let kid = |token: &str| jose::decode_header(token).unwrap().kid.unwrap();

    let old = id_token(&mut phone);
    assert_eq!(published(), [kid(&old)]);
    let file = bench.folder.path().join("keys/oidc-signing.pem");
    let from = bench.now().plus(900);
    sceau::cli::rotate(&file, from, UnixTime(0), &mut ChaCha20Rng::seed_from_u64(5)).unwrap();
    bench.state().oidc_keys.refresh().unwrap();
    assert_eq!(published().len(), 2);
    assert_eq!(kid(&id_token(&mut phone)), kid(&old), "published, not yet used");

    bench.clock.advance(900);
    let new = id_token(&mut phone);
    assert_ne!(kid(&new), kid(&old));
    assert!(published().contains(&kid(&new)) && published().contains(&kid(&old)));
    for token in [old, new] {
        let query = format!(
            "/logout?id_token_hint={token}&client_id={CLIENT}&post_logout_redirect_uri=http://127.0.0.1:1/out"
        );
        assert_eq!(browser.get(&query).location.as_deref(), Some("http://127.0.0.1:1/out"));
    }
}

#[test]
fn the_command_writes_a_successor_and_deletes_what_has_had_its_time() {
    let bench = Bench::serve(|config| config);
    let folder = bench.folder.path();
    let rotate = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sceau"));
        let output = command
            .current_dir(folder)
            .args(["keys", "rotate", "--config", CONFIG])
            .args(more)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let first = rotate(&["--delay", "0", "--keep", "0"]);
    assert!(folder.join(&first).exists() && first.contains("oidc-signing."));
    assert!(folder.join("keys/oidc-signing.pem").exists(), "it signed until now");
    let second = rotate(&["--delay", "900", "--keep", "0"]);
    assert!(folder.join(&second).exists() && folder.join(&first).exists());
    assert!(!folder.join("keys/oidc-signing.pem").exists(), "its successor signs");
    let checked = Command::new(env!("CARGO_BIN_EXE_sceau"))
        .current_dir(folder)
        .args(["config", "check", CONFIG])
        .output();
    assert!(checked.unwrap().status.success());
}
