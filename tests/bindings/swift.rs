//! Swift, as far as it goes without a compiler for it: the files of the package parse, and fit each other.

use std::path::Path;
use std::process::Command;

use crate::{packages, root};

/// What `scripts/swift_check.py` says of the packages, and whether nothing is wrong.
fn check(folder: &Path) -> (bool, String) {
    let python = std::env::var("SCEAU_PYTHON").unwrap_or_else(|_| "python3".into());
    let output =
        Command::new(python).arg(root().join("scripts/swift_check.py")).arg(folder).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains(" files of Swift"), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.success(), told)
}

#[test]
fn the_swift_package_and_the_gradle_scripts_parse_and_fit() {
    let folder = tempfile::tempdir().unwrap();
    packages(folder.path());
    let (fits, told) = check(folder.path());
    assert!(fits, "{told}");
    // One thing wrong at a time, and it is told.
    for (file, right, wrong, expected) in [
        ("swift/Sources/Sceau/NfcTransport.swift", "guard let apdu", "guard let apdu =", "does not parse"),
        (
            "swift/Sources/Sceau/mobile_bridge.swift",
            "public protocol CardTransport",
            "protocol",
            "does not parse",
        ),
        ("swift/Sample/Reading.swift", "NFCTagReaderSessionDelegate {", "{{", "does not parse"),
        ("android/build.gradle.kts", "namespace = ", "namespace = = ", "does not parse"),
        (
            "swift/Sources/Sceau/NfcTransport.swift",
            "transceive(command:",
            "transceive(bytes:",
            "CardTransport's",
        ),
        (
            "swift/Sources/Sceau/SecureEnclaveKeys.swift",
            "func agree(point: Data) throws",
            "func agree(point: Data)",
            "PinHardeningKey's",
        ),
        ("swift/Sources/Sceau/NfcTransport.swift", "Failed(reason:", "Failed(because:", "has not the labels"),
        (
            "swift/Sources/Sceau/NfcTransport.swift",
            "CardError.TagLost",
            "CardError.Gone()",
            "has no case Gone",
        ),
        (
            "swift/Sources/Sceau/Idiom.swift",
            ".Chip(let code, _, _, _)",
            ".Chip(let code, _, _)",
            "another number",
        ),
    ] {
        let path = folder.path().join(file);
        let whole = std::fs::read_to_string(&path).unwrap();
        assert!(whole.contains(right), "{file}: {right}");
        std::fs::write(&path, whole.replace(right, wrong)).unwrap();
        let (fits, told) = check(folder.path());
        assert!(!fits && told.contains(expected), "{file}: {wrong}: {told}");
        std::fs::write(&path, whole).unwrap();
    }
}
