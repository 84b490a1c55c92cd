//! Python: the quickest way to try the interface.

use std::process::Command;

use crate::desk::{Desk, assert_story};
use crate::{generate, library};

#[test]
fn a_python_program_enrols_a_specimen_and_logs_in() {
    let folder = tempfile::tempdir().unwrap();
    generate("python", folder.path());
    // The module loads the library that lies beside it.
    let library = library();
    std::fs::copy(library, folder.path().join(library.file_name().unwrap())).unwrap();
    let python = std::env::var("SCEAU_PYTHON").unwrap_or_else(|_| "python3".into());
    let mut program = Command::new(python);
    program.env("PYTHONPATH", folder.path()).arg("-B");
    program.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/mobile-bridge/python/enrol.py"));
    assert_story(&Desk::open().enrol_and_log_in(&mut program));
}
