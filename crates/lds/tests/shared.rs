//! The BSI reference data set of TR-03105 Part 5.1, which is not committed: read from the folder in `SCEAU_SHARED`.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::path::PathBuf;

use crypto::HashAlgorithm;
use lds::cms::SignedData;
use lds::dg2::ImageFormat;
use lds::image::ImageKind;
use lds::ldif::{Entry, PkdObject};
use lds::master_list::CscaMasterList;
use lds::sod::{SignerIdentifier, Sod};
use lds::{Com, DataGroup, DeviationList, Dg1, Dg2, Dg14, Dg15, FileId, Ldif, MasterList};

fn file(name: &str) -> Option<Vec<u8>> {
    let Ok(shared) = std::env::var("SCEAU_SHARED") else {
        println!("skipped: SCEAU_SHARED is not set");
        return None;
    };
    let path = PathBuf::from(shared).join("bsi-reference-dataset").join(name);
    Some(std::fs::read(path).expect("a file of the data set"))
}

#[test]
fn shared_bsi_security_object_covers_its_data_groups_but_dg15() {
    let Some(bytes) = file("EF_SOD.bin") else { return };
    let sod = Sod::parse(&bytes).unwrap();
    let object = &sod.lds_security_object;
    assert_eq!((object.version, object.hash_algorithm), (0, HashAlgorithm::Sha256));
    assert_eq!(object.hashes.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4, 14]);
    for (n, hash) in &object.hashes {
        let group = file(&format!("Datagroup{n}.bin")).unwrap();
        assert_eq!(HashAlgorithm::Sha256.digest(&group), *hash, "DG{n}");
    }
    assert_eq!(sod.econtent_type.to_string(), "2.23.136.1.1.1");
    assert_eq!(sod.certificates.len(), 1);
    assert!(
        matches!(&sod.signer.sid, SignerIdentifier::IssuerAndSerial { serial, .. } if *serial == [1, 0x42, 0xFD, 0x5C, 0xF9, 0x27])
    );
    assert_eq!(sod.signer.message_digest, Some(HashAlgorithm::Sha256.digest(&sod.econtent_raw)));
    assert_eq!(sod.signer.signed_attrs_der.unwrap()[0], 0x31);
}

#[test]
fn shared_bsi_files_are_read() {
    let Some(com) = file("EF_COM.bin") else { return };
    assert_eq!(Com::parse(&com).unwrap().data_groups, [1, 2, 3, 4, 14]);
    let mrz = Dg1::parse(&file("Datagroup1.bin").unwrap()).unwrap().mrz;
    assert_eq!((mrz.issuing_state.as_str(), mrz.surname.as_str()), ("D", "MUSTERMANN"));
    assert_eq!(mrz.document_number, "C11T002JM");
    let dg2 = Dg2::parse(&file("Datagroup2.bin").unwrap()).unwrap();
    let face = &dg2.faces[0];
    assert_eq!((face.format, face.width, face.height), (ImageFormat::Jpeg2000, 337, 449));
    let header = face.header().unwrap();
    assert_eq!((header.kind, header.width, header.height), (ImageKind::Jp2, 413, 531));
    let dg14 = Dg14::parse(&file("Datagroup14.bin").unwrap()).unwrap();
    assert_eq!(dg14.chip_authentication[0].oid.to_string(), "0.4.0.127.0.7.2.2.3.2.1");
    assert_eq!((dg14.public_keys.len(), dg14.security_infos.len()), (1, 3));
    let dg15 = Dg15::parse(&file("Datagroup15.bin").unwrap()).unwrap();
    assert_eq!(dg15.spki_der.len(), 162);
}

#[test]
fn shared_bsi_files_cut_or_flipped_never_panic() {
    for name in
        ["EF_COM.bin", "EF_SOD.bin", "Datagroup1.bin", "Datagroup2.bin", "Datagroup14.bin", "Datagroup15.bin"]
    {
        let Some(bytes) = file(name) else { return };
        let id = FileId::from_name(name).unwrap();
        let read = |bytes: &[u8]| match id {
            FileId::Com => Com::parse(bytes).is_ok(),
            FileId::Sod => Sod::parse(bytes).is_ok(),
            FileId::Dg(n) => DataGroup::parse(n, bytes).is_ok(),
            _ => unreachable!(),
        };
        assert!(read(&bytes), "{name}");
        for at in (0..bytes.len()).filter(|at| *at < 2000) {
            assert!(!read(&bytes[..at]), "{name} {at}");
            let mut flipped = bytes.clone();
            flipped[at] ^= 0xFF;
            let _ = read(&flipped);
        }
    }
}

#[test]
fn shared_master_lists_are_read_with_their_signer() {
    let Ok(shared) = std::env::var("SCEAU_SHARED") else {
        println!("skipped: SCEAU_SHARED is not set");
        return;
    };
    let lists = std::fs::read_dir(PathBuf::from(shared).join("real-pki/master-lists")).unwrap();
    let mut count = 0;
    for list in lists {
        let path = list.unwrap().path();
        let signed = SignedData::parse("master list", &std::fs::read(&path).unwrap());
        let signed = signed.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(signed.econtent_type.to_string(), "2.23.136.1.1.2", "{}", path.display());
        assert!(!signed.certificates.is_empty(), "{}", path.display());
        let digest = signed.signer.digest_algorithm.digest(&signed.econtent);
        assert_eq!(signed.signer.message_digest, Some(digest), "{}", path.display());
        count += 1;
    }
    assert_eq!(count, 19);
}

fn real_pki() -> Option<PathBuf> {
    let Ok(shared) = std::env::var("SCEAU_SHARED") else {
        println!("skipped: SCEAU_SHARED is not set");
        return None;
    };
    Some(PathBuf::from(shared).join("real-pki"))
}

#[test]
fn shared_master_lists_hold_the_certificates_that_their_names_count() {
    let Some(folder) = real_pki() else { return };
    let mut total = 0;
    for list in std::fs::read_dir(folder.join("master-lists")).unwrap() {
        let path = list.unwrap().path();
        // CC_DATE_COUNT.ml
        let name = path.file_stem().unwrap().to_str().unwrap();
        let count: usize = name.rsplit('_').next().unwrap().parse().unwrap();
        let list =
            MasterList::parse(&std::fs::read(&path).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(list.list.certificates.len(), count, "{name}");
        assert!(!list.signer_certificates.is_empty(), "{name}");
        assert_eq!(CscaMasterList::parse(&list.econtent_raw).as_ref(), Ok(&list.list), "{name}");
        total += count;
    }
    assert_eq!(total, 6796);
}

#[test]
fn shared_deviation_list_is_read_whole() {
    let Some(folder) = real_pki() else { return };
    let bytes = std::fs::read(folder.join("deviation-list/EE_2018_deviation_list.bin")).unwrap();
    let list = DeviationList::parse(&bytes).unwrap();
    let [deviation] = list.deviations.as_slice() else { panic!() };
    assert_eq!(deviation.documents.document_numbers.len(), 169_422);
    assert_eq!(deviation.documents.document_numbers[0], "BB0000001");
    assert_eq!(deviation.descriptions[0].deviation_type, "2.23.136.1.1.7.2.3");
    let digest = list.signer.digest_algorithm.digest(&list.econtent_raw);
    assert_eq!(list.signer.message_digest, Some(digest));
}

#[test]
fn shared_ldif_of_the_pkd_gives_every_certificate() {
    let Some(folder) = real_pki() else { return };
    let bytes = std::fs::read(folder.join("pkd003/icaopkd-003-complete-000090.ldif")).unwrap();
    let entries: Vec<Entry> = Ldif::new(&bytes).collect::<Result<_, _>>().unwrap();
    let certificates = entries
        .iter()
        .flat_map(Entry::pkd_objects)
        .inspect(|object| {
            let PkdObject::Certificate(der) = object else { panic!("{object:?}") };
            assert!(lds::tlv::read_one("certificate", der, 0x30).is_ok());
        })
        .count();
    assert_eq!(certificates, 502);
}
