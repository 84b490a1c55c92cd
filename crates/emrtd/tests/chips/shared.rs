//! The reference data set of BSI TR-03105 part 5.1, put into the emulator. Its files are not part of this repository.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chip_emulator::{AaKey, Chip, ChipContents};
use crypto::{HashAlgorithm, RsaPrivateKey};
use emrtd::{Error, Terminal, active_authentication};
use lds::{Dg1, Dg15, FileId};

use crate::specimens::rng;

fn data_set() -> Option<PathBuf> {
    let shared =
        std::env::var_os("SCEAU_SHARED").map(|path| PathBuf::from(path).join("bsi-reference-dataset"));
    if shared.is_none() {
        println!("skipped: SCEAU_SHARED is not set");
    }
    shared
}

#[test]
fn shared_the_reference_chip_of_bsi_is_read_and_signs() {
    let Some(folder) = data_set() else { return };
    let names =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeMap<FileId, Vec<u8>> = names
        .filter_map(|name| Some((FileId::from_name(&name)?, std::fs::read(folder.join(name)).unwrap())))
        .collect();
    assert_eq!(files.len(), 8);
    let dg1 = Dg1::parse(&files[&FileId::Dg(1)]).unwrap();
    let key = RsaPrivateKey::from_pkcs8_der(&std::fs::read(folder.join("DG15_sk.pkcs8")).unwrap()).unwrap();
    let mut contents = ChipContents::new(files.clone(), (&dg1.mrz).into());
    contents.aa_key = Some(AaKey::Rsa { key, hash: HashAlgorithm::Sha1 });

    let mut terminal = Terminal::new(Chip::new(contents, rng(1)));
    terminal.open(emrtd::MrzKey::from(&dg1.mrz), &mut rng(2)).unwrap();
    for (file, content) in &files {
        let read = terminal.read_file(*file, |_, _| {});
        match file {
            // Fingers and irises are under Terminal Authentication.
            FileId::Dg(3 | 4) => assert_eq!(read, Err(Error::FileAccessDenied(*file))),
            _ => assert_eq!(read.as_ref(), Ok(content), "{file}"),
        }
    }
    let signature = terminal.internal_authenticate(b"8 bytes.").unwrap();
    let dg15 = Dg15::parse(&files[&FileId::Dg(15)]).unwrap();
    let verified = active_authentication::verify(&dg15, None, b"8 bytes.", &signature);
    assert_eq!(verified, Ok("ISO 9796-2 SHA-1".to_owned()));
}
