//! How the vectors of each suite are judged. The expectation is the manifest's; nothing here looks at it.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, anyhow, bail, ensure};
use clock::UnixTime;
use emrtd::active_authentication;
use emrtd::chip_authentication::TaskProtocol;
use identity::enrolment::Environment;
use identity::{CogTable, EnrolmentPolicy};
use lds::{Dg1, Dg14, Dg15, FileId};
use protocol::enrolment::Declaration;
use test_passports::vectors::manifest::{Case, Evidence, Manifest, SCHEMA_VERSION};
use verification::{
    ActiveAuthenticationEvidence, AuthenticDocument, ChipAuthenticationEvidence, ChipData, EvidenceSet,
    Found, PaceCamEvidence, Policy, Rejection, TrustBase, TrustError, TrustStore, check_crl, judge,
    judge_data, read_objects,
};
use zeroize::Zeroizing;

use super::{Row, plan};

/// Not a manifest.
const SCHEMA: &str = "schema.json";
/// What a person declares who was born in Germany, for documents whose holder was not born in France.
const BIRTH_COUNTRY: &str = "99109";
const EMAIL: &str = "holder@example.org";

/// Judges a case: `None` if it is accepted, else the code.
type Judge = fn(&Folder, &Case) -> anyhow::Result<Option<String>>;

/// Judges every vector of every manifest in a folder, in the order of the manifests' names.
///
/// # Errors
/// There is no manifest, or one is malformed or of an unknown suite. What is wrong with a case stands in its row.
pub(super) fn replay(folder: &Path) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let vectors = Folder(folder.to_owned());
    for path in manifests(folder)? {
        let of_file = || path.display().to_string();
        let manifest: Manifest =
            serde_json::from_slice(&std::fs::read(&path).with_context(of_file)?).with_context(of_file)?;
        let judge: Judge = match manifest.suite.as_str() {
            "passive-authentication" => Folder::data,
            "active-authentication" | "chip-authentication" => Folder::chip,
            "pace-cam" => Folder::pace_cam,
            "master-list" => Folder::master_list,
            "crl" => Folder::revocation_list,
            "mrz" => Folder::mrz,
            "enrolment" => Folder::enrolment,
            other => bail!("{}: unknown suite {other}", path.display()),
        };
        let version = manifest.schema_version;
        ensure!(version == SCHEMA_VERSION, "{}: schema_version {version}", path.display());
        for case in &manifest.cases {
            rows.push(Row::new(&manifest.suite, case, judge(&vectors, case)));
        }
    }
    ensure!(!rows.is_empty(), "{}: no vectors", folder.display());
    Ok(rows)
}

fn manifests(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
    });
    let mut paths = entries.with_context(|| folder.display().to_string())?;
    let other = |path: &PathBuf| [SCHEMA, plan::FILE].iter().any(|name| path.ends_with(name));
    paths.retain(|path| path.extension().is_some_and(|e| e == "json") && !other(path));
    paths.sort();
    Ok(paths)
}

/// The folder of the vectors.
struct Folder(PathBuf);

impl Folder {
    /// The suite `passive-authentication`: data alone.
    fn data(&self, case: &Case) -> anyhow::Result<Option<String>> {
        let (mut data, store, at) = (self.chip_data(case)?, self.trust(case)?, time(case)?);
        match &case.evidence {
            None => {}
            Some(Evidence::OpticalMrz { text }) => data = data.with_optical_mrz(text),
            Some(_) => bail!("evidence that the suite has not"),
        }
        Ok(code(judge_data(&data, &store, &inspection_policy(case)?, at).outcome))
    }

    /// The suites with the answers of a chip: the server judges the data, begins the protocol of the case, and judges
    /// all of it. A case has the answers of one protocol.
    fn chip(&self, case: &Case) -> anyhow::Result<Option<String>> {
        if let (false, Some(answer)) = (case.files.contains_key(FileId::Sod.name()), &case.evidence) {
            return self.answer_alone(case, answer);
        }
        let (data, store, at) = (self.chip_data(case)?, self.trust(case)?, time(case)?);
        let policy = Policy { one_chip_proof_suffices: true, ..inspection_policy(case)? };
        let document = match judge_data(&data, &store, &policy, at).outcome {
            Ok(document) => document,
            Err(rejection) => return Ok(Some(rejection.code())),
        };
        let evidence = match evidence(case, data, &document)? {
            Ok(Some(evidence)) => evidence,
            Ok(None) => return Ok(None),
            Err(rejection) => return Ok(Some(rejection.code())),
        };
        Ok(code(judge(&evidence, &store, &policy, at).outcome))
    }

    /// The suite `pace-cam`: the data, and a run of which the case has the terminal's keys.
    fn pace_cam(&self, case: &Case) -> anyhow::Result<Option<String>> {
        let (data, store, at) = (self.chip_data(case)?, self.trust(case)?, time(case)?);
        let Some(Evidence::PaceCam {
            protocol,
            password_key,
            mapping_private_key,
            ephemeral_private_key,
            responses,
        }) = &case.evidence
        else {
            bail!("no run of PACE-CAM");
        };
        let secret = |text: &String| hex::decode(text).map(Zeroizing::new);
        let run = PaceCamEvidence {
            protocol: protocol.clone(),
            password_key: secret(password_key).context("password_key")?,
            mapping_private_key: secret(mapping_private_key).context("mapping_private_key")?,
            ephemeral_private_key: secret(ephemeral_private_key).context("ephemeral_private_key")?,
            responses: responses.iter().map(hex::decode).collect::<Result<_, _>>().context("responses")?,
        };
        let document = judge_data(&data, &store, &inspection_policy(case)?, at).outcome;
        Ok(code(document.and_then(|document| document.verify_pace_cam(&data, &run))))
    }

    /// Active Authentication without an EF.SOD: the answer under the key of EF.DG15 alone.
    fn answer_alone(&self, case: &Case, answer: &Evidence) -> anyhow::Result<Option<String>> {
        let Evidence::ActiveAuthentication { challenge, signature } = answer else {
            bail!("EF.SOD is missing");
        };
        let file = |id: FileId| case.files.get(id.name()).map(|path| self.read(path)).transpose();
        let dg15 = match Dg15::parse(&file(FileId::Dg(15))?.context("EF.DG15 is missing")?) {
            Ok(dg15) => dg15,
            Err(error) => return Ok(Some(error.code())),
        };
        let info = match file(FileId::Dg(14))?.map(|bytes| Dg14::parse(&bytes)).transpose() {
            Ok(dg14) => dg14.and_then(|dg14| dg14.active_authentication),
            Err(error) => return Ok(Some(error.code())),
        };
        let (challenge, signature) = (hex::decode(challenge)?, hex::decode(signature)?);
        let outcome = <[u8; 8]>::try_from(challenge.as_slice())
            .map_err(|_| emrtd::Error::ChallengeLength(challenge.len()))
            .and_then(|challenge| {
                active_authentication::verify(&dg15, info.as_ref(), &challenge, &signature)
            });
        Ok(outcome.err().map(|error| Rejection::ActiveAuthentication(error).code()))
    }

    /// The suite `master-list`: the object `list`, after `newest` was imported, if there is one.
    fn master_list(&self, case: &Case) -> anyhow::Result<Option<String>> {
        let at = time(case)?;
        let pin = |text: &String| hex::decode(text)?.try_into().map_err(|_| anyhow!("{text}: not 32 bytes"));
        let pins = case.trust.pins.iter().map(pin).collect::<anyhow::Result<_>>().context("trust.pins")?;
        let mut base = TrustBase::default();
        if let Some(newest) = case.objects.get("newest") {
            base.import_master_list(&self.read(newest)?, &pins, at).context("newest")?;
        }
        let outcome = base.import_master_list(&self.object(case, "list")?, &pins, at);
        Ok(outcome.err().map(|error| error.code().to_owned()))
    }

    /// The suite `crl`: what the object `crl` says of `certificate`, which `issuer` issued.
    fn revocation_list(&self, case: &Case) -> anyhow::Result<Option<String>> {
        let object = |name| self.object(case, name);
        let outcome = check_crl(&object("crl")?, &object("issuer")?, &object("certificate")?, time(case)?);
        Ok(outcome.err().map(|error| error.code().to_owned()))
    }

    fn object(&self, case: &Case, name: &str) -> anyhow::Result<Vec<u8>> {
        let path = case.objects.get(name).with_context(|| format!("objects.{name} is missing"))?;
        self.read_der(path)?.into_iter().next().with_context(|| format!("{path}: an empty PEM file"))
    }

    /// The suite `mrz`: a text as EF.DG1 holds it.
    fn mrz(&self, case: &Case) -> anyhow::Result<Option<String>> {
        let Some(Evidence::Mrz { text }) = &case.evidence else { bail!("no text") };
        let file = lds::dg1::encode_text(&text.replace('\n', ""));
        Ok(Dg1::parse(&file).err().map(|error| error.code()))
    }

    /// The suite `enrolment`: data, whether a chip proof is due, and the person. A proof that is due counts as given,
    /// for the suite has no evidence of one.
    fn enrolment(&self, case: &Case) -> anyhow::Result<Option<String>> {
        let (data, store, at) = (self.chip_data(case)?, self.trust(case)?, time(case)?);
        ensure!(case.evidence.is_none(), "evidence in a suite that has none");
        let required = case.policy.chip_proof_required;
        let policy = Policy { accept_chip_not_offered: !required, ..inspection_policy(case)? };
        let document = match judge_data(&data, &store, &policy, at).outcome {
            Ok(document) => document,
            Err(rejection) => return Ok(Some(rejection.code())),
        };
        match judge(&EvidenceSet { data, ..EvidenceSet::default() }, &store, &policy, at).outcome {
            Ok(_) | Err(Rejection::ChipProofMissing(_)) => {}
            Err(rejection) => return Ok(Some(rejection.code())),
        }
        let (dg1, dg11) = (document.dg1().content(), document.dg11().map(|dg11| dg11.content()));
        let person =
            enrolment_policy(case).identify(dg1, dg11, &declaration(), EMAIL, CogTable::embedded(), at);
        Ok(person.err().map(|error| error.code().to_owned()))
    }

    fn chip_data(&self, case: &Case) -> anyhow::Result<ChipData> {
        let mut files = BTreeMap::new();
        for (name, path) in &case.files {
            let file = FileId::from_name(name).with_context(|| format!("unknown file {name}"))?;
            files.insert(file, self.read(path)?);
        }
        Ok(ChipData::new(files))
    }

    fn trust(&self, case: &Case) -> anyhow::Result<TrustStore> {
        let mut store = TrustStore::new();
        let trust = &case.trust;
        type Add = fn(&mut TrustStore, &[u8]) -> Result<(), TrustError>;
        let kinds: [(&[String], Add); 4] = [
            (&trust.csca, TrustStore::add_csca),
            (&trust.link, TrustStore::add_link),
            (&trust.dsc, TrustStore::add_document_signer),
            (&trust.crl, TrustStore::add_crl),
        ];
        for (paths, add) in kinds {
            for path in paths {
                for der in self.read_der(path)? {
                    // As the server takes what it can read of a list, and says what it cannot.
                    if let Err(error) = add(&mut store, &der) {
                        eprintln!("{}: {path} is passed over: {error}", case.id);
                    }
                }
            }
        }
        Ok(store)
    }

    /// Reads a file in DER, or the certificates and CRLs of one in PEM.
    fn read_der(&self, path: &str) -> anyhow::Result<Vec<Vec<u8>>> {
        let bytes = self.read(path)?;
        if !bytes.starts_with(b"-----BEGIN ") {
            return Ok(vec![bytes]);
        }
        let found = read_objects(&bytes).into_iter().map(|found| match found {
            Found::Certificate(der) | Found::Crl(der) | Found::MasterList(der) => Ok(der),
            _ => bail!("{path}: neither certificate, CRL nor master list"),
        });
        found.collect()
    }

    /// Reads a file that a manifest names; none outside the folder.
    fn read(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        ensure!(inside, "{path}: outside the folder of the vectors");
        std::fs::read(self.0.join(path)).with_context(|| path.to_owned())
    }
}

fn time(case: &Case) -> anyhow::Result<UnixTime> {
    UnixTime::from_rfc3339(&case.validation_time).context("validation_time")
}

/// The policy of inspection that the case names.
fn inspection_policy(case: &Case) -> anyhow::Result<Policy> {
    let name = case.policy.inspection.as_deref().unwrap_or("field");
    Policy::shipped(name).with_context(|| format!("unknown policy {name}"))
}

fn code<T>(outcome: Result<T, Rejection>) -> Option<String> {
    outcome.err().map(|rejection| rejection.code())
}

/// The evidence of a case; that of Chip Authentication begins with the server's key of the case. `None`: the answers say
/// what the case wants, and nothing is left to judge.
fn evidence(
    case: &Case,
    data: ChipData,
    document: &AuthenticDocument,
) -> anyhow::Result<Result<Option<EvidenceSet>, Rejection>> {
    let mut set = EvidenceSet { data, ..EvidenceSet::default() };
    match &case.evidence {
        Some(Evidence::ActiveAuthentication { challenge, signature }) => {
            let (challenge, signature) = (hex::decode(challenge)?, hex::decode(signature)?);
            set.active_authentication = Some(ActiveAuthenticationEvidence { challenge, signature });
        }
        Some(Evidence::ChipAuthentication {
            terminal_private_key,
            protocol,
            key_id,
            commands: _,
            responses,
            plaintexts,
        }) => {
            let bytes = |texts: &[String]| texts.iter().map(hex::decode).collect::<Result<Vec<_>, _>>();
            let responses = bytes(responses).context("responses")?;
            let key = hex::decode(terminal_private_key).context("terminal_private_key")?;
            let dg14 = document.dg14().context("DG14 is missing")?;
            let object = document.security_object();
            let begin = || object.chip_authentication_with(dg14, document.dg1(), &key);
            let (task, step) = match begin() {
                Ok(begun) => begun,
                Err(rejection) => return Ok(Err(rejection)),
            };
            if let (Some(named), TaskProtocol::AtGa { oid }) = (protocol, &task.protocol) {
                ensure!(named == oid, "the verifier chooses the protocol {oid}");
            }
            if let Some(id) = key_id {
                let reference = task.key_reference.iter().flatten().fold(0, |n, b| n << 8 | u64::from(*b));
                ensure!(*id == reference, "the verifier chooses the key {reference}");
            }
            if !plaintexts.is_empty() {
                let expected = bytes(plaintexts).context("plaintexts")?;
                let said = step.plaintexts(&responses);
                return Ok(said
                    .and_then(|said| if said == expected { Ok(None) } else { Err(Rejection::Dg1Mismatch) }));
            }
            let suspended = step.suspend().to_vec();
            set.chip_authentication = Some(ChipAuthenticationEvidence { suspended, responses });
        }
        Some(Evidence::Mrz { .. } | Evidence::OpticalMrz { .. } | Evidence::PaceCam { .. }) | None => {
            bail!("no answers of a chip")
        }
    }
    Ok(Ok(Some(set)))
}

/// Any age, any document, no chip proof, but for what the case says.
fn enrolment_policy(case: &Case) -> EnrolmentPolicy {
    let any = || vec!["*".to_owned()];
    EnrolmentPolicy {
        issuer: String::new(),
        environment: Environment::Demo,
        minimum_age: case.policy.minimum_age.unwrap_or(0),
        accepted_document_codes: case.policy.accepted_document_codes.clone().unwrap_or_else(any),
        consents: BTreeMap::new(),
        chip_proof_required: case.policy.chip_proof_required,
    }
}

fn declaration() -> Declaration {
    Declaration {
        birth_country: BIRTH_COUNTRY.to_owned(),
        birth_place: None,
        given_names: None,
        family_name: None,
        preferred_username: None,
    }
}
