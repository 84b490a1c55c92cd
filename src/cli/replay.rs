//! `sceau replay`: judges every vector of a folder by the functions that the server judges with, and compares.

mod plan;
mod suites;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use test_passports::vectors::manifest::{Case, Outcome};

#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 everything as expected, 1 a difference, 2 trouble (a file that cannot be read)."
)]
pub(super) struct Replay {
    /// The folder of the vectors: a manifest for each suite, and the files that they name.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What came of one vector, beside what its manifest expects. The names of its fields are those of the JSON.
#[derive(Serialize)]
struct Row {
    id: String,
    suite: String,
    /// Which rule.
    reference: String,
    /// `valid`, `invalid` or `acceptable`.
    expected: Outcome,
    /// The code of an expected refusal.
    expected_code: Option<String>,
    /// `valid` or `invalid`.
    got: Outcome,
    /// The code of the refusal.
    code: Option<String>,
    /// Whether that is what was expected.
    agrees: bool,
    /// Why the case cannot be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

impl Row {
    fn new(suite: &str, case: &Case, judged: anyhow::Result<Option<String>>) -> Self {
        let (code, trouble) = match judged {
            Ok(code) => (code, None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        let refused =
            code.as_ref().zip(case.rejection.as_ref()).is_some_and(|(got, expected)| is(got, expected));
        let agrees = trouble.is_none()
            && match case.result {
                Outcome::Valid => code.is_none(),
                Outcome::Invalid => refused,
                Outcome::Acceptable => code.is_none() || refused,
            };
        Self {
            id: case.id.clone(),
            suite: suite.to_owned(),
            reference: case.reference.clone(),
            expected: case.result,
            expected_code: case.rejection.clone(),
            got: if code.is_none() { Outcome::Valid } else { Outcome::Invalid },
            code,
            agrees,
            trouble,
        }
    }
}

/// A code is the expected one. Who writes a manifest may leave out what a code tells in brackets, or its end:
/// `lds.malformed(EF.SOD)` is `lds.malformed(EF.SOD: content type)` too.
fn is(code: &str, expected: &str) -> bool {
    let rest = code.strip_prefix(expected.strip_suffix(')').unwrap_or(expected));
    match (rest, expected.ends_with(')')) {
        (Some(rest), true) => rest == ")" || rest.starts_with(": "),
        (Some(rest), false) => rest.is_empty() || rest.starts_with('('),
        (None, _) => false,
    }
}

/// All vectors of a folder.
#[derive(Serialize)]
struct Table {
    cases: Vec<Row>,
    total: usize,
    differences: usize,
    /// How much of the test plan passes, if the folder has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<plan::Share>,
}

impl Replay {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let cases = suites::replay(&self.folder)?;
        let differences = cases.iter().filter(|row| !row.agrees).count();
        let plan = plan::Share::of(&self.folder, &cases)?;
        let table = Table { total: cases.len(), cases, differences, plan };
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &table)?;
            writeln!(out)?;
        } else {
            write!(out, "{table}")?;
        }
        let mut troubled =
            table.cases.iter().filter_map(|row| Some((&row.id, row.trouble.as_ref()?))).peekable();
        let code = match (troubled.peek(), differences) {
            (Some(_), _) => ExitCode::from(2),
            (None, 0) => ExitCode::SUCCESS,
            (None, _) => ExitCode::FAILURE,
        };
        for (id, trouble) in troubled {
            eprintln!("sceau: {id}: {trouble}");
        }
        Ok(code)
    }
}

fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Valid => "valid",
        Outcome::Invalid => "invalid",
        Outcome::Acceptable => "acceptable",
    }
}

/// The table for people.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.cases.iter().map(|row| row.id.len()).max().unwrap_or_default().max("id".len());
        writeln!(f, "{:width$}  {:10}  {:7}  code", "id", "expected", "got")?;
        let mut suites = BTreeMap::<&str, usize>::new();
        for row in &self.cases {
            *suites.entry(&row.suite).or_default() += 1;
            let code = row.code.as_deref().unwrap_or("-");
            write!(f, "{:width$}  {:10}  {:7}  {code}", row.id, name(row.expected), name(row.got))?;
            match &row.expected_code {
                _ if row.agrees => writeln!(f)?,
                _ if row.trouble.is_some() => writeln!(f, "  CANNOT BE JUDGED")?,
                None => writeln!(f, "  DIFFERS")?,
                Some(expected) => writeln!(f, "  DIFFERS: expected {expected}")?,
            }
        }
        let suites: Vec<String> = suites.iter().map(|(suite, count)| format!("{suite} {count}")).collect();
        let (total, differences) = (self.total, self.differences);
        writeln!(f, "\n{total} vectors, {differences} differences ({})", suites.join(", "))?;
        self.plan.as_ref().map_or(Ok(()), |plan| write!(f, "{plan}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_passports::vectors::manifest::{Importance, Policy, Trust};

    fn agrees(result: Outcome, expected: Option<&str>, got: Option<&str>) -> bool {
        let case = Case {
            id: "a::b".into(),
            description: String::new(),
            flags: Vec::new(),
            importance: Importance::Low,
            reference: String::new(),
            validation_time: String::new(),
            files: BTreeMap::new(),
            objects: BTreeMap::new(),
            trust: Trust::default(),
            policy: Policy::default(),
            evidence: None,
            result,
            rejection: expected.map(Into::into),
            twin: None,
        };
        Row::new("a", &case, Ok(got.map(Into::into))).agrees
    }

    #[test]
    fn a_refusal_with_another_code_differs() {
        assert!(agrees(Outcome::Valid, None, None));
        assert!(!agrees(Outcome::Valid, None, Some("x")));
        assert!(agrees(Outcome::Invalid, Some("x"), Some("x")));
        assert!(!agrees(Outcome::Invalid, Some("x"), Some("y")));
        assert!(!agrees(Outcome::Invalid, Some("x"), None));
        assert!(!agrees(Outcome::Invalid, None, None), "a manifest that expects no code at all");
        assert!(agrees(Outcome::Acceptable, Some("x"), None));
        assert!(agrees(Outcome::Acceptable, Some("x"), Some("x")));
        assert!(!agrees(Outcome::Acceptable, Some("x"), Some("y")));
    }

    #[test]
    fn an_expected_code_may_leave_out_the_end_of_its_detail() {
        for (got, expected, same) in [
            ("lds.malformed(EF.SOD: content type)", "lds.malformed", true),
            ("lds.malformed(EF.SOD: content type)", "lds.malformed(EF.SOD)", true),
            ("lds.malformed(EF.SOD: content type)", "lds.malformed(EF.SO)", false),
            ("lds.malformed(EF.SOD: content type)", "lds.malformed(EF.DG1)", false),
            ("lds.malformed(EF.SOD)", "lds.malformed(EF.SOD: content type)", false),
            ("pa.hash-mismatch(DG11)", "pa.hash-mismatch(DG1)", false),
            ("pa.hash-mismatch(DG11)", "pa.hash-mismatch", true),
            ("pa.dsc-expired", "pa.dsc", false),
            ("pa.dsc-expired", "", false),
        ] {
            assert_eq!(agrees(Outcome::Invalid, Some(expected), Some(got)), same, "{got} {expected}");
        }
    }
}
