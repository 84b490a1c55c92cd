//! The PIN cannot be guessed off-line (docs/protocols.md, section 1): not from what lies on a phone outside its hardware, and
//! not from a copy of the server's database. The guesser here is given more than the thief has - the phone's hardware key -
//! and finds nothing all the same; with the server's keys as well she finds the PIN, so that the search is shown to work.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use crypto::{Curve, EcPrivateKey, sha256};
use protocol::approval::{Approval, Decision};
use protocol::enrolment::pin_key_signing_bytes;
use protocol::login::LoginChallenge;
use protocol::pin::{Pin, pin_key};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use sceau::cli::phone::{APPLICATION, FACE_ENGINE_ID, FACE_ENGINE_VERSION, application_signer};

use crate::common::browser::Browser;
use crate::common::phone::{PIN, Phone, plain};
use crate::common::{Bench, ENGINE};

/// A thief who has bytes, and may ask a phone's hardware key.
struct Thief<'a> {
    bytes: &'a str,
    hardening: &'a EcPrivateKey,
    issuer: &'a str,
    device_id: &'a str,
}

impl Thief<'_> {
    /// The PIN key that a PIN gives.
    fn key(&self, pin: &str) -> EcPrivateKey {
        let point = Pin::new(pin).unwrap().point().unwrap();
        let shared = self.hardening.ecdh(&protocol::p256_key(&point).unwrap()).unwrap();
        pin_key(&shared, self.issuer, self.device_id).unwrap()
    }

    fn has(&self, needle: &[u8]) -> bool {
        let forms = [
            text(needle),
            hex::encode(needle),
            BASE64_URL_SAFE_NO_PAD.encode(needle),
            BASE64_STANDARD.encode(needle),
        ];
        forms.iter().any(|form| self.bytes.contains(form))
    }

    /// The first of some PINs whose key is met in the bytes: as a private or public number, or as a digest of it.
    fn guess(&self) -> Option<String> {
        let right: u32 = PIN.parse().unwrap();
        let tried = (right - 5..right + 5).map(|pin| format!("{pin:06}"));
        tried.into_iter().find(|pin| {
            let key = self.key(pin);
            let public = key.public_key().to_sec1();
            let numbers = [&public[1..33], &public[33..]];
            let digest = sha256(&public);
            numbers.into_iter().chain([digest.as_slice(), key.scalar_bytes().as_slice()]).any(|n| self.has(n))
        })
    }
}

/// Bytes as a text of as many characters, which is quick to search.
fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn read_all(folder: &Path, wanted: impl Fn(&str) -> bool) -> String {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && wanted(path.file_name().unwrap().to_str().unwrap()) {
            bytes.extend(fs::read(path).unwrap());
            bytes.push(b'\n');
        }
    }
    text(&bytes)
}

#[test]
fn the_servers_database_does_not_tell_the_pin() {
    let bench = Bench::start();
    let (mut phone, sealed) = Phone::enrol(&bench, 1, &bench.passport());
    let browser = Browser::new(&bench);
    let page = browser.login_page("eidas2");
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    assert_eq!(phone.approve(&challenge, PIN).status, 200);
    // A second phone has not sealed yet: its evidence lies in the database.
    let open = Phone::up_to_the_seal(&bench, 2, &bench.passport());

    let stored = read_all(bench.folder.path(), |name| name.starts_with("sceau.db"));
    for phone in [&phone, &open] {
        let device_id = phone.device_id();
        let thief = |bytes| Thief {
            bytes,
            hardening: &phone.hardening,
            issuer: &phone.transcript.issuer,
            device_id: &device_id,
        };
        assert_eq!(thief(&stored).guess(), None);
        // A signature whose message is known verifies guesses too.
        let key = phone.pin_key(PIN);
        let possession = pin_key_signing_bytes(&phone.transcript.issuer, &phone.enrolment_id, &device_id);
        let seal = phone.sealed_by_both_keys(&phone.transcript);
        for signature in [plain(&key, &possession), seal.signatures.pin] {
            assert!(!thief(&stored).has(&signature.0));
        }
    }
    let statement = Approval { decision: Decision::Approve, ..challenge.statement.clone() };
    let answer = phone.answer(&statement, PIN);
    let device_id = phone.device_id();
    let thief = |bytes| Thief {
        bytes,
        hardening: &phone.hardening,
        issuer: &phone.transcript.issuer,
        device_id: &device_id,
    };
    assert!(!thief(&stored).has(&answer.pin_signature.unwrap().0));
    assert!(thief(&stored).has(sealed.device_id.as_bytes()), "these are the files of the account");

    // With the server's keys as well: both copies tell the PIN.
    let device = bench.runtime.block_on(bench.state().database.load_device(&device_id)).unwrap().unwrap();
    let opened = text(&device.pin_key);
    assert_eq!(thief(&opened).guess().as_deref(), Some(PIN));
    // And the server's keys without the phone's hardware key do not.
    let another = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(9));
    let without = Thief { hardening: &another, ..thief(&opened) };
    assert_eq!(without.guess(), None);
}

#[test]
fn a_phones_files_do_not_tell_the_pin() {
    let bench = Bench::serve(|config| {
        config
            .replace("org.example.sceau", APPLICATION)
            .replace(&"06".repeat(32), &hex::encode(application_signer()))
            .replace(ENGINE, FACE_ENGINE_ID)
            .replace("versions = [\"1\"]", &format!("versions = [\"{FACE_ENGINE_VERSION}\"]"))
    });
    let path = |name: &str| bench.folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("demo-root.json"), &*bench.demo_root.to_json()).unwrap();
    fs::write(
        path("face-engine.pem"),
        &*sceau::cli::pem(&bench.engine_key.private_key().unwrap().to_pkcs8_der()),
    )
    .unwrap();
    bench.passport().chip_contents().write_folder(Path::new(&path("passport"))).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_sceau"))
        .args(["phone", "enrol", "--server", &bench.url, "--email", "anna@example.org", "--pin", PIN])
        .args(["--birth-country", "99100", "--birth-place", "75056", "--state", &path("phone")])
        .args(["--passport", &path("passport"), "--mail-folder", &path("mail")])
        .args(["--demo-root", &path("demo-root.json"), "--face-engine-key", &path("face-engine.pem")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    // The two keys would be hardware: nobody copies them.
    let folder = Path::new(&path("phone")).to_owned();
    let files = read_all(&folder, |name| !name.ends_with(".pem"));
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("phone.json")).unwrap()).unwrap();
    let pem = fs::read_to_string(folder.join("pin-hardening.pem")).unwrap();
    let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let hardening = EcPrivateKey::from_pkcs8_der(&BASE64_STANDARD.decode(der).unwrap()).unwrap();
    let thief = |bytes| Thief {
        bytes,
        hardening: &hardening,
        issuer: record["issuer"].as_str().unwrap(),
        device_id: record["device_id"].as_str().unwrap(),
    };
    assert_eq!(thief(&files).guess(), None);
    assert!(thief(&files).has(bench.url.as_bytes()), "these are the files of the phone");
    // Had the phone kept the key's public part, the search would have met it.
    let kept = files.clone() + &hex::encode(thief(&files).key(PIN).public_key().to_sec1());
    assert_eq!(thief(&kept).guess().as_deref(), Some(PIN));
}
