//! Numbers and words that a configuration may hold.

use super::Reader;
use crate::desk_agents;

/// The consents that apps and checks know.
const CONSENTS: [&str; 5] = ["terms", "privacy", "face", "desk", "trace"];
/// The longest version of a consent text, in bytes: it stands in every approval.
const MAX_VERSION: usize = 32;

/// The longest that a portrait waits for a desk, in hours: 14 days.
const MAX_HOLD: i64 = 336;
/// The longest wait for a mailed code, in hours.
const MAX_CODE_HOURS: i64 = 72;

impl Reader<'_> {
    pub(super) fn check_values(&mut self) {
        let config = self.config;
        let face = &config.face;
        if !(0.0..=1.0).contains(&face.min_similarity) {
            self.wrong("face.min_similarity", "must be from 0 to 1");
        }
        if !(-1.0..=face.min_similarity).contains(&face.borderline_similarity) {
            self.wrong("face.borderline_similarity", "must be from -1 to face.min_similarity");
        }
        let limits = &config.limits;
        let numbers = [
            ("face.max_age", face.max_age),
            ("desk.hold_hours", config.desk.hold_hours),
            ("enrolment.mail_code_hours", config.enrolment.mail_code_hours),
            ("limits.burst", i64::from(limits.burst)),
            ("limits.per_minute", i64::from(limits.per_minute)),
            ("limits.pending_logins", limits.pending_logins),
            ("limits.enrolments_per_hour", limits.enrolments_per_hour),
            ("limits.enrolments_per_hour_by_device", limits.enrolments_per_hour_by_device),
            ("limits.claims_per_hour", limits.claims_per_hour),
            ("limits.mails_per_hour", limits.mails_per_hour),
            ("limits.chip_answers", limits.chip_answers),
            ("limits.face_answers", limits.face_answers),
            ("limits.request_seconds", i64::try_from(limits.request_seconds).unwrap_or(i64::MAX)),
        ];
        for (key, number) in numbers {
            if number < 1 {
                self.wrong(key, "must be at least 1");
            }
        }
        if config.desk.hold_hours > MAX_HOLD {
            self.wrong("desk.hold_hours", "must be at most 336: a portrait is not kept for longer");
        }
        if config.enrolment.mail_code_hours > MAX_CODE_HOURS {
            self.wrong("enrolment.mail_code_hours", "must be at most 72");
        }
        if let Some(file) = &config.desk.agents_file
            && let Err(error) = desk_agents::read(&config.path(file))
        {
            self.wrong("desk.agents_file", error);
        }
        if config.enrolment.accepted_documents.is_empty() {
            self.wrong("enrolment.accepted_documents", "needs at least one code");
        }
        if config.enrolment.consents.is_empty() && !config.is_demo() {
            self.wrong("enrolment.consents", "nobody can agree to nothing: name the texts");
        }
        for (i, consent) in config.enrolment.consents.iter().enumerate() {
            if !CONSENTS.contains(&consent.name.as_str()) {
                self.wrong(
                    format!("enrolment.consents.{i}.name"),
                    "must be terms, privacy, face, desk or trace",
                );
            }
            if consent.name == "trace" && consent.required {
                self.wrong(format!("enrolment.consents.{i}.required"), "nobody has to send traces");
            }
            self.check_version(format!("enrolment.consents.{i}.version"), &consent.version);
        }
        for (i, client) in config.clients.iter().enumerate() {
            self.check_version(format!("clients.{i}.consent_version"), &client.consent_version);
        }
    }

    fn check_version(&mut self, key: String, version: &str) {
        let fits =
            (1..=MAX_VERSION).contains(&version.len()) && version.bytes().all(|b| b.is_ascii_graphic());
        if !fits {
            self.wrong(key, "must be 1 to 32 visible ASCII characters");
        }
    }
}
