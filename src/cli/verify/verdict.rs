//! What is said of a passport: for programs as JSON, for people as a table.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use clock::UnixTime;
use crypto::PublicKey;
use emrtd::chip_authentication::ChipAuthenticationOffer;
use lds::{Dg1, Dg11, Dg14, Dg15, FileId};
use serde::Serialize;
use verification::{
    Authentic, Check, ChipData, ChipProtocol, Content, GenuineDocument, GuidelineCheck, Inspection, Policy,
    Rejection, SecurityObject, TrustStore, guideline, judge_data,
};

/// A judgement of files. The names of its fields are those of the JSON.
#[derive(Serialize)]
pub(in crate::cli) struct Verdict {
    /// The folder, as it was given.
    path: String,
    /// `accept` or `reject`.
    verdict: &'static str,
    /// The stable code of the first check that failed.
    rejection: Option<String>,
    /// The version of the policy.
    policy: String,
    /// Every check in its order, the refused one last.
    checks: Vec<Check>,
    /// The checks of BSI TR-03135 part 1.
    guideline: Vec<GuidelineCheck>,
    /// The algorithms, by what they are used for; known once the signature was judged.
    algorithms: BTreeMap<&'static str, Cow<'static, str>>,
    /// What authentic DG14 and DG15 announce.
    chip_protocol: Option<String>,
    /// `not-proved`: files are data, not a chip; or `proved`, by the chip that was read.
    chip: &'static str,
    /// How the chip was opened and how it proved itself; not there for files.
    #[serde(skip_serializing_if = "Option::is_none")]
    reading: Option<Reading>,
    /// What authentic DG1 and DG11 say.
    identity: Option<Identity>,
}

/// What a reading says of the chip.
#[derive(Serialize)]
pub(in crate::cli) struct Reading {
    /// `PACE`, `BAC`, `BAC after PACE failed` or `none`.
    pub(in crate::cli) access: &'static str,
    /// The code of a proof that could not be run: the chip's, not the document's.
    pub(in crate::cli) trouble: Vec<String>,
    /// PACE with Chip Authentication mapping: `proved`, or the code of what was wrong; not there with other mappings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) pace_cam: Option<String>,
}

/// The fields of DG1 as in the MRZ, fillers removed (between words they are spaces), and those of DG11.
#[derive(Serialize)]
struct Identity {
    document_code: String,
    issuing_state: String,
    nationality: String,
    surname: String,
    given_names: String,
    document_number: String,
    date_of_birth: String,
    sex: String,
    date_of_expiry: String,
    full_name: Option<String>,
    full_date_of_birth: Option<String>,
    place_of_birth: Option<String>,
}

impl Verdict {
    /// Judges files. `identity` and `chip_protocol` come out of data groups whose hashes stand in an authenticated
    /// EF.SOD and out of no others: they are there as soon as that holds, even if a later check refuses the document
    /// (it has expired, another data group was changed), and `null` before.
    pub(in crate::cli) fn judge(
        path: &Path,
        data: &ChipData,
        store: &TrustStore,
        policy: &Policy,
        at: UnixTime,
    ) -> Self {
        let inspection = judge_data(data, store, policy, at);
        let sod = data.file(FileId::Sod);
        let object = sod.and_then(|sod| store.authenticate_sod(sod, policy, at).outcome.ok());
        let groups = object.as_ref().map(|object| Groups { object, data });
        Self {
            path: path.display().to_string(),
            verdict: if inspection.outcome.is_ok() { "accept" } else { "reject" },
            guideline: inspection.guideline(),
            rejection: inspection.outcome.err().map(|rejection| rejection.code()),
            policy: policy.version.clone(),
            checks: inspection.report.checks.clone(),
            algorithms: inspection.report.algorithms.clone(),
            chip_protocol: groups.as_ref().and_then(Groups::chip_protocol),
            chip: "not-proved",
            reading: None,
            identity: groups.as_ref().and_then(Groups::identity),
        }
    }

    /// With what the chip proved: the whole chain judged, and how it was read.
    pub(in crate::cli) fn of_chip(mut self, judged: Inspection<GenuineDocument>, reading: Reading) -> Self {
        let by_cam = reading.pace_cam.as_deref() == Some("proved");
        let outcome = match judged.outcome {
            // Nothing else is announced, and the terminal itself ran PACE.
            Err(Rejection::ChipNotOffered) if by_cam => Ok(true),
            outcome => outcome.map(|document| document.chip_proved() || by_cam),
        };
        self.chip = if outcome == Ok(true) { "proved" } else { "not-proved" };
        self.verdict = if outcome.is_ok() { "accept" } else { "reject" };
        self.guideline = guideline(&judged.report, outcome.as_ref().err());
        self.rejection = outcome.err().map(|rejection| rejection.code());
        (self.checks, self.algorithms) = (judged.report.checks.clone(), judged.report.algorithms.clone());
        self.reading = Some(reading);
        self
    }

    /// The checks of the guideline for people.
    pub(in crate::cli) fn guideline_table(&self) -> String {
        let width = self.guideline.iter().map(|check| check.id.len()).max().unwrap_or_default();
        let line = |check: &GuidelineCheck| format!("{:width$}  {}\n", check.id, check.result);
        "BSI TR-03135\n".to_owned() + &self.guideline.iter().map(line).collect::<String>() + "\n"
    }

    pub(in crate::cli) fn is_accepted(&self) -> bool {
        self.rejection.is_none()
    }
}

/// Files beside the EF.SOD that says which of them are authentic.
struct Groups<'a> {
    object: &'a SecurityObject,
    data: &'a ChipData,
}

impl Groups<'_> {
    /// A data group, if it is there, under its hash, and can be read.
    fn read<T: Content>(&self) -> Option<Authentic<T>> {
        let bytes = self.data.file(FileId::Dg(T::NUMBER))?;
        self.object.read(bytes.to_vec()).ok()
    }

    fn identity(&self) -> Option<Identity> {
        let dg1 = self.read::<Dg1>()?;
        let dg11 = self.read::<Dg11>();
        Some(Identity::new(dg1.content(), dg11.as_ref().map(Authentic::content)))
    }

    fn chip_protocol(&self) -> Option<String> {
        let (dg14, dg15) = (self.read::<Dg14>(), self.read::<Dg15>());
        let dg14 = dg14.as_ref().map(Authentic::content).filter(|dg14| dg14.announces_chip_authentication());
        let protocols: Vec<String> = [
            dg14.map(|dg14| (ChipProtocol::ChipAuthentication, chip_authentication(dg14))),
            dg15.map(|dg15| (ChipProtocol::ActiveAuthentication, active_authentication(dg15.content()))),
        ]
        .into_iter()
        .flatten()
        .map(|(protocol, how)| format!("{protocol} ({how})"))
        .collect();
        (!protocols.is_empty()).then(|| protocols.join(", "))
    }
}

fn chip_authentication(dg14: &Dg14) -> String {
    ChipAuthenticationOffer::choose(dg14).map_or("in no supported way".to_owned(), |offer| offer.name())
}

fn active_authentication(dg15: &Dg15) -> String {
    match PublicKey::from_spki_der(&dg15.spki_der) {
        Ok((PublicKey::Rsa(key), _)) => format!("RSA-{}", key.bits()),
        Ok((PublicKey::Ec(key), _)) => format!("ECDSA on {}", key.curve().name()),
        Ok((PublicKey::Dsa(_) | PublicKey::Dh(_), _)) | Err(_) => "in no supported way".to_owned(),
    }
}

impl Identity {
    fn new(dg1: &Dg1, dg11: Option<&Dg11>) -> Self {
        let mrz = &dg1.mrz;
        let unfilled = |text: String| text.replace('<', "");
        let name =
            |(primary, secondary): (String, String)| format!("{primary} {secondary}").trim().to_owned();
        let place = dg11.map(|dg11| dg11.place_of_birth.join(" "));
        Self {
            document_code: mrz.document_code.clone(),
            issuing_state: mrz.issuing_state.clone(),
            nationality: mrz.nationality.clone(),
            surname: mrz.surname.clone(),
            given_names: mrz.given_names.clone(),
            document_number: mrz.document_number.clone(),
            date_of_birth: unfilled(mrz.date_of_birth.to_string()),
            sex: unfilled(mrz.sex.as_char().to_string()),
            date_of_expiry: unfilled(mrz.date_of_expiry.to_string()),
            full_name: dg11.and_then(Dg11::name_parts).map(name),
            full_date_of_birth: dg11.and_then(|dg11| dg11.full_date_of_birth).map(|date| date.to_string()),
            place_of_birth: place.filter(|place| !place.is_empty()),
        }
    }

    /// Label and value of the fields that have one.
    fn lines(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("document code", Some(&self.document_code)),
            ("issuing State", Some(&self.issuing_state)),
            ("nationality", Some(&self.nationality)),
            ("surname", Some(&self.surname)),
            ("given names", Some(&self.given_names)),
            ("document number", Some(&self.document_number)),
            ("date of birth", Some(&self.date_of_birth)),
            ("sex", Some(&self.sex)),
            ("date of expiry", Some(&self.date_of_expiry)),
            ("full name", self.full_name.as_ref()),
            ("full date of birth", self.full_date_of_birth.as_ref()),
            ("place of birth", self.place_of_birth.as_ref()),
        ]
        .into_iter()
        .filter_map(|(label, value)| Some((label, value?.as_str())))
        .filter(|(_, value)| !value.is_empty())
    }
}

/// The table for people.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.checks.iter().map(|check| check.id.len()).max().unwrap_or_default();
        for check in &self.checks {
            writeln!(f, "{:width$}  {:12}  {}", check.id, check.result.to_string(), check.detail)?;
        }
        let announced = self.chip_protocol.as_deref().unwrap_or("nothing");
        match &self.reading {
            None => {
                writeln!(
                    f,
                    "{:width$}  {:12}  files are no chip; announced: {announced}\n",
                    "chip", self.chip
                )?;
            }
            Some(reading) => {
                let access = reading.access;
                writeln!(
                    f,
                    "{:width$}  {:12}  opened by {access}; announced: {announced}",
                    "chip", self.chip
                )?;
                let cam = reading.pace_cam.iter().map(|cam| ("pace-cam", cam));
                for (what, code) in cam.chain(reading.trouble.iter().map(|code| ("trouble", code))) {
                    writeln!(f, "{what:width$}  {code}")?;
                }
                writeln!(f)?;
            }
        }
        for (of, algorithm) in &self.algorithms {
            writeln!(f, "{of:20}{algorithm}")?;
        }
        if let Some(identity) = &self.identity {
            writeln!(f)?;
            identity.lines().try_for_each(|(label, value)| writeln!(f, "{label:20}{value}"))?;
        }
        let code = self.rejection.iter().map(|code| format!(": {code}")).collect::<String>();
        writeln!(f, "\n{}: {}{code}", self.path, self.verdict)
    }
}
