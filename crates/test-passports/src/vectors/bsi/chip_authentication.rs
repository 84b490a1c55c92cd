//! Unit ISO7816_D: Chip Authentication.

use crypto::{Curve, DhGroup, DhPrivateKey, EcPrivateKey, HashAlgorithm, SessionCipher};
use lds::security_info::{ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, SecurityInfo};
use lds::{Dg14, FileId};

use super::super::chip_session::Session;
use super::super::draft::Draft;
use super::super::manifest::{Evidence, Policy};
use super::{Base, at};
use crate::keys::{ec_key, rng};

const ECDH: &str = "ca::bsi-iso7816-d-02";
const DH: &str = "ca::bsi-iso7816-d-01";
const AES: SessionCipher = SessionCipher::Aes128;

/// The 2048-bit group of RFC 5114 with an order of 256 bits.
fn group() -> DhGroup {
    DhGroup::from_parameter_id(2).expect("a group of RFC 5114")
}

/// A key of the chip and one of the server in the same group.
enum Pair {
    Ec(EcPrivateKey, EcPrivateKey),
    Dh(DhPrivateKey, DhPrivateKey),
}

/// The number of the server's key in a prime field.
const NUMBER: [u8; 32] = *b"the number of the server's key..";

impl Pair {
    fn ec(name: &str) -> Self {
        Self::Ec(ec_key(Curve::BrainpoolP256r1, name), ec_key(Curve::BrainpoolP256r1, "terminal"))
    }

    fn dh(name: &[u8]) -> Self {
        let group = group();
        let terminal = DhPrivateKey::from_bytes(&group, &NUMBER).expect("below the order");
        Self::Dh(DhPrivateKey::generate(&group, &mut rng(name)), terminal)
    }

    /// SubjectPublicKeyInfo of the chip's key.
    fn spki(&self) -> Vec<u8> {
        match self {
            Self::Ec(chip, _) => crate::PrivateKey::Ec { key: chip.clone(), explicit: false }.spki_der(),
            Self::Dh(chip, _) => chip.public_key().to_spki_der(),
        }
    }

    /// The SecurityInfos of this key.
    fn infos(&self, key_id: Option<u64>) -> Vec<SecurityInfo> {
        let (key, info) = match self {
            Self::Ec(..) => (
                ChipAuthenticationPublicKeyInfo::ecdh(self.spki(), key_id),
                ChipAuthenticationInfo::ecdh(AES, key_id),
            ),
            Self::Dh(..) => (
                ChipAuthenticationPublicKeyInfo::dh(self.spki(), key_id),
                ChipAuthenticationInfo::dh(AES, key_id),
            ),
        };
        vec![SecurityInfo::ChipAuthenticationPublicKey(key), SecurityInfo::ChipAuthentication(info)]
    }

    fn session(&self) -> Session {
        let secret = match self {
            Self::Ec(chip, terminal) => chip.ecdh(&terminal.public_key()),
            Self::Dh(chip, terminal) => chip.agree(&terminal.public_key()),
        };
        Session::of_secret(AES, &secret.expect("keys of one group"))
    }

    fn evidence(&self, responses: &[Vec<u8>]) -> Evidence {
        let number = match self {
            Self::Ec(_, terminal) => terminal.scalar_bytes().to_vec(),
            Self::Dh(..) => NUMBER.to_vec(),
        };
        Evidence::ChipAuthentication {
            terminal_private_key: hex::encode(number),
            protocol: None,
            key_id: None,
            commands: Vec::new(),
            responses: responses.iter().map(hex::encode).collect(),
            plaintexts: Vec::new(),
        }
    }
}

/// The default document with this EF.DG14, and the chip's answers in a session of `pair`.
fn case(
    base: &Base,
    (id, reference): (&'static str, &'static str),
    description: &'static str,
    dg14: &[u8],
    pair: &Pair,
) -> Draft {
    let mut specimen = base.passport.clone();
    specimen.files.insert(FileId::Dg(14), dg14.to_vec());
    let object = specimen.security_object(&base.state, 0, HashAlgorithm::Sha256);
    specimen.sign_with(&object, &base.state.dsc.signer);
    let mut session = pair.session();
    let answers = [session.respond(&[]), session.respond(specimen.file(FileId::Dg(1)))];
    let mut case = Draft::new(id, description, &specimen);
    case.at = at();
    case.policy = Policy { inspection: Some("bsi-tr-03105".into()), ..Policy::default() };
    case.flags(&["bsi"]).reference(reference).evidence(pair.evidence(&answers))
}

macro_rules! names {
    ($number:literal) => {
        (concat!("ca::bsi-iso7816-d-", $number), concat!("BSI TR-03105-5.1 ISO7816_D_", $number))
    };
}

pub(in super::super) fn cases() -> Vec<Draft> {
    let base = Base::new();
    let (ecdh, dh) = (Pair::ec("chip"), Pair::dh(b"chip"));
    // The verifier takes the strongest key: the one that the chip answers with here.
    let weaker = |name| Pair::Ec(ec_key(Curve::P224, name), ec_key(Curve::P224, "terminal"));
    let others = [weaker("second key"), weaker("third key")];
    let file = |infos: Vec<SecurityInfo>| Dg14::new(infos).encode();
    let plain = file(ecdh.infos(None));
    let several = |count: usize| {
        let more = others.iter().take(count).zip(2..).flat_map(|(pair, id)| pair.infos(Some(id)));
        file(ecdh.infos(Some(1)).into_iter().chain(more).collect())
    };
    let mut cases = vec![
        case(&base, names!("01"), "DH in group 2 of RFC 5114", &file(dh.infos(None)), &dh),
        case(&base, names!("02"), "ECDH on brainpoolP256r1", &plain, &ecdh),
        case(&base, names!("03"), "The key has an identifier", &file(ecdh.infos(Some(1))), &ecdh),
        case(&base, names!("04"), "Two keys with identifiers", &several(1), &ecdh),
        case(&base, names!("05"), "Three keys with identifiers", &several(2), &ecdh),
    ];
    let refused = |names, description, code, twin, dg14: &[u8], pair: &Pair| {
        case(&base, names, description, dg14, pair).refused(code, twin)
    };
    // The chip answers MSE:Set AT with an error, so there is nothing under the new keys.
    let mut unknown_key = refused(
        names!("06"),
        "The chip does not hold the key that EF.DG14 names: it answers 6A88",
        "ca.plain-response",
        "ca::bsi-iso7816-d-03",
        &file(ecdh.infos(Some(9))),
        &ecdh,
    );
    unknown_key.evidence = Some(ecdh.evidence(&[vec![0x6A, 0x88], vec![0x6A, 0x88]]));
    cases.push(unknown_key);
    let stranger = Pair::dh(b"another chip");
    cases.push(refused(
        names!("07"),
        "The DH key in EF.DG14 is not the chip's",
        "ca.mac",
        DH,
        &file(stranger.infos(None)),
        &dh,
    ));
    cases.push(refused(
        names!("08"),
        "The ECDH key in EF.DG14 is not the chip's",
        "ca.mac",
        ECDH,
        &file(Pair::ec("another chip").infos(None)),
        &ecdh,
    ));
    let old =
        Pair::Ec(ec_key(Curve::BrainpoolP256r1, "chip"), ec_key(Curve::BrainpoolP256r1, "session before"));
    let mut not_switched =
        case(&base, names!("09"), "The chip goes on under the keys of the session before", &plain, &old);
    if let Some(Evidence::ChipAuthentication { terminal_private_key, .. }) = &mut not_switched.evidence {
        let Pair::Ec(_, terminal) = &ecdh else { unreachable!("a pair of ECDH") };
        *terminal_private_key = hex::encode(terminal.scalar_bytes().as_slice());
    }
    cases.push(not_switched.refused("ca.mac", ECDH));
    cases.push(refused(
        names!("11"),
        "The generator of the DH key in EF.DG14 is none of its group",
        "ca.unsupported",
        DH,
        &broken(&file(dh.infos(None)), &group().generator().to_unsigned()),
        &dh,
    ));
    let point = ec_point(&ecdh);
    cases.push(refused(
        names!("12"),
        "The point in EF.DG14 is not on its curve",
        "ca.unsupported",
        ECDH,
        &broken(&plain, &point),
        &ecdh,
    ));
    let mut differing = ecdh.infos(Some(1));
    differing[1] = SecurityInfo::ChipAuthentication(ChipAuthenticationInfo::ecdh(AES, Some(2)));
    cases.push(refused(
        names!("13"),
        "ChipAuthenticationInfo has another identifier than the key",
        "ca.unsupported",
        "ca::bsi-iso7816-d-03",
        &file(differing),
        &ecdh,
    ));
    cases
}

/// The file with the last byte of a part changed, wherever it stands.
fn broken(file: &[u8], part: &[u8]) -> Vec<u8> {
    let start = file.windows(part.len()).position(|window| window == part).expect("a part of the file");
    let mut out = file.to_vec();
    out[start + part.len() - 1] ^= 1;
    out
}

/// The chip's point, as it stands in EF.DG14.
fn ec_point(pair: &Pair) -> Vec<u8> {
    match pair {
        Pair::Ec(chip, _) => chip.public_key().to_sec1(),
        Pair::Dh(..) => unreachable!("a pair of ECDH"),
    }
}
