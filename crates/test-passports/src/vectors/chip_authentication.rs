//! Chip Authentication by the server (Doc 9303-11 6.2; design: protocols.md section 3).
//!
//! The chip's responses are made here from the primitives of `crypto` alone, so that a mistake in `emrtd` does not
//! repeat itself.

use crypto::{Curve, EcPrivateKey, SessionCipher, SessionKey, pad, sha256};
use lds::{FileId, tlv};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::draft::{Draft, at, flipped, utopia};
use super::manifest::{Evidence, Importance};
use crate::{ChipAuthentication, ChipKey, Specimen, SpecimenBuilder};

const SECTION: &str = "ICAO Doc 9303-11 6.2, 9.8";

/// The server's one-use key.
struct Terminal {
    seed: [u8; 32],
    key: EcPrivateKey,
}

impl Terminal {
    fn new(label: &str, curve: Curve) -> Self {
        let seed = sha256(label.as_bytes());
        Self { seed, key: EcPrivateKey::generate(curve, &mut ChaCha20Rng::from_seed(seed)) }
    }

    fn evidence(&self, responses: &[Vec<u8>]) -> Evidence {
        Evidence::ChipAuthentication {
            rng_seed: hex::encode(self.seed),
            ephemeral_private_key: hex::encode(self.key.scalar_bytes().as_slice()),
            responses: responses.iter().map(hex::encode).collect(),
        }
    }
}

/// The chip after the key agreement: keys, and the send sequence counter of the command last received.
struct Session {
    encryption: SessionKey,
    authentication: SessionKey,
    counter: u64,
}

impl Session {
    fn new(chip: &ChipKey, terminal: &Terminal) -> Self {
        let secret = chip.key.ecdh(&terminal.key.public_key()).expect("keys of one curve");
        Self {
            encryption: chip.cipher.kdf(&secret, 1),
            authentication: chip.cipher.kdf(&secret, 2),
            counter: 0,
        }
    }

    /// A protected response with status word 9000 (Doc 9303-11 9.8.6). Counts the command and the response.
    fn respond(&mut self, data: &[u8]) -> Vec<u8> {
        self.counter += 2;
        self.protect(data, [0x90, 0x00])
    }

    fn protect(&self, data: &[u8], status: [u8; 2]) -> Vec<u8> {
        let block = self.encryption.cipher().block_len();
        let mut counter = vec![0; block - 8];
        counter.extend(self.counter.to_be_bytes());
        let mut body = Vec::new();
        if !data.is_empty() {
            let iv = match self.encryption.cipher() {
                SessionCipher::TripleDes => vec![0; block],
                _ => self.encryption.encrypt_block(&counter).expect("one block"),
            };
            let padded = pad::pad_method2(data, block);
            let cryptogram = self.encryption.encrypt_cbc(&iv, &padded).expect("whole blocks");
            body.extend(tlv::encode_all(0x87, &[&[1], cryptogram.as_slice()]));
        }
        body.extend(tlv::encode(0x99, &status));
        let input = pad::pad_method2(&[counter, body.clone()].concat(), block);
        let mac = self.authentication.mac(&input).expect("whole blocks");
        body.extend(tlv::encode(0x8E, &mac));
        body.extend(status);
        body
    }
}

/// The chip's answers to SELECT EF.DG1 and READ BINARY.
fn responses(chip: &ChipKey, terminal: &Terminal, dg1: &[u8]) -> Vec<Vec<u8>> {
    let mut session = Session::new(chip, terminal);
    vec![session.respond(&[]), session.respond(dg1)]
}

pub(super) fn cases() -> Vec<Draft> {
    let mut cases = accepted();
    cases.extend(refused());
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

fn refused() -> Vec<Draft> {
    let state = utopia();
    let specimen = SpecimenBuilder::new(at()).build(&state);
    let other = SpecimenBuilder::new(at()).document_number("D23145890").build(&state);
    let (chip, dg1) = (&specimen.ca_keys[0], specimen.file(FileId::Dg(1)));
    let base = draft("ca::aes-128", "", &specimen);
    let terminal = Terminal::new("ca::aes-128", chip.key.curve());
    let case = |id, description, code, answers: &[Vec<u8>]| {
        base.negative(id, description, code)
            .evidence(terminal.evidence(answers))
            .importance(Importance::Critical)
    };
    let good = responses(chip, &terminal, dg1);
    let [select, read] = good.as_slice() else { unreachable!("two responses") };
    let stranger = Terminal::new("stranger", chip.key.curve());
    let mut refusing = Session::new(chip, &terminal);
    refusing.counter = 4;
    let mut outer = read.clone();
    let end = outer.len();
    outer[end - 2..].copy_from_slice(&[0x62, 0x82]);
    let plain = [dg1, &[0x90, 0x00]].concat();
    vec![
        case(
            "ca::mac-flipped",
            "One bit of the MAC is flipped",
            "ca.mac",
            &[select.clone(), flipped(read, end - 3)],
        ),
        case(
            "ca::data-flipped",
            "One bit of the encrypted DG1 is flipped",
            "ca.mac",
            &[select.clone(), flipped(read, 20)],
        ),
        case(
            "ca::another-chip",
            "The responses are made with the key of another document",
            "ca.mac",
            &responses(&other.ca_keys[0], &terminal, dg1),
        ),
        case(
            "ca::another-ephemeral-key",
            "The responses answer another ephemeral key, as a transcript of another day does",
            "ca.mac",
            &responses(chip, &stranger, dg1),
        ),
        case("ca::swapped", "The two responses are swapped", "ca.mac", &[read.clone(), select.clone()]),
        case("ca::plain", "The responses are not protected", "ca.response", &[vec![0x90, 0x00], plain]),
        case("ca::read-missing", "The response to READ BINARY is missing", "ca.response", &good[..1]),
        case(
            "ca::response-too-many",
            "There is a third response",
            "ca.response",
            &[select.clone(), read.clone(), read.clone()],
        ),
        case(
            "ca::read-cut",
            "The response to READ BINARY is cut",
            "ca.response",
            &[select.clone(), read[..40].to_vec()],
        ),
        case(
            "ca::read-empty",
            "The response to READ BINARY is empty",
            "ca.response",
            &[select.clone(), Vec::new()],
        ),
        case(
            "ca::outer-status-differs",
            "The status word outside is not the protected one",
            "ca.response",
            &[select.clone(), outer],
        ),
        case(
            "ca::status-word",
            "The chip answers READ BINARY with a protected error",
            "ca.status",
            &[select.clone(), refusing.protect(&[], [0x69, 0x82])],
        ),
        case(
            "ca::dg1-of-another",
            "The chip with this key reads out another DG1",
            "ca.dg1-mismatch",
            &responses(chip, &terminal, other.file(FileId::Dg(1))),
        ),
        case(
            "ca::dg1-short",
            "The chip reads out the beginning of DG1 only",
            "ca.dg1-mismatch",
            &responses(chip, &terminal, &dg1[..dg1.len() - 1]),
        ),
        base.negative(
            "ca::dg14-of-another",
            "DG14 and the responses are another document's",
            "pa.hash-mismatch(DG14)",
        )
        .file(FileId::Dg(14), other.file(FileId::Dg(14)))
        .evidence(terminal.evidence(&responses(&other.ca_keys[0], &terminal, dg1)))
        .importance(Importance::Critical),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Doc 9303-11 Appendix D.4: the answers to SELECT EF.COM and two READ BINARY.
    #[test]
    fn the_example_of_the_standard_is_protected() {
        let key = |hex| SessionCipher::TripleDes.key(&hex::decode(hex).unwrap()).unwrap();
        let mut session = Session {
            encryption: key("979EC13B1CBFE9DCD01AB0FED307EAE5"),
            authentication: key("F1CB1F1FB5ADF208806B89DC579DC1F8"),
            counter: 0x8870_2212_0C06_C226,
        };
        for (data, response) in [
            ("", "990290008E08FA855A5D4C50A8ED9000"),
            ("60145F01", "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000"),
            (
                "04303130365F36063034303030305C026175",
                "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
            ),
        ] {
            let protected = session.respond(&hex::decode(data).unwrap());
            assert_eq!(hex::encode_upper(protected), response);
        }
    }
}
