//! What an app gives to a reading, and hears of it.

/// What opens the chip: three fields of the machine-readable zone.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct AccessKey {
    /// The document number, without fillers.
    pub document_number: String,
    /// `YYMMDD`, as printed.
    pub date_of_birth: String,
    /// `YYMMDD`, as printed.
    pub date_of_expiry: String,
}

/// How far the reading is.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Progress {
    /// The chip opened: `PACE` or `BAC`.
    ChannelOpen {
        /// The protocol.
        protocol: String,
    },
    /// A file is being read.
    Reading {
        /// Its name.
        file: String,
        /// Its place in the order, from 1.
        number: u32,
        /// How many files will be read; 1 as long as EF.SOD, which lists them, is read itself.
        of: u32,
        /// Bytes read.
        bytes: u32,
        /// Its length in bytes.
        total: u32,
    },
    /// A file reached the server.
    Sent {
        /// Its name.
        file: String,
    },
    /// The chip proves its key.
    Proving {
        /// `Active Authentication` or `Chip Authentication`.
        protocol: String,
    },
    /// The server judged the proof.
    Proved {
        /// `Active Authentication` or `Chip Authentication`.
        protocol: String,
        /// What it checked, one sentence a line.
        checks: Vec<String>,
    },
}

/// Listens to the reading.
#[uniffi::export(with_foreign)]
pub trait ProgressListener: Send + Sync {
    /// Something went on. Return quickly: the chip waits.
    fn on_progress(&self, progress: Progress);
}
