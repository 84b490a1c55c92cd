//! The report by the checks of BSI TR-03135 part 1: one line for each, whatever the document or the policy.
//!
//! What was not reached, because a step before it refused, is `aborted`. So is what only the reader does: access to the
//! chip, and the printed page. A departure that our policy lets through is `failed` here, for the guideline knows no
//! policy; the verdict over all is ours.

use std::fmt;

use serde::Serialize;

use crate::report::CheckResult;
use crate::{Inspection, Rejection, Report};

/// How a check of the guideline ended, or how a part was rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuidelineResult {
    /// Ended; passed.
    Successful,
    /// Ended; did not pass.
    Failed,
    /// Ended; no decision is possible.
    Undetermined,
    /// Ended; the document has it not.
    NotSupported,
    /// Did not end.
    Aborted,
    /// Rating of a certificate.
    Trusted,
    /// Rating of a certificate.
    NotTrusted,
    /// Rating of a data group: as its hash says.
    Identical,
    /// Rating of a data group: not as its hash says.
    NotIdentical,
    /// Rating of a data group: in EF.SOD, and not read.
    Present,
    /// Rating of a data group: not on the document.
    NotPresent,
    /// Rating of a data group: read, and EF.SOD has no hash of it.
    NonConformance,
}

use GuidelineResult::{Aborted, Failed, NotSupported, Successful, Undetermined};

impl fmt::Display for GuidelineResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// One check of the guideline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GuidelineCheck {
    /// Such as `pa.dsc-signature`; data groups have their number: `integrity.data-group(DG2)`.
    pub id: String,
    /// How it ended.
    pub result: GuidelineResult,
}

impl<T> Inspection<T> {
    /// The lines of the guideline.
    #[must_use]
    pub fn guideline(&self) -> Vec<GuidelineCheck> {
        guideline(&self.report, self.outcome.as_ref().err())
    }
}

/// The lines of the guideline for a report and the reason of a refusal.
#[must_use]
pub fn guideline(report: &Report, rejection: Option<&Rejection>) -> Vec<GuidelineCheck> {
    let view = View { report, rejection };
    let mut lines = Lines::default();
    for id in ["access", "access.bac-or-pace", "access.bac", "access.pace", "access.ta"] {
        lines.add(id, Aborted);
    }
    let chip = [view.chip("aa"), view.chip("ca"), view.not_offered("pace-cam")];
    let objects = [view.security_hash(), view.one("pa.sod-signature")];
    let [csca, dsc] = view.validity();
    let validity = all_of(&[csca, dsc]);
    let trust = view.trust();
    let chain = view.one("pa.dsc-signature");
    let revocation = view.one("pa.revocation");
    let trusted = match trust {
        GuidelineResult::Trusted => Successful,
        GuidelineResult::NotTrusted => Failed,
        other => other,
    };
    let issuer = all_of(&[chain, validity, revocation, trusted]);
    let object = all_of(&objects);
    let (com, groups) = (view.com(), view.groups());
    let group_results: Vec<GuidelineResult> = groups.iter().map(|(_, rating)| of_rating(*rating)).collect();
    let all_groups = if group_results.is_empty() { Aborted } else { all_of(&group_results) };
    let integrity = all_of(&[if com == NotSupported { Successful } else { com }, all_groups]);
    let state = view.one("pa.country");
    let chip_result = any_of(&chip);
    let content = all_of(&[object, issuer, integrity, state, chip_result]);
    let mrz = view.mrz();
    let expiry = view.one("pa.document-expiry");
    let optical = view.optical();
    let combined = combine(&[expiry, optical]);
    for (id, result) in [
        ("content", if content == NotSupported { Undetermined } else { content }),
        ("chip", chip_result),
        ("chip.aa", chip[0]),
        ("chip.ca", chip[1]),
        ("chip.pace-cam", chip[2]),
        ("pa.security-objects", object),
        ("pa.security-object", object),
        ("pa.security-object.hash", objects[0]),
        ("pa.security-object.signature", objects[1]),
        ("pa.issuers", issuer),
        ("pa.issuer", issuer),
        ("pa.dsc-signature", chain),
        ("pa.validity", validity),
        ("pa.validity.csca", csca),
        ("pa.validity.dsc", dsc),
        ("pa.revocation", revocation),
        ("pa.trust-status", trust),
        ("integrity", integrity),
        ("integrity.com-sod", com),
        ("integrity.data-groups", all_groups),
    ] {
        lines.add(id, result);
    }
    for (number, rating) in &groups {
        lines.add(&format!("integrity.data-group(DG{number})"), *rating);
    }
    for (id, result) in [
        ("issuing-state", state),
        ("mrz.icao", mrz),
        ("mrz.check-digits", mrz),
        ("combined", combined),
        ("combined.expiry", expiry),
        ("combined.mrz-dg1", optical),
        ("combined.mrz-viz", Aborted),
        ("combined.dg2-viz-face", Aborted),
    ] {
        lines.add(id, result);
    }
    let verdict = if rejection.is_some() { Failed } else { Successful };
    lines.0.insert(0, GuidelineCheck { id: "document".to_owned(), result: verdict });
    lines.0
}

#[derive(Default)]
struct Lines(Vec<GuidelineCheck>);

impl Lines {
    fn add(&mut self, id: &str, result: GuidelineResult) {
        self.0.push(GuidelineCheck { id: id.to_owned(), result });
    }
}

struct View<'a> {
    report: &'a Report,
    rejection: Option<&'a Rejection>,
}

impl View<'_> {
    /// The worst of the lines with this id; aborted if there is none.
    fn one(&self, id: &str) -> GuidelineResult {
        let lines = self.report.checks.iter().filter(|check| check.id == id);
        let results: Vec<GuidelineResult> = lines.map(|check| of(check.result)).collect();
        if results.is_empty() { Aborted } else { all_of(&results) }
    }

    fn has(&self, prefix: &str) -> bool {
        self.report.checks.iter().any(|check| check.id.starts_with(prefix))
    }

    /// A hash that EF.SOD names and nobody knows is no digest either.
    fn security_hash(&self) -> GuidelineResult {
        let unknown =
            matches!(self.rejection, Some(Rejection::File(lds::Error::UnsupportedAlgorithm { .. })));
        if unknown && !self.has("pa.dsc") { Failed } else { self.one("pa.message-digest") }
    }

    /// Of the CSCA, and of the document signer.
    fn validity(&self) -> [GuidelineResult; 2] {
        match self.rejection {
            Some(Rejection::CscaExpired | Rejection::CscaNotYetValid) => [Failed, Successful],
            Some(Rejection::DscExpired | Rejection::DscNotYetValid) => [Aborted, Failed],
            _ => [self.one("pa.validity"); 2],
        }
    }

    fn trust(&self) -> GuidelineResult {
        match (self.one("pa.trust-status"), self.rejection) {
            (Successful, _) => GuidelineResult::Trusted,
            (Failed, _) => GuidelineResult::NotTrusted,
            (_, Some(Rejection::CscaUnknown)) => Undetermined,
            (other, _) => other,
        }
    }

    fn com(&self) -> GuidelineResult {
        match self.one("pa.com") {
            Aborted if self.has("pa.data-groups") => NotSupported,
            result => result,
        }
    }

    /// Number and rating of each data group that EF.SOD lists or the reader sent.
    fn groups(&self) -> Vec<(u8, GuidelineResult)> {
        let number = |id: &str| id.strip_prefix("pa.hash(DG")?.strip_suffix(')')?.parse().ok();
        let lines = self.report.checks.iter().filter_map(|check| Some((number(&check.id)?, check.result)));
        lines.map(|(number, result)| (number, self.rating(result))).collect()
    }

    fn rating(&self, result: CheckResult) -> GuidelineResult {
        match (result, self.rejection) {
            (CheckResult::Passed, _) => GuidelineResult::Identical,
            (CheckResult::Failed, Some(Rejection::NotInSod(_))) => GuidelineResult::NonConformance,
            (CheckResult::Failed, Some(Rejection::DataGroupMissing(_))) => GuidelineResult::NotPresent,
            (CheckResult::Failed, _) => GuidelineResult::NotIdentical,
            _ => GuidelineResult::Present,
        }
    }

    fn mrz(&self) -> GuidelineResult {
        match self.rejection {
            Some(Rejection::File(lds::Error::WrongCheckDigit { .. })) => Failed,
            _ => self.one("pa.data-groups"),
        }
    }

    /// Only optional data differ: undetermined.
    fn optical(&self) -> GuidelineResult {
        let id = "pa.optical-mrz";
        let optional =
            self.report.checks.iter().any(|check| check.id == id && check.detail.ends_with("optional-data"));
        match self.one(id) {
            Aborted if self.has("pa.document-expiry") => NotSupported,
            Failed if optional => Undetermined,
            result => result,
        }
    }

    /// The chip was judged at all: a document that was accepted with a report on its chip, or refused for it.
    fn chip_judged(&self) -> bool {
        ["aa.", "ca.", "chip."].into_iter().any(|prefix| self.has(prefix))
    }

    fn chip(&self, protocol: &str) -> GuidelineResult {
        let id = format!("{protocol}.proof");
        let line = self.report.checks.iter().find(|check| check.id == id).map(|check| check.result);
        match line {
            // Announced, and not answered.
            Some(CheckResult::Deviation) => Undetermined,
            Some(result) => of(result),
            None => self.not_offered(protocol),
        }
    }

    fn not_offered(&self, protocol: &str) -> GuidelineResult {
        let refused_before = self.rejection.is_some() && !self.has("chip.offered") && protocol != "pace-cam";
        if self.chip_judged() && !refused_before { NotSupported } else { Aborted }
    }
}

fn of(result: CheckResult) -> GuidelineResult {
    match result {
        CheckResult::Passed => Successful,
        CheckResult::Failed | CheckResult::Deviation => Failed,
        CheckResult::Skipped => NotSupported,
        CheckResult::Undetermined => Undetermined,
    }
}

fn of_rating(rating: GuidelineResult) -> GuidelineResult {
    match rating {
        GuidelineResult::Identical | GuidelineResult::Present => Successful,
        _ => Failed,
    }
}

/// All must be good: the worst counts.
fn all_of(results: &[GuidelineResult]) -> GuidelineResult {
    let order = [Failed, Aborted, Undetermined, NotSupported, Successful];
    order.into_iter().find(|result| results.contains(result)).unwrap_or(Aborted)
}

/// One proof of the chip suffices (section 5.6.1).
fn any_of(results: &[GuidelineResult]) -> GuidelineResult {
    let order = [Successful, Failed, Aborted, Undetermined, NotSupported];
    order.into_iter().find(|result| results.contains(result)).unwrap_or(Aborted)
}

/// Section 5.8: what is not supported does not count beside what is.
fn combine(results: &[GuidelineResult]) -> GuidelineResult {
    let order = [Failed, Aborted, Undetermined, Successful, NotSupported];
    order.into_iter().find(|result| results.contains(result)).unwrap_or(Aborted)
}
