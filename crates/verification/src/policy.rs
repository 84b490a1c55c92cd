//! What the standard leaves open and an operator decides.

use serde::{Deserialize, Serialize};

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
    /// The shortest RSA modulus of an Active Authentication key, in bits: chips have 1024 of them.
    pub min_chip_rsa_bits: usize,
    /// Refuse a document signer of whose issuer there is no usable CRL.
    pub require_revocation_status: bool,
    /// Accept a document after its date of expiry.
    pub accept_expired_document: bool,
    /// Accept a document that offers neither Chip nor Active Authentication.
    pub accept_chip_not_offered: bool,
    /// A document that offers both Chip and Active Authentication needs the success of one only. A wrong answer
    /// refuses in any case.
    pub one_chip_proof_suffices: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            version: "1".to_owned(),
            accept_sha1: true,
            min_rsa_bits: 2048,
            min_chip_rsa_bits: 1024,
            require_revocation_status: false,
            accept_expired_document: false,
            accept_chip_not_offered: false,
            one_chip_proof_suffices: false,
        }
    }
}
