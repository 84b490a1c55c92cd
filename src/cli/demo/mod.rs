//! `sceau demo`: a synthetic State, a specimen passport in a chip of software, the server, a broker and a virtual phone,
//! all in one process and one folder. What is checked is what production checks; what is trusted is the demo's own
//! (docs/adr/0010).

mod browser;
mod face;
mod folder;
mod passport;
mod phone_page;
mod ports;
mod script;
mod words;

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum_server::Handle;
use chip_emulator::{Chip, serve_tcp};
use clap::{Args, ValueEnum};
use clock::{Clock as _, SystemClock};
use demo_broker::{Acr, Broker, BrokerConfig};

use self::folder::{Addresses, BROKER, Folder};
use self::words::Words;
use super::phone::{self, ChipSource, EnrolOptions, HolderWay, MailCode, Names};
use super::serve::{serve, stop_on_signal, system_rng};
use crate::telemetry;

/// The PIN of the virtual phone of every demo.
const DEMO_PIN: &str = "274913";
/// The address that is verified: the mails stay in the folder.
const DEMO_EMAIL: &str = "anna.eriksson@example.org";
/// How long open requests may go on at the end.
const GRACE: Duration = Duration::from_secs(2);

/// A language of what is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Spoken {
    Fr,
    En,
}

#[derive(Args)]
pub(super) struct Demo {
    /// Log in without a browser, print the claims and end.
    #[arg(long)]
    script: bool,
    /// The folder of the demo: made if absent, resumed if there. Without it, a new one among the temporary files.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// The server's port; a free one if it is busy. A resumed demo keeps its own, which stands in its issuer.
    #[arg(long, value_name = "N", default_value_t = 8701)]
    port_fi: u16,
    /// The broker's port; a free one if it is busy.
    #[arg(long, value_name = "N", default_value_t = 8702)]
    port_broker: u16,
    /// The port of the virtual phone's page; a free one if it is busy.
    #[arg(long, value_name = "N", default_value_t = 8703)]
    port_phone: u16,
    /// The language of what is printed.
    #[arg(long, value_enum, default_value_t = Spoken::En)]
    language: Spoken,
}

/// Where the pages beside the server will be.
struct Listeners {
    broker: TcpListener,
    phone: TcpListener,
}

/// What runs in this process.
struct Running {
    folder: Folder,
    addresses: Addresses,
    broker: Arc<Broker>,
    chip: SocketAddr,
    handle: Handle<SocketAddr>,
    words: &'static Words,
}

impl Demo {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(self.demo())?;
        Ok(ExitCode::SUCCESS)
    }

    async fn demo(&self) -> anyhow::Result<()> {
        let words = Words::of(self.language == Spoken::Fr);
        println!("{}", words.title);
        let folder = Folder::open(self.keep.clone(), &mut system_rng())?;
        println!("{} {}", words.folder, folder.root().display());
        println!("{} {} demo --keep {}", words.keep, program(), folder.root().display());
        let (addresses, listeners) = self.prepare(&folder, words)?;

        let config = folder.config()?;
        telemetry::start(&config.log).map_err(anyhow::Error::msg).context("log.filter")?;
        let handle = Handle::new();
        let mut server = pin!(serve(config, handle.clone()));
        let story = async {
            handle.listening().await.context("the server does not listen")?;
            let running = self.start(folder, addresses, listeners.broker, handle.clone(), words)?;
            running.story(self, listeners.phone).await
        };
        let outcome = tokio::select! {
            // If both ended, the server says why.
            biased;
            stopped = &mut server => stopped.and(Err(anyhow::anyhow!("the server stopped"))),
            outcome = story => {
                handle.graceful_shutdown(Some(GRACE));
                server.await.and(outcome)
            }
        };
        outcome
    }

    /// Makes or loads what is in the folder, for addresses that are free.
    fn prepare(&self, folder: &Folder, words: &Words) -> anyhow::Result<(Addresses, Listeners)> {
        println!("\n{}", words.state);
        let made = folder.is_made();
        let fi = if made { kept_port(folder)? } else { ports::for_localhost(self.port_fi)? };
        let (broker, phone) = match made {
            true => folder.addresses().map(|before| (before.broker, before.phone))?,
            false => (self.port_broker, self.port_phone),
        };
        let listeners = Listeners { broker: ports::listen(broker)?, phone: ports::listen(phone)? };
        let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
        let addresses = Addresses { fi, broker: port(&listeners.broker)?, phone: port(&listeners.phone)? };
        if !made {
            folder.fill(SystemClock.now(), &mut system_rng())?;
        }
        folder.write_config(addresses)?;
        println!("   {}", if made { words.state_kept } else { words.state_made });
        println!("   {} {}", words.files, passport::file_names(&folder.chip()?));
        let (passport, csca) = (folder.path("passport"), folder.path("trust/csca"));
        let (passport, csca) = (passport.display(), csca.display());
        println!("   {} {} verify {passport} --csca {csca}", words.verify, program());
        Ok((addresses, listeners))
    }

    /// Starts broker and chip beside the server.
    fn start(
        &self,
        folder: Folder,
        addresses: Addresses,
        listener: TcpListener,
        handle: Handle<SocketAddr>,
        words: &'static Words,
    ) -> anyhow::Result<Running> {
        let broker = start_broker(&folder, addresses, listener)?;
        let chip = start_chip(Chip::new(folder.chip()?, system_rng()))?;
        println!("\n{}", words.running);
        println!("   {:<24} {}", addresses.issuer(), words.fi);
        println!("   {:<24} {}", addresses.broker_url(), words.broker);
        println!("   {:<24} {}", format!("tcp:{chip}"), words.chip);
        Ok(Running { folder, addresses, broker, chip, handle, words })
    }
}

/// This program, as it was called.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "sceau".to_owned())
}

/// The port of a resumed demo: it stands in the issuer, which every key of the phone signed.
fn kept_port(folder: &Folder) -> anyhow::Result<u16> {
    let port = folder.addresses()?.fi;
    anyhow::ensure!(
        ports::is_free(port)?,
        "port {port} is busy: this demo's issuer is http://localhost:{port}"
    );
    Ok(port)
}

fn start_broker(folder: &Folder, addresses: Addresses, listener: TcpListener) -> anyhow::Result<Arc<Broker>> {
    let config = BrokerConfig {
        issuer_of_fi: addresses.issuer(),
        client_id: BROKER.to_owned(),
        client_secret: folder.broker_secret()?,
        base_url: addresses.broker_url(),
        acr: Acr::Eidas2,
        agreed: vec![Acr::Eidas2],
        encryption: None,
    };
    let broker = Arc::new(Broker::new(config, Arc::new(SystemClock), system_rng())?);
    spawn_pages(listener, demo_broker::router(broker.clone()))?;
    Ok(broker)
}

/// Serves pages until the process ends.
fn spawn_pages(listener: TcpListener, pages: axum::Router) -> anyhow::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, pages).await {
            tracing::error!(%error, "pages of the demo");
        }
    });
    Ok(())
}

/// Holds the passport to a port: each connection is a chip that comes into the field.
fn start_chip(chip: Chip<rand_chacha::ChaCha20Rng>) -> anyhow::Result<SocketAddr> {
    let listener = ports::listen(0)?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        if let Err(error) = serve_tcp(&listener, chip) {
            tracing::error!(%error, "chip of the demo");
        }
    });
    Ok(address)
}

impl Running {
    /// Enrols, then logs in or waits.
    async fn story(&self, demo: &Demo, phone: TcpListener) -> anyhow::Result<()> {
        self.enrol().await?;
        if demo.script { self.log_in(demo.language).await } else { self.wait(phone).await }
    }

    async fn enrol(&self) -> anyhow::Result<()> {
        println!("\n{}", self.words.enrolment);
        let state_dir = self.folder.path("phone");
        if phone::is_enrolled(&state_dir) {
            println!("   {}", self.words.enrolled);
            return Ok(());
        }
        let (country, commune) = passport::BIRTH_CODES;
        let options = EnrolOptions {
            server: self.addresses.issuer(),
            chip: ChipSource::Tcp(self.chip),
            access: Some(ChipSource::Passport(self.folder.path("passport")).printed_mrz()?),
            state_dir,
            email: DEMO_EMAIL.to_owned(),
            mail: MailCode::Folder(self.folder.path("mail")),
            pin: DEMO_PIN.to_owned(),
            birth_country: country.to_owned(),
            birth_place: Some(commune.to_owned()),
            names: Names::default(),
            demo_root: self.folder.path("demo-root.json"),
            holder: HolderWay::Pictures(self.folder.path("face")),
            language: self.words.tag.to_owned(),
        };
        let enrolled = tokio::task::spawn_blocking(move || phone::enrol(&options, &mut std::io::stdout()));
        enrolled.await.context("the virtual phone")??;
        Ok(())
    }

    async fn log_in(&self, language: Spoken) -> anyhow::Result<()> {
        println!("\n{}", self.words.login);
        let language =
            if language == Spoken::Fr { demo_broker::Language::Fr } else { demo_broker::Language::En };
        let client = phone::login_client(&self.folder.path("phone"), self.words.tag)?;
        let (broker, words) = (self.broker.clone(), self.words);
        let login = tokio::task::spawn_blocking(move || {
            script::log_in(&broker, &client, words, language, &mut std::io::stdout())
        });
        let login = login.await.context("the script")??;
        println!("\n{}", self.words.claims);
        let mut out = std::io::stdout().lock();
        script::print_claims(&login, &mut out)?;
        Ok(out.flush()?)
    }

    /// Serves the virtual phone's page until a signal.
    async fn wait(&self, listener: TcpListener) -> anyhow::Result<()> {
        let client = phone::login_client(&self.folder.path("phone"), self.words.tag)?;
        let address = listener.local_addr()?;
        let mut token = [0; 16];
        rand_core::Rng::fill_bytes(&mut system_rng(), &mut token);
        spawn_pages(listener, phone_page::router(client, address.to_string(), hex::encode(token)))?;
        println!("\n{}", self.words.open);
        println!("   {} {}/", self.words.open_service, self.addresses.broker_url());
        println!("   {} http://{address}/", self.words.open_phone);
        println!("   {} {DEMO_PIN}", self.words.pin);
        let state = self.folder.path("phone");
        let command =
            format!("{} phone approve CODE --pin {DEMO_PIN} --state {}", program(), state.display());
        println!("   {} {command}", self.words.or_command);
        println!("{}", self.words.stop);
        stop_on_signal(self.handle.clone()).await;
        println!("{}", self.words.stopped);
        Ok(())
    }
}
