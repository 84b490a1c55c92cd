//! The signature of a CMS SignedData (RFC 5652 5.4), as EF.SOD and master lists carry it.

use crypto::{SignatureNotes, SignatureScheme};
use lds::cms::{SignerIdentifier, SignerInfo};

use crate::Rejection;
use crate::certificate::{Certificate, trim_serial};

/// SignerInfo names this certificate.
pub(crate) fn names(sid: &SignerIdentifier, certificate: &Certificate) -> bool {
    match sid {
        SignerIdentifier::IssuerAndSerial { issuer_der, serial } => {
            trim_serial(serial) == certificate.serial && certificate.is_issued_by(issuer_der)
        }
        SignerIdentifier::SubjectKeyIdentifier(identifier) => {
            certificate.subject_key_id.as_ref() == Some(identifier)
        }
    }
}

/// The signature over the signed attributes, by the scheme of SignerInfo: never that of the certificate. And what its form
/// lacks.
pub(crate) fn check_signature(
    info: &SignerInfo,
    signer: &Certificate,
) -> Result<(SignatureScheme, SignatureNotes), Rejection> {
    let unsupported = |error: crypto::Error| Rejection::UnsupportedAlgorithm(error.to_string());
    let scheme = SignatureScheme::from_algorithm_identifier(
        &info.signature_algorithm_der,
        Some(info.digest_algorithm),
    );
    let scheme = scheme.map_err(unsupported)?;
    let key = signer.public_key().map_err(unsupported)?;
    let message = info.signed_attrs_der.as_ref().ok_or(Rejection::SignedAttributesMissing)?;
    let notes = scheme.verify_noting(key, message, &info.signature).or_else(|error| {
        let reordered = info.reordered_attrs().ok_or(error)?;
        scheme.verify_noting(key, &reordered, &info.signature)
    });
    let notes = notes.map_err(|_| Rejection::SodSignature)?;
    Ok((scheme, notes))
}
