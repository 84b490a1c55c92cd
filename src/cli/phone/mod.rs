//! `sceau phone`: a virtual phone for testers, on the same core as an app (`mobile-bridge`). Its keys lie in files and its
//! attestation comes from a demo root, so that it can do nothing outside the demo environment.
//!
//! - [`enrol`]: a document becomes an identity on this phone, each step in words;
//! - [`answer`]: logins, shown, approved and refused;
//! - [`chip`]: the document; [`mail`]: the code; [`holder`]: pictures for the server's engine, a desk, or [`face`], the
//!   engine that compares nothing;
//! - [`keys`], [`state`]: the phone itself.

mod answer;
mod chip;
mod enrol;
mod face;
mod holder;
mod keys;
mod mail;
mod state;
mod words;

pub use super::face_engine::{FACE_ENGINE_ID, FACE_ENGINE_VERSION};
pub use answer::{approve, login_client, refuse};
pub use chip::ChipSource;
pub use enrol::{EnrolOptions, Names, enrol};
pub use face::FaceEngine;
pub use holder::HolderWay;
pub(super) use keys::read_key;
pub use mail::MailCode;
pub use mobile_bridge::simulated::{APPLICATION, application_signer};
pub use state::is_enrolled;

use std::io::{stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use mobile_bridge::{AccessKey, ApprovedLogin};

use answer::{asked, client_at, show, show_json};
use words::Words;

const EXIT_CODES: &str =
    "Exit codes: 0 done, 1 the server refused (its code and sentence are printed), 2 trouble.";

#[derive(Subcommand)]
pub(super) enum Phone {
    /// Enrols a document on a new virtual phone.
    #[command(after_help = EXIT_CODES)]
    Enrol(Box<Enrol>),
    /// Approves a login and prints the release code (QR handle) or the resume URL (link handle); what is asked is
    /// printed beside it, on standard error.
    #[command(after_help = EXIT_CODES)]
    Approve {
        #[command(flatten)]
        login: Login,
        /// The PIN.
        #[arg(long, value_name = "N")]
        pin: String,
    },
    /// Refuses a login.
    #[command(after_help = EXIT_CODES)]
    Refuse {
        #[command(flatten)]
        login: Login,
        /// The person did not begin it.
        #[arg(long)]
        not_me: bool,
    },
    /// Shows the logins that services asked for without a browser here; with PIN and number, approves the oldest.
    #[command(after_help = EXIT_CODES)]
    Asked {
        #[command(flatten)]
        phone: Enrolled,
        /// The PIN.
        #[arg(long, value_name = "N", requires = "number")]
        pin: Option<String>,
        /// The two digits that the service shows.
        #[arg(long, value_name = "NN", requires = "pin")]
        number: Option<String>,
    },
    /// Takes a login for this phone and shows it, without an answer.
    #[command(after_help = EXIT_CODES)]
    Show {
        #[command(flatten)]
        login: Login,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    Fr,
    En,
}

impl Language {
    fn tag(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }
}

/// A login, and the phone that answers it.
#[derive(Args)]
pub(super) struct Login {
    /// The handle that the login page shows, or the URL that carries it.
    #[arg(allow_hyphen_values = true)]
    handle: String,
    #[command(flatten)]
    phone: Enrolled,
}

/// A phone that is enrolled.
#[derive(Args)]
pub(super) struct Enrolled {
    /// The phone's folder.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Another address of the server than the one that the phone enrolled at.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// The language of what is printed.
    #[arg(long, value_enum, default_value_t = Language::En)]
    language: Language,
}

/// An enrolment.
#[derive(Args)]
pub(super) struct Enrol {
    /// The server's address, without a path.
    #[arg(long, value_name = "URL")]
    server: String,
    #[command(flatten)]
    document: Document,
    /// The phone's folder. A phone that is in it is replaced when the enrolment is sealed.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    #[command(flatten)]
    mrz: Option<PrintedMrz>,
    /// The e-mail address to verify.
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// The folder in which the server puts its mails; without it the code is asked for.
    #[arg(long, value_name = "DIR")]
    mail_folder: Option<PathBuf>,
    /// The PIN to set: six digits.
    #[arg(long, value_name = "N")]
    pin: String,
    /// INSEE code of the country of birth; 99100 is France.
    #[arg(long, value_name = "CODE")]
    birth_country: String,
    /// INSEE code of the commune of birth, for births in France.
    #[arg(long, value_name = "CODE")]
    birth_place: Option<String>,
    /// Given names with their accents.
    #[arg(long)]
    given_names: Option<String>,
    /// Birth name with its accents.
    #[arg(long)]
    family_name: Option<String>,
    /// The name in use.
    #[arg(long)]
    preferred_username: Option<String>,
    /// The demo root; by default demo-root.json beside the passport's or the phone's folder, where `sceau demo` puts it.
    #[arg(long, value_name = "FILE")]
    demo_root: Option<PathBuf>,
    /// The demo's face engine's key; by default face-engine.pem in the same places.
    #[arg(long, value_name = "FILE")]
    face_engine_key: Option<PathBuf>,
    /// The program that has the command `demo-face-engine`; this one by default.
    #[arg(long, value_name = "PROGRAM")]
    face_engine: Option<PathBuf>,
    /// The pictures that the camera plays for the server's own engine: `centre-1.jpg`, `turn-left-1.jpg`, ..
    #[arg(long, value_name = "DIR", conflicts_with_all = ["face_engine", "face_engine_key", "desk"])]
    pictures: Option<PathBuf>,
    /// An agent at a desk compares person and portrait: prints what she scans and types, and waits.
    #[arg(long, conflicts_with_all = ["face_engine", "face_engine_key"])]
    desk: bool,
    /// The language of what is printed, and of the mail.
    #[arg(long, value_enum, default_value_t = Language::En)]
    language: Language,
}

/// The document: one of the two.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Document {
    /// A passport's folder: EF_DG1.bin .., keys and chip.toml. The emulator runs in this process.
    #[arg(long, value_name = "DIR")]
    passport: Option<PathBuf>,
    /// A chip that answers APDUs over TCP (`sceau chip`).
    #[arg(long, value_name = "tcp:HOST:PORT")]
    chip: Option<String>,
}

/// What opens the chip; with a folder it is read off EF_DG1.bin.
#[derive(Args)]
#[group(requires_all = ["mrz_number", "birth", "expiry"])]
struct PrintedMrz {
    /// The document number, as printed.
    #[arg(long, value_name = "N", required = false)]
    mrz_number: String,
    /// The date of birth, as printed in the MRZ.
    #[arg(long, value_name = "YYMMDD", required = false)]
    birth: String,
    /// The date of expiry, as printed in the MRZ.
    #[arg(long, value_name = "YYMMDD", required = false)]
    expiry: String,
}

impl Phone {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.act() {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => match enrol::refusal(&error) {
                Some(refusal) => {
                    eprintln!("{refusal}");
                    Ok(ExitCode::FAILURE)
                }
                None => Err(error),
            },
        }
    }

    fn act(self) -> anyhow::Result<()> {
        let out = &mut stdout();
        match self {
            Self::Enrol(options) => enrol(&options.resolve()?, out).map(drop),
            Self::Approve { login, pin } => {
                // What is asked goes beside: the answer alone can be taken on by a script.
                let (client, language) = (login.phone.client()?, login.phone.language.tag());
                let approved = approve(&client, &login.handle, &pin, language, &mut stderr())?;
                match approved {
                    ApprovedLogin::ReleaseCode { digits } => println!("{digits}"),
                    ApprovedLogin::ResumeUrl { url } => println!("{url}"),
                    ApprovedLogin::Asked => {}
                }
                Ok(())
            }
            Self::Refuse { login, not_me } => {
                refuse(&*login.phone.client()?, &login.handle, not_me, login.phone.language.tag(), out)
            }
            Self::Asked { phone, pin, number } => {
                let typed = pin.as_deref().zip(number.as_deref());
                asked(&*phone.client()?, typed, phone.language.tag(), out)
            }
            Self::Show { login, json } => {
                let request = login.phone.client()?.claim(&login.handle)?;
                if json {
                    println!("{:#}", show_json(&request));
                    return Ok(());
                }
                Ok(show(&request, Words::of(login.phone.language.tag()), out)?)
            }
        }
    }
}

impl Enrolled {
    fn client(&self) -> anyhow::Result<std::sync::Arc<mobile_bridge::LoginClient>> {
        client_at(&self.state, self.server.as_deref(), self.language.tag())
    }
}

impl Enrol {
    fn resolve(self) -> anyhow::Result<EnrolOptions> {
        let demo_root = self.beside(self.demo_root.as_deref(), "demo-root.json", "--demo-root")?;
        let holder = match &self.pictures {
            Some(folder) => HolderWay::Pictures(folder.clone()),
            None if self.desk => HolderWay::Desk,
            None => {
                let key =
                    self.beside(self.face_engine_key.as_deref(), "face-engine.pem", "--face-engine-key")?;
                HolderWay::DemoEngine(FaceEngine { program: self.face_engine.clone(), key })
            }
        };
        let chip = match (self.document.passport, &self.document.chip) {
            (Some(folder), _) => ChipSource::Passport(folder),
            (None, chip) => ChipSource::from_tcp(chip.as_deref().unwrap_or_default())?,
        };
        Ok(EnrolOptions {
            server: self.server,
            chip,
            access: self.mrz.map(AccessKey::from),
            state_dir: self.state,
            email: self.email,
            mail: self.mail_folder.map_or(MailCode::Asked, MailCode::Folder),
            pin: self.pin,
            birth_country: self.birth_country,
            birth_place: self.birth_place,
            names: Names {
                given_names: self.given_names,
                family_name: self.family_name,
                preferred_username: self.preferred_username,
            },
            demo_root,
            holder,
            language: self.language.tag().to_owned(),
        })
    }

    /// A file that was named, or that lies where a demo puts it.
    fn beside(&self, named: Option<&Path>, name: &str, flag: &str) -> anyhow::Result<PathBuf> {
        if let Some(path) = named {
            return Ok(path.to_owned());
        }
        let folders = [self.document.passport.as_deref(), Some(self.state.as_path())].into_iter().flatten();
        let mut candidates = folders.filter_map(|folder| Some(parent(folder)?.join(name)));
        candidates.find(|path| path.is_file()).with_context(|| format!("no {name} was found: give {flag}"))
    }
}

/// The folder above one that need not be there yet.
fn parent(folder: &Path) -> Option<PathBuf> {
    let whole = folder.canonicalize();
    whole.as_deref().unwrap_or(folder).parent().map(Path::to_owned)
}

impl From<PrintedMrz> for AccessKey {
    fn from(mrz: PrintedMrz) -> Self {
        Self { document_number: mrz.mrz_number, date_of_birth: mrz.birth, date_of_expiry: mrz.expiry }
    }
}
