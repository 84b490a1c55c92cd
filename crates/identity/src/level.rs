//! Levels of assurance: which facts reach which level (docs/protocols.md, section 4; 2015/1502, annex 2.1, 2.2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A level, as it stands in `acr`: `eidas1` (low), `eidas2` (substantial), `eidas3` (high).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Low.
    Eidas1,
    /// Substantial.
    Eidas2,
    /// High.
    Eidas3,
}

/// The name of a level in OpenID Connect.
pub type Acr = Level;

impl Level {
    /// All, lowest first.
    pub const ALL: [Self; 3] = [Self::Eidas1, Self::Eidas2, Self::Eidas3];

    /// The value of `acr`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eidas1 => "eidas1",
            Self::Eidas2 => "eidas2",
            Self::Eidas3 => "eidas3",
        }
    }
}

impl Level {
    /// The level to answer a client that asks for `self`: just that, if the identity reaches it and the client may have
    /// it; never more, never less.
    #[must_use]
    pub fn granted(self, reached: Option<Self>, allowed: &[Self]) -> Option<Self> {
        (reached >= Some(self) && allowed.contains(&self)).then_some(self)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a level")]
pub struct UnknownLevel;

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        Self::ALL.into_iter().find(|level| level.as_str() == text).ok_or(UnknownLevel)
    }
}

/// How it was shown that the person present is the person of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HolderProof {
    /// Not shown.
    None,
    /// Face at or above the threshold with liveness; the engine's attack detection has no certificate.
    Face,
    /// The same by an engine whose attack detection is certified.
    FaceCertified,
    /// An agent compared them at a desk.
    Desk,
}

/// The facts that decide. In the demo environment the demo roots are trusted, so its facts are facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelFacts {
    /// Passive authentication succeeded.
    pub document_authentic: bool,
    /// A code sent to the address came back.
    pub email_verified: bool,
    /// Chip or Active Authentication succeeded. BAC and PACE are access, not proof.
    pub chip_proved: bool,
    /// Both keys of the phone are attested in hardware.
    pub keys_attested: bool,
    /// A PIN key derived through the hardened key is registered.
    pub pin_key: bool,
    /// Holder and document are one.
    pub holder: HolderProof,
    /// The title has not expired.
    pub title_unexpired: bool,
    /// A register said that the title is neither lost nor stolen nor revoked.
    pub document_status_checked: bool,
    /// A weak algorithm was let through by policy.
    pub weak_algorithm: bool,
}

impl LevelFacts {
    /// The highest level that the facts reach.
    #[must_use]
    pub fn level(&self) -> Option<Level> {
        if !(self.document_authentic && self.email_verified) {
            return None;
        }
        let substantial =
            self.chip_proved && self.keys_attested && self.pin_key && self.holder != HolderProof::None;
        let high = matches!(self.holder, HolderProof::FaceCertified | HolderProof::Desk)
            && self.title_unexpired
            && self.document_status_checked
            && !self.weak_algorithm;
        Some(match (substantial, high) {
            (false, _) => Level::Eidas1,
            (true, false) => Level::Eidas2,
            (true, true) => Level::Eidas3,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIGH: LevelFacts = LevelFacts {
        document_authentic: true,
        email_verified: true,
        chip_proved: true,
        keys_attested: true,
        pin_key: true,
        holder: HolderProof::FaceCertified,
        title_unexpired: true,
        document_status_checked: true,
        weak_algorithm: false,
    };

    #[test]
    fn every_cell_of_the_table() {
        use Level::{Eidas1, Eidas2, Eidas3};
        type Cell = (&'static str, Option<Level>, fn(&mut LevelFacts));
        let cells: [Cell; 13] = [
            ("all facts", Some(Eidas3), |_| {}),
            ("desk instead of an engine", Some(Eidas3), |f| f.holder = HolderProof::Desk),
            ("no certificate of attack detection", Some(Eidas2), |f| f.holder = HolderProof::Face),
            ("expired title", Some(Eidas2), |f| f.title_unexpired = false),
            ("document status not checked", Some(Eidas2), |f| f.document_status_checked = false),
            ("weak algorithm", Some(Eidas2), |f| f.weak_algorithm = true),
            ("chip not proved", Some(Eidas1), |f| f.chip_proved = false),
            ("keys not in hardware", Some(Eidas1), |f| f.keys_attested = false),
            ("no PIN key", Some(Eidas1), |f| f.pin_key = false),
            ("holder not matched", Some(Eidas1), |f| f.holder = HolderProof::None),
            ("e-mail not verified", None, |f| f.email_verified = false),
            ("document not authentic", None, |f| f.document_authentic = false),
            ("desk, but the chip is not proved", Some(Eidas1), |f| {
                f.holder = HolderProof::Desk;
                f.chip_proved = false;
            }),
        ];
        for (name, level, change) in cells {
            let mut facts = HIGH;
            change(&mut facts);
            assert_eq!(facts.level(), level, "{name}");
        }
    }

    #[test]
    fn a_client_gets_the_level_asked_or_nothing() {
        use Level::{Eidas1, Eidas2, Eidas3};
        assert_eq!(Eidas2.granted(Some(Eidas3), &[Eidas2, Eidas3]), Some(Eidas2), "never more");
        assert_eq!(Eidas3.granted(Some(Eidas2), &[Eidas2, Eidas3]), None, "never less");
        assert_eq!(Eidas1.granted(Some(Eidas3), &[Eidas2, Eidas3]), None, "not allowed for the client");
        assert_eq!(Eidas1.granted(None, &[Eidas1]), None);
    }

    #[test]
    fn names_are_read_back_and_ordered() {
        for level in Level::ALL {
            assert_eq!(level.as_str().parse(), Ok(level));
            assert_eq!(serde_json::to_string(&level).unwrap(), format!("\"{level}\""));
        }
        assert!(Level::Eidas1 < Level::Eidas2 && Level::Eidas2 < Level::Eidas3);
        assert_eq!("EIDAS2".parse::<Level>(), Err(UnknownLevel));
    }
}
