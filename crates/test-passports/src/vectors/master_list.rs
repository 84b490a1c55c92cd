//! CSCA master lists (Doc 9303-12 9): who may bring one, and what of it counts.

use clock::UnixTime;
use crypto::{Curve, HashAlgorithm, sha256};
use lds::cms::{OID_CONTENT_TYPE, OID_MESSAGE_DIGEST, OID_SIGNED_DATA, OID_SIGNING_TIME};
use lds::tlv;

use super::draft::{Draft, at, flipped};
use super::manifest::Importance;
use crate::asn1;
use crate::certificate::extension;
use crate::keys::hash_algorithm_der;
use crate::{PrivateKey, Signer, State, StateBuilder};

const SECTION: &str = "ICAO Doc 9303-12 9";
const OID_MASTER_LIST: &str = "2.23.136.1.1.2";
const OID_MASTER_LIST_SIGNING: &str = "2.23.136.1.1.3";
const DAY: i64 = 86_400;

/// What a list is made from.
#[derive(Clone)]
struct List {
    /// The publisher's CSCA, which issued the signer.
    publisher: State,
    /// The signer's certificate.
    signer_certificate: Vec<u8>,
    signer: Signer,
    certificates: Vec<Vec<u8>>,
    /// Beside the list.
    carried: Vec<Vec<u8>>,
    content_type: &'static str,
    signed_at: Option<UnixTime>,
    message_digest: Option<Vec<u8>>,
}

impl List {
    /// A State's list of its own CSCA and Utopia's, of yesterday.
    fn of(publisher: &State) -> Self {
        let signer = Signer::new(PrivateKey::ec(Curve::P256, "list signer"), HashAlgorithm::Sha256);
        let utopia = StateBuilder::new(at()).build();
        let csca = publisher.csca.certificate.clone();
        let mut list = Self {
            publisher: publisher.clone(),
            signer_certificate: Vec::new(),
            signer,
            certificates: vec![csca.clone(), utopia.csca.certificate],
            carried: vec![csca],
            content_type: OID_MASTER_LIST,
            signed_at: Some(at().plus(-DAY)),
            message_digest: None,
        };
        list.signer_certificate = list.certificate(OID_MASTER_LIST_SIGNING, 10);
        list
    }

    /// A certificate for the signer with one purpose, valid for so many years from a year ago on.
    fn certificate(&self, purpose: &str, years: i64) -> Vec<u8> {
        let mut template = self.publisher.dsc.template.clone();
        template.serial = 500;
        template.spki_der = self.signer.key.spki_der();
        template.not_before = at().plus(-365 * DAY);
        template.not_after = at().plus((years - 1) * 365 * DAY);
        let purposes = asn1::sequence(&[asn1::oid(purpose)]);
        template.more_extensions = vec![extension("2.5.29.37", true, &purposes)];
        template.sign(&self.publisher.csca.signer)
    }

    fn encode(&self) -> Vec<u8> {
        let content = asn1::sequence(&[asn1::integer(0), asn1::set(&self.certificates)]);
        let hash = HashAlgorithm::Sha256;
        let attribute = |oid: &str, value: Vec<u8>| asn1::sequence(&[asn1::oid(oid), asn1::set(&[value])]);
        let digest = self.message_digest.clone().unwrap_or_else(|| hash.digest(&content));
        let mut attributes = vec![
            attribute(OID_CONTENT_TYPE, asn1::oid(self.content_type)),
            attribute(OID_MESSAGE_DIGEST, asn1::octet_string(&digest)),
        ];
        attributes.extend(self.signed_at.map(|time| attribute(OID_SIGNING_TIME, asn1::time(time))));
        attributes.sort();
        let attributes = attributes.concat();
        let signature = self.signer.sign(&tlv::encode(0x31, &attributes));
        let issuer = self.publisher.csca.template.subject.der();
        let signer_info = asn1::sequence(&[
            asn1::integer(1),
            asn1::sequence(&[issuer, asn1::integer(500)]),
            hash_algorithm_der(hash),
            tlv::encode(0xA0, &attributes),
            self.signer.algorithm_der(),
            asn1::octet_string(&signature),
        ]);
        let mut certificates = vec![self.signer_certificate.clone()];
        certificates.extend(self.carried.clone());
        let signed_data = asn1::sequence(&[
            asn1::integer(3),
            asn1::set(&[hash_algorithm_der(hash)]),
            asn1::sequence(&[asn1::oid(OID_MASTER_LIST), asn1::context(0, &[asn1::octet_string(&content)])]),
            asn1::context(0, &certificates),
            asn1::set(&[signer_info]),
        ]);
        asn1::sequence(&[asn1::oid(OID_SIGNED_DATA), asn1::context(0, &[signed_data])])
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut list = self.clone();
        change(&mut list);
        list.encode()
    }
}

fn state(name: &str) -> State {
    let key = |role: &str| {
        Signer::new(PrivateKey::ec_explicit(Curve::P256, &format!("{role} {name}")), HashAlgorithm::Sha256)
    };
    StateBuilder::new(at()).named("ATL", "AT").csca(key("CSCA")).dsc(key("DSC")).build()
}

pub(super) fn cases() -> Vec<Draft> {
    let publisher = state("publisher");
    let list = List::of(&publisher);
    let good = list.encode();
    let pin = hex::encode(sha256(&publisher.csca.certificate));
    let base = Draft::of_objects("ml::pinned", "A list whose signer leads to a pinned CSCA")
        .object("list", &good)
        .pin(&pin)
        .reference(SECTION)
        .importance(Importance::Critical);
    let wrong =
        |id, description, code, list: &[u8]| base.negative(id, description, code).object("list", list);
    let valid = |id, description, list: &[u8]| {
        let mut case = base.clone().object("list", list);
        (case.id, case.description) = (id, description);
        case
    };
    let stranger = List::of(&state("stranger"));
    let mut rogue = stranger.clone();
    rogue.carried.push(publisher.csca.certificate.clone());
    let own_key = Signer::new(PrivateKey::ec(Curve::P256, "another signer"), HashAlgorithm::Sha256);
    let mut cases = vec![
        base.clone(),
        valid(
            "ml::csca-not-carried",
            "The pinned CSCA stands in the list and not beside it",
            &list.with(|list| list.carried.clear()),
        ),
        valid(
            "ml::signer-expired-since",
            "The signer's certificate expired after it had signed",
            &list.with(|list| {
                list.signer_certificate = list.certificate(OID_MASTER_LIST_SIGNING, 1);
                list.signed_at = Some(at().plus(-30 * DAY));
            }),
        ),
        valid(
            "ml::certificate-twice",
            "A certificate stands in the list twice, as in lists of several publishers",
            &list.with(|list| list.certificates.push(list.certificates[0].clone())),
        ),
        {
            let mut case = base.negative(
                "ml::no-pin",
                "Nothing is pinned: the list vouches for itself",
                "list.not-pinned",
            );
            case.trust.pins.clear();
            case
        },
        wrong(
            "ml::another-csca",
            "Another CSCA issued the signer, and none is pinned for it",
            "list.not-pinned",
            &stranger.encode(),
        ),
        wrong(
            "ml::pinned-csca-carried",
            "The pinned CSCA lies beside the list, and another one issued the signer",
            "list.not-pinned",
            &rogue.encode(),
        ),
        wrong(
            "ml::signature-flipped",
            "One bit of the signature is flipped",
            "list.signature",
            &flipped(&good, good.len() - 1),
        ),
        wrong(
            "ml::signed-by-another-key",
            "Another key signed than that of the signer's certificate",
            "list.signature",
            &list.with(|list| list.signer = own_key),
        ),
        wrong(
            "ml::message-digest",
            "The signed digest is that of another list",
            "list.signature",
            &list.with(|list| list.message_digest = Some(sha256(b"another list").to_vec())),
        ),
        wrong(
            "ml::content-type",
            "The signed content type is that of a security object",
            "list.signature",
            &list.with(|list| list.content_type = "2.23.136.1.1.1"),
        ),
        wrong(
            "ml::document-signer",
            "A document signer signed, which is not for master lists",
            "list.signer-purpose",
            &list.with(|list| {
                let mut template = list.publisher.dsc.template.clone();
                template.serial = 500;
                template.spki_der = list.signer.key.spki_der();
                list.signer_certificate = template.sign(&list.publisher.csca.signer);
            }),
        ),
        wrong(
            "ml::tls-server",
            "The signer's certificate is for TLS servers",
            "list.signer-purpose",
            &list.with(|list| list.signer_certificate = list.certificate("1.3.6.1.5.5.7.3.1", 10)),
        ),
        wrong(
            "ml::signer-missing",
            "The signer's certificate is not in the file",
            "list.signer-missing",
            &list.with(|list| list.signer_certificate = list.publisher.dsc.certificate.clone()),
        ),
        wrong(
            "ml::signer-expired",
            "The signer's certificate had expired when it signed",
            "list.signer-not-valid",
            &list.with(|list| list.signer_certificate = list.certificate(OID_MASTER_LIST_SIGNING, 0)),
        ),
        wrong(
            "ml::no-signing-time",
            "The list does not say when it was signed",
            "list.signing-time",
            &list.with(|list| list.signed_at = None),
        ),
        wrong(
            "ml::signed-tomorrow",
            "The list was signed tomorrow",
            "list.signing-time",
            &list.with(|list| list.signed_at = Some(at().plus(DAY))),
        ),
        wrong("ml::truncated", "The file ends in the middle", "list.malformed", &good[..good.len() / 2]),
        wrong("ml::empty", "The file is empty", "list.malformed", &[]),
    ];
    let newer = list.with(|list| list.signed_at = Some(at()));
    let mut older = base.negative("ml::older", "A newer list of the publisher was imported", "list.older");
    older = older.object("newest", &newer);
    cases.push(older);
    cases.push(
        valid("ml::newer", "An older list of the publisher was imported", &newer).object("newest", &good),
    );
    cases.push(valid("ml::again", "The same list was imported before", &good).object("newest", &good));
    cases
}
