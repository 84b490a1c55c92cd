//! Everything that is to be said about a heap of certificates, CRLs and master lists, without trusting any.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use crypto::{PublicKey, SignatureNotes, sha256};
use lds::{DefectList, DeviationList};

use crate::audit_lines::{
    CertificateAudit, CrlAudit, FaultListAudit, ListKind, MasterListAudit, TrustAudit, Unreadable,
};
use crate::certificate::{Certificate, DEVIATION_LIST_SIGNING, MASTER_LIST_SIGNING, Signed};
use crate::crl::Crl;
use crate::name::Name;
use crate::policy::key_name;
use crate::profile::{CRITICAL_EXTENSION, WITHOUT_NULL, findings};
use crate::signed_list::SignedList;
use crate::trust_input::{Found, read_objects};
use crate::{MasterList, Role};

/// Collects files, then audits.
#[derive(Default)]
pub struct TrustAuditor {
    audit: TrustAudit,
    seen: HashMap<[u8; 32], usize>,
    parsed: Vec<Parsed>,
    crls: Vec<(String, Crl)>,
    lists: Vec<(String, MasterList)>,
}

struct Parsed {
    /// Where it stands in the audit.
    place: usize,
    certificate: Certificate,
    key: Option<usize>,
}

/// A public key and the certificates that have it.
struct Holder {
    key: PublicKey,
    certificates: Vec<usize>,
}

impl TrustAuditor {
    /// Adds a file, under a name for the audit.
    pub fn add(&mut self, source: &str, bytes: &[u8]) {
        for found in read_objects(bytes) {
            match found {
                Found::Certificate(der) => self.add_certificate(source, &der),
                Found::Crl(der) => {
                    if let Some(crl) = Crl::read(&der) {
                        self.crls.push((source.to_owned(), crl));
                    }
                }
                Found::MasterList(der) => {
                    if let Ok(list) = MasterList::parse(&der) {
                        for der in list.certificates().iter().chain(list.carried()) {
                            self.add_certificate(source, der);
                        }
                        self.lists.push((source.to_owned(), list));
                    }
                }
                Found::DeviationList(der) => {
                    if let Ok(list) = DeviationList::parse(&der) {
                        let entries = list.deviations.len();
                        self.add_fault_list(source, &der, ListKind::Deviations, entries, &(&list).into());
                    }
                }
                Found::DefectList(der) => {
                    if let Ok(list) = DefectList::parse(&der) {
                        let entries = list.defects.len();
                        self.add_fault_list(source, &der, ListKind::Defects, entries, &(&list).into());
                    }
                }
                Found::Unreadable(reason) => {
                    self.audit.unreadable.push(Unreadable { source: source.to_owned(), reason });
                }
            }
        }
    }

    fn add_fault_list(
        &mut self,
        source: &str,
        der: &[u8],
        kind: ListKind,
        entries: usize,
        list: &SignedList<'_>,
    ) {
        for der in list.carried {
            self.add_certificate(source, der);
        }
        let signer = list.signer();
        self.audit.fault_lists.push(FaultListAudit {
            kind,
            sha256: hex::encode(sha256(der)),
            source: source.to_owned(),
            signed_at: list.info.signing_time.map(|time| time.to_string()),
            entries,
            signature: signer.as_ref().err().map_or_else(|| "ok".to_owned(), ToString::to_string),
            signer: signer.ok().map(|(one, _)| hex::encode(one.sha256)),
            signer_verified_by: Vec::new(),
        });
    }

    fn add_certificate(&mut self, source: &str, der: &[u8]) {
        let place = self.audit.certificates.len();
        if *self.seen.entry(sha256(der)).or_insert(place) != place {
            return;
        }
        let parsed = Certificate::parse(der);
        let mut line = CertificateAudit {
            sha256: hex::encode(sha256(der)),
            source: source.to_owned(),
            parse: parsed.as_ref().err().map_or_else(|| "ok".to_owned(), |part| format!("malformed {part}")),
            role: None,
            country: None,
            key: None,
            signature: None,
            verified_by: Vec::new(),
            findings: Vec::new(),
        };
        if let Ok(certificate) = parsed {
            let role = role(&certificate);
            line.role = Some(role);
            line.country = certificate.subject.country().map(str::to_owned);
            line.key = Some(key_of(&certificate));
            line.signature = Some(scheme_name(&certificate.signed));
            line.findings = findings(&certificate, role);
            self.parsed.push(Parsed { place, certificate, key: None });
        }
        self.audit.certificates.push(line);
    }

    /// Looks who signed what. Each signature is tried with every key of its issuer's name, country or key identifier;
    /// only if none fits, with every other.
    #[must_use]
    pub fn finish(mut self) -> TrustAudit {
        let holders = self.holders();
        let finder = Finder::new(&holders, &self.parsed);
        let ids: Vec<String> = self.audit.certificates.iter().map(|line| line.sha256.clone()).collect();
        let to_ids = |keys: Vec<usize>| -> Vec<String> {
            let places =
                keys.iter().filter_map(|key| holders.get(*key)).flat_map(|holder| &holder.certificates);
            let mut out: Vec<String> = places.filter_map(|place| ids.get(*place).cloned()).collect();
            out.sort();
            out
        };
        let mut verified: HashMap<[u8; 32], Vec<String>> = HashMap::new();
        for parsed in &self.parsed {
            let one = &parsed.certificate;
            let (keys, notes) = finder.who_signed(&one.signed, &one.issuer, one.authority_key_id.as_deref());
            let by = to_ids(keys);
            verified.insert(one.sha256, by.clone());
            if let Some(line) = self.audit.certificates.get_mut(parsed.place) {
                line.verified_by = by;
                line.findings.extend(notes.digest_info_without_null.then_some(WITHOUT_NULL));
            }
        }
        for (source, crl) in &self.crls {
            let (by, notes) = finder.who_signed(&crl.signed, &crl.issuer, crl.authority_key_id.as_deref());
            self.audit.crls.push(crl_line(source, crl, to_ids(by), notes));
        }
        for line in &mut self.audit.fault_lists {
            let signer = self.audit.certificates.iter().find(|one| Some(&one.sha256) == line.signer.as_ref());
            line.signer_verified_by = signer.map(|one| one.verified_by.clone()).unwrap_or_default();
        }
        for (source, list) in &self.lists {
            self.audit.master_lists.push(list_line(source, list, &verified));
        }
        self.audit
    }

    /// The different keys.
    fn holders(&mut self) -> Vec<Holder> {
        let mut by_spki: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut holders: Vec<Holder> = Vec::new();
        for parsed in &mut self.parsed {
            let Ok(key) = parsed.certificate.public_key().cloned() else { continue };
            let index = *by_spki.entry(key.to_spki_der()).or_insert_with(|| {
                holders.push(Holder { key, certificates: Vec::new() });
                holders.len() - 1
            });
            parsed.key = Some(index);
            if let Some(holder) = holders.get_mut(index) {
                holder.certificates.push(parsed.place);
            }
        }
        holders
    }
}

/// Finds keys by what a signature says of its issuer.
struct Finder<'a> {
    holders: &'a [Holder],
    by_country: BTreeMap<Option<&'a str>, Vec<usize>>,
    by_name: HashMap<&'a Name, Vec<usize>>,
    by_key_id: HashMap<&'a [u8], Vec<usize>>,
}

impl<'a> Finder<'a> {
    fn new(holders: &'a [Holder], parsed: &'a [Parsed]) -> Self {
        let (mut by_country, mut by_name, mut by_key_id) = (BTreeMap::new(), HashMap::new(), HashMap::new());
        for one in parsed {
            let Some(key) = one.key else { continue };
            let subject = &one.certificate.subject;
            by_country.entry(subject.country()).or_insert_with(Vec::new).push(key);
            by_name.entry(subject).or_insert_with(Vec::new).push(key);
            if let Some(id) = &one.certificate.subject_key_id {
                by_key_id.entry(id.as_slice()).or_insert_with(Vec::new).push(key);
            }
        }
        Self { holders, by_country, by_name, by_key_id }
    }

    /// Who signed it, and what the form of the signature lacks.
    fn who_signed(
        &self,
        signed: &Signed,
        issuer: &Name,
        key_id: Option<&[u8]>,
    ) -> (Vec<usize>, SignatureNotes) {
        let notes = Cell::new(SignatureNotes::default());
        let keys = self.signers(signed, issuer, key_id, &notes);
        (keys, notes.get())
    }

    fn signers(
        &self,
        signed: &Signed,
        issuer: &Name,
        key_id: Option<&[u8]>,
        notes: &Cell<SignatureNotes>,
    ) -> Vec<usize> {
        let lists = [
            self.by_country.get(&issuer.country()),
            self.by_name.get(issuer),
            key_id.and_then(|id| self.by_key_id.get(id)),
        ];
        let mut likely: Vec<usize> = lists.into_iter().flatten().flatten().copied().collect();
        likely.sort_unstable();
        likely.dedup();
        let signed_by = |key: &usize| {
            let fitting = self.holders.get(*key).filter(|holder| signed.fits(&holder.key));
            let verified = fitting.and_then(|holder| signed.verify(&holder.key).ok());
            notes.set(verified.unwrap_or(notes.get()));
            verified.is_some()
        };
        let found: Vec<usize> = likely.iter().copied().filter(signed_by).collect();
        if !found.is_empty() || signed.scheme().is_err() {
            return found;
        }
        (0..self.holders.len()).filter(|key| likely.binary_search(key).is_err()).filter(signed_by).collect()
    }
}

/// What a certificate says that it is for.
fn role(certificate: &Certificate) -> Role {
    let purpose = |oid: &str| certificate.extended_key_usage.iter().flatten().any(|purpose| purpose == oid);
    let signs_certificates = certificate.key_usage.is_some_and(|usage| usage.key_cert_sign);
    let names_itself = certificate.authority_key_id.is_none() || certificate.names_key_of(certificate);
    if purpose(MASTER_LIST_SIGNING) {
        Role::MasterListSigner
    } else if purpose(DEVIATION_LIST_SIGNING) {
        Role::DeviationListSigner
    } else if certificate.is_self_issued() && names_itself {
        Role::Csca
    } else if signs_certificates || (certificate.is_self_issued() && certificate.is_ca) {
        Role::Link
    } else {
        Role::DocumentSigner
    }
}

fn key_of(certificate: &Certificate) -> String {
    certificate.public_key().map_or_else(|error| error.to_string(), key_name)
}

fn scheme_name(signed: &Signed) -> String {
    signed.scheme().map_or_else(|error| error.to_string(), |scheme| scheme.name().into_owned())
}

fn crl_line(source: &str, crl: &Crl, verified_by: Vec<String>, notes: SignatureNotes) -> CrlAudit {
    CrlAudit {
        sha256: hex::encode(crl.sha256),
        source: source.to_owned(),
        country: crl.issuer.country().map(str::to_owned),
        this_update: crl.this_update.to_string(),
        next_update: crl.next_update.map(|time| time.to_string()),
        revoked: crl.len(),
        signature: scheme_name(&crl.signed),
        findings: [(notes.digest_info_without_null, WITHOUT_NULL), (crl.critical, CRITICAL_EXTENSION)]
            .into_iter()
            .filter_map(|(found, finding)| found.then_some(finding))
            .collect(),
        verified_by,
    }
}

fn list_line(source: &str, list: &MasterList, verified: &HashMap<[u8; 32], Vec<String>>) -> MasterListAudit {
    let signer = list.signer();
    let by = signer.as_ref().ok().and_then(|(one, _)| verified.get(&one.sha256)).cloned().unwrap_or_default();
    let without_null = signer.as_ref().is_ok_and(|(_, notes)| notes.digest_info_without_null);
    let inside: Vec<String> =
        list.certificates().iter().chain(list.carried()).map(|der| hex::encode(sha256(der))).collect();
    MasterListAudit {
        sha256: hex::encode(list.sha256),
        source: source.to_owned(),
        signed_at: list.signed_at().map(|time| time.to_string()),
        certificates: list.certificates().len(),
        signature: signer.as_ref().err().map_or_else(|| "ok".to_owned(), ToString::to_string),
        findings: without_null.then_some(WITHOUT_NULL).into_iter().collect(),
        signer: signer.ok().map(|(one, _)| hex::encode(one.sha256)),
        vouches_for_itself: !by.is_empty() && by.iter().all(|id| inside.contains(id)),
        signer_verified_by: by,
    }
}
