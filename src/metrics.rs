//! Counts for the operator, in Prometheus' text format, on an address of their own (`[metrics] listen`): requests by class
//! and status, what became of logins and enrolments, and how much waits. They name nobody: every label is a word of this
//! program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use protocol::codes::entry;

use crate::AppState;

/// What became of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    /// A browser began it.
    Begun,
    /// The browser went on: with a code to the client, or into our own pages.
    Completed,
    /// The person refused on the phone.
    Refused,
    /// She said that she had not begun it.
    NotMe,
    /// The browser went back.
    Cancelled,
    /// Three wrong release codes.
    WrongCode,
    /// The identity does not reach the level, or is not active.
    Unmet,
    /// It did not begin: too many were waiting.
    TurnedAway,
}

impl LoginOutcome {
    const NAMES: [&str; 8] =
        ["begun", "completed", "refused", "not_me", "cancelled", "wrong_code", "unmet", "turned_away"];
}

/// What became of an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrolmentOutcome {
    /// A phone opened it.
    Opened,
    /// It is sealed, and the identity is active.
    Active,
    /// It is sealed, and a person has to look at it first.
    UnderReview,
    /// The phone gave it up.
    Cancelled,
}

impl EnrolmentOutcome {
    const NAMES: [&str; 4] = ["opened", "active", "under_review", "cancelled"];
}

/// The counters since this server started.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    refusals: Mutex<BTreeMap<&'static str, u64>>,
    logins: [AtomicU64; LoginOutcome::NAMES.len()],
    enrolments: [AtomicU64; EnrolmentOutcome::NAMES.len()],
}

impl Metrics {
    /// Counts a request, by its route as the router matched it.
    pub fn request(&self, route: &str, status: u16) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((class(route), status)).or_default() += 1;
    }

    /// Counts a login.
    pub fn login(&self, outcome: LoginOutcome) {
        count(&self.logins, outcome as usize);
    }

    /// Counts an enrolment.
    pub fn enrolment(&self, outcome: EnrolmentOutcome) {
        count(&self.enrolments, outcome as usize);
    }

    /// Counts a refusal of document, chip, face or phone, by the family of its code.
    pub fn refusal(&self, code: &str) {
        let family = entry(code).family.unwrap_or_default().trim_end_matches('.');
        *self.refusals.lock().unwrap_or_else(PoisonError::into_inner).entry(family).or_default() += 1;
    }
}

fn count(counters: &[AtomicU64], at: usize) {
    if let Some(counter) = counters.get(at) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// The class of a route: the endpoints that a client's server or a browser asks for in each login each for itself, the
/// others together.
fn class(route: &str) -> &'static str {
    let first = route.strip_prefix('/').unwrap_or("-");
    match route {
        "/authorize" => "authorize",
        "/token" => "token",
        "/userinfo" => "userinfo",
        "/jwks" | "/.well-known/openid-configuration" => "discovery",
        "/status" => "status",
        "-" => "none",
        _ => match first.split('/').next().unwrap_or_default() {
            "v1" if first.starts_with("v1/enrolments") => "enrolment",
            "v1" => "phone",
            "login" => "login",
            "account" | "session" | "recovery" => "account",
            "desk" => "desk",
            "par" | "introspect" | "revoke" | "logout" | "bc-authorize" => "oidc",
            _ => "page",
        },
    }
}

/// The only route of the listener.
pub fn router(state: AppState) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(state)
}

async fn metrics(State(state): State<AppState>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, text(&state).await).into_response()
}

/// The text (Prometheus' exposition formats, text format 0.0.4).
async fn text(state: &AppState) -> String {
    let mut page = Page(String::new());
    page.family("sceau_build_info", "gauge", "The version that runs.");
    page.line("sceau_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.counters(&state.metrics);
    page.waiting(state).await;
    page.trust(state);
    page.0
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A value. Labels are words of this program: none needs escaping.
    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, "gauge", help);
        self.line(name, &[], value);
    }

    fn outcomes(&mut self, name: &str, help: &str, names: &[&str], counters: &[AtomicU64]) {
        self.family(name, "counter", help);
        for (outcome, counter) in names.iter().zip(counters) {
            self.line(name, &[("outcome", outcome)], counter.load(Ordering::Relaxed));
        }
    }

    fn counters(&mut self, metrics: &Metrics) {
        let name = "sceau_requests_total";
        self.family(name, "counter", "Requests answered, by class of route and status.");
        for ((class, status), count) in &*metrics.requests.lock().unwrap_or_else(PoisonError::into_inner) {
            self.line(name, &[("class", class), ("status", &status.to_string())], count);
        }
        let help = "Logins by what became of them; those begun that have no other outcome wait or timed out.";
        self.outcomes("sceau_logins_total", help, &LoginOutcome::NAMES, &metrics.logins);
        let help = "Enrolments by what became of them.";
        self.outcomes("sceau_enrolments_total", help, &EnrolmentOutcome::NAMES, &metrics.enrolments);
        let name = "sceau_enrolment_refusals_total";
        self.family(name, "counter", "Refusals of document, chip, face or phone, by family of code.");
        for (family, count) in &*metrics.refusals.lock().unwrap_or_else(PoisonError::into_inner) {
            self.line(name, &[("family", family)], count);
        }
    }

    /// What waits in the database, for every server on it. A database that does not answer says so.
    async fn waiting(&mut self, state: &AppState) {
        let now = state.now();
        let waiting = async {
            let logins = state.database.pending_logins(now).await?;
            Ok::<_, storage::Error>((logins, state.database.outbox_state().await?))
        };
        let waiting = waiting.await;
        self.gauge("sceau_database_up", "Whether the database answers.", u8::from(waiting.is_ok()));
        let Ok((logins, outbox)) = waiting else { return };
        self.gauge("sceau_logins_pending", "Logins that wait for a phone or a browser.", logins);
        self.gauge("sceau_outbox_mails", "Mails that wait.", outbox.waiting);
        let help = "Of these, those that were tried before or are on their way just now.";
        self.gauge("sceau_outbox_tried_mails", help, outbox.tried);
        let oldest = outbox.oldest.map_or(0, |at| now.since(at).max(0));
        self.gauge("sceau_outbox_oldest_seconds", "How long the oldest mail has waited.", oldest);
    }

    fn trust(&mut self, state: &AppState) {
        let health = state.trust.health(state.now());
        if let Some(version) = health.version {
            self.gauge("sceau_trust_store_version", "The version of the trust store.", version);
        }
        if let Some(days) = health.age_days {
            self.gauge("sceau_trust_list_age_days", "Days since its newest list was signed.", days);
        }
        let help = "Whether it is too old, or its newest version cannot be read.";
        self.gauge("sceau_trust_attention", help, u8::from(health.attention));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_its_own_name() {
        assert_eq!(LoginOutcome::NAMES[LoginOutcome::TurnedAway as usize], "turned_away");
        assert_eq!(LoginOutcome::NAMES[LoginOutcome::NotMe as usize], "not_me");
        assert_eq!(EnrolmentOutcome::NAMES[EnrolmentOutcome::Cancelled as usize], "cancelled");
    }

    #[test]
    fn a_route_has_a_class_and_no_value_of_a_request_becomes_a_label() {
        for (route, expected) in [
            ("/v1/enrolments/{id}/chip/files/{name}", "enrolment"),
            ("/v1/logins/{id}/approve", "phone"),
            ("/login/{id}/release", "login"),
            ("/account/email/{id}", "account"),
            ("/.well-known/openid-configuration", "discovery"),
            ("/", "page"),
            ("-", "none"),
        ] {
            assert_eq!(class(route), expected, "{route}");
        }
        let metrics = Metrics::default();
        metrics.refusal("pa.hash-mismatch(DG2)");
        metrics.refusal("something \"else\"");
        let families: Vec<_> = metrics.refusals.lock().unwrap().keys().copied().collect();
        assert_eq!(families, ["", "pa"]);
    }
}
