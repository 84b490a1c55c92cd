//! One enrolment, from the phone's keys to the seal.

mod capture;
mod online;
mod records;
mod transcript;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lds::FileId;
use protocol::Base64;
use protocol::codes::Language;
use protocol::enrolment::{
    CheckLine, Checked, Config, ConsentGiven, ConsentText, Consents, Contact, ContactCode, Declaration,
    DeskAppointment, DeskCode, DeskStatus, DeviceAttestation, FaceBegin, FaceDecision, FaceResult,
    FaceSession, IdentityPreview, Opened, PinKey, Progress, Seal, Sealed, desk_ticket, pin_key_signing_bytes,
};
use protocol::seal::SealSignatures;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::keys::{device_id, pin_key, prove, sign};
use crate::reader::{self, AccessKey, ProgressListener};
use crate::server::{Numbers, Server, Signer};
use crate::transport::Watch;
use crate::{Attestation, BridgeError, CardTransport, DeviceKeys, PinHardeningKey, TraceRecorder, TraceSink};
use capture::CaptureState;
use online::Online;
pub use records::{
    BirthPlace, CameraFrame, Checks, ConsentOption, DeskTicket, EnrolmentOptions, FaceCapture, FaceSteps,
    FaceTask, IdentityClaims, SealedAccount, ShownDeskCode, TraceReceipt,
};

/// One enrolment.
#[derive(uniffi::Object)]
pub struct EnrolmentClient {
    server: Server,
    language: Language,
    keys: Arc<dyn DeviceKeys>,
    hardening: Arc<dyn PinHardeningKey>,
    watch: Mutex<Watch>,
    state: Mutex<State>,
}

/// What the phone itself saw: the transcript is made of this, not of what the server says that it saw.
#[derive(Default)]
struct State {
    config: Option<Config>,
    session: Option<Arc<Session>>,
    consents: BTreeMap<String, String>,
    files: BTreeMap<String, Base64>,
    /// What was read and has not reached the server.
    unsent: BTreeMap<FileId, Zeroizing<Vec<u8>>>,
    portrait: Option<Base64>,
    chip_authentication: Option<String>,
    active_authentication: Option<Base64>,
    active_attempt: Option<String>,
    holder_decision: Option<String>,
    capture: Option<CaptureState>,
}

struct Session {
    enrolment_id: String,
    signer: Signer,
}

#[uniffi::export]
impl EnrolmentClient {
    /// `server` is its address without a path, `language` `fr` or `en`.
    ///
    /// # Errors
    /// The address is not https.
    #[uniffi::constructor]
    pub fn new(
        server: &str,
        language: &str,
        keys: Arc<dyn DeviceKeys>,
        hardening: Arc<dyn PinHardeningKey>,
    ) -> Result<Arc<Self>, BridgeError> {
        Ok(Arc::new(Self {
            server: Server::new(server, language)?,
            language: Language::from_accept_language(Some(language)),
            keys,
            hardening,
            watch: Mutex::default(),
            state: Mutex::default(),
        }))
    }

    /// What to show before the start.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn options(&self) -> Result<EnrolmentOptions, BridgeError> {
        let config: Config = self.server.plain("GET", "/v1/config")?;
        let options = EnrolmentOptions {
            environment: config.environment.clone(),
            accepted_documents: config.accepted_documents.clone(),
            minimum_age: config.minimum_age,
            consents: config.consents.iter().map(consent_option).collect(),
        };
        self.state().config = Some(config);
        Ok(options)
    }

    /// Opens the enrolment with the phone's two keys.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn open(&self) -> Result<(), BridgeError> {
        let opened: Opened = self.server.plain("POST", "/v1/enrolments")?;
        let attestation = self.keys.attest(opened.challenge.0.clone())?;
        let numbers = Arc::new(Numbers::default());
        let signer = |nonce: String| -> Result<Signer, BridgeError> {
            Ok(Signer {
                keys: self.keys.clone(),
                device_id: device_id(&self.keys.device_key()?)?,
                nonce,
                bearer: Some(opened.secret.to_string()),
                counter: numbers.clone(),
            })
        };
        let body = match attestation {
            Attestation::Android { app_version, device_chain, pin_hardening_chain } => {
                let wrap = |chain: Vec<Vec<u8>>| chain.into_iter().map(Base64).collect();
                let (device_chain, pin_hardening_chain) = (wrap(device_chain), wrap(pin_hardening_chain));
                DeviceAttestation::Android { app_version, device_chain, pin_hardening_chain }
            }
            Attestation::Ios { app_version, attestation, pin_hardening_key } => {
                let (attestation, pin_hardening_key) = (Base64(attestation), Base64(pin_hardening_key));
                DeviceAttestation::Ios { app_version, attestation, pin_hardening_key }
            }
        };
        let path = format!("/v1/enrolments/{}/device", opened.enrolment_id);
        let first = signer(opened.challenge.to_string())?;
        let progress: Progress = self.server.signed(&first, "POST", &path, Some(&body))?;
        let session = Session { enrolment_id: opened.enrolment_id.clone(), signer: signer(progress.nonce)? };
        self.state().session = Some(Arc::new(session));
        Ok(())
    }

    /// Where the enrolment stands: the steps still missing.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn missing(&self) -> Result<Vec<String>, BridgeError> {
        let progress: Progress = self.call("GET", "", None::<&()>)?;
        Ok(progress.missing)
    }

    /// Records the consents that the person gave, by their names.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn consent(&self, names: Vec<String>) -> Result<(), BridgeError> {
        let given: Vec<ConsentGiven> = {
            let state = self.state();
            let config = state.config.as_ref().ok_or_else(|| BridgeError::usage("call options first"))?;
            let chosen = config.consents.iter().filter(|c| names.contains(&c.name));
            chosen
                .map(|c| ConsentGiven {
                    name: c.name.clone(),
                    version: c.version.clone(),
                    sha256: c.sha256.clone(),
                })
                .collect()
        };
        let versions = given.iter().map(|c| (c.name.clone(), c.version.clone())).collect();
        let _: Progress = self.call("PUT", "/consents", Some(&Consents { given }))?;
        self.state().consents = versions;
        Ok(())
    }

    /// Has a six-digit code mailed to an address.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn set_email(&self, email: &str) -> Result<(), BridgeError> {
        let _: Progress = self.call("PUT", "/contact", Some(&Contact { email: email.to_owned() }))?;
        Ok(())
    }

    /// Verifies the address with the code.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn verify_email(&self, code: &str) -> Result<(), BridgeError> {
        let _: Progress =
            self.call("POST", "/contact/verify", Some(&ContactCode { code: code.to_owned() }))?;
        Ok(())
    }

    /// Reads the chip, sends its files and lets it prove itself to the server. After `nfc.tag-lost` call again.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn read_document(
        &self,
        transport: Arc<dyn CardTransport>,
        access: &AccessKey,
        listener: Arc<dyn ProgressListener>,
    ) -> Result<Checks, BridgeError> {
        #[expect(clippy::disallowed_methods, reason = "the phone is the composition root here")]
        let mut rng = crypto::os_rng();
        let watch = self.watch().clone();
        watch.stopped.store(false, Ordering::Relaxed);
        let seen = (listener.as_ref(), &watch);
        reader::read_document(transport, access, &Online { client: self }, seen, &mut rng)
            .map_err(|error| error.told_in(self.language))?;
        let checked: Checked = self.call("POST", "/chip/verify", None::<&()>)?;
        Ok(checks(checked.checks, checked.missing))
    }

    /// Has the readings to come traced; `None` ends it.
    pub fn trace(&self, sink: Option<Arc<dyn TraceSink>>) {
        self.watch().trace = sink;
    }

    /// Sends the trace of readings to the server's operator. Ask the person first: she agrees to the text `trace` by
    /// [`consent`](Self::consent), with all the others that she agreed to.
    ///
    /// # Errors
    /// [`BridgeError::Usage`]: she did not agree to `trace`, or nothing was recorded. See [`BridgeError`].
    pub fn send_trace(&self, recorder: Arc<TraceRecorder>) -> Result<TraceReceipt, BridgeError> {
        if !self.state().consents.contains_key("trace") {
            return Err(BridgeError::usage("ask for the consent `trace` first"));
        }
        let trace = recorder.json_lines();
        if trace.is_empty() {
            return Err(BridgeError::usage("nothing was recorded"));
        }
        let session = self.session()?;
        let path = format!("/v1/enrolments/{}/trace", session.enrolment_id);
        let kept: protocol::enrolment::TraceReceipt = self.server.signed_as(
            &session.signer,
            "POST",
            &path,
            (trace.as_bytes(), "application/x-ndjson"),
        )?;
        Ok(TraceReceipt { reference: kept.reference, kept_until: kept.kept_until.0 })
    }

    /// Ends the reading that another thread is in, before its next command: it fails with `nfc.stopped`. What was read
    /// is kept.
    pub fn stop_reading(&self) {
        self.watch().stopped.store(true, Ordering::Relaxed);
    }

    /// Declares what the chip does not say; gives back the identity as it would be asserted.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn declare(
        &self,
        birth: BirthPlace,
        given_names: Option<String>,
        family_name: Option<String>,
        preferred_username: Option<String>,
    ) -> Result<IdentityClaims, BridgeError> {
        let declaration = Declaration {
            birth_country: birth.country,
            birth_place: birth.commune,
            given_names,
            family_name,
            preferred_username,
        };
        let preview: IdentityPreview = self.call("PUT", "/identity", Some(&declaration))?;
        Ok(IdentityClaims { claims: preview.claims.into_iter().collect(), declared: preview.declared })
    }

    /// Opens a capture of the face: give the task to any of the face engines accepted.
    ///
    /// # Errors
    /// See [`BridgeError`]; [`BridgeError::Protocol`] if the server names another portrait than the chip's.
    pub fn begin_face(&self) -> Result<FaceTask, BridgeError> {
        self.face_task(None)
    }

    /// Opens a capture of the face at one of the engines accepted. If the server has a back channel to it, the task says
    /// where to capture; then call [`Self::fetch_face`].
    ///
    /// # Errors
    /// As [`Self::begin_face`].
    pub fn begin_face_at(&self, engine: &str) -> Result<FaceTask, BridgeError> {
        self.face_task(Some(engine.to_owned()))
    }

    /// Has the server fetch the result of the capture that it opened.
    ///
    /// # Errors
    /// See [`BridgeError`]; `face.pending`: it is not there yet.
    pub fn fetch_face(&self) -> Result<Checks, BridgeError> {
        self.submit_face_result(None)
    }

    /// Sends the engine's signed result.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn submit_face(&self, result: &str) -> Result<Checks, BridgeError> {
        self.submit_face_result(Some(result.to_owned()))
    }

    /// Chooses the desk instead of the face: what the agent scans, as a QR code on the screen. The enrolment waits longer.
    ///
    /// # Errors
    /// See [`BridgeError`]; `desk.closed`.
    pub fn ask_desk(&self) -> Result<DeskTicket, BridgeError> {
        let appointment: DeskAppointment = self.call("POST", "/desk", None::<&()>)?;
        let session = self.session()?;
        let secret = session.signer.bearer.as_deref().unwrap_or_default();
        let text = desk_ticket(&session.enrolment_id, secret);
        Ok(DeskTicket { text, expires_at: appointment.expires_at.0 })
    }

    /// A code for the agent to type: she asks for one before she sees the portrait, and for another when she decides.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn desk_code(&self) -> Result<ShownDeskCode, BridgeError> {
        let DeskCode { code, expires_at } = self.call("POST", "/desk/code", None::<&()>)?;
        Ok(ShownDeskCode { digits: code, expires_at: expires_at.0 })
    }

    /// Whether the agent has decided that it is the holder. `enrolment.closed`: she has decided otherwise.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn desk_decided(&self) -> Result<bool, BridgeError> {
        let status: DeskStatus = self.call("GET", "/desk", None::<&()>)?;
        let decided = status.decision_id.is_some();
        if decided {
            self.state().holder_decision = status.decision_id;
        }
        Ok(decided)
    }

    /// Registers the PIN key and seals the enrolment with both keys. The PIN does not leave the phone, and nothing
    /// made with it stays there.
    ///
    /// # Errors
    /// See [`BridgeError`]; after [`BridgeError::Unanswered`] the phone keeps its keys.
    pub fn seal(&self, pin: &str) -> Result<SealedAccount, BridgeError> {
        let session = self.session()?;
        let issuer = self.issuer()?;
        let pin_key = pin_key(self.hardening.as_ref(), pin, &issuer, &session.signer.device_id)?;
        let possession = pin_key_signing_bytes(&issuer, &session.enrolment_id, &session.signer.device_id);
        let body =
            PinKey { public_key: Base64(pin_key.public_key().to_sec1()), proof: sign(&pin_key, &possession) };
        let _: Progress = self.call("PUT", "/pin", Some(&body))?;

        let transcript = self.transcript(&session, &issuer, &pin_key.public_key())?;
        let proof = prove(self.keys.as_ref(), transcript.signing_bytes())?;
        let pin = sign(&pin_key, &transcript.pin_signing_bytes(&proof));
        let signatures = SealSignatures { device: proof.to_header(), pin };
        let sealed: Sealed = self
            .call("POST", "/seal", Some(&Seal { transcript, signatures }))
            .map_err(|error: BridgeError| error.of_seal(&issuer, &session.signer.device_id))?;
        Ok(SealedAccount {
            device_id: sealed.device_id,
            issuer,
            state: sealed.state,
            level: sealed.level,
            replaced: sealed.replaced,
            recovery_code: sealed.recovery_code,
        })
    }

    /// Gives the enrolment up: the server erases what it holds of it, and the phone what it has not sent.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn cancel(&self) -> Result<(), BridgeError> {
        self.state().unsent.clear();
        self.call("DELETE", "", None::<&()>)
    }
}

impl EnrolmentClient {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn session(&self) -> Result<Arc<Session>, BridgeError> {
        self.state().session.clone().ok_or_else(|| BridgeError::usage("call open first"))
    }

    fn issuer(&self) -> Result<String, BridgeError> {
        let config = self.state().config.as_ref().map(|c| c.issuer.clone());
        config.ok_or_else(|| BridgeError::usage("call options first"))
    }

    /// Opens a session; the portrait that the server names is the chip's.
    fn face_session(&self, begin: &FaceBegin) -> Result<FaceSession, BridgeError> {
        let session: FaceSession = self.call("POST", "/face", Some(begin))?;
        if self.state().portrait.as_ref() != Some(&session.portrait_sha256) {
            return Err(BridgeError::Protocol { text: "the server names another portrait".to_owned() });
        }
        Ok(session)
    }

    fn face_task(&self, engine: Option<String>) -> Result<FaceTask, BridgeError> {
        let session = self.face_session(&FaceBegin { engine, face_only: false })?;
        let enrolment_id = self.session()?.enrolment_id.clone();
        let state = self.state();
        Ok(FaceTask {
            capture_nonce: session.capture_nonce,
            portrait_sha256: session.portrait_sha256.0,
            device_key_thumbprint: session.device_key_thumbprint.0,
            audience: state.config.as_ref().map(|c| c.issuer.clone()).unwrap_or_default(),
            enrolment_id,
            engines: session.engines,
            capture: session.capture.map(|at| FaceCapture { url: at.url, token: at.token }),
        })
    }

    fn submit_face_result(&self, result: Option<String>) -> Result<Checks, BridgeError> {
        let decision: FaceDecision = self.call("PUT", "/face", Some(&FaceResult { result }))?;
        self.state().holder_decision = Some(decision.decision_id);
        Ok(checks(decision.checks, decision.missing))
    }

    fn call<B: Serialize, T: DeserializeOwned>(
        &self,
        method: &str,
        step: &str,
        body: Option<&B>,
    ) -> Result<T, BridgeError> {
        let session = self.session()?;
        let path = format!("/v1/enrolments/{}{step}", session.enrolment_id);
        self.server.signed(&session.signer, method, &path, body)
    }
}

fn consent_option(text: &ConsentText) -> ConsentOption {
    let ConsentText { name, version, url, required, .. } = text.clone();
    ConsentOption { name, version, url, required }
}

fn checks(lines: Vec<CheckLine>, missing: Vec<String>) -> Checks {
    Checks { lines: lines.into_iter().map(|l| format!("{}: {}", l.result, l.text)).collect(), missing }
}

#[cfg(test)]
mod tests;
