//! What a reading did, without a byte of what was read: enough to tell why the documents of a State fail.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lds::FileId;
use lds::tlv::{Reader, tag};
use serde::{Deserialize, Serialize};

use crate::CardError;

/// The most events that a recorder keeps, and the most object identifiers that are told of a file.
const MAX_EVENTS: usize = 2048;
const MAX_OIDS: usize = 64;
/// The longest object identifier and the longest code, in bytes.
const MAX_WORD: usize = 64;
/// The longest trace, in bytes: a recorder's events are shorter.
pub const MAX_TRACE: usize = 512 * 1024;

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
        /// Its stable code, without what stands in brackets.
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

/// Why a text is no trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// It is longer than [`MAX_TRACE`], or has more events than a recorder keeps.
    #[error("too long")]
    TooLong,
    /// A line is no event, or says more than an event can.
    #[error("line {0}")]
    Line(usize),
}

/// Reads lines of JSON, as [`TraceRecorder::json_lines`] writes them. Whatever wrote them, there is no room in them for what
/// was read: numbers, names of files, object identifiers, codes.
///
/// # Errors
/// See [`TraceError`].
pub fn read_trace(text: &str) -> Result<Vec<TraceEvent>, TraceError> {
    if text.len() > MAX_TRACE || text.lines().count() > MAX_EVENTS {
        return Err(TraceError::TooLong);
    }
    let event = |(number, line): (usize, &str)| {
        let event: Option<TraceEvent> = serde_json::from_str(line).ok();
        event.filter(TraceEvent::says_no_more_than_it_may).ok_or(TraceError::Line(number))
    };
    (1..).zip(text.lines()).map(event).collect()
}

/// The code with which the last reading ended; empty if it did not fail.
#[must_use]
pub fn outcome(events: &[TraceEvent]) -> &str {
    match events.last() {
        Some(TraceEvent::Failed { code }) => code,
        _ => "",
    }
}

impl TraceEvent {
    fn says_no_more_than_it_may(&self) -> bool {
        let word = |text: &str, allowed: fn(char) -> bool| {
            (1..=MAX_WORD).contains(&text.len()) && text.chars().all(allowed)
        };
        match self {
            Self::Command { .. } | Self::NoAnswer { .. } => true,
            Self::File { name, oids, .. } => {
                FileId::from_name(name).is_some_and(|file| file.name() == name)
                    && oids.len() <= MAX_OIDS
                    && oids.iter().all(|oid| word(oid, |c| c.is_ascii_digit() || c == '.'))
            }
            Self::Failed { code } => word(code, |c| c.is_ascii_lowercase() || matches!(c, '.' | '-')),
        }
    }

    pub(crate) fn failed(code: &str) -> Self {
        Self::Failed { code: code.split('(').next().unwrap_or_default().to_owned() }
    }

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
            oids.extend(element.oid().map(|oid| oid.to_string()));
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
    fn a_trace_is_read_back_and_has_no_room_for_anything_else() {
        let recorder = TraceRecorder::new();
        let command = TraceEvent::exchange(&[0, 0xA4, 4, 12], &Ok(vec![0x90, 0]), Duration::ZERO);
        let file =
            TraceEvent::File { name: "EF.DG14".into(), length: 7, oids: vec!["2.23.136.1.1.5".into()] };
        let failed = TraceEvent::failed("lds.missing(EF.DG1: MRZ of ERIKSSON)");
        for event in [command.clone(), file.clone(), failed.clone()] {
            recorder.record(event);
        }
        let read = read_trace(&recorder.json_lines()).unwrap();
        assert_eq!(outcome(&read), "lds.missing");
        assert_eq!(read, [command, file, failed]);
        for line in [
            r#"{"event":"failed","code":"P<UTOERIKSSON"}"#,
            r#"{"event":"failed","code":""}"#,
            r#"{"event":"failed","code":"nfc.status","data":"00"}"#,
            r#"{"event":"file","name":"ERIKSSON","length":1,"oids":[]}"#,
            r#"{"event":"file","name":"EF.DG1","length":1,"oids":["ERIKSSON"]}"#,
            r#"{"event":"no_answer","ins":300,"tag_lost":true,"milliseconds":1}"#,
            "",
        ] {
            let text = format!("{{\"event\":\"failed\",\"code\":\"nfc.status\"}}\n{line}\n");
            assert_eq!(read_trace(&text), Err(TraceError::Line(2)), "{line}");
        }
        let long = format!(r#"{{"event":"failed","code":"{}"}}"#, "a".repeat(65));
        assert_eq!(read_trace(&long), Err(TraceError::Line(1)));
        assert_eq!(read_trace(&"x\n".repeat(MAX_EVENTS + 1)), Err(TraceError::TooLong));
        assert_eq!(read_trace(&"x".repeat(MAX_TRACE + 1)), Err(TraceError::TooLong));
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
