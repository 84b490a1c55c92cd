//! Step 11 of passive authentication: hashes and keys are strong enough for the policy.

use crypto::{HashAlgorithm, SignatureScheme};
use lds::Sod;

use crate::Rejection;
use crate::certificate::Certificate;
use crate::passive_authentication::Inspector;
use crate::path::Issuers;
use crate::policy::key_name;

impl Inspector<'_> {
    pub(crate) fn check_strength(
        &mut self,
        sod: &Sod,
        scheme: SignatureScheme,
        signer: &Certificate,
        issuers: &Issuers<'_>,
    ) -> Result<(), Rejection> {
        let content = &sod.lds_security_object;
        let mut hashes = vec![scheme.hash(), sod.signer.digest_algorithm, content.hash_algorithm];
        // The signature of the trusted certificate itself does not count.
        let above = issuers.iter().map(|issuer| &***issuer);
        for certificate in [signer].into_iter().chain(above.clone()).take(issuers.len()) {
            hashes.extend(certificate.signed.scheme().map(|scheme| scheme.hash()));
        }
        self.report.algorithm("data-groups", content.hash_algorithm.name());
        self.report.algorithm("sod-signature", scheme.name());
        if let (Ok(scheme), false) = (signer.signed.scheme(), issuers.is_empty()) {
            self.report.algorithm("dsc-signature", scheme.name());
        }
        let short = [signer].into_iter().chain(above).find_map(|c| self.short_key(c));
        let sha1 = hashes.contains(&HashAlgorithm::Sha1);
        let refused = hashes.into_iter().find(|hash| self.policy.refuses_hash(*hash, self.at));
        let outcome = match (short, refused) {
            (Some(name), _) => Err(Rejection::WeakKey(name)),
            (None, Some(hash)) => Err(Rejection::WeakAlgorithm(hash.name().to_owned())),
            (None, None) => Ok(()),
        };
        if sha1 && outcome.is_ok() {
            self.report.deviation("pa.strength", "SHA-1 is used");
            return Ok(());
        }
        self.report.check("pa.strength", outcome, |()| "hashes and keys are strong enough")
    }

    fn short_key(&self, certificate: &Certificate) -> Option<String> {
        let key = certificate.public_key().ok()?;
        self.policy.refuses_key(key, self.at).then(|| key_name(key))
    }
}
