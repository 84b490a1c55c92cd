//! PACE with Chip Authentication mapping (Doc 9303-11 4.4.3.3.3 and 4.4.3.5): unit ISO7816_G of the BSI's plan.

use crypto::{Curve, EcPrivateKey, HashAlgorithm, Scalar};
use emrtd::pace::{self, PaceOffer};
use emrtd::{MrzKey, Password, Response};
use lds::security_info::{ChipAuthenticationPublicKeyInfo, SecurityInfo};
use lds::{FileId, tlv};

use super::bsi::Base;
use super::bsi::at;
use super::bsi::card_security::{chip_authentication_mapping, pace as document, spki};
use super::draft::Draft;
use super::manifest::{Evidence, Policy};
use crate::keys::{ec_key, rng};

const RIGHT: &str = "pace-cam::bsi-iso7816-g-34";
const CURVE: Curve = Curve::BrainpoolP256r1;

/// What the terminal records of a run.
struct Run {
    protocol: String,
    password_key: Vec<u8>,
    private_keys: [Vec<u8>; 2],
    responses: Vec<Vec<u8>>,
}

impl Run {
    /// A run with a chip that holds `key`.
    fn with(base: &Base, key: &EcPrivateKey) -> Self {
        let curve = key.curve();
        let SecurityInfo::Pace(info) = chip_authentication_mapping(curve) else { unreachable!("a PACEInfo") };
        let offer = PaceOffer::allowed(&info).expect("an allowed way of PACE");
        let mrz = &base.passport.mrz;
        let (birth, expiry) = (mrz.date_of_birth.to_string(), mrz.date_of_expiry.to_string());
        let password =
            Password::Mrz(MrzKey::new(&mrz.document_number, &birth, &expiry).expect("what is printed"));
        let information = HashAlgorithm::Sha1.digest(mrz.access_key_information().as_bytes());
        let password_key = offer.cipher.kdf(&information, 3).as_bytes().to_vec();
        let random = |label: &str| rng(format!("{label} {}", curve.name()).as_bytes());
        let private = |label| Scalar::random(curve, &mut random(label)).as_bytes().to_vec();

        let (_, terminal) = pace::begin(&offer, &password);
        let chip = pace::chip::begin(offer.clone(), &password).with_chip_key(key.clone());
        let ok = "a run of two sides that fit";
        let (command, terminal) = terminal.received(&Response::ok(Vec::new())).expect(ok);
        let (nonce, chip) = chip.received(&command, &mut random("nonce")).expect(ok);
        let (command, terminal) = terminal.received(&nonce, &mut random("mapping")).expect(ok);
        let (mapping, chip) = chip.received(&command, &mut random("chip mapping")).expect(ok);
        let (command, terminal) = terminal.received(&mapping, &mut random("ephemeral")).expect(ok);
        let (ephemeral, chip) = chip.received(&command, &mut random("chip ephemeral")).expect(ok);
        let (command, _) = terminal.received(&ephemeral).expect(ok);
        let (token, _) = chip.received(&command).expect(ok);
        let responses = [nonce, mapping, ephemeral, token].map(|response| response.encode()).to_vec();
        let private_keys = [private("mapping"), private("ephemeral")];
        Self { protocol: info.oid.to_string(), password_key, private_keys, responses }
    }

    /// The chip's last answer with other objects after its token; `data` gives them out of its own data.
    fn saying(mut self, objects: impl FnOnce(&[u8]) -> Vec<u8>) -> Self {
        let last = self.responses.pop().expect("four answers");
        let (token, data) = (last[4..12].to_vec(), last[14..last.len() - 2].to_vec());
        let content = [tlv::encode(0x86, &token), objects(&data)].concat();
        self.responses.push([tlv::encode(0x7C, &content), vec![0x90, 0]].concat());
        self
    }

    fn evidence(&self) -> Evidence {
        let [mapping, ephemeral] = &self.private_keys;
        Evidence::PaceCam {
            protocol: self.protocol.clone(),
            password_key: hex::encode(&self.password_key),
            mapping_private_key: hex::encode(mapping),
            ephemeral_private_key: hex::encode(ephemeral),
            responses: self.responses.iter().map(hex::encode).collect(),
        }
    }
}

fn case(
    id: &'static str,
    reference: &'static str,
    description: &'static str,
    base: &Base,
    run: &Run,
) -> Draft {
    let mut case = Draft::whole(id, description, &base.passport).flags(&["bsi"]).reference(reference);
    case.at = at();
    case.policy = Policy { inspection: Some("bsi-tr-03105".into()), ..Policy::default() };
    case.evidence(run.evidence())
}

pub(super) fn cases() -> Vec<Draft> {
    let (base, infos) = document(CURVE);
    let key = base.passport.ca_keys[0].key.clone();
    let run = || Run::with(&base, &key);
    let wrong = |id, reference, description, code, run: Run| {
        case(id, reference, description, &base, &run).refused(code, RIGHT)
    };
    let with_keys = |id, reference, description, code, keys: Vec<SecurityInfo>| {
        let not_a_key = |info: &&SecurityInfo| !matches!(info, SecurityInfo::ChipAuthenticationPublicKey(_));
        let infos: Vec<SecurityInfo> = infos.iter().filter(not_a_key).cloned().chain(keys).collect();
        let file = base.card_security(&infos);
        wrong(id, reference, description, code, run()).file(FileId::CardSecurity, &file)
    };
    let stranger = ec_key(CURVE, "another chip");
    let other = ChipAuthenticationPublicKeyInfo::ecdh(spki(&stranger), None);
    let mut cases = vec![
        case(
            RIGHT,
            "BSI TR-03105-5.1 ISO7816_G_34",
            "The chip's key stands in EF.CardSecurity and EF.DG14",
            &base,
            &run(),
        ),
        wrong(
            "pace-cam::bsi-iso7816-g-29",
            "BSI TR-03105-5.1 ISO7816_G_29",
            "The chip authentication data have no tag",
            "pace-cam.data-missing",
            run().saying(|_| Vec::new()),
        ),
        wrong(
            "pace-cam::bsi-iso7816-g-30",
            "BSI TR-03105-5.1 ISO7816_G_30",
            "The data are no number once they are decrypted",
            "pace-cam.data-encoding",
            run().saying(|data| tlv::encode(0x8A, &super::draft::flipped(data, data.len() - 1))),
        ),
        wrong(
            "pace-cam::bsi-iso7816-g-31",
            "BSI TR-03105-5.1 ISO7816_G_31",
            "The data are those of another key",
            "pace-cam.data",
            Run::with(&base, &stranger),
        ),
        wrong(
            "pace-cam::bsi-iso7816-g-32",
            "BSI TR-03105-5.1 ISO7816_G_32",
            "The data stand under 8B",
            "pace-cam.data-missing",
            run().saying(|data| tlv::encode(0x8B, data)),
        ),
        wrong(
            "pace-cam::bsi-iso7816-g-33",
            "BSI TR-03105-5.1 ISO7816_G_33",
            "8A is empty",
            "pace-cam.data-missing",
            run().saying(|_| tlv::encode(0x8A, &[])),
        ),
        with_keys(
            "pace-cam::bsi-iso7816-g-39",
            "BSI TR-03105-5.1 ISO7816_G_39",
            "EF.CardSecurity has another key than EF.DG14",
            "pace-cam.public-key",
            vec![SecurityInfo::ChipAuthenticationPublicKey(other)],
        ),
        with_keys(
            "pace-cam::bsi-iso7816-g-40",
            "BSI TR-03105-5.1 ISO7816_G_40",
            "EF.CardSecurity has no key",
            "pace-cam.public-key-missing",
            Vec::new(),
        ),
    ];
    cases.extend(CURVES.map(|(id, curve)| {
        let (base, _) = document(curve);
        let run = Run::with(&base, &base.passport.ca_keys[0].key);
        case(id, "BSI TR-03105-5.1 ISO7816_G_41", curve.name(), &base, &run)
    }));
    cases
}

/// The standardised domain parameters that are curves (Doc 9303-11 9.5.1).
const CURVES: [(&str, Curve); 11] = [
    ("pace-cam::bsi-iso7816-g-41-p192", Curve::P192),
    ("pace-cam::bsi-iso7816-g-41-p224", Curve::P224),
    ("pace-cam::bsi-iso7816-g-41-p256", Curve::P256),
    ("pace-cam::bsi-iso7816-g-41-p384", Curve::P384),
    ("pace-cam::bsi-iso7816-g-41-p521", Curve::P521),
    ("pace-cam::bsi-iso7816-g-41-brainpool-p192r1", Curve::BrainpoolP192r1),
    ("pace-cam::bsi-iso7816-g-41-brainpool-p224r1", Curve::BrainpoolP224r1),
    ("pace-cam::bsi-iso7816-g-41-brainpool-p256r1", Curve::BrainpoolP256r1),
    ("pace-cam::bsi-iso7816-g-41-brainpool-p320r1", Curve::BrainpoolP320r1),
    ("pace-cam::bsi-iso7816-g-41-brainpool-p384r1", Curve::BrainpoolP384r1),
    ("pace-cam::bsi-iso7816-g-41-brainpool-p512r1", Curve::BrainpoolP512r1),
];
