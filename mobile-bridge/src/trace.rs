//! What a reading did, without a byte of what was read: enough to tell why the documents of a State fail.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lds::FileId;
use lds::tlv::{Reader, tag};
use serde::{Deserialize, Serialize};

use crate::CardError;

/// The most events that a recorder keeps, and the most object identifiers that are told of a file.
const MAX_EVENTS: usize = 4096;
const MAX_OIDS: usize = 64;

/// One thing that happened. Lengths are in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, uniffi::Enum)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum TraceEvent {
    /// A command, and the chip's answer.
    Command {
        /// The class byte: `0C` and `1C` are protected.
        cla: u8,
        /// The instruction.
        ins: u8,
        /// The first parameter.
        p1: u8,
        /// The second parameter.
        p2: u8,
        /// Of the whole command.
        command: u32,
        /// Of the whole response.
        response: u32,
        /// The status word, `9000`; under secure messaging the outer one.
        status: u16,
        /// How long the chip took.
        milliseconds: u32,
    },
    /// A command that got no answer.
    NoAnswer {
        /// The instruction.
        ins: u8,
        /// The chip left the field; else the channel failed.
        tag_lost: bool,
        /// How long the phone waited.
        milliseconds: u32,
    },
    /// A file was read.
    File {
        /// Its name.
        name: String,
        /// Its length.
        length: u32,
        /// The object identifiers in it, dotted: which algorithms and protocols. Of EF.SOD, EF.DG14 and EF.DG15 only.
        oids: Vec<String>,
    },
    /// The reading ended with an error.
    Failed {
        /// Its stable code.
        code: String,
    },
}

/// Takes the events of readings. A person is asked before any of it leaves the phone.
#[uniffi::export(with_foreign)]
pub trait TraceSink: Send + Sync {
    /// Something happened. Return quickly: the chip waits.
    fn record(&self, event: TraceEvent);
}

/// Keeps the events of readings in memory, for a person who wants to tell why hers failed.
#[derive(Default, uniffi::Object)]
pub struct TraceRecorder {
    events: Mutex<Vec<TraceEvent>>,
}

#[uniffi::export]
impl TraceRecorder {
    /// An empty one.
    #[uniffi::constructor]
    #[must_use]
    pub fn new() -> std::sync::Arc<Self> {
        std::sync::Arc::default()
    }

    /// The events as lines of JSON: `sceau trace show` makes a table of them.
    ///
    /// # Panics
    /// Never: an event is JSON.
    #[must_use]
    pub fn json_lines(&self) -> String {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().map(|event| serde_json::to_string(event).expect("an event is JSON") + "\n").collect()
    }
}

#[uniffi::export]
impl TraceSink for TraceRecorder {
    fn record(&self, event: TraceEvent) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() < MAX_EVENTS {
            events.push(event);
        }
    }
}

impl TraceEvent {
    /// A command that was answered, or not. Its data are not looked at.
    pub(crate) fn exchange(command: &[u8], answer: &Result<Vec<u8>, CardError>, took: Duration) -> Self {
        let byte = |at: usize| command.get(at).copied().unwrap_or_default();
        let milliseconds = u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
        match answer {
            Ok(response) => Self::Command {
                cla: byte(0),
                ins: byte(1),
                p1: byte(2),
                p2: byte(3),
                command: length(command),
                response: length(response),
                status: response.last_chunk().map_or(0, |status| u16::from_be_bytes(*status)),
                milliseconds,
            },
            Err(error) => {
                Self::NoAnswer { ins: byte(1), tag_lost: *error == CardError::TagLost, milliseconds }
            }
        }
    }

    pub(crate) fn file(file: FileId, bytes: &[u8]) -> Self {
        let mut oids = BTreeSet::new();
        if matches!(file, FileId::Sod | FileId::Dg(14 | 15)) {
            collect(&mut Reader::new(file.name(), bytes), &mut oids);
        }
        Self::File { name: file.name().to_owned(), length: length(bytes), oids: oids.into_iter().collect() }
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// The object identifiers of a file, as far as it can be read.
fn collect(reader: &mut Reader<'_>, oids: &mut BTreeSet<String>) {
    while let Ok(Some(element)) = reader.next_element() {
        if oids.len() == MAX_OIDS {
            return;
        }
        if element.tag == tag::OID {
            oids.extend(element.oid());
        } else if let Ok(mut children) = element.children() {
            collect(&mut children, oids);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_is_told_without_its_data() {
        let command = [0x0C, 0xB0, 0x81, 0x02, 3, 0xAA, 0xBB, 0xCC, 0];
        let took = Duration::from_millis(23);
        let event = TraceEvent::exchange(&command, &Ok(vec![0xDD, 0xEE, 0x69, 0x82]), took);
        let json = serde_json::to_string(&event).unwrap();
        let expected = r#"{"event":"command","cla":12,"ins":176,"p1":129,"p2":2,"command":9,"response":4,"status":27010,"milliseconds":23}"#;
        assert_eq!(json, expected);
        let lost = TraceEvent::exchange(&command, &Err(CardError::TagLost), took);
        assert_eq!(lost, TraceEvent::NoAnswer { ins: 0xB0, tag_lost: true, milliseconds: 23 });
        let empty = TraceEvent::exchange(&[], &Ok(Vec::new()), took);
        assert!(matches!(empty, TraceEvent::Command { ins: 0, status: 0, .. }));
    }

    #[test]
    fn a_recorder_has_an_end() {
        let recorder = TraceRecorder::new();
        for _ in 0..MAX_EVENTS + 1 {
            recorder.record(TraceEvent::Failed { code: "nfc.tag-lost".into() });
        }
        assert_eq!(recorder.json_lines().lines().count(), MAX_EVENTS);
    }
}
