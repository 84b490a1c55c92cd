//! Passive Authentication (Doc 9303-11 5.1).

mod accepted;
mod certificates;
mod security_object;

use super::bsi;
use super::draft::Draft;

pub(super) fn cases() -> Vec<Draft> {
    let mut cases = accepted::cases();
    cases.extend(security_object::cases());
    cases.extend(certificates::cases());
    cases.extend(bsi::passive_authentication());
    cases
}
