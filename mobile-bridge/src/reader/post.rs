//! What goes to the server while the chip is read: one thread sends, in order, while another one reads. In order, for the
//! requests of an enrolment are numbered, and EF.SOD comes before what it covers.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use crate::transport::Watch;
use crate::{BridgeError, CardError};

type Errand<'a> = Box<dyn FnOnce() -> Result<(), BridgeError> + Send + 'a>;

/// Where the reader leaves what is to be sent. After the first errand that fails, or once the reading is stopped, no
/// other one is run.
pub(super) struct Post<'a>(Sender<Errand<'a>>);

/// An answer that is under way.
pub(super) struct Reply<T>(Receiver<T>);

impl<'a> Post<'a> {
    /// Has something done when all before it is done.
    pub(super) fn send(&self, errand: impl FnOnce() -> Result<(), BridgeError> + Send + 'a) {
        // The other end is open as long as this one; errands that are not run any more are told at the end.
        let _ = self.0.send(Box::new(errand));
    }

    /// The same, for something that is answered.
    pub(super) fn ask<T: Send + 'a>(
        &self,
        errand: impl FnOnce() -> Result<T, BridgeError> + Send + 'a,
    ) -> Reply<T> {
        let (answer, reply) = channel();
        self.send(move || {
            let _ = answer.send(errand()?);
            Ok(())
        });
        Reply(reply)
    }
}

impl<T> Reply<T> {
    /// Waits for the answer.
    ///
    /// # Errors
    /// The errand failed, or one before it: that error is told instead of this one.
    pub(super) fn wait(self) -> Result<T, BridgeError> {
        self.0.recv().map_err(|_| CardError::Stopped.into())
    }
}

/// Runs `read`, which reads the chip, while its errands are run. What was left when the reading ended, be it by a lost
/// chip, is still sent, unless the reading was stopped. A reading whose errand failed ends before its next command.
///
/// # Errors
/// That of the first errand that failed; else that of the reading.
pub(super) fn while_sending<'a, T>(
    watch: &'a Watch,
    read: impl FnOnce(&Post<'a>) -> Result<T, BridgeError>,
) -> Result<T, BridgeError> {
    watch.abandoned.store(false, Ordering::Relaxed);
    let failure = Mutex::new(None);
    let outcome = std::thread::scope(|scope| {
        let (errands, waiting) = channel::<Errand<'a>>();
        scope.spawn(|| {
            for errand in waiting {
                if watch.abandoned.load(Ordering::Relaxed) {
                    continue;
                }
                let stopped = watch.stopped.load(Ordering::Relaxed);
                let done = if stopped { Err(CardError::Stopped.into()) } else { errand() };
                if let Err(error) = done {
                    *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    watch.abandoned.store(true, Ordering::Relaxed);
                }
            }
        });
        read(&Post(errands))
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(outcome, Err)
}
