//! The captures of the service, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clock::{Clock, UnixTime};
use crypto::{ct_eq, sha256};
use face::service::{Capture, NewCapture};
use face::{
    CaptureContext, CapturedStep, Challenge, Error, FaceEngine as _, LocalEngine, Movement, Portrait,
    sign_result,
};
use jose::SigningKey;
use protocol::capture::CaptureStep;
use protocol::{Base64, DeviceKey, key_thumbprint};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng as _;
use tokio::sync::Semaphore;

/// Captures at one time.
const MAX_CAPTURES: usize = 100;
/// Captures that are judged at one time.
const MAX_JUDGED: usize = 2;

/// The service.
pub struct Service {
    id: String,
    key: SigningKey,
    token: String,
    url: String,
    engine: Arc<LocalEngine>,
    clock: Arc<dyn Clock>,
    rng: Mutex<ChaCha20Rng>,
    captures: Mutex<BTreeMap<String, Entry>>,
    judging: Semaphore,
}

/// A capture, from the portrait to the signed result.
struct Entry {
    new: NewCapture,
    portrait: Arc<Portrait>,
    phone_token: String,
    challenge: Challenge,
    /// The phone's key, once it is known.
    device_key: Option<DeviceKey>,
    steps: Vec<CapturedStep>,
    state: State,
}

enum State {
    /// The phone captures.
    Capturing,
    /// The frames are judged.
    Judging,
    /// The signed result.
    Signed(String),
    /// Refused: there is no result, and no second try.
    Refused(&'static str),
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such capture, or a wrong token: neither is told alone.
    Unknown,
    /// The request is not what the contract says.
    Malformed,
    /// Too many captures.
    Busy,
    /// The capture was refused, with the code why.
    Face(&'static str),
}

/// What the fetched result is.
pub enum Fetched {
    /// The person captures, or the frames are judged.
    Pending,
    /// The signed result.
    Signed(String),
}

impl Service {
    /// A service without captures.
    pub fn new(
        id: String,
        key: SigningKey,
        token: String,
        url: String,
        engine: LocalEngine,
        clock: Arc<dyn Clock>,
        rng: ChaCha20Rng,
    ) -> Self {
        Self {
            id,
            key,
            token,
            url,
            engine: Arc::new(engine),
            clock,
            rng: Mutex::new(rng),
            captures: Mutex::default(),
            judging: Semaphore::new(MAX_JUDGED),
        }
    }

    /// Whether this is the server's token.
    #[must_use]
    pub fn is_server(&self, token: &str) -> bool {
        ct_eq(&sha256(token.as_bytes()), &sha256(self.token.as_bytes()))
    }

    /// Its public keys.
    #[must_use]
    pub fn jwks(&self) -> jose::JwkSet {
        vec![self.key.jwk()].into()
    }

    /// Opens a capture for the server.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn open(&self, new: NewCapture) -> Result<Capture, Refusal> {
        let portrait: Base64 = new.portrait.parse().map_err(|_| Refusal::Malformed)?;
        let thumbprint = new.device_key_thumbprint.parse::<Base64>().map_err(|_| Refusal::Malformed)?;
        if thumbprint.0.len() != 32 || new.expires_at <= self.clock.now() {
            return Err(Refusal::Malformed);
        }
        let portrait = Portrait::from_image(&portrait.0).map_err(|error| Refusal::Face(error.code()))?;
        let (mut id, mut token) = ([0; 16], [0; 32]);
        let challenge = {
            let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
            rng.fill_bytes(&mut id);
            rng.fill_bytes(&mut token);
            Challenge::draw(Movement::Head, self.clock.now(), &mut *rng)
        };
        let (id, phone_token) = (hex::encode(id), hex::encode(token));
        let mut captures = self.captures();
        if captures.len() >= MAX_CAPTURES {
            return Err(Refusal::Busy);
        }
        let url = format!("{}/v1/captures/{id}", self.url);
        let capture = Capture { id: id.clone(), url, phone_token: phone_token.clone() };
        let entry = Entry {
            new,
            portrait: Arc::new(portrait),
            phone_token,
            challenge,
            device_key: None,
            steps: Vec::new(),
            state: State::Capturing,
        };
        captures.insert(id, entry);
        Ok(capture)
    }

    /// What the phone is asked: the challenge's nonce and steps, and whom its statements must name.
    ///
    /// # Errors
    /// [`Refusal::Unknown`].
    pub fn asked(&self, id: &str, token: &str) -> Result<(Challenge, String, String), Refusal> {
        let mut captures = self.captures();
        let entry = phone_entry(&mut captures, id, token)?;
        Ok((entry.challenge.clone(), entry.new.audience.clone(), entry.new.enrolment_id.clone()))
    }

    /// Takes the frames of a step from the phone; the last one is judged.
    ///
    /// # Errors
    /// See [`Refusal`]. A step that is refused ends the capture.
    pub async fn step(
        &self,
        id: &str,
        token: &str,
        device_key: &Base64,
        step: CapturedStep,
    ) -> Result<Option<CaptureStep>, Refusal> {
        let judged = {
            let mut captures = self.captures();
            let entry = phone_entry(&mut captures, id, token)?;
            if !matches!(entry.state, State::Capturing) {
                return Err(Refusal::Unknown);
            }
            match entry.add(device_key, step) {
                Ok((Some(due), _)) => return Ok(Some(due)),
                Ok((None, evidence)) => {
                    entry.state = State::Judging;
                    evidence.map(|evidence| (entry.portrait.clone(), evidence))
                }
                Err(code) => {
                    entry.refuse(code);
                    return Err(Refusal::Face(code));
                }
            }
        };
        let Some((portrait, evidence)) = judged else { return Err(Refusal::Malformed) };
        let engine = self.engine.clone();
        let _permit = self.judging.acquire().await.map_err(|_| Refusal::Busy)?;
        let outcome = tokio::task::spawn_blocking(move || engine.judge(&portrait, &evidence)).await;
        let outcome = outcome.unwrap_or(Err(Error::Engine("panic")));
        let mut captures = self.captures();
        let entry = phone_entry(&mut captures, id, token)?;
        match outcome {
            Ok(matched) => {
                let signed = self.sign(&entry.new, &matched)?;
                entry.steps.clear();
                entry.state = State::Signed(signed);
                Ok(None)
            }
            Err(error) => {
                entry.refuse(error.code());
                Err(Refusal::Face(error.code()))
            }
        }
    }

    fn sign(&self, new: &NewCapture, matched: &face::ChallengeMatch) -> Result<String, Refusal> {
        let thumbprint = new.device_key_thumbprint.parse::<Base64>().ok();
        let thumbprint = thumbprint.and_then(|bytes| bytes.0.try_into().ok()).ok_or(Refusal::Malformed)?;
        let now = self.clock.now();
        let mut result = matched.to_result(&new.enrolment_id, thumbprint, now);
        // The challenge has a nonce of its own; the result repeats the server's.
        result.capture_nonce.clone_from(&new.capture_nonce);
        let mut id = [0; 16];
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut id);
        Ok(sign_result(&self.key, &self.id, &new.audience, &hex::encode(id), now, &result))
    }

    /// Gives the server the result; with it the capture is forgotten.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn fetch(&self, id: &str) -> Result<Fetched, Refusal> {
        let mut captures = self.captures();
        match captures.get(id).map(|entry| &entry.state) {
            None => Err(Refusal::Unknown),
            Some(State::Capturing | State::Judging) => Ok(Fetched::Pending),
            Some(State::Refused(code)) => Err(Refusal::Face(code)),
            Some(State::Signed(_)) => match captures.remove(id).map(|entry| entry.state) {
                Some(State::Signed(result)) => Ok(Fetched::Signed(result)),
                _ => Err(Refusal::Unknown),
            },
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// The captures whose time is not over; the others are forgotten.
    fn captures(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        let mut captures = self.captures.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        captures.retain(|_, entry| now < entry.new.expires_at);
        captures
    }
}

impl Entry {
    /// The step that is due next, or the whole evidence.
    #[allow(clippy::type_complexity, reason = "one of the two")]
    fn add(
        &mut self,
        device_key: &Base64,
        step: CapturedStep,
    ) -> Result<(Option<CaptureStep>, Option<face::ChallengeEvidence>), &'static str> {
        let code = |error: face::ChallengeError| error.code();
        if self.device_key.is_none() {
            // The phone tells its key; that it is the enrolment's, the server told by its thumbprint.
            let key = DeviceKey::from_bytes(&device_key.0).map_err(|_| Error::Device.code())?;
            let named = self.new.device_key_thumbprint.parse::<Base64>().unwrap_or_default();
            if named.0 != key_thumbprint(key.public_key()) {
                return Err(Error::Device.code());
            }
            self.device_key = Some(key);
        }
        let Some(key) = &self.device_key else { return Err(Error::Device.code()) };
        let context = CaptureContext {
            issuer: &self.new.audience,
            enrolment_id: &self.new.enrolment_id,
            device_key: key,
        };
        let mut capture = face::Capture::begin(&self.challenge, context);
        for earlier in &self.steps {
            capture.add(earlier.clone()).map_err(code)?;
        }
        capture.add(step.clone()).map_err(code)?;
        self.steps.push(step);
        match capture.due() {
            Some(due) => Ok((Some(due), None)),
            None => capture.finish().map(|evidence| (None, Some(evidence))).map_err(code),
        }
    }

    fn refuse(&mut self, code: &'static str) {
        self.steps.clear();
        self.state = State::Refused(code);
    }
}

fn phone_entry<'a>(
    captures: &'a mut BTreeMap<String, Entry>,
    id: &str,
    token: &str,
) -> Result<&'a mut Entry, Refusal> {
    let entry = captures.get_mut(id).ok_or(Refusal::Unknown)?;
    if ct_eq(&sha256(token.as_bytes()), &sha256(entry.phone_token.as_bytes())) {
        Ok(entry)
    } else {
        Err(Refusal::Unknown)
    }
}
