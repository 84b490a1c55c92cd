//! What is wrong before any file is read: unknown and missing keys, types, variables.

use std::path::Path;

use identity::Level;
use toml::{Table, Value};

use super::{BASIC, FULL, SECTIONS, parse, section, set, table};
use crate::config::Mistakes;

#[test]
fn an_unknown_key_is_refused_with_its_path() {
    for (path, header) in SECTIONS {
        let mut full = table(FULL);
        section(&mut full, path).insert("burts".to_owned(), Value::Integer(1));
        let Mistakes(mistakes) = parse(&full, &[], Path::new("")).unwrap_err();
        let expected = if path.is_empty() { "burts".to_owned() } else { format!("{path}.burts") };
        // What tells the two kinds of mail apart is read first, so its path ends there.
        let expected = if header == "mail" { "mail".to_owned() } else { expected };
        assert_eq!(mistakes[0].key, expected);
        assert!(mistakes[0].text.starts_with("unknown field `burts`"), "{}", mistakes[0].text);
    }
}

#[test]
fn a_missing_key_and_one_of_another_type_are_told_with_their_place() {
    let key = |change: fn(&mut Table)| {
        let mut basic = table(BASIC);
        change(&mut basic);
        parse(&basic, &[], Path::new("")).unwrap_err().to_string()
    };
    assert_eq!(key(|t| drop(t.remove("issuer"))), "(top): missing field `issuer`");
    let listen = key(|t| set(t, "server", "listen", "8080"));
    assert!(listen.starts_with("server.listen: "), "{listen}");
    let level = key(|t| set(t, "clients.0", "acr", "['eidas4']"));
    assert!(level.starts_with("clients.0.acr.0: unknown variant `eidas4`"), "{level}");
    let proxy = key(|t| set(t, "server", "trusted_proxies", "['proxy.example']"));
    assert!(proxy.starts_with("server.trusted_proxies.0: not a range"), "{proxy}");
}

#[test]
fn variables_of_the_environment_stand_above_the_file() {
    let environment = [
        ("SCEAU__LIMITS__BURST", "7"),
        ("SCEAU__FACE__MIN_SIMILARITY", "0.5"),
        ("SCEAU__ATTESTATION__REQUIRE_LOCKED", "false"),
        ("SCEAU__CLIENTS__0__ACR", "[\"eidas1\", \"eidas2\"]"),
        ("SCEAU__CLIENTS__0__SECRET", "an inline secret of thirty-two characters"),
        ("SCEAU__VERIFICATION__VERSION", "\"2\""),
        ("SCEAU_CONFIG", "/etc/sceau.toml"),
        ("PATH", "/bin"),
    ];
    let config = parse(&table(BASIC), &environment, Path::new("")).unwrap();
    assert_eq!(config.limits.burst, 7);
    assert!((config.face.min_similarity - 0.5).abs() < f64::EPSILON);
    assert!(!config.attestation.require_locked);
    assert_eq!(config.clients[0].acr, [Level::Eidas1, Level::Eidas2]);
    assert_eq!(
        config.clients[0].secret.as_ref().unwrap().expose(),
        "an inline secret of thirty-two characters"
    );
    assert_eq!(config.verification.version, "2");
    let unknown = parse(&table(BASIC), &[("SCEAU__LIMITS__BURTS", "7")], Path::new("")).unwrap_err();
    assert_eq!(unknown.0[0].key, "limits.burts");
    let outside = parse(&table(BASIC), &[("SCEAU__CLIENTS__1__SECRET", "s")], Path::new("")).unwrap_err();
    assert_eq!(outside.to_string(), "SCEAU__CLIENTS__1__SECRET: the list is shorter");
}

#[test]
fn a_malformed_line_is_told_by_its_place_and_not_repeated() {
    let broken = BASIC.replace("secret_file = ", "secret = hunter2 ");
    let Mistakes(mistakes) = crate::Config::parse(&broken, std::iter::empty(), "".into()).unwrap_err();
    let line = broken.lines().position(|line| line.contains("hunter2")).unwrap() + 1;
    assert_eq!(mistakes.len(), 1);
    assert_eq!(mistakes[0].key, "TOML");
    assert!(mistakes[0].text.starts_with(&format!("line {line}, column ")), "{}", mistakes[0].text);
    assert!(!mistakes[0].text.contains("hunter2"), "{}", mistakes[0].text);
}

#[test]
fn a_printed_configuration_tells_no_secret() {
    let inline = |t: &mut Table| {
        for (path, key) in
            [("database", "url"), ("keys", "encryption"), ("clients.0", "secret"), ("mail", "password")]
        {
            set(t, path, key, "'hunter2'");
        }
    };
    let mut basic = table(BASIC);
    inline(&mut basic);
    let config = parse(&basic, &[], Path::new("")).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}
