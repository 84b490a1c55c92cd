//! How much of a test plan the vectors of a folder cover and pass: the plan of the BSI for inspection systems.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::Row;

/// The plan's file in a folder of vectors.
pub(super) const FILE: &str = "bsi-tr-03105-5.1.json";
/// The tiers that a verifier of files can be judged by.
const JUDGED: [&str; 2] = ["A", "B"];
/// The tier of what a reader meets at the chip: tests of `emrtd`, which fail if one is missing.
const TERMINAL: &str = "T";

/// A plan.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    plan: String,
    #[serde(rename = "version")]
    _version: String,
    cases: Vec<PlanCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanCase {
    id: String,
    #[serde(rename = "title")]
    _title: String,
    tier: String,
    #[serde(rename = "expected")]
    _expected: String,
    /// Why there is no vector, of the tiers that are not judged.
    #[serde(default, rename = "reason")]
    _reason: Option<String>,
}

/// The plan's cases of tiers A and B.
#[derive(Serialize)]
pub(super) struct Share {
    plan: String,
    cases: usize,
    passed: usize,
    /// Cases without a vector.
    missing: Vec<String>,
    /// Cases with a vector that differs.
    differing: Vec<String>,
    /// Cases of tier T, which are tests of the terminal and have no vectors.
    terminal: usize,
}

impl Share {
    /// Reads the plan, if the folder has one, and counts. A case is that of the vectors whose reference is its id; it
    /// passes if all of them agree.
    pub(super) fn of(folder: &Path, rows: &[Row]) -> anyhow::Result<Option<Self>> {
        let path = folder.join(FILE);
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| path.display().to_string())?,
        };
        let plan: Plan = serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?;
        let mut outcomes = BTreeMap::<&str, bool>::new();
        for row in rows {
            if let Some(id) = row.reference.strip_prefix(&plan.plan) {
                *outcomes.entry(id.trim()).or_insert(true) &= row.agrees;
            }
        }
        let terminal = plan.cases.iter().filter(|case| case.tier == TERMINAL).count();
        let (missing, differing) = (Vec::new(), Vec::new());
        let mut share = Self { plan: plan.plan, cases: 0, passed: 0, missing, differing, terminal };
        for case in plan.cases.into_iter().filter(|case| JUDGED.contains(&case.tier.as_str())) {
            share.cases += 1;
            match outcomes.get(case.id.as_str()) {
                None => share.missing.push(case.id),
                Some(false) => share.differing.push(case.id),
                Some(true) => share.passed += 1,
            }
        }
        Ok(Some(share))
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { plan, cases, passed, missing, differing, terminal } = self;
        write!(f, "{plan}: {passed} of {cases} cases of the tiers A and B pass")?;
        for (what, ids) in [("without a vector", missing), ("differing", differing)] {
            if !ids.is_empty() {
                write!(f, "; {what}: {}", ids.join(", "))?;
            }
        }
        writeln!(f, "; {terminal} of tier T are tests of the terminal (cargo test -p emrtd --test chips bsi)")
    }
}
