//! APDUs over TCP: each message is its length, two bytes big-endian, and the APDU. A new connection is a chip that
//! comes into the field.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::time::Duration;

use emrtd::{ApduChannel, ChannelError};
use rand_core::CryptoRng;

use crate::Chip;

/// How long a terminal waits for a chip. Real ones extend their time to a few seconds at most.
const TIMEOUT: Duration = Duration::from_secs(30);

fn read_message(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    Ok(message)
}

fn write_message(stream: &mut impl Write, message: &[u8]) -> io::Result<()> {
    let too_long = |_| io::Error::new(io::ErrorKind::InvalidInput, "APDU longer than 65535 bytes");
    let length = u16::try_from(message.len()).map_err(too_long)?;
    stream.write_all(&[&length.to_be_bytes()[..], message].concat())
}

/// Answers one terminal until it goes.
///
/// # Errors
/// The connection broke in the middle of a message.
pub fn serve_connection<R: CryptoRng>(mut stream: TcpStream, chip: &mut Chip<R>) -> io::Result<()> {
    chip.reset();
    stream.set_nodelay(true)?;
    loop {
        match read_message(&mut stream) {
            Ok(command) => write_message(&mut stream, &chip.answer(&command))?,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Answers one terminal after the other, for ever. A connection that breaks is the terminal's affair.
///
/// # Errors
/// The listener fails.
pub fn serve_tcp<R: CryptoRng>(listener: &TcpListener, mut chip: Chip<R>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        let _ = serve_connection(stream, &mut chip);
    }
}

/// A terminal's channel to [`serve_tcp`], or to any chip that speaks the same framing.
#[derive(Debug)]
pub struct TcpChannel {
    stream: TcpStream,
}

impl TcpChannel {
    /// Connects to `HOST:PORT`.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self { stream })
    }
}

impl ApduChannel for TcpChannel {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        write_message(&mut self.stream, command)
            .and_then(|()| read_message(&mut self.stream))
            .map_err(|error| ChannelError(error.to_string()))
    }

    fn max_command_length(&self) -> usize {
        usize::from(u16::MAX)
    }

    fn extended_length_supported(&self) -> bool {
        true
    }
}
