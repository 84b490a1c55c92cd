//! What was checked, in the order in which it was checked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;

use crate::Rejection;

/// How one check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckResult {
    /// As the standard demands.
    Passed,
    /// Refused for it: the last line of a report.
    Failed,
    /// There was nothing to check.
    Skipped,
    /// The check could not be made for want of data from elsewhere: no CRL.
    Undetermined,
    /// Not as the standard demands, and let through by the policy.
    Deviation,
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Undetermined => "undetermined",
            Self::Deviation => "deviation",
        })
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which check, such as `pa.sod-signature` or `pa.hash(DG2)`.
    pub id: Cow<'static, str>,
    /// How it ended.
    pub result: CheckResult,
    /// What was found, in words. Never the holder's data.
    pub detail: Cow<'static, str>,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.id, self.result, self.detail)
    }
}

/// What was checked up to here. Copies share their lines: the one who goes on checking has the only copy then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report(Arc<Lines>);

/// What a [`Report`] says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// One line for each check.
    pub checks: Vec<Check>,
    /// The algorithms met, by what they were used for: `sod-signature` is `ECDSA SHA-256`.
    pub algorithms: BTreeMap<&'static str, Cow<'static, str>>,
    /// Version of the policy that decided.
    pub policy_version: String,
}

/// As many as the report of a usual document has.
const LINES: usize = 32;

impl Deref for Report {
    type Target = Lines;

    fn deref(&self) -> &Lines {
        &self.0
    }
}

impl Report {
    pub(crate) fn new(policy_version: &str) -> Self {
        let checks = Vec::with_capacity(LINES);
        Self(Arc::new(Lines { checks, policy_version: policy_version.to_owned(), ..Lines::default() }))
    }

    /// The checks that policy let through.
    pub fn deviations(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.result == CheckResult::Deviation)
    }

    /// Policy let a weak algorithm or a short key through.
    #[must_use]
    pub fn weak_algorithm(&self) -> bool {
        self.deviations().any(|check| check.id.ends_with(STRENGTH))
    }

    pub(crate) fn line(
        &mut self,
        id: impl Into<Cow<'static, str>>,
        result: CheckResult,
        detail: impl Into<Cow<'static, str>>,
    ) {
        Arc::make_mut(&mut self.0).checks.push(Check { id: id.into(), result, detail: detail.into() });
    }

    pub(crate) fn passed(&mut self, id: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) {
        self.line(id, CheckResult::Passed, detail);
    }

    pub(crate) fn deviation(
        &mut self,
        id: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) {
        self.line(id, CheckResult::Deviation, detail);
    }

    /// Writes how a check ended that either gives a value or refuses, and hands it on.
    pub(crate) fn check<T, D: Into<Cow<'static, str>>>(
        &mut self,
        id: impl Into<Cow<'static, str>>,
        outcome: Result<T, Rejection>,
        detail: impl FnOnce(&T) -> D,
    ) -> Result<T, Rejection> {
        match &outcome {
            Ok(value) => self.passed(id, detail(value)),
            Err(rejection) => self.line(id, CheckResult::Failed, rejection.to_string()),
        }
        outcome
    }

    pub(crate) fn algorithm(&mut self, of: &'static str, name: impl Into<Cow<'static, str>>) {
        Arc::make_mut(&mut self.0).algorithms.insert(of, name.into());
    }
}

/// How the ids of checks on algorithms and key lengths end.
pub(crate) const STRENGTH: &str = ".strength";

/// What a check, or a chain of checks, found and decided.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Inspection<T> {
    /// Every check so far, the refused one last.
    pub report: Report,
    /// The stronger value, or why there is none.
    pub outcome: Result<T, Rejection>,
}

impl<T> Inspection<T> {
    /// Goes on with the value; a refusal stays.
    pub(crate) fn and_then<U>(self, next: impl FnOnce(T) -> Inspection<U>) -> Inspection<U> {
        let Self { report, outcome } = self;
        match outcome {
            Ok(value) => {
                // The value has the report, and goes on writing it.
                drop(report);
                next(value)
            }
            Err(rejection) => Inspection { report, outcome: Err(rejection) },
        }
    }
}
