//! Passive authentication of EF.SOD (Doc 9303-11 5.1, Doc 9303-12 4 and 7).
//!
//! 1. EF.SOD is a security object. Departures from its profile are reported, unless [`Policy::sod_profile`] refuses.
//! 2. The certificate that it names as its signer's is in it, or known if it holds none.
//! 3. A trusted CSCA issued that certificate, directly or through link certificates. None of them is distrusted, exceeds
//!    a path length, has an unknown critical extension, or names two algorithms for one signature.
//! 4. All of them are valid at the time of the inspection (shell model). When EF.SOD says that it was signed is
//!    evidence only: the signer may write what it likes.
//! 5. None of them is revoked. Without a CRL that is fresh enough this is undetermined.
//! 6. The key may sign documents, and no critical extension is unknown.
//! 7. Document signer and CSCA are of one State.
//! 8. The content type is that of a security object, outside and in the signed attributes.
//! 9. The signed message digest is that of the content.
//! 10. The signature is right, by the scheme that SignerInfo names.
//! 11. Hashes and keys are strong enough for the policy.
//!
//! Everything else of the certificate profiles is reported, unless [`Policy::certificate_profile`] refuses: a verifier
//! that always refused it would refuse the documents of whole States.

use std::borrow::Cow;
use std::sync::Arc;

use clock::UnixTime;
use crypto::sha256;
use lds::Sod;
use lds::sod::OID_LDS_SECURITY_OBJECT;
use lds::tlv::Oid;

use crate::certificate::Certificate;
use crate::consistency::names as data_group_names;
use crate::country::same_country;
use crate::fields::MissingPart;
use crate::known_signers::Signer;
use crate::path::{self, Issuers};
use crate::policy::Consequence;
use crate::profile::{self, Finding};
use crate::report::CheckResult;
use crate::signed_data::{check_signature, names};
use crate::sod_profile;
use crate::{Inspection, Policy, Rejection, Report, SecurityObject, TrustStore};

/// The most certificates in EF.SOD that are looked at.
const MAX_CERTIFICATES: usize = 16;
/// The most certificates of one name whose keys are tried on EF.SOD.
const MAX_NAMED_ALIKE: usize = 4;

/// Other content types that States give their security objects.
const TOLERATED_CONTENT_TYPES: [Oid; 3] = [
    Oid::new("1.3.27.1.1.1"),          // old Belgian and French chips
    Oid::new("1.2.528.1.1006.1.20.1"), // Netherlands
    Oid::new("1.2.840.113549.1.7.1"),  // id-data: China
];
const SECURITY_OBJECT: Oid = Oid::new(OID_LDS_SECURITY_OBJECT);

/// RFC 8017 9.2, note 1, lets a verifier take it.
const WITHOUT_NULL: &str = "a signature's DigestInfo has no NULL";

pub(crate) fn authenticate_sod(
    store: &TrustStore,
    sod: &[u8],
    policy: &Policy,
    at: UnixTime,
) -> Inspection<SecurityObject> {
    let mut inspector =
        Inspector { store, policy, at, report: Report::new(&policy.version), trials: path::MAX_TRIALS - 1 };
    let outcome = inspector.inspect(sod).map(|(content, signer, anchor)| SecurityObject {
        content,
        sod_sha256: sha256(sod),
        signer,
        anchor,
        trust_digest: store.digest(),
        known_faults: Arc::clone(&store.known_faults),
        policy: policy.clone(),
        at,
        report: inspector.report.clone(),
    });
    Inspection { report: inspector.report, outcome }
}

pub(crate) struct Inspector<'a> {
    pub(crate) store: &'a TrustStore,
    pub(crate) policy: &'a Policy,
    pub(crate) at: UnixTime,
    pub(crate) report: Report,
    /// How many signatures may still be tried.
    trials: usize,
}

impl<'a> Inspector<'a> {
    /// The content, the document signer and the trusted certificate.
    fn inspect(
        &mut self,
        bytes: &[u8],
    ) -> Result<(lds::sod::LdsSecurityObject, Arc<Certificate>, Arc<Certificate>), Rejection> {
        // 1
        let sod = self.report.check("pa.sod", Sod::parse(bytes).map_err(Rejection::File), describe)?;
        self.check_sod_profile(&sod)?;
        let reordered = sod.signer.reordered_attrs().is_some();
        // 2
        let signer = self.signer(&sod, 1 + usize::from(reordered));
        let mut found = self.report.check("pa.dsc", signer, |found| {
            let Certificate { not_before, not_after, .. } = &*found.certificate;
            format!("the signer's certificate was found, valid {not_before} to {not_after}")
        })?;
        // 3
        let issuers = self.issuers(&mut found);
        let issuers = self.report.check("pa.dsc-signature", issuers, |issuers| describe_path(issuers))?;
        if found.trials.without_null() {
            self.report.deviation("pa.dsc-signature", WITHOUT_NULL);
        }
        let signer = found.certificate;
        self.check_trust_status(&signer, &issuers)?;
        // 4
        self.check_validity(&signer, &issuers, sod.signer.signing_time)?;
        // 5
        self.check_revocation(&signer, &issuers)?;
        // 6
        self.check_profile(&signer, &issuers)?;
        // 7
        self.check_country(&signer, &issuers)?;
        // 8
        self.check_content_type(&sod)?;
        // 9
        let digest = sod.signer.digest_algorithm.digest(&sod.econtent_raw);
        let equal = sod.signer.message_digest.as_ref() == Some(&digest);
        let outcome = equal.then_some(()).ok_or(Rejection::MessageDigest);
        self.report.check("pa.message-digest", outcome, |()| "the signed digest is that of the content")?;
        // 10
        let scheme = check_signature(&sod.signer, &signer);
        let (scheme, notes) = self.report.check("pa.sod-signature", scheme, |(scheme, _)| {
            format!("the signature of EF.SOD is right ({})", scheme.name())
        })?;
        if notes.digest_info_without_null {
            self.report.deviation("pa.sod-signature", WITHOUT_NULL);
        }
        if reordered {
            self.report.deviation("pa.sod-signature", "the signed attributes are not in the order of DER");
        }
        // 11
        self.check_strength(&sod, scheme, &signer, &issuers)?;
        let anchor = Arc::clone(issuers.last().copied().unwrap_or(&signer));
        Ok((sod.lds_security_object, signer, anchor))
    }

    fn check_sod_profile(&mut self, sod: &Sod) -> Result<(), Rejection> {
        for finding in sod_profile::findings(sod) {
            if self.policy.sod_profile == Consequence::Refuse {
                let refused = Err(Rejection::SodProfile(finding.code));
                return self.report.check("pa.sod-profile", refused, |()| String::new());
            }
            self.report.deviation("pa.sod-profile", finding.what);
        }
        Ok(())
    }

    /// The certificate that SignerInfo names: of those in EF.SOD, and of those known only if EF.SOD holds none, so that
    /// a changed certificate is refused whatever is known. Several may be named alike (issuer and serial number are
    /// not unique in practice): then the one whose key fits, each tried under `orders` of the signed attributes.
    fn signer(&mut self, sod: &Sod, orders: usize) -> Result<Signer, Rejection> {
        let carried: Vec<Result<Signer, _>> =
            sod.certificates.iter().take(MAX_CERTIFICATES).map(|der| self.read(der)).collect();
        let known = self.store.signers.iter().chain(&self.store.signer_anchors);
        let known: Vec<Signer> = match carried.as_slice() {
            [] => known.filter(|one| names(&sod.signer.sid, one)).map(|one| self.known(one)).collect(),
            _ => Vec::new(),
        };
        let named: Vec<&Signer> = carried
            .iter()
            .flatten()
            .chain(&known)
            .filter(|signer| names(&sod.signer.sid, &signer.certificate))
            .take(MAX_NAMED_ALIKE)
            .collect();
        self.trials = self.trials.saturating_sub(orders - 1);
        let malformed = carried.iter().find_map(|one| one.as_ref().err());
        match named.as_slice() {
            [] => Err(malformed.map_or(Rejection::DscMissing, |part| Rejection::DscMalformed(part))),
            [one] => Ok((*one).clone()),
            [first, ..] => {
                self.trials = self.trials.saturating_sub(named.len() * orders);
                let fitting =
                    named.iter().find(|signer| check_signature(&sod.signer, &signer.certificate).is_ok());
                Ok((*fitting.unwrap_or(first)).clone())
            }
        }
    }

    /// A certificate in EF.SOD.
    fn read(&self, der: &[u8]) -> Result<Signer, MissingPart> {
        match self.store.known.get(der) {
            Some(signer) => Ok(signer),
            None => Certificate::parse(der).map(Arc::new).map(Signer::new),
        }
    }

    /// A certificate of the store.
    fn known(&self, certificate: &Arc<Certificate>) -> Signer {
        self.store.known.get(&certificate.der).unwrap_or_else(|| Signer::new(Arc::clone(certificate)))
    }

    fn issuers(&self, signer: &mut Signer) -> Result<Issuers<'a>, Rejection> {
        if !signer.certificate.algorithms_agree {
            return Err(Rejection::DscAlgorithmMismatch);
        }
        let issuers = path::find(self.store, &signer.certificate, self.at, self.trials, &mut signer.trials)?;
        self.store.known.remember(signer);
        Ok(issuers)
    }

    fn check_trust_status(&mut self, signer: &Certificate, issuers: &Issuers<'_>) -> Result<(), Rejection> {
        let rejection = if self.store.distrusts(signer, self.at) || self.store.known_faults.revokes(signer) {
            Some(Rejection::DscDistrusted)
        } else {
            path::fault(self.store, issuers, self.at)
        };
        self.report.check(
            "pa.trust-status",
            rejection.map_or(Ok(()), Err),
            |()| "nothing speaks against document signer and CSCA",
        )
    }

    fn check_validity(
        &mut self,
        signer: &Certificate,
        issuers: &Issuers<'_>,
        signing_time: Option<UnixTime>,
    ) -> Result<(), Rejection> {
        let at = self.at;
        let outcome = if at < signer.not_before {
            Err(Rejection::DscNotYetValid)
        } else if at > signer.not_after {
            Err(Rejection::DscExpired)
        } else if issuers.iter().any(|issuer| at < issuer.not_before) {
            Err(Rejection::CscaNotYetValid)
        } else if issuers.iter().any(|issuer| at > issuer.not_after) {
            Err(Rejection::CscaExpired)
        } else {
            Ok(())
        };
        self.report.check("pa.validity", outcome, |()| format!("all certificates are valid at {at}"))?;
        match signing_time {
            None => self.report.line(
                "pa.signing-time",
                CheckResult::Skipped,
                "EF.SOD does not say when it was signed",
            ),
            Some(time) if signer.is_valid_at(time) && time <= at => {
                self.report.passed("pa.signing-time", format!("signed at {time}, by its own word"));
            }
            Some(time) => {
                let detail = format!("signed at {time} by its own word, when its certificate was not valid");
                self.report.deviation("pa.signing-time", detail);
            }
        }
        Ok(())
    }

    fn check_profile(&mut self, signer: &Certificate, issuers: &Issuers<'_>) -> Result<(), Rejection> {
        let may_sign = signer.key_usage.is_none_or(|usage| usage.digital_signature);
        let outcome = match &signer.unknown_critical {
            Some(oid) => Err(Rejection::DscCriticalExtension(oid.clone())),
            // With extKeyUsage it is a signer of master lists, deviation lists or TLS (Doc 9303-12 7.1.1).
            None if signer.extended_key_usage.is_some() || !may_sign => Err(Rejection::DscKeyUsage),
            None => Ok(()),
        };
        self.report.check("pa.dsc-key-usage", outcome, |()| "the certificate's key may sign documents")?;
        let told = |finding: &&Finding| finding.gates || finding.code == "basic-constraints";
        let mut found: Vec<Finding> = signer.signer_findings().iter().filter(told).copied().collect();
        let named = issuers.first().is_none_or(|issuer| signer.issuer == issuer.subject);
        found.extend((!named).then_some(profile::ISSUER_MISMATCH));
        for finding in found {
            if finding.gates && self.policy.certificate_profile == Consequence::Refuse {
                let refused = Err(Rejection::DscProfile(finding.code));
                return self.report.check("pa.dsc-profile", refused, |()| String::new());
            }
            self.report
                .deviation("pa.dsc-profile", format!("the document signer certificate: {}", finding.what));
        }
        Ok(())
    }

    fn check_country(&mut self, signer: &Certificate, issuers: &Issuers<'_>) -> Result<(), Rejection> {
        let id = "pa.csca-country";
        let Some(csca) = issuers.last() else {
            self.report.line(id, CheckResult::Skipped, "the document signer is trusted itself");
            return Ok(());
        };
        let (Some(one), Some(other)) = (signer.subject.country(), csca.subject.country()) else {
            self.report.deviation(id, "a certificate names no country");
            return Ok(());
        };
        let same = same_country(one, other);
        let outcome = same.then_some(()).ok_or(Rejection::CountryMismatch("document signer and CSCA"));
        self.report.check(id, outcome, |()| format!("document signer and CSCA are of {other}"))
    }

    fn check_content_type(&mut self, sod: &Sod) -> Result<(), Rejection> {
        let content_type = sod.econtent_type;
        let tolerated = TOLERATED_CONTENT_TYPES.contains(&content_type);
        let outcome = if sod.signer.signed_attrs_der.is_none() {
            Err(Rejection::SignedAttributesMissing)
        } else if sod.signer.content_type != Some(content_type)
            || (content_type != SECURITY_OBJECT && !tolerated)
        {
            Err(Rejection::ContentType)
        } else {
            Ok(())
        };
        if tolerated && outcome.is_ok() && self.policy.sod_profile == Consequence::Refuse {
            return self.report.check("pa.content-type", Err(Rejection::ContentType), |()| String::new());
        }
        if tolerated && outcome.is_ok() {
            self.report.deviation("pa.content-type", format!("the content type is {content_type}"));
            return Ok(());
        }
        self.report.check("pa.content-type", outcome, |()| "the content is a security object")
    }
}

fn describe(sod: &Sod) -> String {
    let names = data_group_names(sod.lds_security_object.hashes.keys());
    format!("EF.SOD lists {}", names.unwrap_or_default())
}

fn describe_path(issuers: &Issuers<'_>) -> Cow<'static, str> {
    match issuers.len() {
        0 => "the document signer is trusted itself".into(),
        1 => "a trusted CSCA issued the document signer's certificate".into(),
        n => format!(
            "a trusted CSCA issued the document signer's certificate through {} link certificates",
            n - 1
        )
        .into(),
    }
}
