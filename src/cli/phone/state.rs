//! The folder of a virtual phone.
//!
//! ```text
//! phone.json           server, issuer and name of the device; written last
//! device.pem           the device key, PKCS#8
//! pin-hardening.pem    the key that makes the PIN key out of the PIN
//! sequence             the number of the last request
//! unanswered-DEVICE/   the same for keys whose seal the server did not answer
//! ```
//!
//! Neither the PIN nor the PIN key nor anything that it signed is in it (docs/protocols.md, section 1).

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mobile_bridge::{KeyError, RequestCounter};
use serde::{Deserialize, Serialize};

use super::keys::{Keys, read_key};
use crate::cli::keys::pem;

const PHONE: &str = "phone.json";
const DEVICE_KEY: &str = "device.pem";
const PIN_HARDENING_KEY: &str = "pin-hardening.pem";
const SEQUENCE: &str = "sequence";
const LOCK: &str = "lock";

/// What a phone remembers of its enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// The server's address.
    pub(super) server: String,
    /// Its issuer identifier, which statements name.
    pub(super) issuer: String,
    /// The device's name.
    pub(super) device_id: String,
}

/// Whether the phone in this folder is enrolled.
#[must_use]
pub fn is_enrolled(folder: &Path) -> bool {
    folder.join(PHONE).is_file()
}

/// Keeps the keys of an enrolment that begins, beside those of the phone as it is.
pub(super) fn keep_new_keys(folder: &Path, keys: &Keys) -> anyhow::Result<()> {
    make_private(folder)?;
    for (name, key) in [(DEVICE_KEY, &keys.device), (PIN_HARDENING_KEY, &keys.hardening)] {
        write_private(&new(folder, name), &pem(&key.to_pkcs8_der()))?;
    }
    Ok(())
}

/// The enrolment is sealed: the new keys become the phone's.
pub(super) fn enrolled(folder: &Path, record: &Record) -> anyhow::Result<()> {
    let _lock = lock(folder)?;
    let phone = folder.join(PHONE);
    if let Err(error) = fs::remove_file(&phone)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error).with_context(|| phone.display().to_string());
    }
    for name in [DEVICE_KEY, PIN_HARDENING_KEY] {
        fs::rename(new(folder, name), folder.join(name)).with_context(|| name.to_owned())?;
    }
    replace(folder, SEQUENCE, "0\n")?;
    replace(folder, PHONE, &serde_json::to_string_pretty(record)?)
}

/// Whether the enrolment is sealed is not known: the new keys become a phone in a folder of its own, which is given back,
/// and the phone as it is stays.
pub(super) fn unanswered(folder: &Path, record: &Record) -> anyhow::Result<PathBuf> {
    let apart = folder.join(format!("unanswered-{}", record.device_id));
    make_private(&apart)?;
    for name in [DEVICE_KEY, PIN_HARDENING_KEY] {
        fs::rename(new(folder, name), new(&apart, name)).with_context(|| name.to_owned())?;
    }
    enrolled(&apart, record)?;
    Ok(apart)
}

/// The enrolment failed: the new keys are of no use.
pub(super) fn forget_new_keys(folder: &Path) {
    for name in [DEVICE_KEY, PIN_HARDENING_KEY] {
        let _ = fs::remove_file(new(folder, name));
    }
}

/// The phone in a folder.
pub(super) fn load(folder: &Path) -> anyhow::Result<(Record, Keys)> {
    let path = folder.join(PHONE);
    let json = fs::read_to_string(&path)
        .with_context(|| format!("{}: no enrolled phone is here", folder.display()))?;
    let record = serde_json::from_str(&json).with_context(|| path.display().to_string())?;
    let keys =
        Keys::enrolled(read_key(&folder.join(DEVICE_KEY))?, read_key(&folder.join(PIN_HARDENING_KEY))?);
    Ok((record, keys))
}

/// Counts the requests of the phone in a folder, through all processes that play it.
pub(super) struct Sequence {
    folder: PathBuf,
}

impl Sequence {
    pub(super) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn take(&self) -> anyhow::Result<u64> {
        let _lock = lock(&self.folder)?;
        let path = self.folder.join(SEQUENCE);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let last: u64 = text.trim().parse().with_context(|| path.display().to_string())?;
        let next = last.checked_add(1).context("the last number was given")?;
        replace(&self.folder, SEQUENCE, &format!("{next}\n"))?;
        Ok(next)
    }
}

impl RequestCounter for Sequence {
    fn next_number(&self) -> Result<u64, KeyError> {
        self.take().map_err(|error| KeyError::Failed { reason: format!("{error:#}") })
    }
}

/// Held until the file is dropped.
fn lock(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join(LOCK);
    let open = || {
        let file = File::create(&path)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    };
    open().with_context(|| path.display().to_string())
}

fn new(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.new"))
}

/// A folder that only its owner can read.
fn make_private(folder: &Path) -> anyhow::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| folder.display().to_string())
}

/// Replaces a file whole: after a crash it is the old one or the new one.
fn replace(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let temporary = new(folder, name);
    write_private(&temporary, text)?;
    fs::rename(&temporary, folder.join(name)).with_context(|| name.to_owned())
}

/// Writes a file that only its owner can read, down to the disk.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use attestation::demo_root::DemoRoot;
    use clock::UnixTime;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    fn record() -> Record {
        Record { server: "https://fi".into(), issuer: "https://fi".into(), device_id: "d".into() }
    }

    fn keys(seed: u64) -> Keys {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        Keys::generate(DemoRoot::generate(UnixTime(1_800_000_000), &mut rng), &mut rng)
    }

    fn enrol(folder: &Path, seed: u64) -> Keys {
        let keys = keys(seed);
        keep_new_keys(folder, &keys).unwrap();
        enrolled(folder, &record()).unwrap();
        keys
    }

    #[test]
    fn a_phone_is_loaded_as_it_was_enrolled() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_enrolled(folder.path()) && load(folder.path()).is_err());
        let keys = enrol(folder.path(), 1);
        let (read, loaded) = load(folder.path()).unwrap();
        assert_eq!(read, record());
        assert_eq!(loaded.device.public_key(), keys.device.public_key());
        assert_eq!(loaded.hardening.public_key(), keys.hardening.public_key());
        assert!(is_enrolled(folder.path()));
    }

    #[test]
    fn the_old_phone_stays_until_the_new_one_is_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let old = enrol(folder.path(), 1);
        let next = keys(2);
        keep_new_keys(folder.path(), &next).unwrap();
        assert_eq!(load(folder.path()).unwrap().1.device.public_key(), old.device.public_key());
        forget_new_keys(folder.path());
        assert!(enrolled(folder.path(), &record()).is_err(), "no new keys are there");
        let next = enrol(folder.path(), 2);
        assert_eq!(load(folder.path()).unwrap().1.device.public_key(), next.device.public_key());
    }

    #[test]
    fn keys_of_an_unanswered_seal_are_a_phone_beside_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let (old, next) = (enrol(folder.path(), 1), keys(2));
        keep_new_keys(folder.path(), &next).unwrap();
        let apart = unanswered(folder.path(), &record()).unwrap();
        assert_eq!(load(folder.path()).unwrap().1.device.public_key(), old.device.public_key());
        let (read, kept) = load(&apart).unwrap();
        assert_eq!((read, kept.device.public_key()), (record(), next.device.public_key()));
        assert_eq!(kept.hardening.public_key(), next.hardening.public_key());
        assert_eq!(Sequence::of(&apart).next_number(), Ok(1));
        assert!(enrolled(folder.path(), &record()).is_err(), "no new keys are left");
    }

    #[test]
    fn a_number_is_given_once_to_all_who_ask_and_kept_before_it_is_given() {
        let folder = tempfile::tempdir().unwrap();
        enrol(folder.path(), 1);
        let take = || -> Vec<u64> {
            let sequence = Sequence::of(folder.path());
            (0..10).map(|_| sequence.next_number().unwrap()).collect()
        };
        let mut numbers: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
        assert_eq!(fs::read_to_string(folder.path().join(SEQUENCE)).unwrap(), "40\n");
        enrol(folder.path(), 2);
        assert_eq!(
            Sequence::of(folder.path()).next_number(),
            Ok(1),
            "a new device counts from the beginning"
        );
    }

    #[test]
    fn a_lost_or_broken_number_is_not_made_up() {
        let folder = tempfile::tempdir().unwrap();
        enrol(folder.path(), 1);
        for broken in ["", "x", "-1", "18446744073709551615"] {
            fs::write(folder.path().join(SEQUENCE), broken).unwrap();
            assert!(Sequence::of(folder.path()).next_number().is_err(), "{broken}");
        }
        fs::remove_file(folder.path().join(SEQUENCE)).unwrap();
        assert!(Sequence::of(folder.path()).next_number().is_err());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_the_folder_and_its_files() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("phone");
        enrol(&folder, 1);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for name in [PHONE, DEVICE_KEY, PIN_HARDENING_KEY, SEQUENCE] {
            assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
        }
    }
}
