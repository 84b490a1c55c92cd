//! What leans most on the storage, on SQLite and on PostgreSQL: the whole story, and the races. PostgreSQL is the cluster
//! that `SCEAU_TEST_POSTGRES` names (scripts/test starts one); each test has a database of its own there. Without it that
//! half says that it is skipped; in CI it fails.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::browser::{Browser, Page, claims};
use crate::common::phone::{EMAIL, Phone};
use crate::common::{Bench, CLIENT, REDIRECT};
use crate::login::{approved, code, enrolled, path};
use protocol::enrolment::Sealed;
use sqlx::{AssertSqlSafe, PgPool};

/// The address of a fresh database of the cluster.
pub(crate) fn fresh_postgres() -> Option<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Ok(cluster) = std::env::var("SCEAU_TEST_POSTGRES") else {
        assert!(std::env::var("CI").is_err(), "SCEAU_TEST_POSTGRES must be set in CI");
        eprintln!("SKIPPED on PostgreSQL: SCEAU_TEST_POSTGRES is not set (scripts/test sets it)");
        return None;
    };
    let name = format!("server_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let admin = PgPool::connect(&cluster).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&admin).await.unwrap();
        admin.close().await;
    });
    let (server, options) = cluster.split_once('?').unwrap_or((&cluster, ""));
    let (server, _) = server.rsplit_once('/').unwrap();
    Some(format!("{server}/{name}?{options}"))
}

/// A server on a fresh database of the cluster.
pub(crate) fn on_postgres() -> Option<Bench> {
    on_postgres_with(|config| config)
}

/// The same with a changed configuration.
pub(crate) fn on_postgres_with(change: impl FnOnce(String) -> String) -> Option<Bench> {
    let address = fresh_postgres()?;
    let bench = Bench::with(|config| change(config.replace("sqlite:sceau.db", &address)));
    assert!(!bench.folder.path().join("sceau.db").exists());
    Some(bench)
}

/// Makes two tests of each function: one on each engine.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&crate::common::Bench::start());
            })*
        }
        mod postgres {
            $(#[test]
            fn $name() {
                if let Some(bench) = super::on_postgres() {
                    super::$name(&bench);
                }
            })*
        }
    };
}

on_both_engines!(
    a_login_by_qr_code_gives_the_six_pivot_attributes,
    of_sixteen_redemptions_of_one_code_one_succeeds_and_its_token_is_revoked,
    two_enrolments_of_one_document_at_once_make_one_account,
);

fn a_login_by_qr_code_gives_the_six_pivot_attributes(bench: &Bench) {
    let mut phone = enrolled(bench);
    let browser = Browser::new(bench);
    let page = browser.login_page("eidas2");
    assert!(page.body.contains("FranceConnect") && page.body.contains("Demonstration."));
    let digits = approved(&mut phone, &page);
    let waiting = browser.get(&path(&page));
    assert!(waiting.body.contains("name=\"code\""), "the page asks for the release code");
    let done = browser.post(&format!("{}/release", path(&page)), &[("code", &digits)]);
    assert_eq!(done.query("state"), Some("5".repeat(64)));
    assert_eq!(done.query("iss"), Some(bench.url.clone()));
    assert!(done.location.as_ref().unwrap().starts_with(REDIRECT));
    assert!(browser.cookies.borrow().is_empty(), "the browser's secret is taken back");

    let tokens = browser.redeem(&done.query("code").unwrap());
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let tokens = tokens.json();
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!((id_token["acr"].as_str(), id_token["aud"].as_str()), (Some("eidas2"), Some(CLIENT)));
    assert_eq!(id_token["nonce"].as_str(), Some("a".repeat(64).as_str()));
    assert!(id_token.get("nbf").is_none() && id_token.get("family_name").is_none());
    let userinfo = browser.userinfo(tokens["access_token"].as_str().unwrap());
    assert_eq!(userinfo.status, 200);
    assert_eq!(userinfo.headers["content-type"], "application/jwt");
    let person = claims(&userinfo.body);
    assert_eq!(person["sub"], id_token["sub"]);
    for (claim, value) in [
        ("family_name", "ERIKSSON"),
        ("given_name", "ANNA MARIA"),
        ("gender", "female"),
        ("birthdate", "1974-08-12"),
        ("birthplace", "75107"),
        ("birthcountry", "99100"),
        ("email", EMAIL),
    ] {
        let given = person[claim].as_str().unwrap_or_default();
        assert!(given.eq_ignore_ascii_case(value), "{claim}: {given}");
    }
}

fn of_sixteen_redemptions_of_one_code_one_succeeds_and_its_token_is_revoked(bench: &Bench) {
    let mut phone = enrolled(bench);
    let code = code(bench, &mut phone);
    let answers: Vec<Page> = std::thread::scope(|scope| {
        let redeem = || scope.spawn(|| Browser::new(bench).redeem(&code));
        let threads: Vec<_> = (0..16).map(|_| redeem()).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (right, wrong): (Vec<_>, Vec<_>) = answers.into_iter().partition(|page| page.status == 200);
    assert_eq!((right.len(), wrong.len()), (1, 15));
    assert!(wrong.iter().all(|page| page.json()["error"] == "invalid_grant"));
    let token = right[0].json()["access_token"].as_str().unwrap().to_owned();
    let refused = Browser::new(bench).userinfo(&token);
    assert_eq!(refused.status, 401);
    assert!(refused.headers["www-authenticate"].to_str().unwrap().contains("invalid_token"));
}

fn two_enrolments_of_one_document_at_once_make_one_account(bench: &Bench) {
    let passport = bench.passport();
    let mut one = Phone::up_to_the_seal(bench, 1, &passport);
    let mut two = Phone::up_to_the_seal(bench, 2, &passport);
    let (a, b) = std::thread::scope(|scope| {
        let a = scope.spawn(|| one.seal());
        let b = scope.spawn(|| two.seal());
        (a.join().unwrap(), b.join().unwrap())
    });
    let (a, b): (Sealed, Sealed) = (a.ok(), b.ok());
    assert_eq!([a.replaced, b.replaced].iter().filter(|replaced| **replaced).count(), 1);
    let account = |device: &str| {
        let device = bench.runtime.block_on(bench.state().database.load_device(device)).unwrap().unwrap();
        (device.identity_id.clone(), device.active)
    };
    let (first, second) = (account(&a.device_id), account(&b.device_id));
    assert_eq!(first.0, second.0, "one identity");
    assert_ne!(first.1, second.1, "one phone");
}
