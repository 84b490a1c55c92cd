//! Why a document, a chip or a holder is refused.

use crate::ChipProtocol;

/// The first step that failed, one variant for each step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// There is no EF.SOD.
    #[error("EF.SOD is missing")]
    SodMissing,
    /// A file is not what it should be.
    #[error(transparent)]
    File(#[from] lds::Error),
    /// No certificate is the one that EF.SOD names as its signer's.
    #[error("no certificate of the document signer")]
    DscMissing,
    /// The document signer certificate cannot be read; its part.
    #[error("the document signer certificate is malformed: {0}")]
    DscMalformed(&'static str),
    /// No trusted CSCA issued the document signer certificate.
    #[error("no trusted CSCA issued the document signer certificate")]
    CscaUnknown,
    /// A CSCA is named as the issuer by its key identifier, and did not sign.
    #[error("the signature of the document signer certificate is wrong")]
    DscSignature,
    /// The document signer certificate, or another one of its key, is distrusted.
    #[error("the document signer is distrusted")]
    DscDistrusted,
    /// The CSCA or a link certificate of the path, or another one of its key, is distrusted.
    #[error("the CSCA is distrusted")]
    CscaDistrusted,
    /// A critical extension that is not known, of the CSCA or a link certificate; its OID.
    #[error("critical extension {0} of the CSCA certificate is not known")]
    CscaCriticalExtension(String),
    /// More CAs stand between CSCA and document signer than one of them allows.
    #[error("the path from the document signer to the CSCA is longer than a certificate allows")]
    PathLength,
    /// The algorithm inside the document signer certificate is not the one outside.
    #[error("the document signer certificate names two signature algorithms")]
    DscAlgorithmMismatch,
    /// Policy refuses a departure from the profile; its code.
    #[error("the document signer certificate is not by the profile: {0}")]
    DscProfile(&'static str),
    /// An algorithm or curve that is not in the tables.
    #[error("unsupported: {0}")]
    UnsupportedAlgorithm(String),
    /// The document signer certificate is not valid yet.
    #[error("the document signer certificate is not valid yet")]
    DscNotYetValid,
    /// The document signer certificate has expired.
    #[error("the document signer certificate has expired")]
    DscExpired,
    /// A CSCA or link certificate of the path is not valid yet.
    #[error("the CSCA certificate is not valid yet")]
    CscaNotYetValid,
    /// A CSCA or link certificate of the path has expired.
    #[error("the CSCA certificate has expired")]
    CscaExpired,
    /// A CRL of the issuer lists the document signer certificate, or a link certificate of the path.
    #[error("the document signer certificate is revoked")]
    DscRevoked,
    /// There is no usable CRL, and policy demands one.
    #[error("whether the document signer certificate is revoked is not known")]
    RevocationUndetermined,
    /// The key of the certificate may not sign documents.
    #[error("the key of the document signer certificate may not sign documents")]
    DscKeyUsage,
    /// A critical extension that is not known; its OID.
    #[error("critical extension {0} of the document signer certificate is not known")]
    DscCriticalExtension(String),
    /// Document signer, CSCA and document are not of one State.
    #[error("{0} are not of one State")]
    CountryMismatch(&'static str),
    /// eContentType or the attribute contentType.
    #[error("the content type of EF.SOD is not that of a security object")]
    ContentType,
    /// Policy refuses a departure of EF.SOD from its profile; its code.
    #[error("EF.SOD is not by the profile: {0}")]
    SodProfile(&'static str),
    /// The signed attributes are missing.
    #[error("EF.SOD has no signed attributes")]
    SignedAttributesMissing,
    /// The attribute messageDigest is not the digest of the security object.
    #[error("the message digest of EF.SOD is wrong")]
    MessageDigest,
    /// The signature of EF.SOD.
    #[error("the signature of EF.SOD is wrong")]
    SodSignature,
    /// Policy refuses an algorithm.
    #[error("{0} is too weak")]
    WeakAlgorithm(String),
    /// Policy refuses a key.
    #[error("{0} is too short")]
    WeakKey(String),
    /// A data group that was sent, or that every document has, stands not in EF.SOD.
    #[error("EF.SOD holds no hash of DG{0}")]
    NotInSod(u8),
    /// A data group that must be read was not sent.
    #[error("DG{0} is missing")]
    DataGroupMissing(u8),
    /// A data group is not the one that was signed.
    #[error("the hash of DG{0} is not the one in EF.SOD")]
    HashMismatch(u8),
    /// EF.COM and EF.SOD differ, and policy refuses that.
    #[error("EF.COM and EF.SOD differ")]
    ComMismatch,
    /// Policy refuses a field of a data group that is not as the standard says; its code.
    #[error("DG{0} is not as the standard says: {1}")]
    DataGroupProfile(u8, &'static str),
    /// EF.CardAccess leaves out a way of PACE that a signed file has: somebody may have taken it away.
    #[error("EF.CardAccess offers less than the signed files")]
    PaceDowngrade,
    /// EF.CardAccess and a signed file differ, and policy refuses that.
    #[error("EF.CardAccess and {0} differ")]
    CardAccessMismatch(&'static str),
    /// EF.CardSecurity is not what the State signed, and policy refuses that; which part.
    #[error("EF.CardSecurity is not signed as it should be: {0}")]
    CardSecurity(&'static str),
    /// The MRZ on the page is not that of DG1; the field.
    #[error("the MRZ on the page is not that of DG1: {0}")]
    MrzMismatch(&'static str),
    /// Policy accepts no documents of this State.
    #[error("documents of this State are not accepted")]
    StateNotAccepted,
    /// Policy accepts no documents of this type.
    #[error("documents of this type are not accepted")]
    TypeNotAccepted,
    /// The document signer may not sign this kind of document.
    #[error("the document signer may not sign documents of this type")]
    DocumentType,
    /// The document has expired.
    #[error("the document has expired")]
    DocumentExpired,
    /// The document offers neither Chip nor Active Authentication, and policy demands one.
    #[error("the document offers no proof of its chip")]
    ChipNotOffered,
    /// A protocol that the document announces was not answered.
    #[error("{0} is announced and was not answered")]
    ChipProofMissing(ChipProtocol),
    /// A proof, a step of it or a data group belongs to another document.
    #[error("the proof is another document's")]
    ChipProofOfAnotherDocument,
    /// Chip Authentication failed.
    #[error("Chip Authentication: {0}")]
    ChipAuthentication(emrtd::Error),
    /// The chip read out another EF.DG1 than the one under EF.SOD.
    #[error("the chip read out another DG1")]
    Dg1Mismatch,
    /// Active Authentication failed.
    #[error("Active Authentication: {0}")]
    ActiveAuthentication(emrtd::Error),
    /// EF.DG2 was erased: no holder can be matched any more.
    #[error("the portrait is erased")]
    PortraitErased,
    /// The face result is not about this portrait, or not good enough.
    #[error(transparent)]
    Face(#[from] face::Error),
}

impl Rejection {
    /// The stable machine code (docs/protocols.md, section 5).
    #[must_use]
    pub fn code(&self) -> String {
        let fixed = match self {
            Self::File(error) => return error.code(),
            Self::UnsupportedAlgorithm(name) => return format!("pa.unsupported-algorithm({name})"),
            Self::WeakAlgorithm(name) => return format!("pa.weak-algorithm({name})"),
            Self::WeakKey(name) => return format!("pa.weak-key({name})"),
            Self::DscMalformed(part) => return format!("pa.dsc-malformed({part})"),
            Self::CardSecurity(part) => return format!("pa.card-security-{part}"),
            Self::MrzMismatch(field) => return format!("lds.mrz-mismatch({field})"),
            Self::SodProfile(code) => return format!("pa.{code}"),
            Self::DscProfile(code) => return format!("pa.dsc-{code}"),
            Self::DataGroupProfile(n, code) => return format!("lds.dg{n}.{code}"),
            Self::NotInSod(n) => return format!("pa.not-in-sod(DG{n})"),
            Self::DataGroupMissing(n) => return format!("pa.data-group-missing(DG{n})"),
            Self::HashMismatch(n) => return format!("pa.hash-mismatch(DG{n})"),
            Self::ChipProofMissing(protocol) => {
                return format!("chip.proof-missing({})", protocol.short_name());
            }
            Self::SodMissing => "pa.sod-missing",
            Self::DscMissing => "pa.dsc-missing",
            Self::CscaUnknown => "pa.csca-unknown",
            Self::DscDistrusted => "pa.dsc-not-trusted",
            Self::CscaDistrusted => "pa.csca-not-trusted",
            Self::CscaCriticalExtension(_) => "pa.csca-critical-extension",
            Self::PathLength => "pa.path-length",
            Self::DscAlgorithmMismatch => "pa.dsc-algorithm-mismatch",
            Self::DscSignature => "pa.dsc-signature",
            Self::DscNotYetValid => "pa.dsc-not-yet-valid",
            Self::DscExpired => "pa.dsc-expired",
            Self::CscaNotYetValid => "pa.csca-not-yet-valid",
            Self::CscaExpired => "pa.csca-expired",
            Self::DscRevoked => "pa.dsc-revoked",
            Self::RevocationUndetermined => "pa.revocation-undetermined",
            Self::DscKeyUsage => "pa.dsc-key-usage",
            Self::DscCriticalExtension(_) => "pa.dsc-critical-extension",
            Self::CountryMismatch(_) => "pa.country-mismatch",
            Self::ContentType => "pa.content-type",
            Self::SignedAttributesMissing => "pa.signed-attributes",
            Self::MessageDigest => "pa.message-digest",
            Self::SodSignature => "pa.sod-signature",
            Self::ComMismatch => "lds.com-sod-mismatch",
            Self::PaceDowngrade => "lds.card-access-downgrade",
            Self::CardAccessMismatch(_) => "lds.card-access-mismatch",
            Self::StateNotAccepted => "pa.state-not-accepted",
            Self::TypeNotAccepted => "pa.document-type-not-accepted",
            Self::DocumentType => "pa.document-type",
            Self::DocumentExpired => "pa.document-expired",
            Self::ChipNotOffered => "chip.not-offered",
            Self::ChipProofOfAnotherDocument => "chip.other-document",
            Self::ChipAuthentication(error) | Self::ActiveAuthentication(error) => error.code(),
            Self::Dg1Mismatch => "ca.dg1-mismatch",
            Self::PortraitErased => "face.portrait-erased",
            Self::Face(error) => error.code(),
        };
        fixed.to_owned()
    }
}
