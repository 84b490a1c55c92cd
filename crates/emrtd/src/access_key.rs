//! The passwords that open a chip (Doc 9303-11, 4.3.2 and 4.4.4.1).

use std::fmt;

use crypto::HashAlgorithm;
use lds::Mrz;
use lds::mrz::{MrzDate, mrz_information};
use zeroize::Zeroizing;

use crate::Error;

/// No document number is longer, not even one that goes on in the optional data of TD1.
const MAX_DOCUMENT_NUMBER: usize = 22;

/// The password out of the MRZ: document number, date of birth, date of expiry.
#[derive(Clone, PartialEq, Eq)]
pub struct MrzKey {
    information: Zeroizing<String>,
}

impl MrzKey {
    /// From the three fields: the number with or without fillers, the dates as `YYMMDD`.
    ///
    /// # Errors
    /// [`Error::Password`].
    pub fn new(document_number: &str, date_of_birth: &str, date_of_expiry: &str) -> Result<Self, Error> {
        let number = document_number.trim_end_matches('<');
        let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '<';
        if number.is_empty() || number.len() > MAX_DOCUMENT_NUMBER || !number.chars().all(allowed) {
            return Err(Error::Password("document number"));
        }
        let birth = MrzDate::parse(date_of_birth).ok_or(Error::Password("date of birth"))?;
        let expiry = MrzDate::parse(date_of_expiry).ok_or(Error::Password("date of expiry"))?;
        Ok(Self { information: Zeroizing::new(mrz_information(number, birth, expiry)) })
    }

    /// SHA-1 of MRZ_information: all of it for PACE, the first 16 bytes for BAC.
    pub(crate) fn digest(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(HashAlgorithm::Sha1.digest(self.information.as_bytes()))
    }
}

impl From<&Mrz> for MrzKey {
    fn from(mrz: &Mrz) -> Self {
        Self { information: Zeroizing::new(mrz.access_key_information()) }
    }
}

impl fmt::Debug for MrzKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MrzKey(..)")
    }
}

/// The card access number, printed on the document: six digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Can(Zeroizing<String>);

impl Can {
    /// Takes six digits.
    ///
    /// # Errors
    /// [`Error::Password`].
    pub fn new(digits: &str) -> Result<Self, Error> {
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Error::Password("card access number"));
        }
        Ok(Self(Zeroizing::new(digits.to_owned())))
    }

    /// The six digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Can {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Can(..)")
    }
}

/// A password of PACE; the MRZ also opens BAC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Password {
    /// The MRZ.
    Mrz(MrzKey),
    /// The card access number.
    Can(Can),
}

impl Password {
    /// Its number in MSE:Set AT (Doc 9303-11, 4.4.4.1).
    #[must_use]
    pub fn reference(&self) -> u8 {
        match self {
            Self::Mrz(_) => 1,
            Self::Can(_) => 2,
        }
    }

    /// What goes into the key derivation (Doc 9303-11, 9.7.3).
    pub(crate) fn secret(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Mrz(key) => key.digest(),
            Self::Can(can) => Zeroizing::new(can.0.as_bytes().to_vec()),
        }
    }
}

impl From<MrzKey> for Password {
    fn from(key: MrzKey) -> Self {
        Self::Mrz(key)
    }
}

impl From<&MrzKey> for Password {
    fn from(key: &MrzKey) -> Self {
        Self::Mrz(key.clone())
    }
}

impl From<Can> for Password {
    fn from(can: Can) -> Self {
        Self::Can(can)
    }
}

impl From<&Can> for Password {
    fn from(can: &Can) -> Self {
        Self::Can(can.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Doc 9303-11, appendix D.2: the seed of BAC.
    #[test]
    fn the_seed_is_sha_1_of_mrz_information() {
        for number in ["L898902C", "L898902C<"] {
            let key = MrzKey::new(number, "690806", "940623").unwrap();
            assert_eq!(hex::encode(&*key.digest()), "239ab9cb282daf66231dc5a4df6bfbaedf477565");
        }
    }

    /// Doc 9303-11, appendix D.2: a number of TD1 and TD2 that goes on in the optional data.
    #[test]
    fn long_document_numbers_are_taken_whole() {
        let key = MrzKey::new("D23145890734", "340712", "950712").unwrap();
        assert_eq!(key.information.as_str(), "D23145890734934071279507122");
    }

    #[test]
    fn what_stands_in_no_mrz_is_refused() {
        let error = |number: &str, birth, expiry| MrzKey::new(number, birth, expiry).unwrap_err();
        assert!(MrzKey::new("L898902C", "690806", "940623").is_ok());
        for number in ["", "<<<", "l898902c", "L 8", "É", &"1".repeat(23)] {
            assert_eq!(error(number, "690806", "940623"), Error::Password("document number"), "{number}");
        }
        assert_eq!(error("L898902C", "691306", "940623"), Error::Password("date of birth"));
        assert_eq!(error("L898902C", "690806", "9406233"), Error::Password("date of expiry"));
    }

    #[test]
    fn a_card_access_number_has_six_digits() {
        assert_eq!(Password::from(Can::new("500540").unwrap()).reference(), 2);
        for bad in ["", "50054", "5005400", "50054A", "５００"] {
            assert_eq!(Can::new(bad), Err(Error::Password("card access number")), "{bad}");
        }
    }

    #[test]
    fn passwords_are_not_printed() {
        let key = MrzKey::new("L898902C", "690806", "940623").unwrap();
        assert_eq!(format!("{:?}", Password::from(key)), "Mrz(MrzKey(..))");
        assert_eq!(format!("{:?}", Password::from(Can::new("500540").unwrap())), "Can(Can(..))");
    }
}
