//! EF.CardSecurity (Doc 9303-11 4.4.4 and 9.2): the SecurityInfos of the master file, signed as EF.SOD is.
//!
//! It is judged beside the document and never for it: what stands in it refuses only as policy says, but for a way of
//! PACE that it has, rightly signed, and EF.CardAccess has not.

use std::sync::Arc;

use lds::card_security::OID_SECURITY_OBJECT;
use lds::security_info::SecurityInfo;
use lds::tlv::Oid;
use lds::{CardAccess, CardSecurity, FileId};

use crate::certificate::Certificate;
use crate::signed_data::{check_signature, names};
use crate::{ChipData, Rejection, Report, SecurityObject};

impl SecurityObject {
    /// EF.CardSecurity is signed by the State, and EF.CardAccess says nothing that it does not say.
    pub(crate) fn check_card_security(&self, data: &ChipData, report: &mut Report) -> Result<(), Rejection> {
        let Some(bytes) = data.file(FileId::CardSecurity) else { return Ok(()) };
        let (id, consequence) = ("pa.card-security", self.policy.card_access_mismatch);
        let infos = match self.card_security(bytes) {
            Ok(infos) => infos,
            Err(rejection) => {
                let detail = rejection.to_string();
                return report.difference(id, consequence, rejection, detail);
            }
        };
        report.passed(id, "EF.CardSecurity is signed under the CSCA of EF.SOD");
        let Some(access) = data.file(FileId::CardAccess) else { return Ok(()) };
        // One that cannot be read is told where it is compared with DG14.
        let Ok(access) = CardAccess::parse(access) else { return Ok(()) };
        let id = "pa.card-security-access";
        let is_pace = |info: &&SecurityInfo| {
            matches!(info, SecurityInfo::Pace(_) | SecurityInfo::PaceDomainParameter(_))
        };
        if infos.iter().filter(is_pace).any(|info| !access.security_infos.contains(info)) {
            return report.check(id, Err(Rejection::PaceDowngrade), |()| String::new());
        }
        if access.security_infos.iter().any(|info| !infos.contains(info)) {
            let detail = "EF.CardAccess says what EF.CardSecurity does not".to_owned();
            let rejection = Rejection::CardAccessMismatch("EF.CardSecurity");
            return report.difference(id, consequence, rejection, detail);
        }
        report.passed(id, "EF.CardAccess says nothing that EF.CardSecurity does not");
        Ok(())
    }

    /// The SecurityInfos, under the document signer of EF.SOD or another one of its CSCA.
    pub(crate) fn card_security(&self, bytes: &[u8]) -> Result<Vec<SecurityInfo>, Rejection> {
        self.signed_card_security(bytes).map(|(infos, _)| infos)
    }

    /// The same with the document signer. Whether that is revoked or distrusted is not looked at.
    pub(crate) fn signed_card_security(
        &self,
        bytes: &[u8],
    ) -> Result<(Vec<SecurityInfo>, Arc<Certificate>), Rejection> {
        let signed = CardSecurity::parse(bytes)?;
        let info = &signed.signer;
        if info.content_type != Some(Oid::new(OID_SECURITY_OBJECT)) {
            return Err(Rejection::CardSecurity("content-type"));
        }
        let carried =
            signed.certificates.iter().take(4).filter_map(|der| Certificate::parse(der).ok().map(Arc::new));
        let mut signers = carried.chain([self.signer.clone()]).filter(|signer| names(&info.sid, signer));
        let signer = signers.next().ok_or(Rejection::CardSecurity("signer"))?;
        if signer.sha256 != self.signer.sha256 && !self.is_document_signer(&signer) {
            return Err(Rejection::CardSecurity("signer"));
        }
        if info.message_digest.as_ref() != Some(&info.digest_algorithm.digest(&signed.econtent_raw)) {
            return Err(Rejection::CardSecurity("message-digest"));
        }
        check_signature(info, &signer).map_err(|_| Rejection::CardSecurity("signature"))?;
        Ok((signed.security_infos, signer))
    }

    /// The CSCA of EF.SOD issued it, it is valid, and may sign documents.
    fn is_document_signer(&self, signer: &Certificate) -> bool {
        signer.is_signed_by(&self.anchor)
            && signer.algorithms_agree
            && signer.is_valid_at(self.at)
            && signer.unknown_critical.is_none()
            && signer.extended_key_usage.is_none()
            && signer.key_usage.is_none_or(|usage| usage.digital_signature)
    }
}
