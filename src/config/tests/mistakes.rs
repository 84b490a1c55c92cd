//! What is wrong with the values and with the files that they name.

use toml::Table;

use super::{BASIC, Bench, FULL, section, set};

/// The change to a demo on this machine.
fn demo(table: &mut Table) {
    set(table, "", "environment", "'demo'");
    set(table, "", "issuer", "'http://localhost:8080'");
}

#[test]
fn a_secret_given_twice_or_not_at_all_is_refused() {
    let bench = Bench::new();
    let secrets = [
        ("database", "url_file", "database.url"),
        ("keys", "encryption", "keys.encryption"),
        ("keys", "lookup", "keys.lookup"),
        ("clients.0", "secret", "clients.0.secret"),
    ];
    for (path, key, mistake) in secrets {
        assert_eq!(bench.mistakes(|t| set(t, path, key, "'twice'")), [mistake]);
    }
    assert_eq!(
        bench.mistakes(|t| drop(t["database"].as_table_mut().unwrap().remove("url"))),
        ["database.url"]
    );
    let unread = bench.mistakes(|t| set(t, "keys", "lookup_file", "'keys/none.key'"));
    assert_eq!(unread, ["keys.lookup_file"]);
    let mail = bench.mistakes(|t| {
        set(t, "mail", "username", "'sceau'");
        set(t, "mail", "password", "'a'");
        set(t, "mail", "password_file", "'keys/mail.password'");
    });
    assert_eq!(mail, ["mail.password", "mail.username"]);
    bench.write("trust/none.pem", &super::pem(b"no certificate"));
    for (file, mistakes) in
        [("none.pem", &["mail.ca_files"][..]), ("absent.pem", &["mail.ca_files"]), ("csca", &[])]
    {
        assert_eq!(bench.mistakes(|t| set(t, "mail", "ca_files", &format!("['trust/{file}']"))), mistakes);
    }
}

#[test]
fn plain_http_stays_on_this_machine() {
    let bench = Bench::new();
    assert_eq!(bench.mistakes(demo), [""; 0]);
    assert_eq!(bench.mistakes(|t| set(t, "server", "listen", "'0.0.0.0:8080'")), ["server.listen"]);
    assert_eq!(bench.mistakes(|t| set(t, "", "issuer", "'http://localhost:8080'")), ["issuer"], "production");
    let elsewhere = |t: &mut Table| {
        demo(t);
        set(t, "", "issuer", "'http://fi.example'");
    };
    assert_eq!(bench.mistakes(elsewhere), ["issuer"]);
    let redirect =
        |t: &mut Table| set(t, "clients.0", "redirect_uris", "['http://127.0.0.1:8081/oidc-callback']");
    assert_eq!(bench.mistakes(redirect), ["clients.0.redirect_uris"], "production");
    let in_demo = |t: &mut Table| {
        demo(t);
        redirect(t);
    };
    assert_eq!(bench.mistakes(in_demo), [""; 0]);
    assert_eq!(bench.mistakes(|t| set(t, "mail", "security", "'none'")), ["mail.security"]);
}

#[test]
fn an_issuer_is_scheme_and_host() {
    let bench = Bench::new();
    for good in ["https://fi.example", "https://fi.example:8443"] {
        assert_eq!(bench.mistakes(|t| set(t, "", "issuer", &format!("'{good}'"))), [""; 0], "{good}");
    }
    for bad in [
        "https://fi.example/",
        "https://fi.example/a",
        "https://fi.example?a",
        "https://fi.example#a",
        "https://u@fi.example",
    ] {
        assert_eq!(bench.mistakes(|t| set(t, "", "issuer", &format!("'{bad}'"))), ["issuer"], "{bad}");
    }
}

#[test]
fn what_is_for_the_demo_is_refused_in_production() {
    let bench = Bench::new();
    type Change = fn(&mut Table);
    let things: [(&str, Change); 6] = [
        ("face.engines.0.demo", |t| set(t, "face.engines.0", "demo", "true")),
        ("attestation.demo_root_files", |t| set(t, "attestation", "demo_root_files", "['trust/csca']")),
        ("attestation.status_list_file", |t| {
            section(t, "attestation").remove("status_list_file");
        }),
        ("mail.transport", |t| {
            set(t, "", "mail", "{ transport = 'folder', folder = 'mail', from = 'a@fi.example' }")
        }),
        ("trust.csca", |t| set(t, "trust", "csca", "[]")),
        // A folder without a certificate.
        ("trust.csca", |t| set(t, "trust", "csca", "['trust/crl']")),
    ];
    for (key, change) in things {
        assert_eq!(bench.mistakes(change), [key]);
        let in_demo = |t: &mut Table| {
            change(t);
            demo(t);
        };
        assert_eq!(bench.mistakes(in_demo), [""; 0], "{key}");
    }
}

#[test]
fn keys_are_distinct_and_well_formed() {
    let bench = Bench::new();
    let key = |path: &str, key: &str, value: &str| bench.mistakes(|t| set(t, path, key, value));
    assert_eq!(key("keys", "lookup_file", "'keys/encryption.key'"), ["keys.lookup"]);
    assert_eq!(key("keys", "encryption_file", "'keys/oidc-signing.pem'"), ["keys.encryption"]);
    let previous = |file| key("keys", "previous_encryption_files", file);
    assert_eq!(previous("['keys/encryption.key']"), ["keys.previous_encryption_files.0"]);
    assert_eq!(previous("['keys/oidc-signing.pem']"), ["keys.previous_encryption_files.0"]);
    assert_eq!(previous("['keys/none.key']"), ["keys.previous_encryption_files.0"]);
    assert_eq!(key("keys", "oidc_signing_files", "[]"), ["keys.oidc_signing_files"]);
    assert_eq!(key("keys", "oidc_signing_files", "['keys/lookup.key']"), ["keys.oidc_signing_files.0"]);
    assert_eq!(key("keys", "statement_files", "['keys/oidc-signing.pem']"), ["keys.statement_files"]);
}

#[test]
fn a_policy_that_cannot_be_kept_is_a_mistake() {
    let bench = Bench::new();
    let policy = |policy: &str| {
        let read = bench.read(BASIC, |t| set(t, "clients.0", "policy", policy));
        read.map(drop).map_err(|mistakes| mistakes.to_string())
    };
    assert_eq!(
        policy("{ sso_seconds = 14400, subject_type = 'pairwise', access_token = 'reusable' }"),
        Ok(())
    );
    for (written, expected) in [
        ("{ sso_seconds = 14401 }", "clients.0: client broker-client-id: sso_seconds is 0 to 14400"),
        ("{ profile = 'fapi2' }", "clients.0: client broker-client-id: FAPI 2.0 asks for private_key_jwt"),
        ("{ request_objects = 'required' }", "clients.0.jwks_file: missing: request objects are signed"),
        ("{ scopes = ['openid', 'phone'] }", "clients.0.policy.scopes: phone: not a scope"),
        (
            "{ ciba = true, subject_type = 'pairwise' }",
            "clients.0: client broker-client-id: CIBA needs public subjects",
        ),
        ("{ userinfo = 'xml' }", "clients.0.policy.userinfo: unknown variant `xml`"),
    ] {
        let told = policy(written).unwrap_err();
        assert!(told.starts_with(expected) && told.lines().count() == 1, "{told}");
    }
    let rs256 = bench.mistakes(|t| set(t, "clients.0", "signing_algorithm", "'RS256'"));
    assert_eq!(rs256, ["clients.0.signing_algorithm"], "there is no RSA key");
    let none = bench.mistakes(|t| set(t, "clients.0", "signing_algorithm", "'none'"));
    assert_eq!(none, ["clients.0.signing_algorithm"]);
}

#[test]
fn a_client_has_a_name_of_its_own_a_way_back_a_level_and_a_proof() {
    let bench = Bench::new();
    let told = |change: &dyn Fn(&mut Table)| bench.read(BASIC, change).map(drop).unwrap_err().to_string();
    let client = |key: &str, value: &str| told(&|t| set(t, "clients.0", key, value));
    for (key, value, expected) in [
        ("id", "''", "clients.0: client : an id is 1 to 128"),
        ("id", "'two words'", "clients.0: client two words: an id is 1 to 128"),
        ("name", "''", "clients.0: client broker-client-id: a name is 1 to 128"),
        ("acr", "[]", "clients.0: client broker-client-id: without a level"),
        ("redirect_uris", "[]", "clients.0: client broker-client-id: without a redirect URI"),
        ("authentication", "'private_key_jwt'", "clients.0.jwks_file: missing"),
    ] {
        let told = client(key, value);
        assert!(told.starts_with(expected) && told.lines().count() == 1, "{told}");
    }
    for uri in
        ["/oidc-callback", "https://", "https://b.example/#a", "https://u@b.example/", "https://b.example/;"]
    {
        let told = client("redirect_uris", &format!("['{uri}']"));
        assert!(
            told.starts_with(&format!("clients.0.redirect_uris: {uri}: must be an absolute https URL")),
            "{told}"
        );
    }
    let short = told(&|t| {
        section(t, "clients.0").remove("secret_file");
        set(t, "clients.0", "secret", "'thirty-one characters, too few '");
    });
    assert!(short.starts_with("clients.0.secret: ") && short.contains("32 characters"), "{short}");
    assert!(!short.contains("thirty-one"), "a secret is not repeated");
    let twice = told(&|t| {
        let clients = t["clients"].as_array_mut().unwrap();
        clients.push(clients[0].clone());
    });
    assert!(twice.starts_with("clients: client broker-client-id is there twice"), "{twice}");
}

#[test]
fn the_listeners_certificate_and_key_belong_together() {
    let bench = Bench::new();
    let told = |key: &str, file: &str| {
        let changed = |t: &mut Table| set(t, "server.tls", key, &format!("'{file}'"));
        bench.read(FULL, changed).map(drop).unwrap_err().to_string()
    };
    let wrong =
        |told: String, key: &str| assert!(told.starts_with(key) && told.lines().count() == 1, "{told}");
    wrong(told("certificate_file", "tls/none.pem"), "server.tls.certificate_file: ");
    wrong(told("certificate_file", "tls/key.pem"), "server.tls.certificate_file: ");
    wrong(told("key_file", "tls/none.pem"), "server.tls.key_file: ");
    wrong(told("key_file", "tls/chain.pem"), "server.tls.key_file: ");
    wrong(told("key_file", "keys/statement.pem"), "server.tls: ");
    bench.write("tls/chain.pem", &super::pem(b"no certificate"));
    wrong(told("key_file", "tls/key.pem"), "server.tls: ");
}

#[test]
fn every_mistake_is_told_at_once() {
    let bench = Bench::new();
    bench.write("trust/csca/not-a-certificate.der", "0");
    let mistakes = bench.mistakes(|t| {
        set(t, "", "issuer", "'ftp://fi.example'");
        set(t, "server", "listen", "'[::]:8080'");
        section(t, "database").remove("url");
        set(t, "keys", "encryption_file", "'keys/none.key'");
        set(t, "clients.0", "acr", "[]");
        set(t, "face.engines.0", "demo", "true");
        set(t, "attestation.applications.0", "signer_sha256", "['00']");
        set(t, "enrolment.consents.1", "name", "'terms'");
        set(t, "enrolment.consents.2", "file", "'texts/none.txt'");
        set(t, "mail", "from", "'nobody'");
    });
    let expected = [
        "issuer",
        "server.listen",
        "database.url",
        "keys.encryption_file",
        "clients.0",
        "trust.csca",
        "face.engines.0.demo",
        "attestation.applications.0.signer_sha256",
        "enrolment.consents.1.name",
        "enrolment.consents.2.file",
        "mail.from",
    ];
    assert_eq!(mistakes, expected);
}

#[test]
fn numbers_and_names_that_would_switch_a_check_off_are_refused() {
    let bench = Bench::new();
    for (path, key, value, told) in [
        ("face", "min_similarity", "nan", "face.min_similarity"),
        ("face", "min_similarity", "-1.0", "face.min_similarity"),
        ("face", "borderline_similarity", "0.99", "face.borderline_similarity"),
        ("desk", "hold_hours", "0", "desk.hold_hours"),
        ("desk", "hold_hours", "337", "desk.hold_hours"),
        ("enrolment", "mail_code_hours", "0", "enrolment.mail_code_hours"),
        ("enrolment", "mail_code_hours", "73", "enrolment.mail_code_hours"),
        ("desk", "agents_file", "'none'", "desk.agents_file"),
        ("face.engines.0", "url", "'http://elsewhere.example'", "face.engines.0.url"),
        ("face.engines.0", "url", "'https://engine.example/?a'", "face.engines.0.url"),
        ("face.engines.0", "token", "'twice'", "face.engines.0.token"),
        ("limits", "face_answers", "0", "limits.face_answers"),
        ("limits", "enrolments_per_hour_by_device", "0", "limits.enrolments_per_hour_by_device"),
        ("limits", "request_seconds", "0", "limits.request_seconds"),
        ("limits", "pending_logins", "0", "limits.pending_logins"),
        ("enrolment", "accepted_documents", "[]", "enrolment.accepted_documents"),
        ("enrolment.consents.0", "name", "'faces'", "enrolment.consents.0.name"),
        ("enrolment", "consents", "[]", "enrolment.consents"),
        (
            "clients.0",
            "consent_version",
            "'a version that is longer than a row'",
            "clients.0.consent_version",
        ),
    ] {
        let changed = bench.read(FULL, |t: &mut Table| set(t, path, key, value));
        let mistakes = changed.map(drop).unwrap_err().to_string();
        assert!(mistakes.lines().any(|line| line.starts_with(&format!("{told}: "))), "{told}: {mistakes}");
    }
}

#[test]
fn what_a_deployer_puts_into_the_pages_is_read_at_the_start() {
    let bench = Bench::new();
    assert_eq!(bench.mistakes(|t| set(t, "clients.0", "id", "'sceau'")), ["clients.0.id"], "our own pages");
    let pages = |t: &mut Table, key: &str, value: &str| {
        t.entry("pages").or_insert(toml::Value::Table(Table::new()));
        set(t, "pages", key, value);
    };
    assert_eq!(bench.mistakes(|t| pages(t, "support", "'javascript:alert(1)'")), ["pages.support"]);
    assert_eq!(bench.mistakes(|t| pages(t, "support", "'mailto:support@fi.example'")), [""; 0]);
    assert_eq!(bench.mistakes(|t| pages(t, "theme_folder", "'absent'")), ["pages.theme_folder"]);
    bench.write("theme/theme.css", "a { color: red }");
    assert_eq!(bench.mistakes(|t| pages(t, "theme_folder", "'theme'")), [""; 0]);
    bench.write("theme/logo.png", &"x".repeat(600_000));
    assert_eq!(bench.mistakes(|t| pages(t, "theme_folder", "'theme'")), ["pages.theme_folder"]);
}
