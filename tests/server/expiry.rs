//! The end of an identity's term.

use crate::common::browser::Browser;
use crate::common::phone::EMAIL;
use crate::common::{Bench, mails};
use crate::login::{approved, enrolled};
use identity::IdentityState;
use sceau::{expiry, outbox};

const DAY: i64 = 86_400;

/// Days go by.
fn pass(bench: &Bench, days: i64) {
    bench.clock.advance(days * DAY);
    bench.runtime.block_on(expiry::once(bench.state())).unwrap();
    bench.runtime.block_on(outbox::deliver(bench.state())).unwrap();
}

fn told(bench: &Bench, text: &str) -> usize {
    let all = mails(&bench.folder.path().join("mail"));
    all.iter().filter(|mail| mail.contains(&format!("To: {EMAIL}")) && mail.contains(text)).count()
}

fn states(bench: &Bench) -> Vec<IdentityState> {
    let listed = bench.runtime.block_on(bench.state().database.identities(None, "", 10)).unwrap();
    listed.into_iter().map(|identity| identity.state).collect()
}

#[test]
fn an_identity_that_nobody_uses_is_reminded_expires_and_is_erased() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    pass(&bench, 700);
    assert_eq!((states(&bench), told(&bench, "expires soon")), (vec![IdentityState::Active], 0));
    pass(&bench, 1);
    pass(&bench, 1);
    assert_eq!(told(&bench, "One sign-in keeps it"), 1, "once");
    pass(&bench, 28);
    assert_eq!(states(&bench), [IdentityState::Active]);
    pass(&bench, 1);
    assert_eq!((states(&bench), told(&bench, "has expired")), (vec![IdentityState::Expired], 1));
    let page = Browser::new(&bench).login_page("eidas2");
    let claimed = phone.claim(&page.attribute("data-qr-handle").unwrap());
    assert_eq!(claimed.refused(), (403, "device-state.unknown"));
    pass(&bench, 89);
    assert_eq!(states(&bench), [IdentityState::Expired]);
    pass(&bench, 1);
    assert_eq!((states(&bench), told(&bench, "is deleted")), (vec![IdentityState::Erased], 1));
}

#[test]
fn who_signs_in_or_enrols_again_keeps_the_identity() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    pass(&bench, 720);
    approved(&mut phone, &Browser::new(&bench).login_page("eidas2"));
    pass(&bench, 720);
    assert_eq!(states(&bench), [IdentityState::Active], "it was used");
    // Five years after the enrolment use does not help any more; the document enrolled again does.
    for _ in 0..2 {
        approved(&mut phone, &Browser::new(&bench).login_page("eidas2"));
        pass(&bench, 180);
    }
    assert_eq!((states(&bench), told(&bench, "almost five years ago")), (vec![IdentityState::Active], 1));
}
