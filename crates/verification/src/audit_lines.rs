//! What an audit says of each thing that it met: plain data, written as JSON.

use serde::Serialize;

use crate::{Finding, Role};

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateAudit {
    /// SHA-256 of the DER, hex.
    pub sha256: String,
    /// The first file that had it.
    pub source: String,
    /// `ok`, or the part that is missing or malformed.
    pub parse: String,
    /// What it is for, by what it says of itself.
    pub role: Option<Role>,
    /// The subject's country, in upper case.
    pub country: Option<String>,
    /// Such as `RSA-4096` or `brainpoolP256r1`, or why the key cannot be used.
    pub key: Option<String>,
    /// The scheme of its signature, or why that is unknown.
    pub signature: Option<String>,
    /// SHA-256 of every certificate given whose key verifies it, hex, itself included.
    pub verified_by: Vec<String>,
    /// Departures from the profile.
    pub findings: Vec<Finding>,
}

/// A CRL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CrlAudit {
    /// SHA-256 of the DER, hex.
    pub sha256: String,
    /// The file.
    pub source: String,
    /// The issuer's country.
    pub country: Option<String>,
    /// When it was made, RFC 3339.
    pub this_update: String,
    /// When the next one is due.
    pub next_update: Option<String>,
    /// How many certificates it revokes.
    pub revoked: usize,
    /// The scheme of its signature, or why that is unknown.
    pub signature: String,
    /// Departures in the form of that signature.
    pub findings: Vec<Finding>,
    /// SHA-256 of every certificate given whose key verifies it, hex.
    pub verified_by: Vec<String>,
}

/// A master list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MasterListAudit {
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// The file.
    pub source: String,
    /// When it says that it was signed.
    pub signed_at: Option<String>,
    /// How many certificates it lists, copies counted.
    pub certificates: usize,
    /// Whether its signature is right under the certificate that it carries for its signer; if not, why.
    pub signature: String,
    /// Departures in the form of that signature.
    pub findings: Vec<Finding>,
    /// SHA-256 of the signer's certificate, hex.
    pub signer: Option<String>,
    /// SHA-256 of every certificate given whose key verifies the signer's certificate, hex: candidates for a pin.
    pub signer_verified_by: Vec<String>,
    /// All of these are in the file itself: it vouches for itself, as long as none is pinned.
    pub vouches_for_itself: bool,
}

/// What kind of list about documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListKind {
    /// A State tells of its documents (Doc 9303-3 10).
    Deviations,
    /// A State tells of document signers (BSI TR-03129-2 7).
    Defects,
}

/// A deviation list or a defect list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultListAudit {
    /// Which of the two.
    pub kind: ListKind,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// The file.
    pub source: String,
    /// When it says that it was signed.
    pub signed_at: Option<String>,
    /// How many deviations, or document signers with defects, it tells of.
    pub entries: usize,
    /// Whether its signature is right under the certificate that it carries for its signer; if not, why.
    pub signature: String,
    /// SHA-256 of the signer's certificate, hex.
    pub signer: Option<String>,
    /// SHA-256 of every certificate given whose key verifies the signer's certificate, hex: candidates for a pin.
    pub signer_verified_by: Vec<String>,
}

/// A part of a file that is nothing known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// The file.
    pub source: String,
    /// Why.
    pub reason: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TrustAudit {
    /// Each certificate once, in the order they came.
    pub certificates: Vec<CertificateAudit>,
    /// The CRLs.
    pub crls: Vec<CrlAudit>,
    /// The master lists.
    pub master_lists: Vec<MasterListAudit>,
    /// Deviation lists and defect lists.
    pub fault_lists: Vec<FaultListAudit>,
    /// The rest.
    pub unreadable: Vec<Unreadable>,
}
