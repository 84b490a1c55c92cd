//! Kotlin on the JVM, with the layer for Android compiled against the signatures of Android's classes.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::desk::{Desk, assert_story};
use crate::{generate, library, run};

const JNA: &str = "/usr/share/java/jna.jar";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn compiler_jar(name: &str) -> PathBuf {
    root().join("tests/clients/node_modules/kotlin-compiler/lib").join(name)
}

fn class_path(jars: &[&Path]) -> String {
    jars.iter().map(|jar| jar.to_str().unwrap()).collect::<Vec<_>>().join(":")
}

/// Compiles the bindings, the package of `mobile-bridge/kotlin`, its sample and the test's program into one jar.
fn compile(bindings: &Path, jar: &Path) {
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
    compiler.arg(bindings);
    for sources in ["src", "android", "android-stubs", "sample", "test"] {
        compiler.arg(root().join("mobile-bridge/kotlin").join(sources));
    }
    run(&mut compiler);
}

#[test]
fn a_kotlin_app_enrols_a_specimen_and_logs_in() {
    let folder = tempfile::tempdir().unwrap();
    let (bindings, jar) = (folder.path().join("kotlin"), folder.path().join("app.jar"));
    generate("kotlin", &bindings);
    compile(&bindings, &jar);
    let stdlib = compiler_jar("kotlin-stdlib.jar");
    let mut java = Command::new("java");
    java.arg(format!("-Djna.library.path={}", library().parent().unwrap().display()));
    java.arg("-cp").arg(class_path(&[&jar, Path::new(JNA), &stdlib])).arg("fr.sceau.test.EnrolKt");
    assert_story(&Desk::open().enrol_and_log_in(&mut java));
}
