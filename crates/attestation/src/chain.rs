//! Steps 1 to 7: the chain of certificates; and that of App Attest.

use clock::UnixTime;
use crypto::{PublicKey, SignatureScheme};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::x509::X509Name;

use crate::tlv::{Reader, SEQUENCE};
use crate::{AttestationPolicy, Environment, Error, Revocation, TrustAnchor};

/// The extension that describes the key.
const KEY_DESCRIPTION: &str = "1.3.6.1.4.1.11129.2.1.17";
const COMMON_NAME: &str = "2.5.4.3";
const SERIAL_NUMBER: &str = "2.5.4.5";
const ORGANIZATION: &str = "2.5.4.10";
/// The longest certificate that is parsed, in bytes; ML-DSA certificates have 5 to 8 thousand.
const MAX_CERTIFICATE: usize = 16 * 1024;

/// How the phone got its attestation key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Provisioning {
    /// In the factory: root, intermediate, attestation key, leaf. These certificates are used beyond their end.
    Factory,
    /// Remotely, renewed every few weeks: root, Droid CA2, Droid CA3, attestation key, leaf.
    Remote,
}

/// A chain whose certificates were verified up to a trusted root.
pub(crate) struct VerifiedChain<'a> {
    leaf: X509Certificate<'a>,
    /// The attestation key's certificate says that it belongs to a StrongBox.
    pub(crate) strongbox_issuer: bool,
    /// The root is a demo root.
    pub(crate) demo: bool,
}

impl<'a> VerifiedChain<'a> {
    /// Steps 1 to 7.
    pub(crate) fn verify(
        chain: &'a [Vec<u8>],
        policy: &AttestationPolicy,
        at: UnixTime,
    ) -> Result<Self, Error> {
        // 1
        if !(3..=5).contains(&chain.len()) {
            return Err(Error::Chain);
        }
        let mut certificates = chain.iter().map(|der| parse(der)).collect::<Result<Vec<_>, _>>()?;
        let root = certificates.last().ok_or(Error::Chain)?;
        if root.subject().as_raw() != root.issuer().as_raw() {
            return Err(Error::Chain);
        }
        // 2
        let provisioning = provisioning(&certificates)?;
        // 3
        let anchor = anchor(root, policy)?;
        // 4, 5: from the root down
        for i in (0..certificates.len() - 1).rev() {
            verify_issued(i, &chain[i], &certificates[i], &certificates[i + 1])?;
            verify_validity(i, &certificates[i], provisioning, at)?;
        }
        // 6
        verify_not_revoked(&certificates, &policy.revocation, at)?;
        // 7
        verify_extension_place(&certificates)?;
        let strongbox_issuer = names_strongbox(certificates[1].subject());
        Ok(Self { leaf: certificates.swap_remove(0), strongbox_issuer, demo: anchor.is_demo() })
    }

    /// The extension's value.
    pub(crate) fn key_description(&self) -> Result<&'a [u8], Error> {
        extension(&self.leaf, KEY_DESCRIPTION)?.ok_or(Error::ExtensionMissing)
    }

    /// The extension of a leaf, without any check of its chain.
    #[cfg(test)]
    pub(crate) fn leaf_description(leaf: &'a [u8]) -> Result<&'a [u8], Error> {
        extension(&parse(leaf)?, KEY_DESCRIPTION)?.ok_or(Error::ExtensionMissing)
    }

    /// The attested key.
    pub(crate) fn public_key(&self) -> Result<PublicKey, Error> {
        let (key, _) =
            PublicKey::from_spki_der(self.leaf.public_key().raw).map_err(|_| Error::UnsupportedKey)?;
        Ok(key)
    }
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, Error> {
    if der.len() > MAX_CERTIFICATE {
        return Err(Error::Malformed("certificate"));
    }
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(Error::Malformed("certificate")),
    }
}

/// Step 2, told by the intermediate nearest the root.
fn provisioning(certificates: &[X509Certificate<'_>]) -> Result<Provisioning, Error> {
    let subject = certificates[certificates.len() - 2].subject();
    match certificates.len() {
        4 if attribute(subject, SERIAL_NUMBER).is_some() => Ok(Provisioning::Factory),
        5 if attribute(subject, COMMON_NAME) == Some("Droid CA2")
            && attribute(subject, ORGANIZATION) == Some("Google LLC") =>
        {
            Ok(Provisioning::Remote)
        }
        _ => Err(Error::Provisioning),
    }
}

/// Step 3.
fn anchor<'p>(root: &X509Certificate<'_>, policy: &'p AttestationPolicy) -> Result<&'p TrustAnchor, Error> {
    trusted(policy.anchors.iter().find(|anchor| anchor.is(root)), policy.environment)
}

fn trusted(anchor: Option<&TrustAnchor>, environment: Environment) -> Result<&TrustAnchor, Error> {
    let anchor = anchor.ok_or(Error::Root)?;
    if anchor.is_demo() && environment != Environment::Demo {
        return Err(Error::DemoRoot);
    }
    Ok(anchor)
}

/// Step 4: names, the issuer's right to issue, and the signature over the certificate's bytes as they came.
fn verify_issued(
    i: usize,
    der: &[u8],
    certificate: &X509Certificate<'_>,
    issuer: &X509Certificate<'_>,
) -> Result<(), Error> {
    let usage = issuer.key_usage().map_err(|_| Error::Malformed("certificate"))?;
    let may_issue = issuer.is_ca() && usage.is_none_or(|usage| usage.value.key_cert_sign());
    if certificate.issuer().as_raw() != issuer.subject().as_raw() || !may_issue {
        return Err(Error::Issuer(i));
    }
    verify_signature(i, der, certificate, issuer.public_key().raw)
}

fn verify_signature(
    i: usize,
    der: &[u8],
    certificate: &X509Certificate<'_>,
    issuer_spki: &[u8],
) -> Result<(), Error> {
    let mut outer = Reader::new(der, "certificate");
    let mut fields = outer.inner(SEQUENCE)?;
    let (signed, algorithm) = (fields.any()?.raw, fields.any()?.raw);
    let whole_bytes = certificate.signature_value.unused_bits == 0;
    if certificate.signature_algorithm != certificate.tbs_certificate.signature || !whole_bytes {
        return Err(Error::Malformed("certificate"));
    }
    let verify = || {
        let (key, _) = PublicKey::from_spki_der(issuer_spki)?;
        let scheme = SignatureScheme::from_algorithm_identifier(algorithm, None)?;
        scheme.verify(&key, signed, &certificate.signature_value.data)
    };
    verify().map_err(|_| Error::Signature(i))
}

/// The chain of App Attest, which comes without its root: each certificate was issued by the next one, the last by an
/// anchor, and all are valid. Gives the leaf, and whether the anchor is a demo root.
pub(crate) fn verify_below<'a>(
    chain: &'a [Vec<u8>],
    anchors: &[TrustAnchor],
    environment: Environment,
    at: UnixTime,
) -> Result<(X509Certificate<'a>, bool), Error> {
    if !(2..=3).contains(&chain.len()) {
        return Err(Error::Chain);
    }
    let mut certificates = chain.iter().map(|der| parse(der)).collect::<Result<Vec<_>, _>>()?;
    let last = certificates.len() - 1;
    let anchor = anchors.iter().find(|anchor| anchor.names_issuer_of(&certificates[last]));
    let anchor = trusted(anchor, environment)?;
    verify_signature(last, &chain[last], &certificates[last], anchor.spki())?;
    for i in (0..last).rev() {
        verify_issued(i, &chain[i], &certificates[i], &certificates[i + 1])?;
    }
    for (i, certificate) in certificates.iter().enumerate() {
        let validity = certificate.validity();
        if at.0 < validity.not_before.timestamp() || at.0 > validity.not_after.timestamp() {
            return Err(Error::Validity(i));
        }
    }
    Ok((certificates.swap_remove(0), anchor.is_demo()))
}

/// Step 5. The leaf's dates are the phone's own and say nothing.
fn verify_validity(
    i: usize,
    certificate: &X509Certificate<'_>,
    provisioning: Provisioning,
    at: UnixTime,
) -> Result<(), Error> {
    let validity = certificate.validity();
    let expired = provisioning == Provisioning::Remote && at.0 > validity.not_after.timestamp();
    if i > 0 && (at.0 < validity.not_before.timestamp() || expired) {
        return Err(Error::Validity(i));
    }
    Ok(())
}

/// Step 6.
fn verify_not_revoked(
    certificates: &[X509Certificate<'_>],
    revocation: &Revocation,
    at: UnixTime,
) -> Result<(), Error> {
    let Revocation::Required { list, max_age } = revocation else {
        return Ok(());
    };
    let fresh = list.as_ref().filter(|list| at.since(list.fetched_at()) <= *max_age);
    let list = fresh.ok_or(Error::StatusUnavailable)?;
    let revoked = |certificate: &X509Certificate<'_>| {
        list.contains(&certificate.tbs_certificate.serial.to_str_radix(16))
    };
    certificates.iter().position(revoked).map_or(Ok(()), |i| Err(Error::Revoked(i)))
}

/// Step 7. An attested key that signs a certificate of its own would put the extension above the leaf.
fn verify_extension_place(certificates: &[X509Certificate<'_>]) -> Result<(), Error> {
    for (i, certificate) in certificates.iter().enumerate() {
        match (i, extension(certificate, KEY_DESCRIPTION)?) {
            (0, None) => return Err(Error::ExtensionMissing),
            (0, Some(_)) | (_, None) => {}
            (_, Some(_)) => return Err(Error::ExtensionMisplaced(i)),
        }
    }
    Ok(())
}

/// An attestation extension, which may stand once.
pub(crate) fn extension<'a>(certificate: &X509Certificate<'a>, oid: &str) -> Result<Option<&'a [u8]>, Error> {
    let mut found = certificate.extensions().iter().filter(|e| e.oid.to_id_string() == oid).map(|e| e.value);
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(Error::Malformed("certificate")),
        (value, None) => Ok(value),
    }
}

fn attribute<'a>(name: &'a X509Name<'_>, oid: &str) -> Option<&'a str> {
    name.iter_attributes().find(|a| a.attr_type().to_id_string() == oid).and_then(|a| a.as_str().ok())
}

/// Remote: `O=StrongBox`; factory: `title=StrongBox`.
fn names_strongbox(name: &X509Name<'_>) -> bool {
    name.iter_attributes()
        .filter_map(|a| a.as_str().ok())
        .any(|value| value.to_ascii_lowercase().contains("strongbox"))
}

#[cfg(test)]
mod tests;
