//! The built-in engine: YuNet finds the face, SFace compares, MediaPipe's landmarks tell pose and expression.
//!
//! What its figures are worth is known for this version only ([`VERSION`]): docs/face.md has them.

mod detector;
mod embedder;
mod geometry;
mod liveness;
mod mesh;
mod models;
mod quality;
mod still;

use std::fmt;

use clock::UnixTime;
use serde::{Deserialize, Serialize};

use crate::{ChallengeEvidence, Comparison, EngineResult, Error, ImageError, Picture, Portrait, Verdict};
use detector::Face;
use embedder::Template;
use models::Models;

/// The version of the built-in engine: networks, their pre-processing, and the rules of the challenge.
pub const VERSION: &str = "yunet-2023mar+sface-2021dec+landmarks-468/2";

/// How long a result is good, in seconds from its capture.
const RESULT_LIFE: i64 = 240;

/// How the built-in engine is configured. Thresholds are cosines of SFace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalEngineConfig {
    /// The version that the thresholds are meant for; must be [`VERSION`].
    pub version: String,
    /// From here on the probe is the person of the portrait. Measured on 42,612 pairs: at 0.45, 2 of 40,664 false
    /// matches and 5 of 1,948 false non-matches.
    pub accept: f64,
    /// From here up to `accept`: another capture, or a desk.
    pub borderline: f64,
    /// From here on two frames of one capture show one person.
    pub same_capture: f64,
    /// The threads that the networks share.
    pub threads: usize,
}

impl Default for LocalEngineConfig {
    fn default() -> Self {
        Self { version: VERSION.into(), accept: 0.45, borderline: 0.40, same_capture: 0.45, threads: 2 }
    }
}

/// What a similarity means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Band {
    /// The same person.
    Accept,
    /// Another capture, or a desk.
    Borderline,
    /// Not the same person.
    Refuse,
}

/// How alike two faces are.
#[derive(Clone, Copy, PartialEq)]
pub struct Similarity {
    /// The cosine, -1 to 1.
    pub value: f64,
    /// From where on it is accepted.
    pub threshold: f64,
    /// What it means.
    pub band: Band,
}

/// Without the score.
impl fmt::Debug for Similarity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Similarity({:?}, ..)", self.band)
    }
}

/// An engine that this program can ask. An engine elsewhere answers by a signed result instead
/// ([`crate::verify_engine_result`]).
pub trait FaceEngine: Send + Sync {
    /// The version, as results name it.
    fn version(&self) -> &str;

    /// Compares the portrait with one picture of a person. It shows no liveness.
    ///
    /// # Errors
    /// [`Error::Quality`]: the probe cannot be compared; [`Error::PortraitFace`]; [`Error::Engine`].
    fn compare(&self, portrait: &Portrait, probe: &Picture) -> Result<Similarity, Error>;

    /// Judges a complete capture: the steps are shown by one living head, who is the person of the portrait. The centre
    /// frame alone is compared with the portrait; attack detection stands before the score.
    ///
    /// # Errors
    /// What [`compare`](Self::compare) has, for the centre frame; [`Error::Image`]; [`Error::Challenge`];
    /// [`Error::Borderline`]; [`Error::BelowThreshold`].
    fn judge(&self, portrait: &Portrait, evidence: &ChallengeEvidence) -> Result<ChallengeMatch, Error>;
}

/// A capture that met its challenge and shows the person of the portrait. Only an engine makes one.
#[derive(Clone, PartialEq)]
pub struct ChallengeMatch {
    engine_version: String,
    similarity: Similarity,
    nonce: String,
    portrait_sha256: [u8; 32],
    frames_sha256: [u8; 32],
}

impl ChallengeMatch {
    /// The similarity of portrait and centre frame.
    #[must_use]
    pub fn similarity(&self) -> Similarity {
        self.similarity
    }

    /// What the engine signs of it. Liveness was judged by the challenge, injection not at all.
    #[must_use]
    pub fn to_result(
        &self,
        enrolment_id: &str,
        device_key_thumbprint: [u8; 32],
        captured_at: UnixTime,
    ) -> EngineResult {
        EngineResult {
            engine_version: self.engine_version.clone(),
            comparison: Comparison::Performed,
            similarity: self.similarity.value,
            threshold: self.similarity.threshold,
            presentation: Verdict::Passed.into(),
            injection: Verdict::NotPerformed.into(),
            review: Vec::new(),
            capture_nonce: self.nonce.clone(),
            enrolment_id: enrolment_id.to_owned(),
            device_key_thumbprint,
            portrait_sha256: self.portrait_sha256,
            probe_sha256: self.frames_sha256,
            captured_at,
            expires_at: captured_at.plus(RESULT_LIFE),
        }
    }
}

/// Without score and digests.
impl fmt::Debug for ChallengeMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChallengeMatch({}, {:?})", self.engine_version, self.similarity)
    }
}

/// The built-in engine. One value serves all threads; the networks are loaded when they are first used.
pub struct LocalEngine {
    config: LocalEngineConfig,
    models: Models,
}

impl LocalEngine {
    /// Loads nothing yet.
    ///
    /// # Errors
    /// [`Error::Registry`]: the thresholds are meant for another version, or contradict each other.
    pub fn new(config: LocalEngineConfig) -> Result<Self, Error> {
        let refuse = |problem| Error::Registry { engine: "built-in".into(), problem };
        if config.version != VERSION {
            return Err(refuse("the thresholds are meant for another version"));
        }
        let range = 0.0..=1.0;
        let in_range =
            [config.accept, config.borderline, config.same_capture].iter().all(|t| range.contains(t));
        if !in_range || config.borderline > config.accept {
            return Err(refuse("thresholds that contradict each other"));
        }
        Ok(Self { models: Models::new(config.threads), config })
    }

    /// The similarity of two pictures, whatever their quality: to measure the engine on pairs, not to decide.
    ///
    /// # Errors
    /// [`Error::Quality`]: no face in one of them, or several; [`Error::Engine`].
    pub fn measure(&self, one: &Picture, other: &Picture) -> Result<f64, Error> {
        Ok(self.template(one)?.cosine(&self.template(other)?))
    }

    fn template(&self, picture: &Picture) -> Result<Template, Error> {
        let aligned = embedder::align(picture, &self.face_of(picture)?)?;
        embedder::embed(&self.models, &aligned)
    }

    fn portrait_template(&self, portrait: &Portrait) -> Result<Template, Error> {
        self.template(portrait.picture()).map_err(|error| match error {
            Error::Quality(_) => Error::PortraitFace,
            other => other,
        })
    }

    fn similarity(&self, portrait: &Template, probe: &Template) -> Similarity {
        let value = portrait.cosine(probe);
        let band = if value >= self.config.accept {
            Band::Accept
        } else if value >= self.config.borderline {
            Band::Borderline
        } else {
            Band::Refuse
        };
        Similarity { value, threshold: self.config.accept, band }
    }

    fn face_of(&self, picture: &Picture) -> Result<Face, Error> {
        Ok(quality::only_face(&detector::faces(&self.models, picture)?)?)
    }
}

impl FaceEngine for LocalEngine {
    fn version(&self) -> &str {
        VERSION
    }

    fn compare(&self, portrait: &Portrait, probe: &Picture) -> Result<Similarity, Error> {
        let face = self.face_of(probe)?;
        let aligned = embedder::align(probe, &face)?;
        let measures = mesh::measure(&self.models, probe, &face)?;
        quality::check_frontal(probe, &face, &measures, &aligned)?;
        let probe = embedder::embed(&self.models, &aligned)?;
        Ok(self.similarity(&self.portrait_template(portrait)?, &probe))
    }

    fn judge(&self, portrait: &Portrait, evidence: &ChallengeEvidence) -> Result<ChallengeMatch, Error> {
        let centre = liveness::judge(&self.models, self.config.same_capture, evidence)?;
        let similarity = self.similarity(&self.portrait_template(portrait)?, &centre);
        match similarity.band {
            Band::Accept => Ok(ChallengeMatch {
                engine_version: VERSION.to_owned(),
                similarity,
                nonce: evidence.nonce().to_owned(),
                portrait_sha256: *portrait.image_sha256(),
                frames_sha256: *evidence.frames_sha256(),
            }),
            Band::Borderline => Err(Error::Borderline),
            Band::Refuse => Err(Error::BelowThreshold),
        }
    }
}

/// A frame: JPEG only, as the app makes it.
fn decode_frame(bytes: &[u8]) -> Result<Picture, ImageError> {
    match lds::image::ImageKind::sniff(bytes) {
        Some(lds::image::ImageKind::Jpeg) => Picture::decode(bytes),
        _ => Err(ImageError::Format),
    }
}

#[cfg(test)]
mod costs;
#[cfg(test)]
mod tests;
