//! Mail: six-digit codes and notices. It goes to an SMTP server, or to a folder in the demo.

use std::time::Duration;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use crate::config::{Config, Mail, MailSecurity, Secret};

/// Nobody wrote it, so no absence note answers it (RFC 3834, 5).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// Why a mail was not sent. The text names no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// The recipient's address is not one.
    #[error("not a mail address")]
    Address,
    /// The message cannot be written.
    #[error("the message cannot be written")]
    Message,
    /// The server, or the folder, did not take it.
    #[error("mail was not accepted: {0}")]
    Transport(String),
    /// The server refused it for good.
    #[error("mail was not accepted: refused")]
    Refused,
    /// The server did not answer in time.
    #[error("the mail server does not answer")]
    Timeout,
}

impl MailError {
    /// Whether another try would end the same way.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Address | Self::Message | Self::Refused)
    }
}

/// Sends mail.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    transport: Transport,
    most: Duration,
}

#[derive(Clone)]
enum Transport {
    Folder(AsyncFileTransport<Tokio1Executor>),
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
}

impl Mailer {
    /// The mailer of a configuration. `roots` are trusted beside the usual ones, for a mail server of the house.
    ///
    /// # Errors
    /// [`MailError`]: the sender is no address, the folder cannot be made, the server has no name.
    pub fn new(
        config: &Config,
        password: Option<&Secret<String>>,
        roots: &[Vec<u8>],
    ) -> Result<Self, MailError> {
        let failed = |error: String| MailError::Transport(error);
        let (from, transport) = match &config.mail {
            Mail::Folder { folder, from } => {
                let folder = config.path(folder);
                std::fs::create_dir_all(&folder).map_err(|error| failed(error.to_string()))?;
                (from, Transport::Folder(AsyncFileTransport::new(folder)))
            }
            Mail::Smtp { host, port, security, username, from, .. } => {
                let tls = || tls(host, roots).map_err(|error| failed(error.to_string()));
                let (tls, usual_port) = match security {
                    MailSecurity::Starttls => (Tls::Required(tls()?), SUBMISSION_PORT),
                    MailSecurity::Tls => (Tls::Wrapper(tls()?), SUBMISSIONS_PORT),
                    MailSecurity::None => (Tls::None, SMTP_PORT),
                };
                // "Dangerous" is the default that the next call replaces: no TLS.
                let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host);
                let mut builder = builder.tls(tls).port(port.unwrap_or(usual_port));
                if let (Some(name), Some(password)) = (username, password) {
                    builder = builder.credentials(Credentials::new(name.clone(), password.expose().clone()));
                }
                (from, Transport::Smtp(builder.build()))
            }
        };
        // The request that waits, for two mails at most, has time left to say that they failed.
        let most = Duration::from_secs(config.limits.request_seconds) / 3;
        Ok(Self { from: from.parse().map_err(|_| MailError::Address)?, transport, most })
    }

    /// Sends a plain text. `name` makes its message id: the same when it is sent again.
    ///
    /// # Errors
    /// [`MailError`].
    pub async fn send(
        &self,
        to: &str,
        subject: &str,
        text: &str,
        name: Option<&str>,
    ) -> Result<(), MailError> {
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(to.parse().map_err(|_| MailError::Address)?)
            .message_id(name.map(|name| format!("<{name}@{}>", self.from.email.domain())))
            .subject(subject)
            .singlepart(SinglePart::plain(text.to_owned()))
            .map_err(|_| MailError::Message)?;
        message.headers_mut().insert_raw(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()));
        tokio::time::timeout(self.most, self.hand_over(message)).await.map_err(|_| MailError::Timeout)?
    }

    async fn hand_over(&self, message: Message) -> Result<(), MailError> {
        match &self.transport {
            Transport::Folder(folder) => {
                folder.send(message).await.map(drop).map_err(|error| MailError::Transport(error.to_string()))
            }
            // The server's answer may repeat the recipient's address: only its kind is told.
            Transport::Smtp(server) => {
                server.send(message).await.map(drop).map_err(|error| match error.is_permanent() {
                    true => MailError::Refused,
                    false => MailError::Transport("not reached".to_owned()),
                })
            }
        }
    }
}

/// TLS to a host: its certificate leads to one of the usual roots or of ours.
fn tls(host: &str, roots: &[Vec<u8>]) -> Result<TlsParameters, lettre::transport::smtp::Error> {
    let mut builder = TlsParameters::builder(host.to_owned());
    for der in roots {
        builder = builder.add_root_certificate(Certificate::from_der(der.clone())?);
    }
    builder.build()
}
