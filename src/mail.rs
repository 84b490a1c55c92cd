//! Mail: six-digit codes and notices. It goes to an SMTP server, or to a folder in the demo.

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use crate::config::{Config, Mail, MailSecurity, Secret};

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
}

/// Sends mail.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    transport: Transport,
}

#[derive(Clone)]
enum Transport {
    Folder(AsyncFileTransport<Tokio1Executor>),
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
}

impl Mailer {
    /// The mailer of a configuration.
    ///
    /// # Errors
    /// [`MailError`]: the sender is no address, the folder cannot be made, the server has no name.
    pub fn new(config: &Config, password: Option<&Secret<String>>) -> Result<Self, MailError> {
        let failed = |error: String| MailError::Transport(error);
        let (from, transport) = match &config.mail {
            Mail::Folder { folder, from } => {
                let folder = config.path(folder);
                std::fs::create_dir_all(&folder).map_err(|error| failed(error.to_string()))?;
                (from, Transport::Folder(AsyncFileTransport::new(folder)))
            }
            Mail::Smtp { host, port, security, username, from, .. } => {
                let builder = match security {
                    MailSecurity::Starttls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host),
                    MailSecurity::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(host),
                    MailSecurity::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)),
                };
                let mut builder = builder.map_err(|error| failed(error.to_string()))?;
                if let Some(port) = port {
                    builder = builder.port(*port);
                }
                if let (Some(name), Some(password)) = (username, password) {
                    builder = builder.credentials(Credentials::new(name.clone(), password.expose().clone()));
                }
                (from, Transport::Smtp(builder.build()))
            }
        };
        Ok(Self { from: from.parse().map_err(|_| MailError::Address)?, transport })
    }

    /// Sends a plain text.
    ///
    /// # Errors
    /// [`MailError`].
    pub async fn send(&self, to: &str, subject: &str, text: &str) -> Result<(), MailError> {
        let message = Message::builder()
            .from(self.from.clone())
            .to(to.parse().map_err(|_| MailError::Address)?)
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text.to_owned())
            .map_err(|_| MailError::Message)?;
        match &self.transport {
            Transport::Folder(folder) => {
                folder.send(message).await.map(drop).map_err(|error| MailError::Transport(error.to_string()))
            }
            // The server's answer may repeat the recipient's address: only its kind is told.
            Transport::Smtp(server) => server.send(message).await.map(drop).map_err(|error| {
                let kind = if error.is_permanent() { "refused" } else { "not reached" };
                MailError::Transport(kind.to_owned())
            }),
        }
    }
}
