//! Logins of an enrolled device.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::DeviceProof;
use protocol::approval::{Approval, Decision, LoginKind};
use protocol::login::{Answer, Approved, Claim, LoginChallenge, Logins, Nonce};

use crate::keys::{device_id, pin_key, prove, sign};
use crate::server::{Server, Signer};
use crate::{BridgeError, DeviceKeys, PinHardeningKey, RequestCounter};

/// A login as the app shows it. What is signed is made of these very fields.
#[derive(Clone, Debug, uniffi::Record)]
pub struct LoginRequest {
    /// The login's name.
    pub login_id: String,
    /// `link` (same phone), `qr` (other device), or `asked`: a client asked without a browser, and the person must type the two
    /// digits that it shows ([`LoginClient::approve_asked`]). Never offer digits to choose from.
    pub kind: String,
    /// Who asks.
    pub client_name: String,
    /// A sentence on who that is.
    pub notice: String,
    /// The level that will be answered.
    pub acr: String,
    /// The attributes that will be released.
    pub claims: Vec<String>,
    /// Browser and operating system that wait; empty if there is none.
    pub browser: String,
    /// Browser and phone reach the server from one public address. If not, ask the person to confirm that she has
    /// the page in front of her.
    pub same_network: bool,
    /// When the browser began, seconds since 1970.
    pub started_at: i64,
    /// Until when it can be answered, seconds since 1970.
    pub expires_at: i64,
}

/// How the browser goes on.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
pub enum ApprovedLogin {
    /// The person types these digits into the waiting page.
    ReleaseCode {
        /// Six digits.
        digits: String,
    },
    /// Open this in the browser that began.
    ResumeUrl {
        /// The URL.
        url: String,
    },
    /// The client that asked learns it by itself.
    Asked,
}

/// Claims, approves and refuses logins.
#[derive(uniffi::Object)]
pub struct LoginClient {
    server: Server,
    keys: Arc<dyn DeviceKeys>,
    hardening: Arc<dyn PinHardeningKey>,
    issuer: String,
    device_id: String,
    counter: Arc<dyn RequestCounter>,
    /// Held from a request's number to its answer: the server takes the requests of a device in their order only.
    turn: Mutex<()>,
    claimed: Mutex<Vec<LoginChallenge>>,
}

#[uniffi::export]
impl LoginClient {
    /// `issuer` is the one the device enrolled with.
    ///
    /// # Errors
    /// The address is not https, or there is no device key.
    #[uniffi::constructor]
    pub fn new(
        server: &str,
        language: &str,
        issuer: &str,
        keys: Arc<dyn DeviceKeys>,
        hardening: Arc<dyn PinHardeningKey>,
        counter: Arc<dyn RequestCounter>,
    ) -> Result<Arc<Self>, BridgeError> {
        let device_id = device_id(&keys.device_key()?)?;
        Ok(Arc::new(Self {
            server: Server::new(server, language)?,
            keys,
            hardening,
            issuer: issuer.to_owned(),
            device_id,
            counter,
            turn: Mutex::default(),
            claimed: Mutex::default(),
        }))
    }

    /// The logins that this device claimed, and those that clients asked of its person, which still wait.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn pending(&self) -> Result<Vec<LoginRequest>, BridgeError> {
        let logins: Logins = self.call("GET", "/v1/logins", None::<&()>)?;
        logins.logins.into_iter().map(|challenge| self.remember(challenge)).collect()
    }

    /// Claims the login behind a QR code or link: `handle` is the handle itself, or the URL that carries it.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn claim(&self, handle: &str) -> Result<LoginRequest, BridgeError> {
        let path = handle.trim().split(['?', '#']).next().unwrap_or_default();
        let handle = path.rsplit('/').next().unwrap_or_default().to_owned();
        let challenge = self.call("POST", "/v1/logins/claim", Some(&Claim { handle }))?;
        self.remember(challenge)
    }

    /// Approves a claimed login with the PIN that the person typed.
    ///
    /// # Errors
    /// See [`BridgeError`]; a wrong PIN is refused like any other wrong signature.
    pub fn approve(&self, login_id: &str, pin: &str) -> Result<ApprovedLogin, BridgeError> {
        self.approve_with(login_id, pin, None)
    }

    /// Approves a login that a client asked for without a browser: `number` are the two digits that the client shows, as the
    /// person typed them.
    ///
    /// # Errors
    /// See [`BridgeError`]; `login.number`: they are not. The third wrong number refuses the login.
    pub fn approve_asked(&self, login_id: &str, pin: &str, number: &str) -> Result<(), BridgeError> {
        self.approve_with(login_id, pin, Some(number.trim().to_owned())).map(drop)
    }

    /// Refuses a claimed login; `not_me` says that the person did not begin it.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub fn refuse(&self, login_id: &str, not_me: bool) -> Result<(), BridgeError> {
        let decision = if not_me { Decision::NotMe } else { Decision::Refuse };
        let (statement, proof) = self.decide(login_id, decision, None)?;
        let answer = Answer { statement, device_proof: proof.to_header(), pin_signature: None };
        self.call("POST", &format!("/v1/logins/{login_id}/refuse"), Some(&answer))
    }
}

impl LoginClient {
    fn approve_with(
        &self,
        login_id: &str,
        pin: &str,
        number: Option<String>,
    ) -> Result<ApprovedLogin, BridgeError> {
        let (statement, proof) = self.decide(login_id, Decision::Approve, number)?;
        let pin_key = pin_key(self.hardening.as_ref(), pin, &self.issuer, &self.device_id)?;
        let pin_signature = Some(sign(&pin_key, &statement.pin_signing_bytes(&proof)));
        let answer = Answer { statement, device_proof: proof.to_header(), pin_signature };
        match self.call("POST", &format!("/v1/logins/{login_id}/approve"), Some(&answer))? {
            Approved::Qr { release_code } => Ok(ApprovedLogin::ReleaseCode { digits: release_code }),
            Approved::Link { resume_url } => Ok(ApprovedLogin::ResumeUrl { url: resume_url }),
            Approved::Asked => Ok(ApprovedLogin::Asked),
        }
    }

    /// Each call takes a fresh nonce: it lives five minutes, and a phone sleeps.
    fn call<B, T>(&self, method: &str, path: &str, body: Option<&B>) -> Result<T, BridgeError>
    where
        B: serde::Serialize,
        T: serde::de::DeserializeOwned,
    {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let nonce: Nonce = self.server.plain("POST", "/v1/nonces")?;
        let signer = Signer {
            keys: self.keys.clone(),
            device_id: self.device_id.clone(),
            nonce: nonce.nonce,
            bearer: None,
            counter: self.counter.clone(),
        };
        self.server.signed(&signer, method, path, body)
    }

    /// The app shows, and the keys sign, only what is meant for this device of this issuer.
    fn remember(&self, challenge: LoginChallenge) -> Result<LoginRequest, BridgeError> {
        let statement = &challenge.statement;
        if statement.issuer != self.issuer || statement.device_id != self.device_id {
            return Err(BridgeError::Protocol { text: "the login is meant for another device".to_owned() });
        }
        let request = LoginRequest {
            login_id: statement.login_id.clone(),
            kind: statement.kind.as_str().to_owned(),
            client_name: statement.client_name.clone(),
            notice: challenge.notice.clone(),
            acr: statement.acr.clone(),
            claims: statement.claims.clone(),
            browser: challenge.browser.clone(),
            same_network: challenge.same_network,
            started_at: challenge.started_at.0,
            expires_at: statement.expires_at.0,
        };
        let mut claimed = self.claimed();
        claimed.retain(|known| known.statement.login_id != request.login_id);
        claimed.push(challenge);
        Ok(request)
    }

    fn claimed(&self) -> MutexGuard<'_, Vec<LoginChallenge>> {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The statement of a login that was shown, with the person's decision and the number that she typed, and the device key's
    /// proof over it.
    fn decide(
        &self,
        login_id: &str,
        decision: Decision,
        number: Option<String>,
    ) -> Result<(Approval, DeviceProof), BridgeError> {
        let found = self.claimed().iter().find(|known| known.statement.login_id == login_id).cloned();
        let mut statement = found.ok_or_else(|| BridgeError::usage("this login was not claimed"))?.statement;
        let typed = statement.kind == LoginKind::Asked && decision == Decision::Approve;
        if typed != number.is_some() {
            return Err(BridgeError::usage(
                "two digits are typed for a login that a client asked for, and for no other",
            ));
        }
        statement.decision = decision;
        statement.binding_number = number;
        let proof = prove(self.keys.as_ref(), statement.signing_bytes())?;
        Ok((statement, proof))
    }
}

#[cfg(test)]
mod tests;
