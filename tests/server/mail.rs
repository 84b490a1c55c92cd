//! Mail over SMTP, to a server that others wrote (scripts/smtp_server.py): what arrives, and that nothing leaves by a way
//! that is not safe. Python and its packages are installed by scripts/test.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::certificate::SelfSigned;
use crate::common::Bench;
use crate::common::phone::{EMAIL, Phone, Reply};
use protocol::enrolment::{Contact, ContactCode};
use serde_json::{Value, json};

/// The mail server, until it is dropped.
pub(crate) struct Smtp {
    child: Child,
    output: BufReader<ChildStdout>,
    pub(crate) port: u16,
}

impl Smtp {
    pub(crate) fn start(options: &[&str]) -> Self {
        let python = std::env::var("SCEAU_PYTHON").unwrap_or_else(|_| "python3".into());
        let mut child = Command::new(python)
            .args(["-W", "ignore"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/smtp_server.py"))
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut smtp = Self { child, output, port: 0 };
        smtp.port = smtp.line().trim().parse().expect("run scripts/test, or: pip install aiosmtpd");
        smtp
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    /// The next mail.
    pub(crate) fn mail(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Ends the server; the mails that nobody looked at.
    pub(crate) fn end(mut self) -> String {
        drop(self.child.stdin.take());
        std::io::read_to_string(&mut self.output).unwrap()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that sends by SMTP, and logs all that it can. `section` ends the section `[mail]`.
fn bench(port: u16, section: &str) -> Bench {
    Bench::serve(|config| {
        let smtp = format!("transport = \"smtp\"\nhost = \"localhost\"\nport = {port}\n{section}");
        let config = config.replace("transport = \"folder\"\nfolder = \"mail\"", &smtp);
        let config = config.replace("sceau@fi.example", "Identité Sceau <sceau@fi.example>");
        format!("{config}request_seconds = 9\n[log]\nfilter = \"trace\"\n")
    })
}

/// Asks for a code, in French.
fn ask_for_code(phone: &mut Phone<'_>, email: &str) -> Reply {
    in_french(phone, "PUT", "/contact", &serde_json::to_vec(&Contact { email: email.into() }).unwrap())
}

fn in_french(phone: &mut Phone<'_>, method: &str, step: &str, body: &[u8]) -> Reply {
    let mut request = phone.request(method, step, body);
    request.headers.push(("accept-language", "fr".to_owned()));
    phone.send(&request)
}

/// The mail failed: the phone is told so, and the log why; neither it nor the log names the address. Trouble of ours is
/// no end: the next request is taken.
fn is_not_sent(bench: &Bench, email: &str, why: &str) {
    let mut phone = Phone::open(bench, 1);
    for _ in 0..2 {
        let reply = ask_for_code(&mut phone, email);
        assert_eq!(reply.refused(), (500, "server.mail"), "{reply:?}");
        assert!(!reply.body.to_string().contains(email), "{reply:?}");
    }
    let log = bench.log();
    assert!(log.contains("code=\"server.mail\"") && log.contains(&format!("detail=\"{why}\"")), "{log}");
    names_nobody(&log, email);
}

fn names_nobody(log: &str, email: &str) {
    for text in [email, email.split('@').next().unwrap()] {
        let line = log.lines().find(|line| line.contains(text));
        assert_eq!(line, None, "the log names {text}");
    }
}

#[test]
fn codes_and_notices_arrive_in_readable_french_after_a_log_in() {
    let mut smtp = Smtp::start(&["--login", "sceau", "mot de passe"]);
    let security = "security = \"none\"\nusername = \"sceau\"\npassword = \"mot de passe\"";
    let bench = bench(smtp.port, security);
    let mut phone = Phone::open(&bench, 1);
    assert_eq!(ask_for_code(&mut phone, EMAIL).status, 200);
    let mail = smtp.mail();
    assert_eq!((&mail["from"], &mail["to"]), (&json!("sceau@fi.example"), &json!([EMAIL])));
    assert_eq!((&mail["logged_in"], &mail["ascii"]), (&json!(true), &json!(true)));
    let header = |mail: &Value, name: &str| mail["headers"][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(header(&mail, "subject"), "Votre code Sceau");
    assert_eq!(header(&mail, "to"), EMAIL);
    assert_eq!(header(&mail, "from"), "Identité Sceau <sceau@fi.example>");
    assert_eq!(header(&mail, "content-type"), "text/plain; charset=\"utf-8\"");
    // Without it the body's encoding counts for nothing (RFC 2045, 4).
    assert_eq!(header(&mail, "mime-version"), "1.0");
    assert_eq!(header(&mail, "auto-submitted"), "auto-generated");
    assert!(header(&mail, "message-id").contains('@') && !header(&mail, "date").is_empty());
    let text = mail["text"].as_str().unwrap();
    let code = text.strip_prefix("Votre code : ").unwrap()[..6].to_owned();
    assert!(text.contains(
        "\n\nSaisissez-le dans l'application ; il est valable 24 heures. Ne le donnez à personne.\n"
    ));
    let verified = phone.json("POST", "/contact/verify", &ContactCode { code });
    assert_eq!(verified.status, 200, "{verified:?}");

    phone.finish(&bench.passport());
    let seal = phone.sealed_by_both_keys(&phone.transcript);
    let sealed = in_french(&mut phone, "POST", "/seal", &serde_json::to_vec(&seal).unwrap());
    assert_eq!(sealed.status, 200, "{sealed:?}");
    let notice = smtp.mail();
    assert_eq!(header(&notice, "subject"), "Sceau : votre identité est active / your identity is active");
    assert!(
        notice["text"].as_str().unwrap().contains("un téléphone peut maintenant approuver vos connexions")
    );
    assert!(notice["ascii"] == true && notice["to"] == json!([EMAIL]));
    assert_eq!(smtp.end(), "");
    names_nobody(&bench.log(), EMAIL);
}

#[test]
fn an_account_stands_though_its_notice_could_not_be_sent() {
    let mut smtp = Smtp::start(&[]);
    let bench = bench(smtp.port, "security = \"none\"");
    let mut phone = Phone::open(&bench, 1);
    assert_eq!(ask_for_code(&mut phone, EMAIL).status, 200);
    let mail = smtp.mail();
    let code = mail["text"].as_str().unwrap().strip_prefix("Votre code : ").unwrap()[..6].to_owned();
    assert_eq!(phone.json("POST", "/contact/verify", &ContactCode { code }).status, 200);
    phone.finish(&bench.passport());
    drop(smtp);
    assert_eq!(phone.seal().status, 200);
    // The outbox says so, and keeps it.
    let log = loop {
        let log = bench.log();
        if log.lines().any(|line| line.contains("WARN") && line.contains("notice not sent")) {
            break log;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    };
    names_nobody(&log, EMAIL);
}

#[test]
fn starttls_that_is_required_and_not_offered_sends_nothing() {
    let smtp = Smtp::start(&[]);
    is_not_sent(&bench(smtp.port, ""), EMAIL, "mail was not accepted: not reached");
    assert_eq!(smtp.end(), "");
}

#[test]
fn starttls_goes_to_a_server_whose_certificate_is_trusted_and_to_no_other() {
    let certificate = SelfSigned::new();
    let (chain, key) = (certificate.chain(), certificate.key());
    let options = ["--tls", chain.to_str().unwrap(), key.to_str().unwrap()];
    let mut smtp = Smtp::start(&options);
    let trusting = bench(smtp.port, &format!("ca_files = [\"{}\"]", chain.display()));
    assert_eq!(ask_for_code(&mut Phone::open(&trusting, 1), EMAIL).status, 200);
    let mail = smtp.mail();
    assert_eq!((&mail["tls"], &mail["to"]), (&json!(true), &json!([EMAIL])));

    is_not_sent(&bench(smtp.port, ""), EMAIL, "mail was not accepted: not reached");
    // Another certificate of the same name.
    let other = SelfSigned::new();
    let section = format!("ca_files = [\"{}\"]", other.chain().display());
    is_not_sent(&bench(smtp.port, &section), EMAIL, "mail was not accepted: not reached");
    assert_eq!(smtp.end(), "");
}

#[test]
fn a_recipient_or_password_that_is_refused_is_told_without_the_address() {
    let smtp = Smtp::start(&["--refuse", "nobody.here@example.org"]);
    let plain = bench(smtp.port, "security = \"none\"");
    is_not_sent(&plain, "nobody.here@example.org", "mail was not accepted: refused");
    assert_eq!(smtp.end(), "");
    let smtp = Smtp::start(&["--login", "sceau", "right"]);
    let section = "security = \"none\"\nusername = \"sceau\"\npassword = \"hunter2hunter2\"";
    let wrong = bench(smtp.port, section);
    is_not_sent(&wrong, EMAIL, "mail was not accepted: refused");
    assert!(!wrong.log().contains("hunter2"));
    assert_eq!(smtp.end(), "");
}

#[test]
fn a_mail_server_that_is_absent_or_silent_does_not_hold_the_phone() {
    let absent = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    is_not_sent(&bench(absent, "security = \"none\""), EMAIL, "mail was not accepted: not reached");
    let silent = Smtp::start(&["--silent"]);
    is_not_sent(&bench(silent.port, "security = \"none\""), EMAIL, "the mail server does not answer");
}
