//! A whole enrolment by the virtual phone, each step in words.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use mobile_bridge::{
    AccessKey, BirthPlace, BridgeError, EnrolmentClient, IdentityClaims, Progress, ProgressListener,
    SealedAccount,
};
use protocol::codes::{Language, text};
use protocol::pin::Pin;

use super::chip::ChipSource;
use super::holder::HolderWay;
use super::keys::{Keys, read_demo_root};
use super::mail::MailCode;
use super::state::{self, Record};
use super::words::Words;
use crate::cli::serve::system_rng;

/// How often a document is held to the phone.
const READINGS: u32 = 3;

/// What a person types beside what the chip says.
#[derive(Clone, Default)]
pub struct Names {
    /// Given names with their accents.
    pub given_names: Option<String>,
    /// Birth name with its accents.
    pub family_name: Option<String>,
    /// The name in use.
    pub preferred_username: Option<String>,
}

/// What an enrolment needs.
#[derive(Clone)]
pub struct EnrolOptions {
    /// The server's address, without a path.
    pub server: String,
    /// The document.
    pub chip: ChipSource,
    /// What opens it; `None`: read off the specimen's folder.
    pub access: Option<AccessKey>,
    /// The phone's folder.
    pub state_dir: PathBuf,
    /// The address to verify.
    pub email: String,
    /// Where the mailed code comes from.
    pub mail: MailCode,
    /// The PIN.
    pub pin: String,
    /// INSEE code of the country of birth.
    pub birth_country: String,
    /// INSEE code of the commune of birth, in France.
    pub birth_place: Option<String>,
    /// Names typed.
    pub names: Names,
    /// The demo root, as `sceau demo` writes it: `demo-root.json`.
    pub demo_root: PathBuf,
    /// How the holder is shown.
    pub holder: HolderWay,
    /// `fr` or `en`.
    pub language: String,
}

/// Enrols a document on a new virtual phone and tells each step. It blocks.
///
/// # Errors
/// [`BridgeError`], where the server, the chip or a key is the reason; trouble with a file, the mail or the face engine.
pub fn enrol(options: &EnrolOptions, out: &mut dyn Write) -> anyhow::Result<SealedAccount> {
    // The PIN is used last: what it cannot be is told first.
    Pin::new(&options.pin).map_err(|_| {
        anyhow::anyhow!(text("pin.malformed", Language::from_accept_language(Some(&options.language))))
    })?;
    let root = read_demo_root(&options.demo_root)?;
    let keys = Arc::new(Keys::generate(root, &mut system_rng()));
    let client = EnrolmentClient::new(&options.server, &options.language, keys.clone(), keys.clone())?;
    state::keep_new_keys(&options.state_dir, &keys)?;
    let mut story = Story { options, client, words: Words::of(&options.language), out };
    let outcome = story.tell();
    if let Err(error) = &outcome {
        story.give_up(error)?;
    }
    outcome
}

struct Story<'a> {
    options: &'a EnrolOptions,
    client: Arc<EnrolmentClient>,
    words: &'static Words,
    out: &'a mut dyn Write,
}

impl Story<'_> {
    fn tell(&mut self) -> anyhow::Result<SealedAccount> {
        self.open()?;
        self.consent()?;
        self.verify_email()?;
        self.read_document()?;
        self.declare()?;
        self.show_face()?;
        self.seal()
    }

    /// Gives up what failed. Keys that may have sealed are kept, beside those of the phone as it is.
    fn give_up(&mut self, error: &anyhow::Error) -> anyhow::Result<()> {
        let (words, folder) = (self.words, &self.options.state_dir);
        // An enrolment that was not opened, or is sealed, cannot be given up.
        let given_up = self.client.cancel().is_ok();
        if given_up {
            self.step(words.given_up)?;
        }
        match error.downcast_ref() {
            Some(BridgeError::Unanswered { issuer, device_id, .. }) if !given_up => {
                let (issuer, device_id) = (issuer.clone(), device_id.clone());
                let record = Record { server: self.options.server.clone(), issuer, device_id };
                let kept = state::unanswered(folder, &record).context("the keys of an unanswered seal")?;
                self.step(words.unanswered)?;
                self.line(kept.display())?;
            }
            _ => state::forget_new_keys(folder),
        }
        Ok(())
    }

    fn step(&mut self, title: &str) -> std::io::Result<()> {
        writeln!(self.out, "   {title}")
    }

    fn line(&mut self, text: impl std::fmt::Display) -> std::io::Result<()> {
        writeln!(self.out, "   - {text}")
    }

    fn checks(&mut self, lines: &[String]) -> std::io::Result<()> {
        let words = self.words;
        lines.iter().try_for_each(|line| self.line(words.check(line)))
    }

    fn open(&mut self) -> anyhow::Result<()> {
        let words = self.words;
        let asked = self.client.options()?;
        self.step(words.server)?;
        self.line(&self.options.server)?;
        if asked.environment == "demo" {
            self.line(words.demo)?;
        }
        self.line(format!("{} {}", words.accepted, asked.accepted_documents.join(", ")))?;
        self.line(format!("{} {}", words.age, asked.minimum_age))?;
        self.step(words.keys)?;
        self.line(words.keys_made)?;
        self.client.open()?;
        self.line(words.keys_accepted)?;
        Ok(())
    }

    fn consent(&mut self) -> anyhow::Result<()> {
        let words = self.words;
        self.step(words.consents)?;
        // Who goes to a desk agrees to no comparison by a machine.
        let refused = if self.options.holder == HolderWay::Desk { "face" } else { "" };
        let mut consents = self.client.options()?.consents;
        consents.retain(|consent| consent.name != refused);
        self.client.consent(consents.iter().map(|consent| consent.name.clone()).collect())?;
        for consent in consents {
            self.line(format!("{} ({} {}) {}", consent.name, words.version, consent.version, consent.url))?;
        }
        Ok(())
    }

    fn verify_email(&mut self) -> anyhow::Result<()> {
        let (words, options) = (self.words, self.options);
        self.step(words.email)?;
        let before = options.mail.before()?;
        self.client.set_email(&options.email)?;
        self.line(format!("{} {}", words.code_sent, options.email))?;
        if options.mail == MailCode::Asked {
            write!(self.out, "   {} ", words.code_asked)?;
            self.out.flush()?;
        }
        let code = options.mail.read(&before, &options.email)?;
        self.client.verify_email(&code)?;
        self.line(words.code_right)?;
        Ok(())
    }

    fn read_document(&mut self) -> anyhow::Result<()> {
        let words = self.words;
        self.step(words.chip)?;
        let access = match &self.options.access {
            Some(access) => access.clone(),
            None => self.options.chip.printed_mrz()?,
        };
        let mut readings = 0;
        let checks = loop {
            readings += 1;
            let heard = Arc::new(Heard { words, lines: Mutex::default() });
            let transport = self.options.chip.connect()?;
            let read = self.client.read_document(transport, &access, heard.clone());
            for line in heard.take() {
                self.line(line)?;
            }
            match read {
                Err(error) if error.code() == "nfc.tag-lost" && readings < READINGS => {
                    self.line(words.lost)?
                }
                read => break read?,
            }
        };
        self.step(words.document)?;
        self.checks(&checks.lines)?;
        Ok(())
    }

    fn declare(&mut self) -> anyhow::Result<()> {
        let (words, options) = (self.words, self.options);
        let birth =
            BirthPlace { country: options.birth_country.clone(), commune: options.birth_place.clone() };
        let Names { given_names, family_name, preferred_username } = options.names.clone();
        let IdentityClaims { claims, declared } =
            self.client.declare(birth, given_names, family_name, preferred_username)?;
        self.step(words.identity)?;
        let mut claims: Vec<_> = claims.into_iter().collect();
        claims.sort();
        for (name, value) in claims {
            let from = if declared.contains(&name) { words.declared } else { words.proved };
            self.line(format!("{name} {value} ({from})"))?;
        }
        Ok(())
    }

    fn show_face(&mut self) -> anyhow::Result<()> {
        let words = self.words;
        self.step(words.face)?;
        let checks = self.options.holder.show(&self.client, words, self.out)?;
        self.checks(&checks.map(|checks| checks.lines).unwrap_or_default())?;
        Ok(())
    }

    fn seal(&mut self) -> anyhow::Result<SealedAccount> {
        let (words, options) = (self.words, self.options);
        self.step(words.seal)?;
        let sealed = self.client.seal(&options.pin)?;
        let record = Record {
            server: options.server.clone(),
            issuer: sealed.issuer.clone(),
            device_id: sealed.device_id.clone(),
        };
        state::enrolled(&options.state_dir, &record)
            .context("the enrolment is sealed, and cannot be kept")?;
        self.line(words.sealed)?;
        if sealed.replaced {
            self.line(words.replaced)?;
        }
        for (name, value) in [
            (words.device, &sealed.device_id),
            (words.level, &sealed.level),
            (words.state, &sealed.state),
            (words.recovery, &sealed.recovery_code),
        ] {
            self.line(format!("{name}{} {value}", words.colon))?;
        }
        Ok(sealed)
    }
}

/// Keeps what happens during a reading, to tell it afterwards: the chip waits for nobody who prints.
struct Heard {
    words: &'static Words,
    lines: Mutex<Vec<String>>,
}

impl Heard {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ProgressListener for Heard {
    fn on_progress(&self, progress: Progress) {
        let words = self.words;
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        match progress {
            Progress::ChannelOpen { protocol } => lines.push(format!("{} {protocol}", words.channel)),
            Progress::Reading { file, bytes, total, .. } if bytes == total => {
                lines.push(format!("{file}{} {total} {}", words.colon, words.bytes_read));
            }
            Progress::Proving { protocol } => lines.push(format!("{} {protocol}", words.proving)),
            Progress::Proved { checks, .. } => lines.extend(checks.iter().map(|line| words.check(line))),
            Progress::Reading { .. } | Progress::Sent { .. } => {}
        }
    }
}

/// Whether the server refused, with its code and its sentence; anything else is trouble.
pub(super) fn refusal(error: &anyhow::Error) -> Option<String> {
    match error.downcast_ref::<BridgeError>() {
        Some(BridgeError::Refused { code, text, .. }) => Some(format!("{code}: {text}")),
        _ => None,
    }
}
