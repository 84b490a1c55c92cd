//! Passive authentication of EF.SOD (Doc 9303-11 5.1, Doc 9303-12 4 and 7).
//!
//! 1. EF.SOD is a security object.
//! 2. The certificate that it names as its signer's is in it, or known if it holds none.
//! 3. A trusted CSCA issued that certificate, directly or through link certificates.
//! 4. All of them are valid at the time of the inspection (shell model). When EF.SOD says that it was signed is
//!    evidence only: the signer may write what it likes.
//! 5. None of them is revoked. Without a CRL this is undetermined; an old CRL is told.
//! 6. The key may sign documents, and no critical extension is unknown.
//! 7. Document signer and CSCA are of one State.
//! 8. The content type is that of a security object, outside and in the signed attributes.
//! 9. The signed message digest is that of the content.
//! 10. The signature is right, by the scheme that SignerInfo names.
//! 11. Hashes and keys are strong enough for the policy.
//!
//! Everything else of the certificate profiles is reported at most: a verifier that refused it would refuse the
//! documents of whole States.

use clock::UnixTime;
use crypto::{HashAlgorithm, PublicKey, SignatureScheme, sha256};
use lds::Sod;
use lds::sod::{OID_LDS_SECURITY_OBJECT, SignerIdentifier};

use crate::certificate::{Certificate, trim_serial};
use crate::country::same_country;
use crate::name::Name;
use crate::path::{self, Issuers};
use crate::report::CheckResult;
use crate::{Inspection, Policy, Rejection, Report, SecurityObject, TrustStore};

/// The most certificates in EF.SOD that are looked at.
const MAX_CERTIFICATES: usize = 16;

/// Other content types that States give their security objects.
const TOLERATED_CONTENT_TYPES: [&str; 3] = [
    "1.3.27.1.1.1",          // old Belgian and French chips
    "1.2.528.1.1006.1.20.1", // Netherlands
    "1.2.840.113549.1.7.1",  // id-data: China
];

pub(crate) fn authenticate_sod(
    store: &TrustStore,
    sod: &[u8],
    policy: &Policy,
    at: UnixTime,
) -> Inspection<SecurityObject> {
    let mut inspector = Inspector { store, policy, at, report: Report::new(&policy.version) };
    let outcome = inspector.inspect(sod).map(|(content, signer, anchor)| SecurityObject {
        content,
        sod_sha256: sha256(sod),
        signer,
        anchor,
        trust_digest: store.digest(),
        policy: policy.clone(),
        at,
        report: inspector.report.clone(),
    });
    Inspection { report: inspector.report, outcome }
}

struct Inspector<'a> {
    store: &'a TrustStore,
    policy: &'a Policy,
    at: UnixTime,
    report: Report,
}

impl<'a> Inspector<'a> {
    /// The content, the document signer and the trusted certificate.
    fn inspect(
        &mut self,
        bytes: &[u8],
    ) -> Result<(lds::sod::LdsSecurityObject, Certificate, Certificate), Rejection> {
        // 1
        let sod = self.report.check("pa.sod", Sod::parse(bytes).map_err(Rejection::File), describe)?;
        // 2
        let signer = self.signer(&sod);
        let signer = self.report.check("pa.dsc", signer, |signer| {
            format!("the signer's certificate was found, valid {} to {}", signer.not_before, signer.not_after)
        })?;
        // 3
        let issuers = path::find(self.store, &signer, self.at);
        let issuers = self.report.check("pa.dsc-signature", issuers, |issuers| describe_path(issuers))?;
        // 4
        self.check_validity(&signer, &issuers, sod.signer.signing_time)?;
        // 5
        self.check_revocation(&signer, &issuers)?;
        // 6
        self.check_profile(&signer)?;
        // 7
        self.check_country(&signer, &issuers)?;
        // 8
        self.check_content_type(&sod)?;
        // 9
        let digest = sod.signer.digest_algorithm.digest(&sod.econtent_raw);
        let equal = sod.signer.message_digest.as_ref() == Some(&digest);
        let outcome = equal.then_some(()).ok_or(Rejection::MessageDigest);
        self.report
            .check("pa.message-digest", outcome, |()| "the signed digest is that of the content".into())?;
        // 10
        let scheme = check_signature(&sod, &signer);
        let scheme = self.report.check("pa.sod-signature", scheme, |scheme| {
            format!("the signature of EF.SOD is right ({})", scheme.name())
        })?;
        // 11
        self.check_strength(&sod, scheme, &signer, &issuers)?;
        let anchor = issuers.last().map_or_else(|| signer.clone(), |csca| (*csca).clone());
        Ok((sod.lds_security_object, signer, anchor))
    }

    /// The certificate that SignerInfo names: of those in EF.SOD, and of those known only if EF.SOD holds none, so that
    /// a changed certificate is refused whatever is known. Several may be named alike (issuer and serial number are
    /// not unique in practice): then the one whose key fits.
    fn signer(&self, sod: &Sod) -> Result<Certificate, Rejection> {
        let carried: Vec<Option<Certificate>> =
            sod.certificates.iter().take(MAX_CERTIFICATES).map(|der| Certificate::parse(der)).collect();
        let known = self.store.signers.iter().chain(&self.store.signer_anchors);
        let named: Vec<&Certificate> = carried
            .iter()
            .flatten()
            .chain(known.filter(|_| carried.is_empty()))
            .filter(|certificate| names(&sod.signer.sid, certificate))
            .take(MAX_CERTIFICATES)
            .collect();
        match named.as_slice() {
            [] if carried.iter().any(Option::is_none) => Err(Rejection::DscMalformed),
            [] => Err(Rejection::DscMissing),
            [one] => Ok((*one).clone()),
            [first, ..] => {
                let fitting = named.iter().find(|certificate| check_signature(sod, certificate).is_ok());
                Ok(fitting.map_or_else(|| (*first).clone(), |certificate| (*certificate).clone()))
            }
        }
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

    fn check_revocation(&mut self, signer: &Certificate, issuers: &Issuers<'_>) -> Result<(), Rejection> {
        let id = "pa.revocation";
        let mut signed: Vec<&Certificate> = vec![signer];
        signed.extend(issuers.iter().rev().skip(1));
        let signers = self.store.cscas.iter().chain(issuers.iter().copied());
        let signers: Vec<&Certificate> = signers.collect();
        for certificate in signed {
            let crls = self.store.crls.iter().filter(|crl| crl.is_about(certificate));
            let usable: Vec<_> =
                crls.filter(|crl| signers.iter().any(|csca| crl.is_signed_by(csca))).collect();
            if usable.iter().any(|crl| crl.lists(certificate)) {
                return self.report.check(id, Err(Rejection::DscRevoked), |()| String::new());
            }
            let Some(newest) = usable.iter().max_by_key(|crl| crl.this_update) else {
                if self.policy.require_revocation_status {
                    return self.report.check(id, Err(Rejection::RevocationUndetermined), |()| String::new());
                }
                self.report.line(id, CheckResult::Undetermined, "there is no CRL of the issuer");
                continue;
            };
            let since = newest.this_update;
            if newest.is_stale(self.at) {
                self.report.deviation(id, format!("not revoked by a CRL of {since} that is out of date"));
            } else {
                self.report.passed(id, format!("not revoked by the CRL of {since}"));
            }
        }
        Ok(())
    }

    fn check_profile(&mut self, signer: &Certificate) -> Result<(), Rejection> {
        let may_sign = signer.key_usage.is_none_or(|usage| usage.digital_signature);
        let outcome = match &signer.unknown_critical {
            Some(oid) => Err(Rejection::DscCriticalExtension(oid.clone())),
            // With extKeyUsage it is a signer of master lists, deviation lists or TLS (Doc 9303-12 7.1.1).
            None if signer.extended_key_usage || !may_sign => Err(Rejection::DscKeyUsage),
            None => Ok(()),
        };
        self.report
            .check("pa.dsc-key-usage", outcome, |()| "the certificate's key may sign documents".into())?;
        if signer.key_usage.is_none() {
            self.report.deviation("pa.dsc-profile", "the document signer certificate has no key usage");
        }
        if signer.is_ca {
            self.report.deviation("pa.dsc-profile", "the document signer certificate is a CA's");
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
        let same = same_country(&one, &other);
        let outcome = same.then_some(()).ok_or(Rejection::CountryMismatch("document signer and CSCA"));
        self.report.check(id, outcome, |()| format!("document signer and CSCA are of {other}"))
    }

    fn check_content_type(&mut self, sod: &Sod) -> Result<(), Rejection> {
        let content_type = sod.econtent_type.as_str();
        let tolerated = TOLERATED_CONTENT_TYPES.contains(&content_type);
        let outcome = if sod.signer.signed_attrs_der.is_none() {
            Err(Rejection::SignedAttributesMissing)
        } else if sod.signer.content_type.as_deref() != Some(content_type)
            || (content_type != OID_LDS_SECURITY_OBJECT && !tolerated)
        {
            Err(Rejection::ContentType)
        } else {
            Ok(())
        };
        if tolerated && outcome.is_ok() {
            self.report.deviation("pa.content-type", format!("the content type is {content_type}"));
            return Ok(());
        }
        self.report.check("pa.content-type", outcome, |()| "the content is a security object".into())
    }

    fn check_strength(
        &mut self,
        sod: &Sod,
        scheme: SignatureScheme,
        signer: &Certificate,
        issuers: &Issuers<'_>,
    ) -> Result<(), Rejection> {
        let content = &sod.lds_security_object;
        let mut hashes = vec![scheme.hash(), sod.signer.digest_algorithm, content.hash_algorithm];
        // The signature of the trusted certificate itself does not count.
        for certificate in [signer].into_iter().chain(issuers.iter().copied()).take(issuers.len()) {
            hashes.extend(certificate.signed.scheme().map(|scheme| scheme.hash()));
        }
        self.report.algorithm("data-groups", content.hash_algorithm.name().to_owned());
        self.report.algorithm("sod-signature", scheme.name());
        if let (Ok(scheme), false) = (signer.signed.scheme(), issuers.is_empty()) {
            self.report.algorithm("dsc-signature", scheme.name());
        }
        let short = [signer].into_iter().chain(issuers.iter().copied()).find_map(|c| self.short_key(c));
        let sha1 = hashes.contains(&HashAlgorithm::Sha1);
        let outcome = match short {
            Some(name) => Err(Rejection::WeakKey(name)),
            None if sha1 && !self.policy.accept_sha1 => Err(Rejection::WeakAlgorithm("SHA-1".into())),
            None => Ok(()),
        };
        if sha1 && outcome.is_ok() {
            self.report.deviation("pa.strength", "SHA-1 is used");
            return Ok(());
        }
        self.report.check("pa.strength", outcome, |()| "hashes and keys are strong enough".into())
    }

    fn short_key(&self, certificate: &Certificate) -> Option<String> {
        match certificate.public_key() {
            Ok(PublicKey::Rsa(key)) if key.bits() < self.policy.min_rsa_bits => {
                Some(format!("RSA-{}", key.bits()))
            }
            _ => None,
        }
    }
}

fn describe(sod: &Sod) -> String {
    let groups: Vec<String> = sod.lds_security_object.hashes.keys().map(|n| format!("DG{n}")).collect();
    format!("EF.SOD lists {}", groups.join(", "))
}

fn describe_path(issuers: &Issuers<'_>) -> String {
    match issuers.len() {
        0 => "the document signer is trusted itself".to_owned(),
        1 => "a trusted CSCA issued the document signer's certificate".to_owned(),
        n => format!(
            "a trusted CSCA issued the document signer's certificate through {} link certificates",
            n - 1
        ),
    }
}

/// SignerInfo names this certificate.
fn names(sid: &SignerIdentifier, certificate: &Certificate) -> bool {
    match sid {
        SignerIdentifier::IssuerAndSerial { issuer_der, serial } => {
            trim_serial(serial) == certificate.serial
                && Name::from_der(issuer_der).is_some_and(|issuer| issuer == certificate.issuer)
        }
        SignerIdentifier::SubjectKeyIdentifier(identifier) => {
            certificate.subject_key_id.as_ref() == Some(identifier)
        }
    }
}

/// The signature over the signed attributes, by the scheme of SignerInfo: never that of the certificate.
fn check_signature(sod: &Sod, signer: &Certificate) -> Result<SignatureScheme, Rejection> {
    let unsupported = |error: crypto::Error| Rejection::UnsupportedAlgorithm(error.to_string());
    let info = &sod.signer;
    let scheme = SignatureScheme::from_algorithm_identifier(
        &info.signature_algorithm_der,
        Some(info.digest_algorithm),
    );
    let scheme = scheme.map_err(unsupported)?;
    let key = signer.public_key().map_err(unsupported)?;
    let message = info.signed_attrs_der.as_ref().ok_or(Rejection::SignedAttributesMissing)?;
    scheme.verify(&key, message, &info.signature).map(|()| scheme).map_err(|_| Rejection::SodSignature)
}
