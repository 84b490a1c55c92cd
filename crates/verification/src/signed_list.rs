//! Lists of the document PKI that somebody signed: master lists, deviation lists, defect lists.
//!
//! Anybody can sign a list. So one counts only if its signer's certificate leads to a CSCA whose SHA-256 the operator has
//! pinned:
//!
//! 1. The signature is right, over these bytes, and its signer's certificate is in the file.
//! 2. That certificate is for signing such lists and nothing else.
//! 3. A pinned CSCA issued it, directly or through link certificates; none of them is distrusted.
//! 4. All of them were valid when the list was signed, which is not in the future.

use std::collections::BTreeSet;
use std::sync::Arc;

use clock::UnixTime;
use crypto::SignatureNotes;
use lds::cms::SignerInfo;
use lds::defect_list::OID_DEFECT_LIST;
use lds::deviation_list::OID_DEVIATION_LIST;
use lds::tlv::Oid;

use crate::certificate::{Certificate, DEVIATION_LIST_SIGNING};
use crate::known_signers::Trials;
use crate::signed_data::{check_signature, names};
use crate::{ListError, Rejection, TrustStore, Vouched, path};

/// Where the purpose of signers of defect lists stands (BSI, applications, MRTD).
const BSI_MRTD: &str = "0.4.0.127.0.7.3.1.";

/// What a signer's certificate must be for, and for nothing else.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// This one.
    Exactly(&'static str),
    /// One of those that the BSI has for the document PKI (TR-03129-2 gives signers of defect lists one).
    OfBsi,
}

impl Purpose {
    fn is_of(self, certificate: &Certificate) -> bool {
        match self {
            Self::Exactly(purpose) => certificate.is_only_for(purpose),
            Self::OfBsi => matches!(
                certificate.extended_key_usage.as_deref(),
                Some([purpose]) if purpose.starts_with(BSI_MRTD)
            ),
        }
    }
}

/// A list, as far as its signature goes.
pub(crate) struct SignedList<'a> {
    pub(crate) info: &'a SignerInfo,
    pub(crate) econtent: &'a [u8],
    pub(crate) content_type: &'static str,
    pub(crate) purpose: Purpose,
    /// Certificates beside the list, DER: the signer's, and often its CSCA's.
    pub(crate) carried: &'a [Vec<u8>],
    /// Certificates in the list, DER.
    pub(crate) listed: &'a [Vec<u8>],
}

impl<'a> From<&'a lds::DeviationList> for SignedList<'a> {
    fn from(list: &'a lds::DeviationList) -> Self {
        Self {
            info: &list.signer,
            econtent: &list.econtent_raw,
            content_type: OID_DEVIATION_LIST,
            purpose: Purpose::Exactly(DEVIATION_LIST_SIGNING),
            carried: &list.signer_certificates,
            listed: &[],
        }
    }
}

impl<'a> From<&'a lds::DefectList> for SignedList<'a> {
    fn from(list: &'a lds::DefectList) -> Self {
        Self {
            info: &list.signer,
            econtent: &list.econtent_raw,
            content_type: OID_DEFECT_LIST,
            purpose: Purpose::OfBsi,
            carried: &list.signer_certificates,
            listed: &[],
        }
    }
}

impl SignedList<'_> {
    /// The signer's certificate, if the signature is right under it: the list was not changed since somebody signed it.
    ///
    /// # Errors
    /// [`ListError::SignerMissing`], [`ListError::Signature`].
    pub(crate) fn signer(&self) -> Result<(Certificate, SignatureNotes), ListError> {
        let info = self.info;
        let carried = self.carried.iter().filter_map(|der| Certificate::parse(der).ok());
        let named = carried.filter(|certificate| names(&info.sid, certificate)).take(4);
        let wrong = |what: &str| Err(ListError::Signature(what.to_owned()));
        let mut outcome = Err(ListError::SignerMissing);
        for certificate in named {
            match check_signature(info, &certificate) {
                Ok((_, notes)) => {
                    outcome = Ok((certificate, notes));
                    break;
                }
                Err(Rejection::SodSignature) => outcome = wrong("it is not the signer's over this list"),
                Err(rejection) => outcome = wrong(&rejection.to_string()),
            }
        }
        if outcome.is_ok() && info.content_type != Some(Oid::new(self.content_type)) {
            return wrong("the signed content type is not that of the list");
        }
        let digest = info.digest_algorithm.digest(self.econtent);
        if outcome.is_ok() && info.message_digest.as_ref() != Some(&digest) {
            return wrong("the signed digest is not that of the list");
        }
        outcome
    }

    /// Whether a pinned CSCA stands behind the list, by the steps above. `distrusting` is asked whom it distrusts; the
    /// CSCA may be one that it knows, or come with the list: the pin decides.
    ///
    /// # Errors
    /// The first step that fails.
    pub(crate) fn verify(
        &self,
        pins: &BTreeSet<[u8; 32]>,
        distrusting: &TrustStore,
        at: UnixTime,
    ) -> Result<Vouched, ListError> {
        // 1
        let (signer, notes) = self.signer()?;
        // 2
        if !self.purpose.is_of(&signer) {
            return Err(ListError::SignerPurpose);
        }
        let signed_at = self.info.signing_time.filter(|time| *time <= at).ok_or(ListError::SigningTime)?;
        // 3
        let given = self.carried.iter().chain(self.listed);
        let given = given.filter_map(|der| Certificate::parse(der).ok().map(Arc::new));
        let known = distrusting.cscas.iter().chain(&distrusting.links).cloned();
        let (cscas, links) = given.chain(known).partition(|one| pins.contains(&one.sha256));
        let store = distrusting.only_distrusting(cscas, links);
        let issuers = path::find(&store, &signer, signed_at, path::MAX_TRIALS, &mut Trials::default());
        let issuers = issuers.map_err(|_| {
            let issued = |one: &&Arc<Certificate>| one.sha256 != signer.sha256 && signer.is_signed_by(one);
            let named =
                store.links.iter().filter(|one| signer.names_key_of(one) || signer.issuer == one.subject);
            let issuers: BTreeSet<[u8; 32]> = named.take(16).filter(issued).map(|one| one.sha256).collect();
            ListError::NotPinned(issuers.into_iter().collect())
        })?;
        let distrusted = store.distrusts(&signer, at).then_some(Rejection::DscDistrusted);
        if let Some(rejection) = distrusted.or_else(|| path::fault(&store, &issuers, at)) {
            return Err(ListError::SignerNotTrusted(rejection));
        }
        // 4
        let all = [&signer].into_iter().chain(issuers.iter().map(|issuer| &***issuer));
        if !all.into_iter().all(|certificate| certificate.is_valid_at(signed_at)) {
            return Err(ListError::SignerNotValid);
        }
        let pinned = issuers.last().ok_or(ListError::NotPinned(Vec::new()))?;
        Ok(Vouched {
            publisher: pinned
                .subject
                .country()
                .or_else(|| signer.subject.country())
                .unwrap_or_default()
                .to_owned(),
            signed_at,
            signer_sha256: signer.sha256,
            pin: pinned.sha256,
            signer_expired: !signer.is_valid_at(at),
            without_null: notes.digest_info_without_null,
        })
    }
}
