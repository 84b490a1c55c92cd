//! Mail of several servers on one database: none is sent twice, and none is lost when one of them dies.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::common::{Bench, CONFIG};
use crate::engines::fresh_postgres;
use crate::mail::Smtp;
use clock::{Clock as _, FixedClock, SystemClock, UnixTime};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use sceau::config::{Config, Materials};
use sceau::{AppState, outbox};
use serde_json::Value;
use storage::Mail;

/// A server that sends to this mail server, on this database.
fn configured(config: &str, smtp: &Smtp, database: &str) -> String {
    let transport =
        format!("transport = \"smtp\"\nhost = \"localhost\"\nport = {}\nsecurity = \"none\"", smtp.port);
    let config = config.replace("transport = \"folder\"\nfolder = \"mail\"", &transport);
    config.replace("sqlite:sceau.db", database)
}

/// One more server of the same configuration, in this process.
async fn another(config: Config, now: UnixTime, seed: u64) -> AppState {
    let materials = Materials::read(&config, now).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    AppState::open(config, materials, Arc::new(FixedClock::at(now)), &mut rng).await.unwrap()
}

async fn add(state: &AppState, count: usize, at: UnixTime) {
    for n in 0..count {
        let mail = Mail { to: format!("p{n}@example.org"), subject: "S".into(), text: format!("{n}\n") };
        state.database.add_mail(mail, at).await.unwrap();
    }
}

/// How often each recipient got her mail, and the names that her mails had.
fn arrived(lines: &str) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines.lines() {
        let mail: Value = serde_json::from_str(line).unwrap();
        let name = mail["headers"]["message-id"].as_str().unwrap().to_owned();
        all.entry(mail["to"][0].as_str().unwrap().to_owned()).or_default().push(name);
    }
    all
}

#[test]
fn two_servers_on_one_database_send_each_mail_once() {
    let Some(database) = fresh_postgres() else { return };
    let smtp = Smtp::start(&[]);
    let bench = Bench::with(|config| configured(&config, &smtp, &database));
    bench.runtime.block_on(async {
        add(bench.state(), 60, bench.now()).await;
        let other = another(bench.state().config.clone(), bench.now(), 9).await;
        let servers = [bench.state().clone(), other.clone(), bench.state().clone(), other];
        let sending = servers.map(|state| tokio::spawn(async move { outbox::deliver(&state).await }));
        for server in sending {
            assert_eq!(server.await.unwrap(), Ok(()));
        }
        assert_eq!(outbox::deliver(bench.state()).await, Ok(()));
        assert_eq!(bench.state().database.outbox_state().await.unwrap().waiting, 0);
    });
    let arrived = arrived(&smtp.end());
    assert_eq!(arrived.len(), 60);
    assert!(arrived.values().all(|names| names.len() == 1), "{arrived:?}");
}

#[test]
fn a_server_that_is_killed_while_it_sends_loses_no_mail() {
    let Some(database) = fresh_postgres() else { return };
    let mut smtp = Smtp::start(&[]);
    let bench = Bench::serve(|config| configured(&config, &smtp, &database));
    bench.signal("KILL");
    bench.ended();
    let now = SystemClock.now();
    let text = std::fs::read_to_string(bench.folder.path().join(CONFIG)).unwrap();
    let config = Config::parse(&text, std::iter::empty(), bench.folder.path().to_owned()).unwrap();
    // Its lease is over for this one.
    let other = bench.runtime.block_on(another(config, now.plus(3600), 9));
    bench.runtime.block_on(add(&other, 40, now));
    bench.start_again();
    let first = smtp.mail();
    bench.signal("KILL");
    bench.ended();
    bench.runtime.block_on(async {
        let before = other.database.outbox_state().await.unwrap().waiting;
        assert!(before > 0, "it was killed after the last mail");
        assert_eq!(outbox::deliver(&other).await, Ok(()));
        assert_eq!(other.database.outbox_state().await.unwrap().waiting, 0);
    });
    let arrived = arrived(&format!("{first}\n{}", smtp.end()));
    assert_eq!(arrived.len(), 40, "none is lost");
    // The one that was sent and not yet noted may come again, under the same name.
    let twice: Vec<_> = arrived.values().filter(|names| names.len() > 1).collect();
    assert!(twice.len() <= 1, "{twice:?}");
    assert!(twice.iter().all(|names| names.len() == 2 && names[0] == names[1]), "{twice:?}");
}
