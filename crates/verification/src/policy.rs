//! What the standard leaves open and an operator decides.

use std::collections::BTreeMap;
use std::fmt;

use clock::UnixTime;
use crypto::{Curve, HashAlgorithm, PublicKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const FIELD: &str = include_str!("../policies/field.toml");
const BSI_TR_03105: &str = include_str!("../policies/bsi-tr-03105.toml");

/// What follows from something that is not as it should be, and that no signature hangs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consequence {
    /// It is told, as a deviation.
    #[default]
    Finding,
    /// The document is refused.
    Refuse,
}

/// At which time certificates must be valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValidityModel {
    /// The shell model: document signer, link certificates and CSCA are all valid at the time of the inspection. The
    /// signing time in EF.SOD is the signer's own word: evidence that is told, never a reason to accept.
    #[default]
    Shell,
}

/// A day, `2031-01-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub UnixTime);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.0.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let day =
            Some(&text).filter(|text| text.len() == 10).and_then(|text| UnixTime::from_rfc3339(text).ok());
        day.map(Self)
            .ok_or_else(|| serde::de::Error::custom(format!("{text} is not a day such as 2031-01-01")))
    }
}

/// The decisions of an inspection that are not the standard's. Whatever it lets through stands in the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Goes into every report.
    pub version: String,
    /// SHA-1 in a signature or as the hash of the data groups: a deviation if true, else refused. A third of the
    /// document signers known in 2026 sign with it.
    pub accept_sha1: bool,
    /// The shortest RSA modulus of CSCA and document signer, in bits.
    pub min_rsa_bits: usize,
    /// The shortest order of a curve of CSCA and document signer, in bits.
    pub min_ec_bits: usize,
    /// The shortest DSA modulus of CSCA and document signer, in bits.
    pub min_dsa_bits: usize,
    /// The shortest RSA modulus of an Active Authentication key, in bits: chips have 1024 of them.
    pub min_chip_rsa_bits: usize,
    /// The shortest order of a curve of a Chip Authentication key, in bits.
    pub min_chip_ec_bits: usize,
    /// The shortest modulus of a Chip Authentication key in a prime field, in bits: one of the standardised groups has
    /// 1024 of them.
    pub min_chip_dh_bits: usize,
    /// Refuse a document signer of whose issuer there is no usable CRL.
    pub require_revocation_status: bool,
    /// Accept a document after its date of expiry.
    pub accept_expired_document: bool,
    /// Accept a document that offers neither Chip nor Active Authentication.
    pub accept_chip_not_offered: bool,
    /// A document that offers both Chip and Active Authentication needs the success of one only. A wrong answer
    /// refuses in any case.
    pub one_chip_proof_suffices: bool,
    /// At which time certificates must be valid.
    pub validity_model: ValidityModel,
    /// From which day on a hash is refused, by its name (`SHA-1`).
    pub retired_hashes: BTreeMap<String, Day>,
    /// The shortest RSA modulus of CSCA and document signer from a day on, in bits.
    pub min_rsa_bits_from: BTreeMap<Day, usize>,
    /// The shortest order of a curve from a day on, in bits.
    pub min_ec_bits_from: BTreeMap<Day, usize>,
    /// The shortest DSA modulus from a day on, in bits.
    pub min_dsa_bits_from: BTreeMap<Day, usize>,
    /// For how many days after its next update a CRL still says that a certificate is not revoked.
    pub crl_grace_days: u32,
    /// Issuing States whose documents are accepted, as the MRZ writes them; none listed: all.
    pub accepted_states: Vec<String>,
    /// Document codes that are accepted; one letter stands for all codes that begin with it; none listed: all.
    pub accepted_document_types: Vec<String>,
    /// EF.COM, which is not signed, lists other data groups or another LDS version than EF.SOD.
    pub com_mismatch: Consequence,
    /// EF.CardAccess, which is not signed, offers PACE otherwise than the signed files say. That it leaves out what
    /// they say is a downgrade, refused by every policy.
    pub card_access_mismatch: Consequence,
    /// The document signer certificate is not by the profile of Doc 9303-12 7.1 (see [`crate::Finding::gates`]).
    pub certificate_profile: Consequence,
    /// EF.SOD is not by the profile of Doc 9303-10 4.6.2: versions that do not go with the rest, digest algorithms
    /// that are none, a tolerated content type. What is signed is not in question.
    pub sod_profile: Consequence,
    /// DG1, DG2 or DG14 can be read and has a field that the standard does not know: a document code, the format of
    /// the portrait, an identifier or a version of Chip Authentication.
    pub data_group_profile: Consequence,
    /// The MRZ on the page, if it was read, is not that of DG1.
    pub optical_mrz_mismatch: Consequence,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            version: "1".to_owned(),
            accept_sha1: true,
            min_rsa_bits: 2048,
            min_ec_bits: 192,
            min_dsa_bits: 2048,
            min_chip_rsa_bits: 1024,
            min_chip_ec_bits: 192,
            min_chip_dh_bits: 1024,
            require_revocation_status: false,
            accept_expired_document: false,
            accept_chip_not_offered: false,
            one_chip_proof_suffices: false,
            validity_model: ValidityModel::Shell,
            retired_hashes: BTreeMap::new(),
            min_rsa_bits_from: BTreeMap::new(),
            min_ec_bits_from: BTreeMap::new(),
            min_dsa_bits_from: BTreeMap::new(),
            crl_grace_days: 0,
            accepted_states: Vec::new(),
            accepted_document_types: Vec::new(),
            com_mismatch: Consequence::Finding,
            card_access_mismatch: Consequence::Finding,
            certificate_profile: Consequence::Finding,
            sod_profile: Consequence::Finding,
            data_group_profile: Consequence::Finding,
            optical_mrz_mismatch: Consequence::Refuse,
        }
    }
}

impl Policy {
    /// Documents as they are in the field: what the standard's signatures do not hang on is told.
    ///
    /// # Panics
    /// Never: the file is part of this crate.
    #[must_use]
    pub fn field() -> Self {
        Self::from_toml(FIELD).expect("a shipped policy")
    }

    /// BSI TR-03105 part 5.1: what the test plan calls a failed inspection refuses.
    ///
    /// # Panics
    /// Never: the file is part of this crate.
    #[must_use]
    pub fn bsi_tr_03105() -> Self {
        Self::from_toml(BSI_TR_03105).expect("a shipped policy")
    }

    /// A shipped policy by its name, `field` or `bsi-tr-03105`.
    #[must_use]
    pub fn shipped(name: &str) -> Option<Self> {
        match name {
            "field" => Some(Self::field()),
            "bsi-tr-03105" => Some(Self::bsi_tr_03105()),
            _ => None,
        }
    }

    /// Reads a policy. What is not written is as in [`Policy::default`].
    ///
    /// # Errors
    /// Not TOML, an unknown key, a value of another kind.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The hash is refused at this time.
    pub(crate) fn refuses_hash(&self, hash: HashAlgorithm, at: UnixTime) -> bool {
        let retired = self.retired_hashes.get(hash.name()).is_some_and(|day| day.0 <= at);
        retired || (hash == HashAlgorithm::Sha1 && !self.accept_sha1)
    }

    /// The key of a CSCA or document signer is refused at this time: it is shorter than its kind may be.
    pub(crate) fn refuses_key(&self, key: &PublicKey, at: UnixTime) -> bool {
        let (bits, least, from) = match key {
            PublicKey::Rsa(key) => (key.bits(), self.min_rsa_bits, &self.min_rsa_bits_from),
            PublicKey::Ec(key) => (order_bits(key.curve()), self.min_ec_bits, &self.min_ec_bits_from),
            PublicKey::Dsa(key) => (key.bits(), self.min_dsa_bits, &self.min_dsa_bits_from),
            // It signs nothing.
            _ => return false,
        };
        let later = from.iter().filter(|(day, _)| day.0 <= at).map(|(_, bits)| *bits).max();
        bits < later.unwrap_or(0).max(least)
    }
}

/// A key by its kind and length, as codes and tables write it: `RSA-2048`, `P-256`, `DSA-2048`.
pub(crate) fn key_name(key: &PublicKey) -> String {
    match key {
        PublicKey::Rsa(key) => format!("RSA-{}", key.bits()),
        PublicKey::Ec(key) => key.curve().name().to_owned(),
        PublicKey::Dsa(key) => format!("DSA-{}", key.bits()),
        _ => "another kind".to_owned(),
    }
}

pub(crate) fn order_bits(curve: Curve) -> usize {
    let order = curve.order();
    let first = order.iter().position(|byte| *byte != 0).unwrap_or(order.len());
    let zeros = order.get(first).map_or(0, |byte| byte.leading_zeros() as usize);
    (order.len() - first) * 8 - zeros
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> UnixTime {
        UnixTime::from_rfc3339(text).unwrap()
    }

    #[test]
    fn the_shipped_policies_write_every_key() {
        let keys = |text: &str| text.parse::<toml::Table>().unwrap().into_iter().map(|(key, _)| key);
        let all: Vec<String> = keys(&toml::to_string(&Policy::default()).unwrap()).collect();
        for text in [FIELD, BSI_TR_03105] {
            assert_eq!(keys(text).collect::<Vec<_>>(), all);
        }
        assert_eq!(Policy { version: "1".to_owned(), ..Policy::field() }, Policy::default());
        assert_eq!(Policy::shipped("bsi-tr-03105"), Some(Policy::bsi_tr_03105()));
        assert_eq!(Policy::shipped("strict"), None);
    }

    #[test]
    fn an_algorithm_retires_on_its_day() {
        let policy = Policy::from_toml("retired_hashes = { SHA-224 = '2030-01-01' }").unwrap();
        assert!(!policy.refuses_hash(HashAlgorithm::Sha224, day("2029-12-31")));
        assert!(policy.refuses_hash(HashAlgorithm::Sha224, day("2030-01-01")));
        assert!(!policy.refuses_hash(HashAlgorithm::Sha256, day("2030-01-01")));
    }

    #[test]
    fn the_order_of_a_curve_has_its_bits() {
        let bits = |name: &str| Curve::all().find(|curve| curve.name() == name).map(order_bits);
        assert_eq!(bits("P-192"), Some(192));
        assert_eq!(bits("P-224"), Some(224));
        assert_eq!(bits("P-521"), Some(521));
        assert_eq!(bits("brainpoolP320r1"), Some(320));
    }

    #[test]
    fn an_unknown_key_and_a_day_that_is_none_are_refused() {
        assert!(Policy::from_toml("accept_md5 = true").is_err());
        assert!(Policy::from_toml("retired_hashes = { SHA-1 = 'soon' }").is_err());
    }
}
