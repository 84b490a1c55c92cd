//! APDUs over TCP, framed as the virtual reader of vsmartcard does (vpcd): each message is its length, two bytes
//! big-endian, and the APDU. A message of one byte is a control: 00 power off, 01 power on, 02 reset, which nobody
//! answers, and 04, which asks for the answer to reset.
//!
//! Either side may listen: a chip that terminals connect to, or vpcd that chips connect to. A new connection is a chip
//! that comes into the field.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::time::Duration;

use emrtd::{ApduChannel, ChannelError};
use rand_core::CryptoRng;

use crate::Chip;

/// How long a terminal waits for a chip. Real ones extend their time to a few seconds at most.
const TIMEOUT: Duration = Duration::from_secs(30);
const POWER_ON: u8 = 0x01;
const GET_ATR: u8 = 0x04;
/// The answer to reset of a contactless chip without historical bytes (PC/SC part 3, 3.1.3.2.3).
const ATR: [u8; 5] = [0x3B, 0x80, 0x80, 0x01, 0x01];

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

/// Answers one terminal until it goes, or the chip leaves the field: then the connection ends.
///
/// # Errors
/// The connection broke in the middle of a message.
pub fn serve_connection<R: CryptoRng>(mut stream: TcpStream, chip: &mut Chip<R>) -> io::Result<()> {
    chip.reset();
    stream.set_nodelay(true)?;
    loop {
        let message = match read_message(&mut stream) {
            Ok(message) => message,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        match message.as_slice() {
            [GET_ATR] => write_message(&mut stream, &ATR)?,
            [_] => chip.reset(),
            command => match chip.transceive(command) {
                Ok(answer) => write_message(&mut stream, &answer)?,
                Err(ChannelError(_)) => return Ok(()),
            },
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

/// Puts the chip into a virtual reader, until that ends; after a lost tag, again.
///
/// # Errors
/// No vpcd listens at `HOST:PORT`; the connection broke in the middle of a message.
pub fn serve_vpcd<R: CryptoRng>(reader: impl ToSocketAddrs, mut chip: Chip<R>) -> io::Result<()> {
    loop {
        let stream = TcpStream::connect(&reader)?;
        let probe = stream.try_clone()?;
        serve_connection(stream, &mut chip)?;
        // The reader's end of the connection is still open if it was the chip that left.
        probe.set_nonblocking(true)?;
        if !matches!(probe.peek(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            return Ok(());
        }
    }
}

/// A terminal's channel to [`serve_tcp`], or to any chip that speaks the same framing.
#[derive(Debug)]
pub struct TcpChannel {
    stream: TcpStream,
}

impl TcpChannel {
    /// Connects to `HOST:PORT`, powers the chip and takes its answer to reset.
    ///
    /// # Errors
    /// Nobody listens there, or nobody who speaks this framing.
    pub fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        write_message(&mut stream, &[POWER_ON])?;
        write_message(&mut stream, &[GET_ATR])?;
        if !matches!(read_message(&mut stream)?.first(), Some(0x3B | 0x3F)) {
            // A chip that takes control bytes for commands: it has refused two of them.
            read_message(&mut stream)?;
        }
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
