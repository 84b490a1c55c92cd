//! The broker's sessions: in memory, ten minutes from their beginning.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use clock::UnixTime;

use crate::{LOGIN_LIFE, Language, Login, PendingLogin};

/// How many sessions there are at most; then the oldest goes.
const MAX_SESSIONS: usize = 1000;

/// Where a browser stands.
#[derive(Clone)]
pub(crate) enum Session {
    /// At the provider; the language to come back to.
    Away(PendingLogin, Language),
    /// Back without a login: the provider's error code.
    Refused(String),
    /// Signed in.
    SignedIn(Box<Login>),
}

#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, (UnixTime, Session)>>);

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (UnixTime, Session)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a session.
    pub(crate) fn open(&self, id: String, session: Session, now: UnixTime) {
        let mut sessions = self.lock();
        sessions.retain(|_, (began, _)| now.since(*began) < LOGIN_LIFE);
        if sessions.len() >= MAX_SESSIONS {
            let oldest = sessions.iter().min_by_key(|(_, (began, _))| *began).map(|(id, _)| id.clone());
            oldest.map(|id| sessions.remove(&id));
        }
        sessions.insert(id, (now, session));
    }

    /// A session, if it is there and not over.
    pub(crate) fn get(&self, id: &str, now: UnixTime) -> Option<Session> {
        let sessions = self.lock();
        let (began, session) = sessions.get(id)?;
        (now.since(*began) < LOGIN_LIFE).then(|| session.clone())
    }

    /// Takes the login of a browser that comes back: it comes back once.
    pub(crate) fn take_away(&self, id: &str) -> Option<(PendingLogin, Language)> {
        let mut sessions = self.lock();
        match sessions.remove(id) {
            Some((_, Session::Away(pending, language))) => Some((pending, language)),
            Some(other) => {
                sessions.insert(id.to_owned(), other);
                None
            }
            None => None,
        }
    }

    pub(crate) fn close(&self, id: &str) {
        self.lock().remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_ten_minutes_after_its_beginning_and_the_oldest_makes_room() {
        let sessions = Sessions::default();
        let refused = || Session::Refused("access_denied".to_owned());
        for n in 0..=MAX_SESSIONS as i64 {
            sessions.open(n.to_string(), refused(), UnixTime((n + 1) / 2));
        }
        assert!(sessions.get("0", UnixTime(0)).is_none(), "it alone was the oldest");
        assert!(sessions.get("1", UnixTime(600)).is_some());
        assert!(sessions.get("1", UnixTime(601)).is_none());
        assert!(sessions.take_away("1").is_none());
        assert!(sessions.get("1", UnixTime(599)).is_some());
    }
}
