//! The document that is held to the virtual phone: a folder with the emulator in this process, or a chip behind TCP.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use chip_emulator::TcpChannel;
use emrtd::ApduChannel;
use mobile_bridge::simulated::SimulatedTransport;
use mobile_bridge::{AccessKey, CardError, CardTransport};

/// Where the document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChipSource {
    /// A folder, as `chip-emulator` reads it.
    Passport(PathBuf),
    /// A chip that answers APDUs over TCP.
    Tcp(SocketAddr),
}

impl ChipSource {
    /// Reads `tcp:HOST:PORT`.
    ///
    /// # Errors
    /// Another form, or an unknown host.
    pub fn from_tcp(text: &str) -> anyhow::Result<Self> {
        let address = text.strip_prefix("tcp:").with_context(|| format!("{text}: not tcp:HOST:PORT"))?;
        let mut found = address.to_socket_addrs().with_context(|| text.to_owned())?;
        found.next().map(Self::Tcp).with_context(|| format!("{text}: unknown host"))
    }

    /// Holds the document to the phone: each time is a new dialogue.
    pub(super) fn connect(&self) -> anyhow::Result<Arc<dyn CardTransport>> {
        match self {
            Self::Passport(folder) => Ok(simulated(folder)?),
            Self::Tcp(address) => {
                let channel = TcpChannel::connect(address).with_context(|| format!("tcp:{address}"))?;
                Ok(Arc::new(Card(Mutex::new(channel))))
            }
        }
    }

    /// The three fields of the MRZ that a person would read off the document; only a folder has them to read.
    pub(in crate::cli) fn printed_mrz(&self) -> anyhow::Result<AccessKey> {
        match self {
            Self::Passport(folder) => Ok(simulated(folder)?.access_key()?),
            Self::Tcp(_) => anyhow::bail!("a chip behind TCP needs --mrz-number, --birth and --expiry"),
        }
    }
}

fn simulated(folder: &Path) -> anyhow::Result<Arc<SimulatedTransport>> {
    let folder = folder.to_str().context("the folder's name is not Unicode")?;
    Ok(SimulatedTransport::from_folder(folder)?)
}

/// A channel of the emulator as the transport of a phone.
struct Card<C>(Mutex<C>);

impl<C> Card<C> {
    fn channel(&self) -> std::sync::MutexGuard<'_, C> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: ApduChannel + Send> CardTransport for Card<C> {
    /// A channel that breaks is a chip that left the field.
    fn transceive(&self, command: Vec<u8>) -> Result<Vec<u8>, CardError> {
        self.channel().transceive(&command).map_err(|_| CardError::TagLost)
    }

    fn max_command_length(&self) -> u32 {
        u32::try_from(self.channel().max_command_length()).unwrap_or(u32::MAX)
    }

    fn extended_length_supported(&self) -> bool {
        self.channel().extended_length_supported()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    #[test]
    fn an_address_of_a_chip_is_read() {
        let expected = ChipSource::Tcp("127.0.0.1:4711".parse().unwrap());
        assert_eq!(ChipSource::from_tcp("tcp:127.0.0.1:4711").unwrap(), expected);
        for bad in ["127.0.0.1:4711", "tcp:127.0.0.1", "udp:127.0.0.1:4711", "tcp:"] {
            assert!(ChipSource::from_tcp(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_connection_that_breaks_is_a_lost_tag() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let chip = ChipSource::Tcp(listener.local_addr().unwrap());
        let in_the_field = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // Power, and the request for an ATR: a byte each behind its length.
            stream.read_exact(&mut [0; 6]).unwrap();
            stream.write_all(&[0, 1, 0x3B]).unwrap();
        });
        let card = chip.connect().unwrap();
        in_the_field.join().unwrap();
        assert_eq!(card.transceive(vec![0; 4]), Err(CardError::TagLost));
        assert!(chip.printed_mrz().is_err(), "nobody sees what is printed on it");
    }
}
