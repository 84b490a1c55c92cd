//! For the tests: the keys of a phone in software, a chip behind a transport, a server of a few lines.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use chip_emulator::{Chip, ChipContents};
use clock::UnixTime;
use crypto::{Curve, EcPrivateKey, EcPublicKey};
use protocol::Base64;
use protocol::DeviceProof;
use protocol::request::{DEVICE_HEADER, IDEMPOTENCY_HEADER, NONCE_HEADER, SignedRequest};
use protocol::request::{SEQUENCE_HEADER, SIGNATURE_HEADER};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use serde::de::DeserializeOwned;
use test_passports::{Specimen, SpecimenBuilder, StateBuilder};

use crate::keys::sign;
use crate::{
    AccessKey, Attestation, CardError, CardTransport, DeviceKeys, DeviceSignature, KeyError, PinHardeningKey,
    Progress, ProgressListener, RequestCounter,
};

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A phone: both keys, and a counter that begins where it was left.
pub(crate) struct Phone {
    pub(crate) device: EcPrivateKey,
    pub(crate) hardening: EcPrivateKey,
    number: AtomicU64,
}

impl Phone {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let mut rng = rng(seed);
        let mut key = || EcPrivateKey::generate(Curve::P256, &mut rng);
        Arc::new(Self { device: key(), hardening: key(), number: AtomicU64::new(40) })
    }

    pub(crate) fn id(&self) -> String {
        protocol::device_id(&self.device.public_key())
    }

    /// The public PIN key, as the server stores it at enrolment.
    pub(crate) fn pin_key(&self, pin: &str, issuer: &str) -> EcPublicKey {
        crate::keys::pin_key(self, pin, issuer, &self.id()).unwrap().public_key()
    }
}

impl DeviceKeys for Phone {
    fn attest(&self, challenge: Vec<u8>) -> Result<Attestation, KeyError> {
        Ok(Attestation::Android {
            app_version: "1.2.3".into(),
            device_chain: vec![challenge],
            pin_hardening_chain: vec![b"chain".to_vec()],
        })
    }

    fn device_key(&self) -> Result<Vec<u8>, KeyError> {
        Ok(self.device.public_key().to_sec1())
    }

    fn sign(&self, message: Vec<u8>) -> Result<DeviceSignature, KeyError> {
        Ok(DeviceSignature::Ecdsa { signature: sign(&self.device, &message).0 })
    }
}

impl PinHardeningKey for Phone {
    fn agree(&self, point: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        let failed = |error: crypto::Error| KeyError::Failed { reason: error.to_string() };
        let point = EcPublicKey::from_sec1(Curve::P256, &point).map_err(failed)?;
        self.hardening.ecdh(&point).map(|shared| shared.to_vec()).map_err(failed)
    }
}

impl RequestCounter for Phone {
    fn next_number(&self) -> Result<u64, KeyError> {
        Ok(self.number.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

pub(crate) fn passport(change: impl FnOnce(SpecimenBuilder) -> SpecimenBuilder) -> Specimen {
    let at = UnixTime::from_rfc3339("2026-06-01").unwrap();
    change(SpecimenBuilder::new(at)).build(&StateBuilder::new(at).build())
}

/// What the person reads off the document.
pub(crate) fn access_key(passport: &Specimen) -> AccessKey {
    AccessKey {
        document_number: passport.mrz.document_number.clone(),
        date_of_birth: passport.mrz.date_of_birth.to_string(),
        date_of_expiry: passport.mrz.date_of_expiry.to_string(),
    }
}

/// A chip in the field, which leaves it after some commands.
pub(crate) struct Card {
    chip: Mutex<Chip<ChaCha20Rng>>,
    left: AtomicU64,
    pub(crate) commands: Mutex<Vec<Vec<u8>>>,
    asked: Condvar,
    /// How many commands there had been at the mark.
    mark: AtomicUsize,
}

impl Card {
    pub(crate) fn new(passport: &Specimen) -> Arc<Self> {
        Self::leaving_after(passport, u64::MAX)
    }

    pub(crate) fn leaving_after(passport: &Specimen, commands: u64) -> Arc<Self> {
        Self::with(passport.chip_contents(), commands)
    }

    /// A chip with these contents, that leaves after so many commands.
    pub(crate) fn with(contents: ChipContents, commands: u64) -> Arc<Self> {
        let chip = Mutex::new(Chip::new(contents, rng(1)));
        Arc::new(Self {
            chip,
            left: AtomicU64::new(commands),
            commands: Mutex::default(),
            asked: Condvar::new(),
            mark: AtomicUsize::new(0),
        })
    }

    /// Marks the last command so far.
    pub(crate) fn mark(&self) {
        self.mark.store(self.commands.lock().unwrap().len(), Ordering::SeqCst);
    }

    /// Waits until the chip is asked for something after the mark, if it was not yet.
    pub(crate) fn wait_for_another(&self) {
        let none_since = |commands: &mut Vec<Vec<u8>>| commands.len() <= self.mark.load(Ordering::SeqCst);
        let commands = self.commands.lock().unwrap();
        let waited = self.asked.wait_timeout_while(commands, Duration::from_secs(60), none_since).unwrap().1;
        assert!(!waited.timed_out(), "the chip is not asked while a file is sent");
    }
}

impl CardTransport for Card {
    fn transceive(&self, command: Vec<u8>) -> Result<Vec<u8>, CardError> {
        let left = self.left.load(Ordering::SeqCst);
        self.left.store(left.checked_sub(1).ok_or(CardError::TagLost)?, Ordering::SeqCst);
        let response = self.chip.lock().unwrap().answer(&command);
        self.commands.lock().unwrap().push(command);
        self.asked.notify_all();
        Ok(response)
    }

    fn max_command_length(&self) -> u32 {
        65_536
    }

    fn extended_length_supported(&self) -> bool {
        true
    }
}

/// Remembers what it heard.
#[derive(Default)]
pub(crate) struct Listener(pub(crate) Mutex<Vec<Progress>>);

impl ProgressListener for Listener {
    fn on_progress(&self, progress: Progress) {
        self.0.lock().unwrap().push(progress);
    }
}

/// A request, as the server got it.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.header(SEQUENCE_HEADER).parse().unwrap()
    }

    /// The server's check of the signature that every request carries.
    pub(crate) fn verify(&self, phone: &Phone) -> Result<(), protocol::Error> {
        assert_eq!(self.header(DEVICE_HEADER), phone.id());
        let request = SignedRequest {
            method: &self.method,
            path: &self.path,
            body: &self.body,
            nonce: self.header(NONCE_HEADER),
            sequence: self.sequence(),
            idempotency_key: self.header(IDEMPOTENCY_HEADER),
        };
        let proof = DeviceProof::from_header(self.header(SIGNATURE_HEADER))?;
        request.verify(&phone.device.public_key().into(), &proof)
    }

    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = || {
            let mut line = String::new();
            reader.read_line(&mut line).ok().map(|_| line.trim_end().to_owned())
        };
        let first = line()?;
        let mut words = first.split(' ').map(str::to_owned);
        let (method, path) = (words.next()?, words.next()?);
        let mut headers = HashMap::new();
        loop {
            let line = line()?;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some(Self { method, path, headers, body })
    }
}

/// What the server says; `None` drops the connection.
pub(crate) type Answer = Option<(u16, String)>;

/// An answer of 200 with a JSON body.
pub(crate) fn ok(body: &impl serde::Serialize) -> Answer {
    Some((200, serde_json::to_string(body).unwrap()))
}

/// Answers each request by a function, and remembers the requests.
pub(crate) struct Http {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Http {
    pub(crate) fn start(mut answer: impl FnMut(&Received) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(request) = Received::read(&stream) else { continue };
                let answer = answer(&request);
                log.lock().unwrap().push(request);
                let Some((status, body)) = answer else { continue };
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                stream.write_all((head + &body).as_bytes()).unwrap();
            }
        });
        Self { url, received }
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Those that carry a signature.
    pub(crate) fn signed(&self) -> Vec<Received> {
        self.received().into_iter().filter(|r| r.headers.contains_key(SIGNATURE_HEADER)).collect()
    }
}

/// Bytes of a file in the form of the API.
pub(crate) fn digest(bytes: &[u8]) -> Base64 {
    crypto::sha256(bytes).into()
}
