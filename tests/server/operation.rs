//! `sceau serve`, `config check` and `keys new` as an operator runs them.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::certificate::SelfSigned;
use crate::common::browser::authorize_path;
use crate::common::phone::Phone;
use crate::common::{Bench, CONFIG};
use crypto::{Curve, EcPrivateKey};
use jose::{JwkSet, SigningKey};
use protocol::login::Logins;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Runs a command to its end.
fn sceau(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sceau")).current_dir(folder).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A server with TLS of its own. Its URL is `https://localhost` and its port.
fn with_tls(certificate: &SelfSigned) -> (Bench, String) {
    let bench = Bench::serve(|config| {
        let (chain, key) = (certificate.chain(), certificate.key());
        let (chain, key) = (chain.display(), key.display());
        let tls = format!("[server.tls]\ncertificate_file = \"{chain}\"\nkey_file = \"{key}\"\n[database]");
        let config = config.replace("issuer = \"http://127.0.0.1:", "issuer = \"https://localhost:");
        config.replace("[database]", &tls)
    });
    let url = bench.url.replace("http://127.0.0.1:", "https://localhost:");
    (bench, url)
}

/// A client that trusts these roots, and follows no redirect.
fn client(roots: RootCerts) -> ureq::Agent {
    let tls = TlsConfig::builder().root_certs(roots).build();
    let config = ureq::Agent::config_builder().tls_config(tls).max_redirects(0).http_status_as_error(false);
    config.proxy(None).build().into()
}

#[test]
fn a_server_with_its_own_tls_answers_who_trusts_its_certificate_and_nobody_else() {
    let certificate = SelfSigned::new();
    let (bench, url) = with_tls(&certificate);
    let pem = fs::read(certificate.chain()).unwrap();
    let trusting = client(RootCerts::new_with_certs(&[Certificate::from_pem(&pem).unwrap()]));
    let mut discovery = trusting.get(format!("{url}/.well-known/openid-configuration")).call().unwrap();
    assert_eq!(discovery.status(), 200);
    assert_eq!(discovery.headers()["strict-transport-security"], "max-age=31536000");
    let metadata: serde_json::Value = discovery.body_mut().read_json().unwrap();
    assert_eq!(metadata["issuer"], url);

    let begun = trusting.get(format!("{url}{}", authorize_path("eidas2"))).call().unwrap();
    assert_eq!(begun.status(), 303);
    let cookie = begun.headers()["set-cookie"].to_str().unwrap();
    let login = begun.headers()["location"].to_str().unwrap().strip_prefix("/login/").unwrap();
    assert!(cookie.starts_with(&format!("__Host-sceau-{login}=")), "{cookie}");
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{attribute}: {cookie}");
    }
    assert!(!cookie.contains("Domain"));

    let strange = client(RootCerts::WebPki).get(format!("{url}/status")).call();
    assert!(strange.is_err(), "a certificate that the client does not know");
    let mut plain = TcpStream::connect(bench.url.strip_prefix("http://").unwrap()).unwrap();
    plain.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    plain.write_all(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    match plain.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    assert!(!answer.starts_with(b"HTTP/"), "plain http is refused: {}", text(&answer));
}

#[test]
fn a_signal_ends_the_server_once_open_requests_are_answered() {
    for signal in ["TERM", "INT"] {
        let bench = Bench::serve(|config| config);
        let address = bench.url.strip_prefix("http://").unwrap();
        // What the idle server holds is told, not judged: a development build holds more.
        let id = bench.process().lock().unwrap().id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let memory = status.lines().find(|line| line.starts_with("VmRSS"));
        eprintln!("idle server: {}", memory.unwrap_or("memory not known here"));

        let mut open = TcpStream::connect(address).unwrap();
        open.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let head = "POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\n\r\n";
        open.write_all(head.as_bytes()).unwrap();
        let mut told = [0; 25];
        open.read_exact(&mut told).unwrap();
        assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n", "the request is under way");

        bench.signal(signal);
        while TcpStream::connect(address).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
        open.write_all(b"a=b&c").unwrap();
        let mut answer = String::new();
        open.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("invalid_request"), "{answer}");
        assert_eq!(bench.ended().code(), Some(0), "{signal}");
    }
}

#[test]
fn an_address_that_is_taken_or_open_to_all_without_tls_is_refused() {
    let bench = Bench::serve(|config| config);
    let taken = bench.url.strip_prefix("http://").unwrap();
    let in_use = format!("sceau: server.listen {taken}: Address already in use");
    let plain = "sceau: server.listen: without server.tls it must be a loopback address";
    for (listen, told) in [(taken, in_use.as_str()), ("0.0.0.0:0", plain), ("[::]:0", plain)] {
        let second = Command::new(env!("CARGO_BIN_EXE_sceau"))
            .args(["serve", "--config", CONFIG])
            .current_dir(bench.folder.path())
            .env("SCEAU__SERVER__LISTEN", listen)
            .output()
            .unwrap();
        let error = text(&second.stderr);
        assert!(second.status.code() == Some(2) && error.starts_with(told), "{listen}: {error}");
    }
}

#[test]
fn a_phone_whose_enrolment_was_answered_is_known_after_a_crash() {
    let bench = Bench::serve(|config| config);
    let (mut phone, sealed) = Phone::enrol(&bench, 1, &bench.passport());
    bench.signal("KILL");
    assert_eq!(bench.ended().code(), None, "it had no time to finish anything");
    bench.start_again();
    let logins: Logins = phone.login_call("GET", "/v1/logins", &()).ok();
    assert!(logins.logins.is_empty() && sealed.state == "active");
}

#[test]
fn connections_that_say_nothing_or_never_finish_are_closed() {
    let bench = Bench::serve(|config| config.replace("[limits]", "[limits]\nrequest_seconds = 1"));
    for begun in ["", "GET /status HTTP/1.1\r\nHost: localhost\r\nX-Slow: "] {
        let mut slow = TcpStream::connect(bench.url.strip_prefix("http://").unwrap()).unwrap();
        slow.write_all(begun.as_bytes()).unwrap();
        slow.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut answer = Vec::new();
        slow.read_to_end(&mut answer).expect("the server closes it");
        assert!(!text(&answer).contains(" 200 "), "{}", text(&answer));
    }
}

/// A folder with a sample configuration, and nothing of what it names.
fn sample(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/samples");
    fs::copy(samples.join(name), folder.path().join(name)).unwrap();
    folder
}

/// What both samples name, made as docs/operating.md says.
fn make_what_it_names(folder: &Path) {
    assert_eq!(sceau(folder, &["keys", "new", "keys"]).status.code(), Some(0));
    let write = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    let utopia = test_passports::StateBuilder::new(crate::common::NOW).build();
    let engine = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(21));
    let engine = JwkSet::from(vec![SigningKey::new(engine).unwrap().jwk()]);
    write("keys/broker.secret", b"forty characters that nobody else knows.\n");
    write("keys/mail.password", b"password\n");
    write("keys/face-engine.token", b"thirty-two-characters-at-the-least\n");
    write("desk-agents", b"");
    write("keys/database-url", b"sqlite:sceau.db\n");
    write("trust/csca/utopia.der", &utopia.csca.certificate);
    write("trust/face-engine.jwks", &serde_json::to_vec(&engine).unwrap());
    write("trust/android-status.json", br#"{"entries": {}}"#);
    for empty in ["trust/dsc", "trust/link", "trust/crl", "tls"] {
        fs::create_dir_all(folder.join(empty)).unwrap();
    }
    for name in ["terms", "privacy", "face"] {
        write(&format!("texts/{name}.txt"), b"A text.");
    }
    let certificate = SelfSigned::new();
    fs::copy(certificate.chain(), folder.join("tls/chain.pem")).unwrap();
    fs::copy(certificate.key(), folder.join("tls/key.pem")).unwrap();
}

#[test]
fn config_check_names_all_that_is_missing_and_is_content_once_it_is_there() {
    for name in ["basic.toml", "full.toml"] {
        let folder = sample(name);
        let empty = sceau(folder.path(), &["config", "check", name]);
        assert_eq!(empty.status.code(), Some(1), "{name}");
        let told = text(&empty.stdout);
        for key in [
            "keys.encryption_file: ",
            "keys.lookup_file: ",
            "keys.oidc_signing_files.0: ",
            "keys.statement_files.0: ",
            "clients.0.secret_file: ",
            "trust.csca: ",
            "face.engines.0.jwks_file: ",
            "attestation.status_list_file: ",
            "enrolment.consents.0.file: ",
        ] {
            assert!(told.lines().any(|line| line.starts_with(key)), "{name}, {key}\n{told}");
        }
        let tls = told.lines().any(|line| line.starts_with("server.tls.certificate_file: "));
        assert_eq!(tls, name == "full.toml", "{told}");
        make_what_it_names(folder.path());
        let whole = sceau(folder.path(), &["config", "check", name]);
        assert_eq!(text(&whole.stdout), format!("{name}: no mistake (1 clients)\n"));
        assert_eq!(whole.status.code(), Some(0));
    }
}

#[test]
fn config_check_tells_a_broken_file_from_an_unknown_key() {
    let folder = sample("basic.toml");
    let check = |content: &str| {
        fs::write(folder.path().join("broken.toml"), content).unwrap();
        let checked = sceau(folder.path(), &["config", "check", "broken.toml"]);
        assert_eq!((checked.status.code(), checked.stderr.len()), (Some(1), 0));
        text(&checked.stdout)
    };
    let basic = fs::read_to_string(folder.path().join("basic.toml")).unwrap();
    let broken = check(&basic.replace("[server]", "[server"));
    assert!(broken.starts_with("TOML: line 13, column 8: ") && broken.lines().count() == 1, "{broken}");
    let unknown = check(&format!("{basic}\n[limits]\nburts = 7\n"));
    assert!(unknown.starts_with("limits.burts: unknown field `burts`"), "{unknown}");
    let absent = sceau(folder.path(), &["config", "check", "absent.toml"]);
    assert_eq!(absent.status.code(), Some(1));
    assert!(text(&absent.stdout).starts_with("absent.toml: No such file"), "{}", text(&absent.stdout));
}

#[test]
fn keys_new_makes_four_files_for_their_owner_and_never_overwrites_one() {
    let folder = tempfile::tempdir().unwrap();
    let made = sceau(folder.path(), &["keys", "new", "keys"]);
    assert_eq!(made.status.code(), Some(0));
    let names = ["encryption.key", "lookup.key", "oidc-signing.pem", "statement.pem"];
    let listed: Vec<String> = names.iter().map(|name| format!("keys/{name}\n")).collect();
    assert_eq!(text(&made.stdout), listed.concat());
    let read = || names.map(|name| fs::read(folder.path().join("keys").join(name)).unwrap());
    let first = read();
    #[cfg(unix)]
    for name in names {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(folder.path().join("keys").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let again = sceau(folder.path(), &["keys", "new", "keys"]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(text(&again.stderr), "sceau: keys/encryption.key: is there already\n");
    assert!(read() == first, "nothing changed");
}
