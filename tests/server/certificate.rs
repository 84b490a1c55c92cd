//! A TLS certificate of `localhost`, made by the command `openssl`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A certificate under itself, and its key: PEM files.
pub struct SelfSigned {
    folder: TempDir,
}

impl SelfSigned {
    /// Makes one. It is no CA: clients that know it take it as it is.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = "[req]\ndistinguished_name = name\n[name]\n[own]\nbasicConstraints = critical,CA:FALSE\n\
                      subjectAltName = DNS:localhost\n";
        std::fs::write(folder.path().join("openssl.cnf"), config).unwrap();
        let made = Command::new("openssl")
            .current_dir(folder.path())
            .args(["req", "-x509", "-config", "openssl.cnf", "-extensions", "own", "-subj", "/CN=localhost"])
            .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
            .args(["-keyout", "key.pem", "-out", "chain.pem"])
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "openssl req");
        Self { folder }
    }

    pub fn chain(&self) -> PathBuf {
        self.folder.path().join("chain.pem")
    }

    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }
}
