//! Whether a certificate of the path is revoked (step 5 of [`crate::passive_authentication`]).
//!
//! A list that cannot be had says nothing: the status is then undetermined, and never "revoked".

use std::borrow::Cow;

use crate::Rejection;
use crate::certificate::Certificate;
use crate::crl::Crl;
use crate::passive_authentication::Inspector;
use crate::path::Issuers;
use crate::report::CheckResult;

/// The most CRLs of one issuer that are looked at, the newest first.
const MAX_CRLS: usize = 8;

impl Inspector<'_> {
    /// Looks into the CRLs of each issuer whose signature is right. An old list still revokes; that it does not list a
    /// certificate says nothing any more.
    pub(crate) fn check_revocation(
        &mut self,
        signer: &Certificate,
        issuers: &Issuers<'_>,
    ) -> Result<(), Rejection> {
        let id = "pa.revocation";
        let above = issuers.iter().rev().skip(1).map(|issuer| &***issuer);
        let signs = |crl: &Crl| {
            self.store.cscas.iter().chain(issuers.iter().copied()).any(|csca| crl.is_signed_by(csca))
        };
        for certificate in [signer].into_iter().chain(above) {
            let mut crls: Vec<_> = self.store.crls.iter().filter(|crl| crl.is_about(certificate)).collect();
            crls.sort_by_key(|crl| std::cmp::Reverse(crl.this_update));
            crls.truncate(MAX_CRLS);
            crls.retain(|crl| signs(crl));
            if crls.iter().any(|crl| crl.lists(certificate)) {
                return self.report.check(id, Err(Rejection::DscRevoked), |()| String::new());
            }
            match crls.iter().find(|crl| crl.is_fresh(self.at, self.policy.crl_grace_days)) {
                Some(fresh) => {
                    self.report.passed(id, format!("not revoked by the CRL of {}", fresh.this_update))
                }
                None if self.policy.require_revocation_status => {
                    return self.report.check(id, Err(Rejection::RevocationUndetermined), |()| String::new());
                }
                None => {
                    let detail = match crls.first() {
                        None => Cow::Borrowed("there is no CRL of the issuer"),
                        Some(old) => {
                            format!("not revoked by the CRL of {}, which is out of date", old.this_update)
                                .into()
                        }
                    };
                    self.report.line(id, CheckResult::Undetermined, detail);
                }
            }
        }
        Ok(())
    }
}
