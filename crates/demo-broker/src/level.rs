//! Levels of assurance, as FranceConnect names them.

use std::fmt;
use std::str::FromStr;

/// A level, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acr {
    /// Low.
    Eidas1,
    /// Substantial.
    Eidas2,
    /// High.
    Eidas3,
}

impl Acr {
    /// Its value in `acr_values` and `acr`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eidas1 => "eidas1",
            Self::Eidas2 => "eidas2",
            Self::Eidas3 => "eidas3",
        }
    }
}

impl fmt::Display for Acr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not eidas1, eidas2 or eidas3")]
pub struct NoLevel;

impl FromStr for Acr {
    type Err = NoLevel;

    fn from_str(text: &str) -> Result<Self, NoLevel> {
        [Self::Eidas1, Self::Eidas2, Self::Eidas3].into_iter().find(|acr| acr.as_str() == text).ok_or(NoLevel)
    }
}
