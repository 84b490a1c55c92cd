//! What is not signed compared with what is: EF.COM, EF.CardAccess, the MRZ on the page.
//!
//! None of them adds a check or takes one away; whether a difference refuses is the policy's, but for one: a way of PACE
//! that a signed file has and EF.CardAccess has not may have been taken away by somebody between chip and reader
//! (Doc 9303-11 4.4.4 has both the same).

use lds::security_info::PaceInfo;
use lds::{CardAccess, Com, Dg14, FileId, Mrz};

use crate::policy::Consequence;
use crate::report::CheckResult;
use crate::{ChipData, Rejection, Report, SecurityObject};

/// The field of the MRZ that a State fills as it likes.
const OPTIONAL_DATA: &str = "optional-data";

impl Report {
    /// Writes a difference as its consequence demands.
    pub(crate) fn difference(
        &mut self,
        id: &'static str,
        consequence: Consequence,
        rejection: Rejection,
        detail: String,
    ) -> Result<(), Rejection> {
        match consequence {
            Consequence::Finding => self.deviation(id, detail),
            Consequence::Refuse => {
                self.line(id, CheckResult::Failed, detail);
                return Err(rejection);
            }
        }
        Ok(())
    }
}

impl SecurityObject {
    /// EF.COM lists the data groups of EF.SOD and, if that says so, has its LDS version.
    pub(crate) fn compare_com(&self, data: &ChipData, report: &mut Report) -> Result<(), Rejection> {
        let Some(bytes) = data.file(FileId::Com) else { return Ok(()) };
        let (id, consequence) = ("pa.com", self.policy.com_mismatch);
        let com = match Com::parse(bytes) {
            Ok(com) => com,
            Err(error) => {
                let detail = format!("EF.COM cannot be read: {error}");
                return report.difference(id, consequence, error.into(), detail);
            }
        };
        let signed: Vec<u8> = self.content.hashes.keys().copied().collect();
        let more = com.data_groups.iter().filter(|number| !signed.contains(number));
        let less = signed.iter().filter(|number| !com.data_groups.contains(number));
        let mut differences = Vec::new();
        differences.extend(names(more).map(|names| format!("EF.COM announces {names}, EF.SOD does not")));
        differences.extend(names(less).map(|names| format!("EF.SOD lists {names}, EF.COM does not")));
        let version = self.content.lds_version.as_ref().map(|info| &info.lds_version);
        if version.is_some_and(|version| *version != com.lds_version) {
            differences.push("EF.COM and EF.SOD have different LDS versions".to_owned());
        }
        if differences.is_empty() {
            report.passed(id, "EF.COM announces what EF.SOD lists");
            return Ok(());
        }
        report.difference(id, consequence, Rejection::ComMismatch, differences.join("; "))
    }

    /// EF.CardAccess offers PACE as DG14 does.
    pub(crate) fn compare_card_access(
        &self,
        data: &ChipData,
        dg14: Option<&Dg14>,
        report: &mut Report,
    ) -> Result<(), Rejection> {
        let Some(bytes) = data.file(FileId::CardAccess) else { return Ok(()) };
        let (id, consequence) = ("pa.card-access", self.policy.card_access_mismatch);
        let card_access = match CardAccess::parse(bytes) {
            Ok(card_access) => card_access,
            Err(error) => {
                let detail = format!("EF.CardAccess cannot be read: {error}");
                return report.difference(id, consequence, error.into(), detail);
            }
        };
        let Some(dg14) = dg14.filter(|dg14| !dg14.pace.is_empty()) else {
            report.line(id, CheckResult::Skipped, "no signed file says how PACE is offered");
            return Ok(());
        };
        let offered: Vec<&PaceInfo> = card_access.pace().collect();
        if dg14.pace.iter().any(|signed| !offered.contains(&signed)) {
            return report.check(id, Err(Rejection::PaceDowngrade), |()| String::new());
        }
        if offered.iter().any(|one| !dg14.pace.contains(one)) {
            let detail = "EF.CardAccess offers more than DG14".to_owned();
            return report.difference(id, consequence, Rejection::CardAccessMismatch("DG14"), detail);
        }
        report.passed(id, "EF.CardAccess offers what DG14 does");
        Ok(())
    }

    /// The MRZ that was read from the page is that of DG1, field by field.
    pub(crate) fn compare_optical_mrz(
        &self,
        data: &ChipData,
        mrz: &Mrz,
        report: &mut Report,
    ) -> Result<(), Rejection> {
        let Some(text) = &data.optical_mrz else { return Ok(()) };
        let (id, consequence) = ("pa.optical-mrz", self.policy.optical_mrz_mismatch);
        let optical = match Mrz::parse(text) {
            Ok(optical) => optical,
            Err(error) => {
                let detail = "the MRZ on the page cannot be read".to_owned();
                return report.difference(id, consequence, error.into(), detail);
            }
        };
        match different_field(&optical, mrz) {
            None => {
                report.passed(id, "the MRZ on the page is that of DG1");
                Ok(())
            }
            Some(field) => {
                // Optional data are filled in differently, and decide nothing (TR-03135 5.8).
                let consequence = if field == OPTIONAL_DATA { Consequence::Finding } else { consequence };
                let detail = format!("the MRZ on the page is not that of DG1: {field}");
                report.difference(id, consequence, Rejection::MrzMismatch(field), detail)
            }
        }
    }

    /// Policy accepts documents of this State and this type.
    pub(crate) fn check_accepted(&self, mrz: &Mrz, report: &mut Report) -> Result<(), Rejection> {
        let policy = &self.policy;
        let accepted = |list: &[String], is: &dyn Fn(&String) -> bool| list.is_empty() || list.iter().any(is);
        let state = accepted(&policy.accepted_states, &|state| *state == mrz.issuing_state);
        let kind = accepted(&policy.accepted_document_types, &|code| covers(code, &mrz.document_code));
        let outcome = match (state, kind) {
            (false, _) => Err(Rejection::StateNotAccepted),
            (true, false) => Err(Rejection::TypeNotAccepted),
            (true, true)
                if policy.accepted_states.is_empty() && policy.accepted_document_types.is_empty() =>
            {
                return Ok(());
            }
            (true, true) => Ok(()),
        };
        report.check("pa.accepted", outcome, |()| "documents of this State and type are accepted")
    }
}

/// A listed type of one letter stands for all types that begin with it (Doc 9303-12 7.1.1.6).
pub(crate) fn covers(listed: &str, code: &str) -> bool {
    code == listed.trim_end_matches('<') || (listed.len() == 1 && code.starts_with(listed))
}

/// `DG1, DG2`; `None`: no number.
pub(crate) fn names<'a>(numbers: impl Iterator<Item = &'a u8>) -> Option<String> {
    let names: Vec<&str> =
        numbers.map(|number| FileId::Dg(*number).name().trim_start_matches("EF.")).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The first field in which they differ. Never what stands in it.
fn different_field(one: &Mrz, other: &Mrz) -> Option<&'static str> {
    let fields = [
        ("document-code", one.document_code == other.document_code),
        ("issuing-state", one.issuing_state == other.issuing_state),
        ("name", (&one.surname, &one.given_names) == (&other.surname, &other.given_names)),
        ("document-number", one.document_number == other.document_number),
        ("nationality", one.nationality == other.nationality),
        ("date-of-birth", one.date_of_birth == other.date_of_birth),
        ("sex", one.sex == other.sex),
        ("date-of-expiry", one.date_of_expiry == other.date_of_expiry),
        (OPTIONAL_DATA, one.lines() == other.lines()),
    ];
    fields.into_iter().find(|(_, same)| !same).map(|(name, _)| name)
}
