//! The keys of ID tokens change while a server runs; so does the key-encryption key.

use std::process::Command;

use crate::common::browser::Browser;
use crate::common::phone::{PIN, Phone};
use crate::common::{Bench, CLIENT, CONFIG};
use crate::login::{code, enrolled};
use clock::UnixTime;
use protocol::enrolment::Sealed;
use protocol::login::LoginChallenge;
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

#[test]
fn the_database_is_sealed_under_another_key_and_the_old_one_thrown_away() {
    let bench = Bench::serve(|config| config);
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    let open =
        Phone::up_to_the_seal(&bench, 2, &bench.builder().document_number("X1234567").build(&bench.utopia));
    let folder = bench.folder.path();
    let sceau = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_sceau")).current_dir(folder).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let configured = |from: &str, to: &str| {
        let config = std::fs::read_to_string(folder.join(CONFIG)).unwrap();
        assert!(config.contains(from));
        std::fs::write(folder.join(CONFIG), config.replace(from, to)).unwrap();
        bench.signal("TERM");
        assert!(bench.ended().success());
        bench.start_again();
    };
    let logs_in = |phone: &mut Phone<'_>| {
        let page = Browser::new(&bench).login_page("eidas2");
        let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
        assert_eq!(phone.approve(&challenge, PIN).status, 200);
    };

    sceau(&["keys", "new-encryption", "keys/second.key"]);
    let (old, new) = ("encryption_file = \"keys/encryption.key\"", "encryption_file = \"keys/second.key\"");
    let previous = "previous_encryption_files = [\"keys/encryption.key\"]";
    configured(old, &format!("{new}\n{previous}"));
    logs_in(&mut phone);
    // What was begun under the old key goes on.
    let mut open = open;
    let sealed: Sealed = open.seal().ok();
    assert_eq!(sealed.state, "review_pending", "another document of the same person");

    let told = sceau(&["keys", "reseal", "--config", CONFIG]);
    assert!(told.ends_with(" 0 that no key opens\n") && !told.contains(" 0 sealed anew"), "{told}");
    assert!(sceau(&["keys", "reseal", "--config", CONFIG]).contains(" 0 sealed anew"));
    configured(previous, "");
    std::fs::remove_file(folder.join("keys/encryption.key")).unwrap();
    logs_in(&mut phone);
}
