//! The published certificates, CRLs and master lists, which are not part of this repository: read through
//! `SCEAU_SHARED`, skipped without it. OpenSSL's command line says what it thinks of the same certificates.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clock::UnixTime;
use lds::tlv::{self, tag};
use verification::{
    Found, ListError, Rejection, TrustAudit, TrustAuditor, TrustBase, TrustStore, read_objects,
};

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("SCEAU_SHARED").map(|shared| PathBuf::from(shared).join("real-pki"));
    if folder.is_none() {
        println!("skipped: SCEAU_SHARED is not set");
    }
    folder
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), std::fs::read(path).unwrap())).collect()
}

fn certificates(folder: &Path, name: &str) -> Vec<Vec<u8>> {
    let objects = read_objects(&std::fs::read(folder.join("certs").join(name)).unwrap());
    let certificate = |found| if let Found::Certificate(der) = found { der } else { panic!("{found:?}") };
    objects.into_iter().map(certificate).collect()
}

/// An algorithm or curve that the tables do not have.
fn is_unsupported(name: &str) -> bool {
    name.starts_with("unsupported algorithm") || name == "curve parameters are not those of a known curve"
}

fn audit(folder: &Path) -> TrustAudit {
    let mut auditor = TrustAuditor::default();
    for part in ["certs", "crl", "master-lists", "pkd003"] {
        for (name, bytes) in files(&folder.join(part)) {
            auditor.add(&name, &bytes);
        }
    }
    auditor.finish()
}

#[test]
fn every_published_certificate_is_read_and_its_issuer_found() {
    let Some(folder) = folder() else { return };
    let audit = audit(&folder);
    assert_eq!(audit.unreadable, []);
    let mut roles: BTreeMap<String, usize> = BTreeMap::new();
    let mut unsupported: BTreeMap<String, usize> = BTreeMap::new();
    let mut orphans = Vec::new();
    let keys: BTreeMap<&str, &str> =
        audit.certificates.iter().map(|line| (line.sha256.as_str(), line.key.as_deref().unwrap())).collect();
    for line in &audit.certificates {
        assert_eq!(line.parse, "ok", "{line:?}");
        *roles.entry(serde_json::to_string(&line.role).unwrap()).or_default() += 1;
        if is_unsupported(line.key.as_deref().unwrap()) {
            *unsupported.entry(line.key.clone().unwrap()).or_default() += 1;
        }
        if line.verified_by.is_empty() {
            orphans.push((line.country.clone().unwrap_or_default(), &line.sha256, line.role));
        }
    }
    println!("{} certificates: {roles:?}; keys not supported: {unsupported:?}", audit.certificates.len());
    println!("no issuer found: {}", orphans.len());
    let left_without = usize::from(unsupported.is_empty());
    let unexplained = orphans.iter().filter(|orphan| !is_unsupported(keys[orphan.1.as_str()]));
    println!("of them with a key that is supported: {:?}", unexplained.clone().collect::<Vec<_>>());
    assert!(left_without == 0 || orphans.len() == 1, "{orphans:?}");
    for crl in &audit.crls {
        println!("{} {} revoked {} {}", crl.source, crl.this_update, crl.revoked, crl.signature);
        assert!(!crl.verified_by.is_empty() || !unsupported.is_empty(), "{crl:?}");
    }
    for list in &audit.master_lists {
        println!("{}: {} {:?}", list.source, list.signature, list.signer_verified_by.len());
    }
}

/// Every list, the oldest first, each signer's root pinned by whoever knows it.
#[test]
fn all_lists_are_merged_into_a_base_that_forgets_no_csca() {
    let Some(folder) = folder() else { return };
    let audit = audit(&folder);
    let at = UnixTime::from_rfc3339("2026-11-21").unwrap();
    let hex_pins = audit.master_lists.iter().flat_map(|list| &list.signer_verified_by);
    let pins: BTreeSet<[u8; 32]> = hex_pins.map(|id| hex::decode(id).unwrap().try_into().unwrap()).collect();
    let mut lists: Vec<_> =
        audit.master_lists.iter().filter(|list| !list.signer_verified_by.is_empty()).collect();
    lists.sort_by_key(|list| &list.signed_at);
    let mut base = TrustBase::default();
    for list in &lists {
        let der = std::fs::read(folder.join("master-lists").join(&list.source));
        // Some came in LDIF; none of these is a file here.
        let Ok(der) = der else { continue };
        let unpinned = TrustBase::default().import_master_list(&der, &BTreeSet::new(), at);
        assert!(matches!(unpinned, Err(ListError::NotPinned(_))), "{unpinned:?}");
        match base.import_master_list(&der, &pins, at) {
            Ok(import) => println!(
                "{}: {} new, {} known, {} omitted, refused {:?}, signer expired since: {}",
                list.source,
                import.added,
                import.known,
                import.omitted,
                import.refused,
                import.signer_expired
            ),
            Err(error) => panic!("{}: {error}", list.source),
        }
        let again = base.clone();
        base.import_master_list(&der, &pins, at).unwrap();
        assert_eq!(base, again);
    }
    let kept: BTreeSet<&String> = base.certificates.keys().collect();
    println!("{} CSCAs of {} publishers", kept.len(), base.lists.len());
    assert!(kept.len() > 800, "{}", kept.len());
    let store = base.store();
    let signers = certificates(&folder, "dsc.jsonl");
    let chained = signers.iter().filter(|der| store.issuers(der, at).is_ok()).count();
    println!("{chained} of {} document signers chain to them", signers.len());
    assert!(chained + 3 >= signers.len());
}

/// The signature of the list of ICAO of 2023 has a DigestInfo without NULL; later ones have it.
#[test]
fn the_lists_of_icao_are_imported_under_their_pin() {
    let Some(folder) = folder() else { return };
    let at = UnixTime::from_rfc3339("2026-11-21").unwrap();
    for (name, without_null) in [("UN_2023-03-10_372.ml", true), ("UN_2025-12-16_536.ml", false)] {
        let der = std::fs::read(folder.join("master-lists").join(name)).unwrap();
        let mut auditor = TrustAuditor::default();
        auditor.add(name, &der);
        let line = auditor.finish().master_lists.remove(0);
        let pins: BTreeSet<[u8; 32]> =
            line.signer_verified_by.iter().map(|id| hex::decode(id).unwrap().try_into().unwrap()).collect();
        assert_eq!(
            (line.signature.as_str(), line.findings.len()),
            ("ok", usize::from(without_null)),
            "{name}"
        );
        let import = TrustBase::default().import_master_list(&der, &pins, at).unwrap();
        println!("{name}: {} certificates, publisher {}", import.added, import.publisher);
        assert_eq!((import.without_null, import.refused), (without_null, Vec::new()), "{name}");
        assert!(import.added > 300, "{name}");
    }
}

/// What the command line of OpenSSL says of each certificate: `None` is OK.
fn openssl(cscas: &[Vec<u8>], signers: &[Vec<u8>]) -> Option<Vec<Option<String>>> {
    let folder = tempfile::tempdir().unwrap();
    let pem = |der: &[u8]| {
        let text = STANDARD.encode(der);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    };
    let mut all = String::new();
    cscas.iter().for_each(|der| write!(all, "{}", pem(der)).unwrap());
    std::fs::write(folder.path().join("cscas.pem"), all).unwrap();
    let names: Vec<String> = (0..signers.len()).map(|n| format!("{n}.pem")).collect();
    for (name, der) in names.iter().zip(signers) {
        std::fs::write(folder.path().join(name), pem(der)).unwrap();
    }
    let flags =
        ["-partial_chain", "-no_check_time", "-auth_level", "0", "-ignore_critical", "-CAfile", "cscas.pem"];
    let output =
        Command::new("openssl").arg("verify").args(flags).args(&names).current_dir(&folder).output().ok()?;
    let (good, bad) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let verdict = |name: &String| {
        let ok = good.lines().any(|line| *line == format!("{name}: OK"));
        let why = bad.lines().take_while(|line| *line != format!("error {name}: verification failed")).last();
        (!ok).then(|| why.unwrap_or("unknown").to_owned())
    };
    Some(names.iter().map(verdict).collect())
}

/// OpenSSL finds the signature of a certificate right under the key of another, by some hash.
fn openssl_signature(issuer: &[u8], certificate: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let mut parts = tlv::read_one("certificate", certificate, tag::SEQUENCE).unwrap().children().unwrap();
    write("tbs", parts.expect(tag::SEQUENCE).unwrap().raw);
    parts.expect(tag::SEQUENCE).unwrap();
    write("signature", &parts.expect(tag::BIT_STRING).unwrap().value[1..]);
    write("issuer", issuer);
    let run = |args: &[&str]| Command::new("openssl").args(args).current_dir(&folder).output().unwrap();
    write("key", &run(&["x509", "-inform", "DER", "-in", "issuer", "-noout", "-pubkey"]).stdout);
    let verify =
        |hash| run(&["dgst", hash, "-verify", "key", "-signature", "signature", "tbs"]).status.success();
    ["-sha1", "-sha224", "-sha256", "-sha384", "-sha512"].into_iter().any(verify)
}

#[test]
fn every_document_signer_has_the_verdict_of_openssl() {
    let Some(folder) = folder() else { return };
    let (cscas, signers) = (certificates(&folder, "csca.jsonl"), certificates(&folder, "dsc.jsonl"));
    let mut store = TrustStore::new();
    cscas.iter().for_each(|der| store.add_csca(der).unwrap());
    let at = UnixTime::from_rfc3339("2026-11-21").unwrap();
    let ours: Vec<_> = signers.iter().map(|der| store.issuers(der, at)).collect();
    let Some(theirs) = openssl(&cscas, &signers) else { return println!("skipped: there is no openssl") };
    let count = |is: fn(&Result<Vec<[u8; 32]>, Rejection>) -> bool| ours.iter().filter(|one| is(one)).count();
    let unsupported = count(|one| matches!(one, Err(Rejection::UnsupportedAlgorithm(_))));
    println!(
        "{} document signers, {} chain here, {unsupported} not supported",
        ours.len(),
        count(Result::is_ok)
    );
    println!("{} chain with OpenSSL", theirs.iter().filter(|one| one.is_none()).count());
    let mut explicit = 0;
    for (n, (our, their)) in ours.iter().zip(&theirs).enumerate() {
        match (our, their) {
            (Err(Rejection::UnsupportedAlgorithm(_)), _) => println!("not supported: {n} {our:?}"),
            // OpenSSL refuses keys with explicit parameters in a chain, whatever they are. It is asked again, without.
            (Ok(issuers), Some(why)) if why.contains("explicit ECC parameters") => {
                explicit += 1;
                let issuer = cscas.iter().find(|der| crypto::sha256(der) == issuers[0]).unwrap();
                assert!(openssl_signature(issuer, &signers[n]), "{n}");
            }
            _ => assert_eq!(our.is_ok(), their.is_none(), "{n}: {our:?} {their:?}"),
        }
    }
    println!("{explicit} of the rest have explicit parameters; OpenSSL finds their signatures right");
    assert!(unsupported <= 3, "{unsupported}");
}
