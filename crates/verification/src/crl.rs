//! Certificate revocation lists (Doc 9303-12 7.1.4).

use std::collections::BTreeSet;

use clock::UnixTime;
use crypto::sha256;
use x509_parser::prelude::{FromDer as _, ParsedExtension};
use x509_parser::revocation_list::CertificateRevocationList;

use crate::certificate::{Certificate, Signed, trim_serial};
use crate::name::Name;

/// The longest CRL that is parsed, in bytes.
const MAX_CRL: usize = 16 * 1024 * 1024;

/// A CRL, its signature not yet looked at.
#[derive(Clone, Debug)]
pub(crate) struct Crl {
    pub(crate) sha256: [u8; 32],
    pub(crate) issuer: Name,
    pub(crate) this_update: UnixTime,
    pub(crate) next_update: Option<UnixTime>,
    authority_key_id: Option<Vec<u8>>,
    revoked: BTreeSet<Vec<u8>>,
    signed: Signed,
}

impl Crl {
    /// Reads a CRL; `None` if it is none, or has a critical extension (a delta or a part of a list is not the whole).
    pub(crate) fn parse(der: &[u8]) -> Option<Self> {
        if der.len() > MAX_CRL {
            return None;
        }
        let signed = Signed::from_der("CRL", der).ok()?;
        let (rest, crl) = CertificateRevocationList::from_der(der).ok()?;
        if !rest.is_empty() || crl.extensions().iter().any(|extension| extension.critical) {
            return None;
        }
        let authority_key_id = crl.extensions().iter().find_map(|e| match e.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => Some(id.key_identifier.as_ref()?.0.to_vec()),
            _ => None,
        });
        let serials = crl.iter_revoked_certificates().map(|entry| trim_serial(entry.raw_serial()).to_vec());
        Some(Self {
            sha256: sha256(der),
            issuer: Name::new(crl.issuer()),
            this_update: UnixTime(crl.last_update().timestamp()),
            next_update: crl.next_update().map(|time| UnixTime(time.timestamp())),
            authority_key_id,
            revoked: serials.collect(),
            signed,
        })
    }

    /// It is about certificates that `certificate`'s issuer made. One list counts for all keys of a CSCA's name.
    pub(crate) fn is_about(&self, certificate: &Certificate) -> bool {
        self.issuer == certificate.issuer
    }

    /// The key identifier, if there is one, is `issuer`'s, and the signature is right under its key.
    pub(crate) fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let named = match (&self.authority_key_id, &issuer.subject_key_id) {
            (Some(authority), Some(subject)) => authority == subject,
            _ => self.issuer == issuer.subject,
        };
        named && issuer.public_key().is_ok_and(|key| self.signed.verify(&key).is_ok())
    }

    pub(crate) fn lists(&self, certificate: &Certificate) -> bool {
        self.revoked.contains(&certificate.serial)
    }

    pub(crate) fn is_stale(&self, at: UnixTime) -> bool {
        self.next_update.is_some_and(|next| next < at)
    }
}
