//! `sceau demo-face-engine`: a face engine for demos, in a process of its own with a key of its own. **It compares
//! nothing**, and its signed result says so: only a server in the demo environment that is configured for it takes it.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use clock::{Clock as _, SystemClock, UnixTime};
use crypto::sha256;
use face::{Comparison, EngineResult, Verdict, sign_result};
use jose::SigningKey;
use protocol::Base64;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use super::phone::read_key;
use super::serve::system_rng;

/// The engine's id: the issuer of its results.
pub const FACE_ENGINE_ID: &str = "sceau-demo-face-engine";
/// Its version.
pub const FACE_ENGINE_VERSION: &str = "1-compares-nothing";
/// The longest task, in bytes.
const MAX_TASK: u64 = 16 * 1024;
/// How long a result is good, in seconds.
const GOOD_FOR: i64 = 120;
/// What stands for the probe that nobody captured.
const NO_PROBE: &[u8] = b"no probe: the demo engine compares nothing";

/// What the engine is asked, as JSON on its standard input.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaceEngineTask {
    /// The server's nonce of this capture.
    pub(super) capture_nonce: String,
    /// SHA-256 of the portrait in the chip.
    pub(super) portrait_sha256: Base64,
    /// SHA-256 of the phone's device key.
    pub(super) device_key_thumbprint: Base64,
    /// For whom the result is: the server's issuer.
    pub(super) audience: String,
    /// The enrolment.
    pub(super) enrolment_id: String,
}

/// A face engine that compares nothing: reads one task as JSON, writes the signed result.
#[derive(Args)]
pub(super) struct DemoFaceEngine {
    /// The engine's private key, PKCS#8 in PEM.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

impl DemoFaceEngine {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let key = SigningKey::new(read_key(&self.key)?).with_context(|| self.key.display().to_string())?;
        let mut json = String::new();
        std::io::stdin().take(MAX_TASK).read_to_string(&mut json).context("standard input")?;
        let task = serde_json::from_str(&json).context("the task on standard input")?;
        println!("{}", answer(&task, &key, SystemClock.now(), &mut system_rng())?);
        Ok(ExitCode::SUCCESS)
    }
}

/// Signs that nothing was compared. The verdicts are what a demo needs to go on; `comparison` tells what they are worth.
fn answer(
    task: &FaceEngineTask,
    key: &SigningKey,
    now: UnixTime,
    rng: &mut impl CryptoRng,
) -> anyhow::Result<String> {
    let digest =
        |bytes: &Base64, name| bytes.0.as_slice().try_into().context(format!("{name}: not 32 bytes"));
    let result = EngineResult {
        engine_version: FACE_ENGINE_VERSION.to_owned(),
        comparison: Comparison::None,
        similarity: 1.0,
        threshold: 1.0,
        presentation: Verdict::Passed.into(),
        injection: Verdict::NotPerformed.into(),
        review: Vec::new(),
        capture_nonce: task.capture_nonce.clone(),
        enrolment_id: task.enrolment_id.clone(),
        device_key_thumbprint: digest(&task.device_key_thumbprint, "device_key_thumbprint")?,
        portrait_sha256: digest(&task.portrait_sha256, "portrait_sha256")?,
        probe_sha256: sha256(NO_PROBE),
        captured_at: now,
        expires_at: now.plus(GOOD_FOR),
    };
    let mut id = [0; 16];
    rng.fill_bytes(&mut id);
    Ok(sign_result(key, FACE_ENGINE_ID, &task.audience, &hex::encode(id), now, &result))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::{Curve, EcPrivateKey};
    use face::{Engine, EngineRegistry, Error, Expectation, FacePolicy, verify_engine_result};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    const NOW: UnixTime = UnixTime(1_800_000_000);
    const ISSUER: &str = "https://fi.example";

    fn task() -> FaceEngineTask {
        FaceEngineTask {
            capture_nonce: "n".into(),
            portrait_sha256: Base64(vec![1; 32]),
            device_key_thumbprint: Base64(vec![2; 32]),
            audience: ISSUER.into(),
            enrolment_id: "e".into(),
        }
    }

    fn judge(demo: bool, accept_demo: bool) -> Result<bool, Error> {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let key = SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut rng)).unwrap();
        let engine = Engine {
            id: FACE_ENGINE_ID.into(),
            versions: vec![FACE_ENGINE_VERSION.into()],
            keys: vec![key.jwk()],
            certificates: vec![],
            demo,
        };
        let registry = EngineRegistry::new(vec![engine]).unwrap();
        let policy =
            FacePolicy { min_similarity: 0.4, borderline_similarity: 0.3, max_age: 600, accept_demo };
        let expected = Expectation {
            capture_nonce: "n",
            portrait_sha256: [1; 32],
            enrolment_id: "e",
            device_key_thumbprint: [2; 32],
            audience: ISSUER,
        };
        let result = answer(&task(), &key, NOW, &mut rng).unwrap();
        verify_engine_result(&result, &registry, &policy, &expected, NOW).map(|face| face.is_demo())
    }

    #[test]
    fn its_result_counts_where_a_demo_engine_is_accepted_and_nowhere_else() {
        assert_eq!(judge(true, true), Ok(true));
        assert_eq!(judge(true, false), Err(Error::DemoEngine));
        assert_eq!(judge(false, true), Err(Error::NotCompared));
    }

    #[test]
    fn a_digest_of_another_length_is_refused() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let key = SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut rng)).unwrap();
        let short = FaceEngineTask { portrait_sha256: Base64(vec![1; 31]), ..task() };
        assert!(answer(&short, &key, NOW, &mut rng).is_err());
    }

    #[test]
    fn a_task_has_no_other_members() {
        let json = serde_json::to_string(&task()).unwrap();
        assert!(serde_json::from_str::<FaceEngineTask>(&json).is_ok());
        assert!(serde_json::from_str::<FaceEngineTask>(&json.replacen('{', "{\"x\":1,", 1)).is_err());
    }
}
