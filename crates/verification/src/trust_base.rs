//! What the trust store is made from, kept from one import to the next: certificates and who vouches for them, CRLs,
//! and what the operator distrusts. It is plain data, written as JSON by [`crate::TrustFolder`].
//!
//! Lists of several publishers are merged. A newer list of a publisher replaces his older one, never the other way
//! round; what it leaves out is kept and marked, for its document signers' passports are valid for years.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clock::UnixTime;
use crypto::sha256;
use serde::{Deserialize, Serialize};

use crate::certificate::Certificate;
use crate::crl::Crl;
use crate::{KeptList, ListError, MasterList, TrustError, TrustStore, Vouched};

/// What a certificate is trusted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A CSCA, or a CSCA's link certificate that a publisher lists: an anchor.
    Csca,
    /// A link certificate that nobody vouches for: it needs a CSCA above it.
    Link,
    /// A document signer of a PKD: it needs a CSCA above it.
    DocumentSigner,
}

/// A certificate of the base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is trusted for.
    pub kind: Kind,
    /// The certificate.
    #[serde(with = "base64_bytes")]
    pub der: Vec<u8>,
    /// Publishers whose newest list has it, and `operator` if it was given as a file.
    pub sources: BTreeSet<String>,
    /// Publishers whose list had it once, and when the list was made that has it no more.
    pub omitted: BTreeMap<String, UnixTime>,
    /// When it came.
    pub added_at: UnixTime,
}

/// The newest list of a publisher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRecord {
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// When it was signed.
    pub signed_at: UnixTime,
    /// When it was imported.
    pub imported_at: UnixTime,
    /// How many certificates it has.
    pub certificates: usize,
    /// SHA-256 of the pinned CSCA that stands behind it, in hex.
    pub pin: String,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListImport {
    /// Whose list it is.
    pub publisher: String,
    /// When it was signed.
    pub signed_at: UnixTime,
    /// Certificates that were not in the base.
    pub added: usize,
    /// Certificates that were.
    pub known: usize,
    /// Certificates of the publisher's older list that are kept and now marked.
    pub omitted: usize,
    /// SHA-256 of what the list holds and the base does not take, and why.
    pub refused: Vec<(String, String)>,
    /// The signer's certificate has expired since it signed.
    pub signer_expired: bool,
    /// The signature's DigestInfo has no NULL (RFC 8017 9.2, note 1).
    pub without_null: bool,
}

/// Everything that trust is made from. Maps are by SHA-256 in hex, or by publisher.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrustBase {
    /// When it last changed.
    pub changed_at: UnixTime,
    /// The newest list of each publisher.
    pub lists: BTreeMap<String, ListRecord>,
    /// The certificates.
    pub certificates: BTreeMap<String, Entry>,
    /// CRLs, base64 of DER.
    pub crls: BTreeMap<String, String>,
    /// The newest deviation list of each publisher.
    pub deviation_lists: BTreeMap<String, KeptList>,
    /// The newest defect list of each publisher.
    pub defect_lists: BTreeMap<String, KeptList>,
    /// SHA-256 of certificates and from when on they are distrusted.
    pub distrusted: BTreeMap<String, UnixTime>,
}

const OPERATOR: &str = "operator";

impl TrustBase {
    /// Takes in a master list behind which a pinned CSCA stands. The same list once more changes nothing.
    ///
    /// # Errors
    /// See [`MasterList::verify`]; [`ListError::Older`].
    pub fn import_master_list(
        &mut self,
        der: &[u8],
        pins: &BTreeSet<[u8; 32]>,
        at: UnixTime,
    ) -> Result<ListImport, ListError> {
        let list = MasterList::parse(der)?;
        let vouched = list.verify(pins, &self.store(), at)?;
        if let Some(newest) = self.lists.get(&vouched.publisher)
            && newest.signed_at > vouched.signed_at
        {
            return Err(ListError::Older(newest.signed_at));
        }
        let import = self.merge(&list, &vouched, at);
        let record = ListRecord {
            sha256: hex::encode(list.sha256),
            signed_at: vouched.signed_at,
            imported_at: at,
            certificates: list.certificates().len(),
            pin: hex::encode(vouched.pin),
        };
        self.lists.insert(vouched.publisher, record);
        self.changed_at = at;
        Ok(import)
    }

    fn merge(&mut self, list: &MasterList, vouched: &Vouched, at: UnixTime) -> ListImport {
        let publisher = &vouched.publisher;
        let mut import = ListImport {
            publisher: publisher.clone(),
            signed_at: vouched.signed_at,
            added: 0,
            known: 0,
            omitted: 0,
            refused: Vec::new(),
            signer_expired: vouched.signer_expired,
            without_null: vouched.without_null,
        };
        let mut listed = BTreeSet::new();
        for der in list.certificates() {
            let id = hex::encode(sha256(der));
            if !listed.insert(id.clone()) {
                continue;
            }
            if let Err(reason) = fit_for_a_list(der) {
                listed.remove(&id);
                import.refused.push((id, reason));
                continue;
            }
            let known = self.certificates.contains_key(&id);
            if known {
                import.known += 1
            } else {
                import.added += 1
            }
            self.add(id, Kind::Csca, der, publisher, at);
        }
        for (id, entry) in &mut self.certificates {
            if !listed.contains(id) && entry.sources.remove(publisher) {
                entry.omitted.insert(publisher.clone(), vouched.signed_at);
                import.omitted += 1;
            }
        }
        import
    }

    /// A certificate that is an anchor for one source is one, whatever it is for another.
    fn add(&mut self, id: String, kind: Kind, der: &[u8], source: &str, at: UnixTime) {
        let entry = self.certificates.entry(id).or_insert_with(|| Entry {
            kind,
            der: der.to_vec(),
            sources: BTreeSet::new(),
            omitted: BTreeMap::new(),
            added_at: at,
        });
        entry.kind = entry.kind.min(kind);
        entry.sources.insert(source.to_owned());
        entry.omitted.remove(source);
    }

    /// Takes in a certificate that the operator vouches for, or that is merely known. True: it is new.
    ///
    /// # Errors
    /// [`TrustError::Certificate`].
    pub fn import_certificate(&mut self, der: &[u8], kind: Kind, at: UnixTime) -> Result<bool, TrustError> {
        Certificate::parse(der).map_err(|_| TrustError::Certificate)?;
        let id = hex::encode(sha256(der));
        let new = !self.certificates.contains_key(&id);
        self.add(id, kind, der, OPERATOR, at);
        self.changed_at = at;
        Ok(new)
    }

    /// Takes in a CRL; an older one of the same issuer and key goes. True: it is new, and newer.
    ///
    /// # Errors
    /// [`TrustError::Crl`].
    pub fn import_crl(&mut self, der: &[u8], at: UnixTime) -> Result<bool, TrustError> {
        let crl = Crl::parse(der).ok_or(TrustError::Crl)?;
        let id = hex::encode(crl.sha256);
        let store = self.store();
        if self.crls.contains_key(&id) || store.crls.iter().any(|known| known.replaces(&crl)) {
            return Ok(false);
        }
        // Only a list whose signature is right may take the place of another.
        if store.cscas.iter().chain(&store.links).any(|csca| crl.is_signed_by(csca)) {
            for old in store.crls.iter().filter(|known| crl.replaces(known)) {
                self.crls.remove(&hex::encode(old.sha256));
            }
        }
        self.crls.insert(id, STANDARD.encode(der));
        self.changed_at = at;
        Ok(true)
    }

    /// Distrusts a certificate and its key from a time on, over every list. The earlier of two times holds.
    pub fn distrust(&mut self, sha256: [u8; 32], from: UnixTime, at: UnixTime) {
        let known = self.distrusted.entry(hex::encode(sha256)).or_insert(from);
        *known = (*known).min(from);
        self.changed_at = at;
    }

    /// Takes a distrust back. False: there was none.
    pub fn trust_again(&mut self, sha256: [u8; 32], at: UnixTime) -> bool {
        let there = self.distrusted.remove(&hex::encode(sha256)).is_some();
        if there {
            self.changed_at = at;
        }
        there
    }

    /// The trust store. What cannot be read is left out: it was read when it came.
    #[must_use]
    pub fn store(&self) -> TrustStore {
        let mut store = TrustStore::new();
        for entry in self.certificates.values() {
            let _ = match entry.kind {
                Kind::Csca => store.add_csca(&entry.der),
                Kind::Link => store.add_link(&entry.der),
                Kind::DocumentSigner => store.add_document_signer(&entry.der),
            };
        }
        for crl in self.crls.values().filter_map(|text| STANDARD.decode(text).ok()) {
            let _ = store.add_crl(&crl);
        }
        self.add_lists(&mut store);
        for (id, from) in &self.distrusted {
            let mut sha256 = [0; 32];
            if hex::decode_to_slice(id, &mut sha256).is_ok() {
                store.distrust(sha256, *from);
            }
        }
        store
    }
}

/// A certificate of a list can be read, and what says that it signed itself did.
fn fit_for_a_list(der: &[u8]) -> Result<(), String> {
    let certificate = Certificate::parse(der).map_err(|part| format!("malformed {part}"))?;
    let Ok(key) = certificate.public_key() else { return Ok(()) };
    let names_itself = certificate.authority_key_id.is_none() || certificate.names_key_of(&certificate);
    let signs_itself = certificate.is_self_issued() && names_itself;
    if signs_itself && certificate.signed.verify(key) == Err(crypto::Error::Signature) {
        return Err("its own signature is wrong".to_owned());
    }
    Ok(())
}

mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
