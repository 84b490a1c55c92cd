//! Who may enrol: texts to consent to, rules, mail.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use identity::EnrolmentPolicy;
use identity::enrolment::ConsentVersion;
use protocol::Base64;
use protocol::enrolment::ConsentText;

use super::{ConsentDocument, Reader};
use crate::config::values::at;
use crate::config::{Mail, MailSecurity, Mistake, Secret};

impl Reader<'_> {
    pub(super) fn consents(&mut self) -> Vec<ConsentDocument> {
        let (mut documents, mut names) = (Vec::new(), BTreeSet::new());
        for (i, consent) in self.config.enrolment.consents.iter().enumerate() {
            let key = format!("enrolment.consents.{i}");
            if !names.insert(&consent.name) {
                self.wrong(format!("{key}.name"), "stands twice");
            }
            let path = self.config.path(&consent.file);
            let text = std::fs::read_to_string(&path);
            let Some(text) =
                self.noted(text.map_err(|error| Mistake::new(format!("{key}.file"), at(&path, error))))
            else {
                continue;
            };
            let own_page = || format!("{}/texts/{}", self.config.issuer, consent.name);
            let entry = ConsentText {
                name: consent.name.clone(),
                version: consent.version.clone(),
                sha256: Base64(crypto::sha256(text.as_bytes()).to_vec()),
                url: consent.url.clone().unwrap_or_else(own_page),
                required: consent.required,
            };
            documents.push(ConsentDocument { entry, text });
        }
        documents
    }

    pub(super) fn enrolment(&self, consents: &[ConsentDocument]) -> EnrolmentPolicy {
        let version = |document: &ConsentDocument| {
            let version = ConsentVersion {
                version: document.entry.version.clone(),
                sha256: crypto::sha256(document.text.as_bytes()),
                required: document.entry.required,
            };
            (document.entry.name.clone(), version)
        };
        EnrolmentPolicy {
            issuer: self.config.issuer.clone(),
            environment: self.config.environment,
            minimum_age: self.config.enrolment.minimum_age,
            accepted_document_codes: self.config.enrolment.accepted_documents.clone(),
            consents: consents.iter().map(version).collect::<BTreeMap<_, _>>(),
            chip_proof_required: !self.config.verification.accept_chip_not_offered,
        }
    }

    pub(super) fn mail(&mut self) -> (Option<Secret<String>>, Vec<Vec<u8>>) {
        let config = self.config;
        match &config.mail {
            Mail::Folder { from, .. } => {
                if !config.is_demo() {
                    self.wrong("mail.transport", "folder is for the demo environment only");
                }
                self.check_sender(from);
                (None, Vec::new())
            }
            Mail::Smtp { password, password_file, from, username, security, host, ca_files, .. } => {
                self.check_sender(from);
                let secret = self.secret("mail.password", password, password_file.as_deref());
                if username.is_some() != secret.is_some() {
                    self.wrong("mail.username", "user name and password go together");
                }
                let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
                if *security == MailSecurity::None && !local {
                    self.wrong("mail.security", "none is for a mail server on this machine only");
                }
                (secret, self.mail_roots(ca_files))
            }
        }
    }

    fn mail_roots(&mut self, paths: &[std::path::PathBuf]) -> Vec<Vec<u8>> {
        let mut roots = Vec::new();
        for path in paths {
            let path = self.config.path(path);
            match verification::read_files(&path) {
                Err(error) => self.wrong("mail.ca_files", error),
                Ok(certificates) => roots.extend(certificates.into_iter().filter(|der| {
                    let root = rustls::RootCertStore::empty().add(der.as_slice().into());
                    self.noted(root.map_err(|error| Mistake::new("mail.ca_files", at(&path, error))))
                        .is_some()
                })),
            }
        }
        roots
    }

    fn check_sender(&mut self, from: &str) {
        if from.parse::<lettre::message::Mailbox>().is_err() {
            self.wrong("mail.from", "not a mail address");
        }
    }
}
