//! The chip emulator read by JMRTD (Java, `tests/clients/java`), which shares no code with it: BAC, PACE in every way that
//! it knows, Chip and Active Authentication, all files, and how many commands it takes for them.
//!
//! Its jars come from Maven and from nowhere else that the tests may ask, so these tests run by `scripts/jmrtd` alone.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use chip_emulator::{CaKey, Chip, ChipContents, serve_connection};
use clock::UnixTime;
use crypto::{Curve, DhGroup, DhPrivateKey, DhPublicKey, EcPrivateKey, HashAlgorithm, SessionCipher};
use emrtd::chip_authentication::{ChipPrivateKey, ChipPublicKey};
use emrtd::{ApduChannel, ChannelError, Terminal, chip_authentication};
use lds::card_security::OID_SECURITY_OBJECT;
use lds::security_info::{
    ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, KeyAgreement, PaceInfo, PaceMapping,
    SecurityInfo,
};
use lds::{AtrInfo, CardAccess, Dg14, FileId, tlv};
use rand_chacha::ChaCha20Rng;
use test_passports::security_object::SodPart;
use test_passports::{ActiveAuthentication, Specimen, StateBuilder, asn1};

use crate::specimens::{
    ACCESS, ACTIVE_AUTHENTICATIONS, Offers, ca, chip_authentications, dg14, mrz_key, passport, rng,
};

const CIPHERS: [SessionCipher; 4] =
    [SessionCipher::TripleDes, SessionCipher::Aes128, SessionCipher::Aes192, SessionCipher::Aes256];
const CAN: &str = "500540";

/// What JMRTD tells of a reading. It failed if it says so.
fn read(contents: &ChipContents, mrz: &str, options: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    contents.write_folder(folder.path()).unwrap();
    read_folder(contents, folder.path(), mrz, options)
}

fn read_folder(contents: &ChipContents, folder: &Path, mrz: &str, options: &[&str]) -> String {
    let classes = std::env::var("SCEAU_JMRTD").expect("scripts/jmrtd sets SCEAU_JMRTD");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let contents = contents.clone();
    let chip = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let _ = serve_connection(stream, &mut Chip::new(contents, rng(1)));
    });
    let output = Command::new("java")
        .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", &classes, "ReadWithJmrtd", &address])
        .arg(folder)
        .arg(format!("mrz={mrz}"))
        .args(options)
        .output()
        .expect("a Java runtime");
    chip.join().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{options:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn mrz(passport: &Specimen) -> String {
    let mrz = &passport.mrz;
    format!("{},{},{}", mrz.document_number, mrz.date_of_birth, mrz.date_of_expiry)
}

/// A chip of this way of PACE that has a CAN too; for the mapping with Chip Authentication, EF.CardSecurity with its key.
fn offering(way: &PaceInfo) -> (Specimen, ChipContents) {
    let group = u8::try_from(way.parameter_id.unwrap()).unwrap();
    let curve = Curve::from_parameter_id(group).unwrap_or(Curve::P256);
    let passport = passport(Offers {
        pace: Some((SessionCipher::Aes128, curve)),
        chip_authentication: ca(curve, Some(SessionCipher::Aes128), None),
        active_authentication: None,
    });
    let mut contents = passport.chip_contents();
    let mut infos = vec![SecurityInfo::Pace(way.clone())];
    contents.pace = vec![way.clone()];
    contents.can = Some(emrtd::Can::new(CAN).unwrap());
    contents.files.insert(FileId::CardAccess, CardAccess { security_infos: infos.clone() }.encode());
    if way.mapping == PaceMapping::ChipAuthentication {
        let keys = dg14(&passport).public_keys;
        infos.extend(keys.into_iter().map(SecurityInfo::ChipAuthenticationPublicKey));
        contents.files.insert(FileId::CardSecurity, card_security(&passport, &infos));
    }
    (passport, contents)
}

fn card_security(passport: &Specimen, infos: &[SecurityInfo]) -> Vec<u8> {
    let state = StateBuilder::new(UnixTime::from_rfc3339("2026-06-01").unwrap()).build();
    let mut object = passport.security_object(&state, 0, HashAlgorithm::Sha256);
    object.econtent_type = OID_SECURITY_OBJECT.into();
    object.content_type_attribute = Some(OID_SECURITY_OBJECT.into());
    let content = CardAccess { security_infos: infos.to_vec() }.encode();
    object.with(SodPart::Content, &content).content_info(&state.dsc.signer)
}

/// Opens the chip in each group that the mapping allows, with each cipher and either password, and reads EF.DG1.
fn opens_by(mapping: PaceMapping) {
    for group in (0..=2_u8).chain(8..=18) {
        for cipher in CIPHERS {
            let agreement = if group < 8 { KeyAgreement::Dh } else { KeyAgreement::Ecdh };
            let way = PaceInfo::new(agreement, mapping, cipher, group);
            // For AES-192 JMRTD makes a nonce t of 32 bytes, where Doc 9303-11, 4.4.3.3.2 has the key's length, 24.
            let misread = (mapping, cipher) == (PaceMapping::Integrated, SessionCipher::Aes192);
            if misread || emrtd::pace::PaceOffer::allowed(&way).is_err() {
                continue;
            }
            let (passport, contents) = offering(&way);
            for password in ["password=mrz", &format!("can={CAN}")] {
                let told = read(&contents, &mrz(&passport), &[password, "files=1"]);
                assert!(told.contains(&format!("{}/{group} ", way.oid)), "{told}");
                assert_eq!(told.contains("CAM proved"), mapping == PaceMapping::ChipAuthentication, "{told}");
                assert!(told.contains("1 files as in the folder"), "{told}");
            }
        }
    }
}

#[test]
#[ignore = "needs JMRTD: scripts/jmrtd"]
fn jmrtd_opens_the_emulator_by_generic_mapping() {
    opens_by(PaceMapping::Generic);
}

#[test]
#[ignore = "needs JMRTD: scripts/jmrtd"]
fn jmrtd_opens_the_emulator_by_integrated_mapping() {
    opens_by(PaceMapping::Integrated);
}

#[test]
#[ignore = "needs JMRTD: scripts/jmrtd"]
fn jmrtd_opens_the_emulator_by_chip_authentication_mapping_and_has_its_proof() {
    opens_by(PaceMapping::ChipAuthentication);
}

/// Each access with each Chip Authentication, Active Authentications in turn, at 256 bytes and with extended length.
#[test]
#[ignore = "needs JMRTD: scripts/jmrtd"]
fn jmrtd_reads_every_file_and_has_both_proofs() {
    for pace in ACCESS {
        for (chip_authentication, aa) in
            chip_authentications().into_iter().zip(ACTIVE_AUTHENTICATIONS.iter().cycle())
        {
            let passport = passport(Offers { pace, chip_authentication, active_authentication: Some(*aa) });
            let access = if pace.is_some() { "access=pace" } else { "access=bac" };
            let files = passport.files.len() - usize::from(pace.is_some());
            for lengths in [&[][..], &["extended=yes", "block=65000"], &["sfi=no"]] {
                let options = [&[access], lengths].concat();
                let told = read(&passport.chip_contents(), &mrz(&passport), &options);
                assert!(told.contains("; CA ") && told.contains("; AA "), "{told}");
                assert!(told.contains(&format!("{files} files as in the folder;")), "{told}");
            }
        }
    }
}

/// The chip's keys, all announced in EF.DG14. (Its hash in EF.SOD is then another, which JMRTD does not look at here.)
fn with_keys(keys: Vec<CaKey>) -> (Specimen, ChipContents) {
    let passport = passport(Offers {
        pace: Some((SessionCipher::Aes128, Curve::P256)),
        chip_authentication: None,
        active_authentication: None,
    });
    let infos = keys.iter().flat_map(|CaKey { key_id, cipher, key }| match key.public_key() {
        ChipPublicKey::Ec(public) => [
            SecurityInfo::ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo::ecdh(
                crypto::PublicKey::Ec(public).to_spki_der(),
                *key_id,
            )),
            SecurityInfo::ChipAuthentication(ChipAuthenticationInfo::ecdh(*cipher, *key_id)),
        ],
        ChipPublicKey::Dh(public) => [
            SecurityInfo::ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo::dh(
                pkcs3(&public),
                *key_id,
            )),
            SecurityInfo::ChipAuthentication(ChipAuthenticationInfo::dh(*cipher, *key_id)),
        ],
    });
    let mut contents = passport.chip_contents();
    contents.files.insert(FileId::Dg(14), Dg14::new(infos.collect()).encode());
    contents.ca_keys = keys;
    (passport, contents)
}

/// The key as PKCS #3 has it: JMRTD reads `dhpublicnumber` of X9.42, which Doc 9303-11 names, from no provider.
fn pkcs3(key: &DhPublicKey) -> Vec<u8> {
    let number = |bytes: &[u8]| tlv::encode_unsigned_bytes(bytes);
    let group = key.group();
    let parameters = asn1::sequence(&[number(&group.modulus()), number(&group.generator().to_unsigned())]);
    let algorithm = asn1::sequence(&[asn1::oid("1.2.840.113549.1.3.1"), parameters]);
    asn1::sequence(&[algorithm, asn1::bit_string(&number(&key.to_unsigned()))])
}

/// One key after the other, the last channel protecting the next agreement.
#[test]
#[ignore = "needs JMRTD: scripts/jmrtd"]
fn jmrtd_agrees_on_keys_by_their_numbers_on_curves_and_in_prime_fields() {
    let curves = [Curve::P256, Curve::BrainpoolP384r1, Curve::P521, Curve::BrainpoolP224r1];
    let on_curves: Vec<CaKey> = [1, 77, 256, 70_000]
        .into_iter()
        .zip(curves.into_iter().zip(CIPHERS))
        .map(|(id, (curve, cipher))| {
            let key = EcPrivateKey::generate(curve, &mut rng(id));
            CaKey { key_id: Some(id), cipher, key: key.into() }
        })
        .collect();
    let in_fields = (0..3).flat_map(|group| CIPHERS.map(|cipher| (group, cipher))).zip(1..);
    let in_fields: Vec<CaKey> = in_fields
        .map(|((group, cipher), id)| {
            let group = DhGroup::from_parameter_id(group).unwrap();
            let key = ChipPrivateKey::from(DhPrivateKey::generate(&group, &mut rng(id)));
            CaKey { key_id: Some(id), cipher, key }
        })
        .collect();
    for keys in [on_curves, in_fields] {
        let (passport, contents) = with_keys(keys.clone());
        for lengths in ["extended=no", "extended=yes"] {
            let told = read(&contents, &mrz(&passport), &["files=1,14", lengths]);
            for key in &keys {
                assert!(told.contains(&format!(" key {};", key.key_id.unwrap())), "{told}");
            }
        }
    }
}

/// Beyond 32 kB a file is read by odd INS.
#[test]
#[ignore = "needs JMRTD: scripts/jmrtd"]
fn jmrtd_reads_a_file_of_60_kilobytes() {
    let mut passport = passport(Offers {
        pace: Some((SessionCipher::Aes256, Curve::BrainpoolP256r1)),
        chip_authentication: None,
        active_authentication: None,
    });
    let portrait: Vec<u8> = (0..60_000_u32).map(|n| (n * 7 + n / 256) as u8).collect();
    passport.files.insert(FileId::Dg(2), tlv::encode(0x75, &portrait));
    for lengths in [&["files=2"][..], &["files=2", "sfi=no"], &["files=2", "extended=yes", "block=2000"]] {
        let told = read(&passport.chip_contents(), &mrz(&passport), lengths);
        assert!(told.contains("1 files as in the folder;"), "{told}");
    }
}

/// The reference data set of BSI TR-03105 part 5.1. Its files are not part of this repository.
#[test]
#[ignore = "needs JMRTD: scripts/jmrtd"]
fn jmrtd_reads_the_reference_data_set_of_bsi() {
    let Some(shared) = std::env::var_os("SCEAU_SHARED") else {
        println!("skipped: SCEAU_SHARED is not set");
        return;
    };
    let folder = Path::new(&shared).join("bsi-reference-dataset");
    let contents = ChipContents::read_folder(&folder).unwrap();
    let told = read_folder(&contents, &folder, "C11T002JM,960812,231031", &["access=bac"]);
    assert!(told.starts_with("BAC; CA 0.4.0.127.0.7.2.2.3.2.1; AA RSA 1024 SHA-"), "{told}");
    assert!(told.contains("; 6 files as in the folder, denied [3, 4];"), "{told}");
}

/// Counts what passes.
struct Counting(Chip<ChaCha20Rng>, bool, usize, usize);

impl ApduChannel for Counting {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.0.transceive(command)?;
        self.2 += 1;
        self.3 += command.len() + answer.len();
        Ok(answer)
    }

    fn max_command_length(&self) -> usize {
        if self.1 { 65_544 } else { 261 }
    }

    fn extended_length_supported(&self) -> bool {
        self.1
    }
}

/// The reading of docs/performance.md (`crates/emrtd/examples/wire.rs`), by both.
#[test]
#[ignore = "needs JMRTD: scripts/jmrtd"]
fn a_reading_never_takes_more_commands_than_jmrtd() {
    let (aes, des) = (SessionCipher::Aes128, SessionCipher::TripleDes);
    for (pace, cipher) in [(Some(aes), aes), (Some(aes), des), (Some(des), des), (None, des)] {
        let mut passport = passport(Offers {
            pace: pace.map(|cipher| (cipher, Curve::P256)),
            chip_authentication: ca(Curve::P256, Some(cipher), None),
            active_authentication: Some(ActiveAuthentication::Rsa1024),
        });
        passport.files.insert(FileId::Dg(2), tlv::encode(0x75, &vec![0; 19_996]));
        for extended in [None, Some(2_000), Some(32_000)] {
            let atr_info = extended.map(|max| AtrInfo { max_command: max, max_response: max }.encode());
            let contents = ChipContents { atr_info, ..passport.chip_contents() };
            let mut terminal =
                Terminal::new(Counting(Chip::new(contents.clone(), rng(1)), extended.is_some(), 0, 0));
            terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
            for file in
                [FileId::Sod, FileId::Dg(14), FileId::Dg(1), FileId::Dg(11), FileId::Dg(15), FileId::Dg(2)]
            {
                assert_eq!(terminal.read_file(file, |_, _| {}).unwrap(), passport.file(file));
            }
            let dg1 = passport.file(FileId::Dg(1));
            let (task, step) = chip_authentication::begin(&dg14(&passport), dg1.len(), &mut rng(3)).unwrap();
            let responses = terminal.run_chip_authentication(&task).unwrap();
            assert_eq!(step.received(&responses).unwrap(), dg1);
            let Counting(_, _, commands, bytes) = *terminal.channel_mut();

            let access = if pace.is_some() { "access=pace" } else { "access=bac" };
            let mut options = vec![access, "ca=first", "aa=no", "files=sod,14,1,11,15,2"];
            // What the chip's longest response carries, protected.
            let payload = extended.map(|max| {
                format!(
                    "block={}",
                    emrtd::SecureMessaging::max_response_data(pace.unwrap_or(cipher), max as usize - 2)
                )
            });
            if let Some(block) = &payload {
                options.extend(["extended=yes", block]);
            }
            let told = read(&contents, &mrz(&passport), &options);
            let counts = told.trim().rsplit_once("; ").unwrap().1;
            let theirs: usize = counts.split(' ').next().unwrap().parse().unwrap();
            println!(
                "{pace:?}, {cipher:?}, {extended:?}: {commands} commands, {bytes} bytes; JMRTD {counts}"
            );
            assert!(commands <= theirs, "{commands}, JMRTD {theirs}");
        }
    }
}
