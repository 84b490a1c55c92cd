//! What carries the APDUs: TCP, or a PC/SC reader.

use anyhow::{Context as _, bail};
use chip_emulator::TcpChannel;
use emrtd::ApduChannel;

/// Any of them.
pub(super) type AnyChannel = Box<dyn ApduChannel>;

/// Opens `tcp:HOST:PORT`, `pcsc` or `pcsc:READER`.
pub(super) fn open(text: &str) -> anyhow::Result<AnyChannel> {
    match text.split_once(':').unwrap_or((text, "")) {
        ("tcp", address) => Ok(Box::new(TcpChannel::connect(address).with_context(|| text.to_owned())?)),
        ("pcsc", reader) => pc_sc(reader),
        _ => bail!("{text}: neither tcp:HOST:PORT nor pcsc"),
    }
}

#[cfg(not(feature = "pcsc"))]
fn pc_sc(_: &str) -> anyhow::Result<AnyChannel> {
    bail!("this program was built without the feature pcsc")
}

#[cfg(feature = "pcsc")]
fn pc_sc(reader: &str) -> anyhow::Result<AnyChannel> {
    Ok(Box::new(reader::Reader::connect(reader)?))
}

#[cfg(feature = "pcsc")]
mod reader {
    use anyhow::Context as _;
    use emrtd::{ApduChannel, ChannelError};
    use pcsc::{Card, Context, Protocols, Scope, ShareMode};

    /// The longest extended response: what the buffer is for.
    const MAX_RESPONSE: usize = 65_536 + 2;
    /// The longest extended command.
    const MAX_COMMAND: usize = 65_544;

    /// A card in a reader. Readers carry extended-length APDUs, or say so when they are asked to.
    pub(super) struct Reader {
        card: Card,
        buffer: Vec<u8>,
    }

    impl Reader {
        /// The first reader with a card whose name has `part` in it.
        pub(super) fn connect(part: &str) -> anyhow::Result<Self> {
            let context = Context::establish(Scope::User).context("PC/SC")?;
            let readers = context.list_readers_owned().context("PC/SC")?;
            let mut fitting = readers.iter().filter(|name| name.to_string_lossy().contains(part));
            let connect =
                |name: &std::ffi::CString| context.connect(name, ShareMode::Exclusive, Protocols::ANY);
            let card = fitting.find_map(|name| connect(name).ok());
            let card = card.with_context(|| format!("no card in any of {} readers", readers.len()))?;
            Ok(Self { card, buffer: vec![0; MAX_RESPONSE] })
        }
    }

    impl ApduChannel for Reader {
        fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
            let answer = self.card.transmit(command, &mut self.buffer);
            answer.map(<[u8]>::to_vec).map_err(|error| ChannelError(error.to_string()))
        }

        fn max_command_length(&self) -> usize {
            MAX_COMMAND
        }

        fn extended_length_supported(&self) -> bool {
            true
        }
    }
}
