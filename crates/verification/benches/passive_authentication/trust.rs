//! Loading of trust: the newest German master list, and every CSCA known. Real certificates are read where
//! `SCEAU_SHARED` says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use clock::UnixTime;
use lds::tlv::Reader;
use verification::{Found, ListError, MasterList, TrustBase, TrustStore, read_objects};

const GERMAN_LIST: &str = "DE_2026-05-28_588.ml";
/// With this argument the program measures the memory of a store and prints it.
const MEASURE: &str = "--memory-of";

/// Prints what loading costs.
pub fn report(folder: &Path, at: UnixTime) {
    let Some(shared) = std::env::var_os("SCEAU_SHARED") else {
        println!("SCEAU_SHARED is not set: there are no real master lists to load.");
        return;
    };
    let published = Path::new(&shared).join("real-pki");
    let list = std::fs::read(published.join("master-lists").join(GERMAN_LIST)).expect("a master list");
    load(&list, at);
    let write = |name: &str, certificates: BTreeSet<Vec<u8>>| {
        let file = folder.join(name);
        std::fs::write(&file, certificates.into_iter().flatten().collect::<Vec<u8>>()).expect("a file");
        file
    };
    let [cscas, signers] = [write("cscas", every_csca(&published)), write("signers", signers(&published))];
    let program = std::env::current_exe().expect("a path");
    let output = Command::new(program).arg(MEASURE).args([cscas, signers]).output().expect("it runs");
    print!("{}", String::from_utf8_lossy(&output.stdout));
}

fn load(list: &[u8], at: UnixTime) {
    let unpinned = MasterList::parse(list).expect("a list");
    let Err(ListError::NotPinned(issuers)) = unpinned.verify(&BTreeSet::new(), &TrustStore::new(), at) else {
        panic!("nothing is pinned");
    };
    let start = Instant::now();
    let mut base = TrustBase::default();
    let import = base.import_master_list(list, &issuers.into_iter().collect(), at).expect("a list");
    let store = base.store();
    println!(
        "The German master list, {} certificates: {} ms for its signature, every self-signature and {store:?}.",
        import.added,
        start.elapsed().as_millis(),
    );
}

/// The CSCAs of every list, PKD and collection, each once.
fn every_csca(published: &Path) -> BTreeSet<Vec<u8>> {
    let files = |part: &str| {
        std::fs::read_dir(published.join(part))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
    };
    let collection = published.join("certs").join("csca.jsonl");
    let paths: Vec<PathBuf> = files("master-lists").chain(files("pkd003")).chain([collection]).collect();
    let mut cscas = BTreeSet::new();
    for path in paths {
        for found in read_objects(&std::fs::read(path).expect("a file")) {
            match found {
                Found::Certificate(der) => {
                    cscas.insert(der);
                }
                Found::MasterList(der) => {
                    cscas.extend(MasterList::parse(&der).expect("a list").certificates().iter().cloned());
                }
                _ => {}
            }
        }
    }
    cscas
}

/// Document signers that are published.
fn signers(published: &Path) -> BTreeSet<Vec<u8>> {
    let file = std::fs::read(published.join("certs").join("dsc.jsonl")).expect("a file");
    let certificate = |found| if let Found::Certificate(der) = found { Some(der) } else { None };
    read_objects(&file).into_iter().filter_map(certificate).collect()
}

/// The other end of [`report`]: a process that has done nothing else, so that what it grows by is the store.
pub fn measured(at: UnixTime) -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [measure, cscas, signers] = arguments.as_slice() else { return false };
    if measure != MEASURE {
        return false;
    }
    let [cscas, signers] = [cscas, signers].map(|file| std::fs::read(file).expect("a file"));
    let before = resident_kb();
    let mut store = TrustStore::new();
    each(&cscas, |der| store.add_csca(der).expect("a certificate"));
    let added = resident_kb();
    let (mut all, mut found) = (0, 0);
    each(&signers, |der| {
        all += 1;
        found += usize::from(store.issuers(der, at).is_ok());
    });
    println!(
        "{store:?}: {} kB resident, {} kB when the issuers of {all} document signers were looked for ({found} found).",
        added - before,
        resident_kb() - before,
    );
    true
}

fn each(certificates: &[u8], mut run: impl FnMut(&[u8])) {
    let mut reader = Reader::new("certificates", certificates);
    while let Ok(Some(certificate)) = reader.next_element() {
        run(certificate.raw);
    }
}

fn resident_kb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
