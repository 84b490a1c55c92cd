//! Who is trusted: States, face engines, makers of phones.

use std::path::Path;

use attestation::{AppAttestPolicy, AttestationPolicy, Revocation, StatusList, TrustAnchor};
use clock::UnixTime;
use verification::TrustStore;

use super::Reader;
use crate::config::Mistake;
use crate::config::values::at;
use crate::trust::{Add, Trust};

impl Reader<'_> {
    pub(super) fn trust(&mut self) -> Option<Trust> {
        let trust = &self.config.trust;
        let kinds: [(&str, &[std::path::PathBuf], Add); 4] = [
            ("trust.csca", &trust.csca, TrustStore::add_csca),
            ("trust.dsc", &trust.dsc, TrustStore::add_document_signer),
            ("trust.link", &trust.link, TrustStore::add_link),
            ("trust.crl", &trust.crl, TrustStore::add_crl),
        ];
        let mut files: Vec<(Add, Vec<u8>)> = Vec::new();
        let mut anchors = 0;
        for (key, paths, add) in kinds {
            for path in paths {
                let path = self.config.path(path);
                match verification::read_files(&path) {
                    Err(error) => self.wrong(key, error),
                    Ok(objects) => {
                        anchors += if key == "trust.csca" { objects.len() } else { 0 };
                        for (i, der) in objects.into_iter().enumerate() {
                            if let Err(error) = add(&mut TrustStore::new(), &der) {
                                self.wrong(key, format!("{}: object {}: {error}", path.display(), i + 1));
                            }
                            files.push((add, der));
                        }
                    }
                }
            }
        }
        for (i, pin) in trust.pins.iter().enumerate() {
            if hex::decode(pin.replace(':', "")).map_or(0, |bytes| bytes.len()) != 32 {
                self.wrong(format!("trust.pins.{i}"), "must be 32 bytes in hexadecimal");
            }
        }
        let told = self.mistakes.iter().any(|mistake| mistake.key.starts_with("trust."));
        if anchors == 0 && trust.store.is_none() && !told && !self.config.is_demo() {
            self.wrong("trust.csca", "no passport can be authentic without a CSCA certificate");
        }
        let folder = trust.store.as_deref().map(|folder| self.config.path(folder));
        let opened = if told { Ok(Trust::default()) } else { Trust::open(files, folder, trust.max_age_days) };
        self.noted(opened.map_err(|error| Mistake::new("trust.store", error)))
    }

    pub(super) fn attestation(&mut self, now: UnixTime) -> AttestationPolicy {
        let config = &self.config.attestation;
        let demo = self.config.is_demo();
        let mut demo_anchors = Vec::new();
        if !demo && !config.demo_root_files.is_empty() {
            self.wrong("attestation.demo_root_files", "for the demo environment only");
        }
        for file in &config.demo_root_files {
            match verification::read_files(&self.config.path(file)) {
                Err(error) => self.wrong("attestation.demo_root_files", error),
                Ok(certificates) => {
                    for der in certificates {
                        match TrustAnchor::demo(&der) {
                            Ok(anchor) => demo_anchors.push(anchor),
                            Err(error) => self.wrong("attestation.demo_root_files", error),
                        }
                    }
                }
            }
        }
        if !demo && config.status_list_file.is_none() {
            self.wrong("attestation.status_list_file", "missing: revoked keys must be known in production");
        }
        let revocation = match &config.status_list_file {
            None => Revocation::NotChecked,
            Some(file) => {
                let list = status_list(&self.config.path(file), now);
                let list =
                    self.noted(list.map_err(|text| Mistake::new("attestation.status_list_file", text)));
                Revocation::Required { list, max_age: config.status_list_max_age }
            }
        };
        let google = if config.google_roots { TrustAnchor::google() } else { Vec::new() };
        AttestationPolicy {
            anchors: [google, demo_anchors.clone()].concat(),
            environment: self.config.environment,
            applications: self.applications(),
            security_levels: config.security_levels.clone(),
            require_verified_boot: config.require_verified_boot,
            require_locked: config.require_locked,
            min_os_patch_level: config.min_os_patch_level,
            min_vendor_patch_level: config.min_vendor_patch_level,
            min_boot_patch_level: config.min_boot_patch_level,
            revocation,
            app_attest: self.app_attest(demo_anchors),
        }
    }

    fn app_attest(&self, demo: Vec<TrustAnchor>) -> AppAttestPolicy {
        let anchors = [demo, vec![TrustAnchor::apple()]].concat();
        AppAttestPolicy { anchors, app_ids: self.config.attestation.apple_app_ids.clone() }
    }

    fn applications(&mut self) -> Vec<attestation::Application> {
        let mut applications = Vec::new();
        for (i, application) in self.config.attestation.applications.iter().enumerate() {
            let mut signer_sha256 = Vec::new();
            for text in &application.signer_sha256 {
                match hex::decode(text.replace(':', "")).ok().and_then(|b| b.try_into().ok()) {
                    Some(digest) => signer_sha256.push(digest),
                    None => self.wrong(
                        format!("attestation.applications.{i}.signer_sha256"),
                        "must be 32 bytes in hexadecimal",
                    ),
                }
            }
            let package_name = application.package_name.clone();
            applications.push(attestation::Application { package_name, signer_sha256 });
        }
        if applications.is_empty() && self.config.attestation.apple_app_ids.is_empty() {
            self.wrong("attestation.applications", "needs at least one app");
        }
        applications
    }
}

fn status_list(path: &Path, now: UnixTime) -> Result<StatusList, String> {
    let json = std::fs::read(path).map_err(|error| at(path, error))?;
    let changed = std::fs::metadata(path).and_then(|m| m.modified()).ok();
    let seconds = changed.and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok()).map(|d| d.as_secs());
    let fetched = seconds.and_then(|s| i64::try_from(s).ok()).map_or(now, UnixTime);
    StatusList::from_json(&json, fetched).map_err(|error| at(path, error))
}
