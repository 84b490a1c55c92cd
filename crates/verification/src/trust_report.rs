//! The trust base by country: for a table, CSV or JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use clock::UnixTime;
use serde::Serialize;

use crate::certificate::Certificate;
use crate::{Kind, TrustBase};

/// One country.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CountryRow {
    /// Two letters in upper case; `??`: the certificate names none.
    pub country: String,
    /// Anchors that are valid.
    pub cscas_valid: usize,
    /// Anchors that have expired, or are not valid yet.
    pub cscas_not_valid: usize,
    /// Anchors that no publisher lists any more.
    pub cscas_omitted: usize,
    /// Anchors that are distrusted.
    pub cscas_distrusted: usize,
    /// Link certificates that nobody vouches for.
    pub links: usize,
    /// Document signers.
    pub document_signers: usize,
    /// When the first of the valid anchors expires, and the last one: RFC 3339.
    pub first_expiry: Option<String>,
    /// See `first_expiry`.
    pub last_expiry: Option<String>,
    /// Algorithms of the anchors' signatures, and how many have it.
    pub algorithms: BTreeMap<String, usize>,
    /// Who lists the anchors.
    pub sources: BTreeSet<String>,
}

/// The whole base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrustReport {
    /// When the base last changed: RFC 3339.
    pub changed_at: String,
    /// Days since the newest list was signed; `None`: there is no list.
    pub age_days: Option<i64>,
    /// One row for each country.
    pub countries: Vec<CountryRow>,
}

impl TrustBase {
    /// Days since the newest list was signed: for health.
    #[must_use]
    pub fn age_days(&self, at: UnixTime) -> Option<i64> {
        self.lists.values().map(|list| list.signed_at).max().map(|newest| at.since(newest) / 86_400)
    }

    /// The base by country, as at `at`.
    #[must_use]
    pub fn report(&self, at: UnixTime) -> TrustReport {
        let mut countries: BTreeMap<String, CountryRow> = BTreeMap::new();
        let mut expiries: BTreeMap<String, BTreeSet<UnixTime>> = BTreeMap::new();
        let store = self.store();
        for entry in self.certificates.values() {
            let Ok(certificate) = Certificate::parse(&entry.der) else { continue };
            let country = certificate.subject.country().unwrap_or("??").to_owned();
            let row = countries.entry(country.clone()).or_default();
            match entry.kind {
                Kind::Link => row.links += 1,
                Kind::DocumentSigner => row.document_signers += 1,
                Kind::Csca => {
                    if certificate.is_valid_at(at) {
                        row.cscas_valid += 1;
                        expiries.entry(country).or_default().insert(certificate.not_after);
                    } else {
                        row.cscas_not_valid += 1;
                    }
                    row.cscas_omitted += usize::from(entry.sources.is_empty());
                    row.cscas_distrusted += usize::from(store.distrusts(&certificate, at));
                    let algorithm = certificate.signed.scheme().map(|scheme| scheme.name().into_owned());
                    *row.algorithms
                        .entry(algorithm.unwrap_or_else(|error| error.to_string()))
                        .or_default() += 1;
                    row.sources.extend(entry.sources.iter().cloned());
                }
            }
        }
        for (country, row) in &mut countries {
            let all = expiries.get(country);
            row.country.clone_from(country);
            row.first_expiry = all.and_then(BTreeSet::first).map(ToString::to_string);
            row.last_expiry = all.and_then(BTreeSet::last).map(ToString::to_string);
        }
        TrustReport {
            changed_at: self.changed_at.to_string(),
            age_days: self.age_days(at),
            countries: countries.into_values().collect(),
        }
    }
}

impl TrustReport {
    /// As CSV with a header line.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut out =
            "country,cscas_valid,cscas_not_valid,cscas_omitted,cscas_distrusted,links,document_signers,\
                       first_expiry,last_expiry,algorithms,sources\n"
                .to_owned();
        for row in &self.countries {
            let algorithms: Vec<String> =
                row.algorithms.iter().map(|(name, n)| format!("{name}: {n}")).collect();
            let sources: Vec<&str> = row.sources.iter().map(String::as_str).collect();
            let expiry = |time: &Option<String>| time.clone().unwrap_or_default();
            let _ = writeln!(
                out,
                "{},{},{},{},{},{},{},{},{},{},{}",
                cell(&row.country),
                row.cscas_valid,
                row.cscas_not_valid,
                row.cscas_omitted,
                row.cscas_distrusted,
                row.links,
                row.document_signers,
                expiry(&row.first_expiry),
                expiry(&row.last_expiry),
                cell(&algorithms.join("; ")),
                cell(&sources.join(" "))
            );
        }
        out
    }
}

/// A cell that no content breaks out of, and that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    let text = text.replace('"', "\"\"");
    let guard = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{guard}{text}\"")
}
