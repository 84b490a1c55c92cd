//! The manifest format of `test-vectors/`, for whoever writes or replays it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of the manifest format. A change that a reader must know of counts it up.
pub const SCHEMA_VERSION: u32 = 1;

/// One suite: `test-vectors/<suite>.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this format: [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The suite's name, also its file's.
    pub suite: String,
    /// What all its cases are about.
    pub description: String,
    /// The cases; a twin stands before the cases that name it.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique over all suites: `pa::dg2-hash-mismatch`.
    pub id: String,
    /// One sentence; for a negative case the one thing that is wrong.
    pub description: String,
    /// Traits that a runner may select by: `ecdsa`, `brainpool`, `quirk`.
    #[serde(default)]
    pub flags: Vec<String>,
    /// What it means to get the case wrong.
    #[serde(default)]
    pub importance: Importance,
    /// Which rule, by document and section.
    #[serde(default)]
    pub reference: String,
    /// The time at which everything is judged, RFC 3339.
    pub validation_time: String,
    /// Files as received from the chip: path by name (`EF.SOD`).
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Objects that are no files of a chip: path by name. Suite `master-list`: `list`, and `newest`, a list that was
    /// imported before. Suite `crl`: `crl`, `issuer`, `certificate`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub objects: BTreeMap<String, String>,
    /// What is trusted.
    #[serde(default)]
    pub trust: Trust,
    /// Where the verifier's policy is not the default.
    #[serde(default, skip_serializing_if = "Policy::is_default")]
    pub policy: Policy,
    /// What was received besides the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The outcome.
    pub result: Outcome,
    /// Invalid: the stable code. Acceptable: the code of a verifier that refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<String>,
    /// Negative cases: the id of the valid case that differs in one thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<String>,
}

/// What it means to get a case wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Importance {
    /// An oddity.
    Low,
    /// A real document would be refused, or a formal rule broken.
    #[default]
    Medium,
    /// A document is accepted that should not be.
    High,
    /// A forged or cloned document is accepted.
    Critical,
}

/// The outcome of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every check passes.
    Valid,
    /// Refused with the case's code.
    Invalid,
    /// Policy may decide either way.
    Acceptable,
}

/// Paths of what is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trust {
    /// CSCA certificates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub csca: Vec<String>,
    /// Link certificates: not trusted for themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub link: Vec<String>,
    /// Document signer certificates known beside those in EF.SOD: not trusted for themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dsc: Vec<String>,
    /// Certificate revocation lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crl: Vec<String>,
    /// SHA-256 of the CSCAs that may stand behind a master list, hexadecimal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<String>,
}

/// Where policy is not the default: documents as in the field, any age, any document, no chip proof.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The policy of inspection by its name, `field` or `bsi-tr-03105`; without it, `field`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspection: Option<String>,
    /// The youngest age, in years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_age: Option<u8>,
    /// Accepted document codes; a trailing `*` stands for any ending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_document_codes: Option<Vec<String>>,
    /// A document that offers neither Active nor Chip Authentication is refused.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub chip_proof_required: bool,
}

impl Policy {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What was received besides the files. Bytes are hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "kind")]
pub enum Evidence {
    /// INTERNAL AUTHENTICATE.
    ActiveAuthentication {
        /// The challenge that the server drew, 8 bytes.
        challenge: String,
        /// The chip's answer.
        signature: String,
    },
    /// The server's part of Chip Authentication and the chip's answers under the new keys.
    ChipAuthentication {
        /// The number of the server's one-use key, big-endian, in the group of the key in EF.DG14.
        terminal_private_key: String,
        /// The protocol, dotted: the one that the verifier must choose.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protocol: Option<String>,
        /// The number of the key in EF.DG14, if it has one: the one that the verifier must choose.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key_id: Option<u64>,
        /// The protected commands, as they were sent; not judged.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        commands: Vec<String>,
        /// Raw responses, status word included; the send sequence counter begins at 0.
        responses: Vec<String>,
        /// What each response says. Without it they are the answers to SELECT EF.DG1 and to one READ BINARY of the length
        /// of `EF.DG1`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        plaintexts: Vec<String>,
    },
    /// A run of PACE with Chip Authentication mapping, as the terminal recorded it, with its own private keys.
    PaceCam {
        /// The protocol, dotted: one that EF.CardAccess offers.
        protocol: String,
        /// K_pi (Doc 9303-11 9.7.3).
        password_key: String,
        /// The terminal's private mapping key, big-endian.
        mapping_private_key: String,
        /// The terminal's private key on the mapped generator, big-endian.
        ephemeral_private_key: String,
        /// The chip's four answers to GENERAL AUTHENTICATE, status words included.
        responses: Vec<String>,
    },
    /// The MRZ on the document's page, as it was read: lines separated by line feeds.
    OpticalMrz {
        /// The text.
        text: String,
    },
    /// A text to be read as an MRZ: lines separated by line feeds.
    Mrz {
        /// The text.
        text: String,
    },
}
