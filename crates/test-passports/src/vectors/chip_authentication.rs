//! Chip Authentication by the server (Doc 9303-11 6.2; docs/protocols.md section 3).

use crypto::{Curve, SessionCipher, pad};
use lds::{FileId, tlv};

use super::bsi;
use super::chip_session::{Session, Terminal};
use super::draft::{Draft, at, flipped, utopia};
use super::manifest::Importance;
use crate::{ChipAuthentication, ChipKey, Specimen, SpecimenBuilder};

const SECTION: &str = "ICAO Doc 9303-11 6.2, 9.8";

/// The chip's answers to SELECT EF.DG1 and READ BINARY.
fn responses(chip: &ChipKey, terminal: &Terminal, dg1: &[u8]) -> Vec<Vec<u8>> {
    let mut session = Session::new(chip, terminal);
    vec![session.respond(&[]), session.respond(dg1)]
}

pub(super) fn cases() -> Vec<Draft> {
    let mut cases = accepted();
    cases.extend(refused());
    cases.extend(bsi::chip_authentication::cases());
    cases
}

fn specimen(offer: ChipAuthentication) -> Specimen {
    SpecimenBuilder::new(at()).chip_authentication(Some(offer)).build(&utopia())
}

fn draft(id: &'static str, description: &'static str, specimen: &Specimen) -> Draft {
    let chip = &specimen.ca_keys[0];
    let terminal = Terminal::new(id, chip.key.curve());
    let answers = responses(chip, &terminal, specimen.file(FileId::Dg(1)));
    Draft::new(id, description, specimen).evidence(terminal.evidence(&answers)).reference(SECTION)
}

fn accepted() -> Vec<Draft> {
    let offer =
        |curve, cipher| ChipAuthentication { curve, cipher: Some(cipher), explicit: false, key_id: None };
    let with_id = |key_id| ChipAuthentication { key_id, ..offer(Curve::P256, SessionCipher::Aes128) };
    let explicit =
        ChipAuthentication { explicit: true, ..offer(Curve::BrainpoolP384r1, SessionCipher::Aes192) };
    let french = SpecimenBuilder::new(at()).french_chip_of_2017().build(&utopia());
    vec![
        draft(
            "ca::aes-128",
            "ECDH on brainpoolP256r1, AES-128",
            &specimen(offer(Curve::BrainpoolP256r1, SessionCipher::Aes128)),
        ),
        draft("ca::aes-256", "ECDH on P-256, AES-256", &specimen(offer(Curve::P256, SessionCipher::Aes256))),
        draft(
            "ca::aes-192-explicit",
            "ECDH on brainpoolP384r1 with explicit parameters, AES-192",
            &specimen(explicit),
        ),
        draft("ca::3des", "ECDH on P-256, 3DES", &specimen(offer(Curve::P256, SessionCipher::TripleDes))),
        draft("ca::key-id", "The key has an id", &specimen(with_id(Some(3)))),
        draft("ca::p521", "ECDH on P-521, AES-256", &specimen(offer(Curve::P521, SessionCipher::Aes256))),
        draft(
            "ca::french-passport-2017",
            "P-256 with explicit parameters and no ChipAuthenticationInfo: the protocol is 3DES",
            &french,
        )
        .flags(&["quirk", "france"])
        .importance(Importance::High),
    ]
}

/// What the negative cases are made from: one document, its right responses, another document.
struct Scene {
    specimen: Specimen,
    other: Specimen,
    terminal: Terminal,
    base: Draft,
    select: Vec<u8>,
    read: Vec<u8>,
}

impl Scene {
    fn new() -> Self {
        let state = utopia();
        let specimen = SpecimenBuilder::new(at()).build(&state);
        let other = SpecimenBuilder::new(at()).document_number("D23145890").build(&state);
        let terminal = Terminal::new("ca::aes-128", specimen.ca_keys[0].key.curve());
        let answers = responses(&specimen.ca_keys[0], &terminal, specimen.file(FileId::Dg(1)));
        let base = draft("ca::aes-128", "", &specimen);
        let [select, read] = answers.try_into().unwrap_or_else(|_| unreachable!("two responses"));
        Self { specimen, other, terminal, base, select, read }
    }

    fn dg1(&self) -> &[u8] {
        self.specimen.file(FileId::Dg(1))
    }

    fn case(
        &self,
        id: &'static str,
        description: &'static str,
        code: &'static str,
        all: &[Vec<u8>],
    ) -> Draft {
        self.base
            .negative(id, description, code)
            .evidence(self.terminal.evidence(all))
            .importance(Importance::Critical)
    }

    /// A case with the right answer to SELECT and this one to READ BINARY.
    fn read_case(
        &self,
        id: &'static str,
        description: &'static str,
        code: &'static str,
        read: Vec<u8>,
    ) -> Draft {
        self.case(id, description, code, &[self.select.clone(), read])
    }
}

fn refused() -> Vec<Draft> {
    let scene = Scene::new();
    let mut cases = other_keys_and_files(&scene);
    cases.extend(wrong_messages(&scene));
    cases.extend(malformed_responses(&scene));
    cases
}

/// A clone, a replay, another document.
fn other_keys_and_files(scene: &Scene) -> Vec<Draft> {
    let (chip, dg1, other) = (&scene.specimen.ca_keys[0], scene.dg1(), &scene.other);
    let stranger = Terminal::new("stranger", chip.key.curve());
    let from_other_chip = responses(&other.ca_keys[0], &scene.terminal, dg1);
    vec![
        scene.case(
            "ca::another-chip",
            "The responses are made with the key of another document",
            "ca.mac",
            &from_other_chip,
        ),
        scene.case(
            "ca::another-ephemeral-key",
            "The responses answer another ephemeral key, as a transcript of another day does",
            "ca.mac",
            &responses(chip, &stranger, dg1),
        ),
        scene.case(
            "ca::dg1-of-another",
            "The chip with this key reads out another DG1",
            "ca.dg1-mismatch",
            &responses(chip, &scene.terminal, other.file(FileId::Dg(1))),
        ),
        scene.case(
            "ca::dg1-short",
            "The chip reads out DG1 but for its last byte",
            "ca.length",
            &responses(chip, &scene.terminal, &dg1[..dg1.len() - 1]),
        ),
        scene
            .base
            .negative(
                "ca::dg14-of-another",
                "DG14 and the responses are another document's",
                "pa.hash-mismatch(DG14)",
            )
            .file(FileId::Dg(14), other.file(FileId::Dg(14)))
            .evidence(scene.terminal.evidence(&from_other_chip))
            .importance(Importance::Critical),
    ]
}

/// Responses that are changed, exchanged, missing or not protected.
fn wrong_messages(scene: &Scene) -> Vec<Draft> {
    let (select, read) = (&scene.select, &scene.read);
    let end = read.len();
    let mut outer = read.clone();
    outer[end - 2..].copy_from_slice(&[0x62, 0x82]);
    let plain = [scene.dg1(), &[0x90, 0x00]].concat();
    vec![
        scene.read_case("ca::mac-flipped", "One bit of the MAC is flipped", "ca.mac", flipped(read, end - 3)),
        scene.read_case(
            "ca::data-flipped",
            "One bit of the encrypted DG1 is flipped",
            "ca.mac",
            flipped(read, 20),
        ),
        scene.case("ca::swapped", "The two responses are swapped", "ca.mac", &[read.clone(), select.clone()]),
        scene.case(
            "ca::read-missing",
            "The response to READ BINARY is missing",
            "ca.count",
            std::slice::from_ref(select),
        ),
        scene.case(
            "ca::response-too-many",
            "There is a third response",
            "ca.count",
            &[select.clone(), read.clone(), read.clone()],
        ),
        scene.case(
            "ca::plain",
            "The responses are not protected",
            "ca.plain-response",
            &[vec![0x90, 0x00], plain],
        ),
        scene.read_case(
            "ca::outer-status-differs",
            "The status word outside is not the protected one",
            "ca.status-mismatch",
            outer,
        ),
        scene.read_case(
            "ca::read-cut",
            "The response to READ BINARY is cut",
            "ca.malformed-response",
            read[..40].to_vec(),
        ),
        scene.read_case(
            "ca::read-empty",
            "The response to READ BINARY is empty",
            "nfc.malformed-apdu",
            Vec::new(),
        ),
    ]
}

/// Responses that only the chip's keys can make, and that no chip makes.
fn malformed_responses(scene: &Scene) -> Vec<Draft> {
    let mut chip = Session::new(&scene.specimen.ca_keys[0], &scene.terminal);
    chip.counter = 4;
    let success = [0x90, 0x00];
    let status = tlv::encode(0x99, &success);
    let cryptogram = chip.cryptogram(&pad::pad_method2(scene.dg1(), 16));
    let mut zero_padded = scene.dg1().to_vec();
    zero_padded.resize(zero_padded.len().next_multiple_of(16), 0);
    let unknown = tlv::encode(0x85, &[0]);
    vec![
        scene.read_case(
            "ca::status-word",
            "The chip answers READ BINARY with a protected error",
            "ca.status",
            chip.protect(&[], [0x69, 0x82]),
        ),
        scene.read_case(
            "ca::mac-missing",
            "The response has no DO'8E'",
            "ca.mac-missing",
            [cryptogram.clone(), status.clone(), success.to_vec()].concat(),
        ),
        scene.read_case(
            "ca::status-missing",
            "The response has no DO'99', and a MAC that computes",
            "ca.status-missing",
            chip.seal(cryptogram.clone(), success),
        ),
        scene.read_case(
            "ca::data-object-unknown",
            "The response has a DO'85', and a MAC that computes",
            "ca.data-object",
            chip.seal([cryptogram, unknown, status.clone()].concat(), success),
        ),
        scene.read_case(
            "ca::padding",
            "DG1 is padded with zeros alone, under a MAC that computes",
            "ca.padding",
            chip.seal([chip.cryptogram(&zero_padded), status].concat(), success),
        ),
    ]
}
