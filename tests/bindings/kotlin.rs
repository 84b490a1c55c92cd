//! Kotlin on the JVM, with the layer for Android compiled against the signatures of Android's classes.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::desk::{Desk, assert_story};
use crate::{packages, root, run};

const JNA: &str = "/usr/share/java/jna.jar";

fn compiler_jar(name: &str) -> PathBuf {
    root().join("tests/clients/node_modules/kotlin-compiler/lib").join(name)
}

fn class_path(jars: &[&Path]) -> String {
    jars.iter().map(|jar| jar.to_str().unwrap()).collect::<Vec<_>>().join(":")
}

/// Compiles the package for Android, the sample and the test's program into one jar.
fn compile(packages: &Path, jar: &Path) {
    let parts = [
        "kotlin-compiler.jar",
        "kotlin-stdlib.jar",
        "kotlinx-coroutines-core-jvm.jar",
        "annotations-13.0.jar",
    ];
    let parts = parts.map(compiler_jar);
    let mut compiler = Command::new("java");
    compiler.arg("-cp").arg(class_path(&parts.each_ref().map(PathBuf::as_path)));
    compiler.args(["org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", "-nowarn", "-cp", JNA, "-d"]).arg(jar);
    compiler.arg(packages.join("android/src/main/kotlin")).arg(packages.join("kotlin/sample"));
    for sources in ["android-stubs", "test"] {
        compiler.arg(root().join("mobile-bridge/kotlin").join(sources));
    }
    run(&mut compiler);
}

#[test]
fn a_kotlin_app_enrols_a_specimen_and_logs_in() {
    let folder = tempfile::tempdir().unwrap();
    let (laid_out, jar) = (folder.path().join("packages"), folder.path().join("app.jar"));
    packages(&laid_out);
    compile(&laid_out, &jar);
    // Both packages have the same Kotlin.
    for file in ["uniffi/mobile_bridge/mobile_bridge.kt", "fr/sceau/bridge/Idiom.kt"] {
        let read =
            |package: &str| std::fs::read(laid_out.join(package).join("src/main/kotlin").join(file)).unwrap();
        assert_eq!(read("kotlin"), read("android"));
    }
    let stdlib = compiler_jar("kotlin-stdlib.jar");
    // The library is among the resources, where JNA looks for it.
    let resources = laid_out.join("kotlin/src/main/resources");
    let mut java = Command::new("java");
    java.arg("-cp")
        .arg(class_path(&[&jar, Path::new(JNA), &stdlib, &resources]))
        .arg("fr.sceau.test.EnrolKt");
    let told = Desk::open().enrol_and_log_in(&mut java);
    assert_story(&told);
    // What goes wrong has a code, and a hint on what to do.
    for line in [
        "access nfc.access-denied correct",
        "card nfc.timeout read-again",
        "card nfc.several-tags read-again",
        "card nfc.not-supported other-way",
        "card nfc.channel read-again",
        "lost nfc.tag-lost read-again",
        "trace usage null",
        "steps face.engine correct",
    ] {
        assert!(told.iter().any(|told| told == line), "{line}: {told:#?}");
    }
}
