//! Which level is answered.

use identity::Acr;

/// The level to answer: of those `requested`, in the client's order of preference, the first that the client is
/// `allowed` and the identity `reached`. Never more than was asked, never less. `None`: the request cannot be met.
#[must_use]
pub fn acr_to_answer(requested: &[Acr], allowed: &[Acr], reached: Option<Acr>) -> Option<Acr> {
    requested.iter().find_map(|acr| acr.granted(reached, allowed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity::Level::{Eidas1, Eidas2, Eidas3};

    #[test]
    fn every_cell_for_one_level_asked() {
        let reached = [None, Some(Eidas1), Some(Eidas2), Some(Eidas3)];
        let allowed: [&[Acr]; 4] = [&[Eidas1, Eidas2, Eidas3], &[Eidas2, Eidas3], &[Eidas2], &[Eidas3]];
        for asked in Acr::ALL {
            for reached in reached {
                for allowed in allowed {
                    let fits = allowed.contains(&asked) && reached.is_some_and(|r| r >= asked);
                    let answer = acr_to_answer(&[asked], allowed, reached);
                    assert_eq!(answer, fits.then_some(asked), "{asked} {allowed:?} {reached:?}");
                }
            }
        }
    }

    #[test]
    fn of_several_the_first_that_can_be_met_is_answered() {
        let all = Acr::ALL;
        assert_eq!(acr_to_answer(&[Eidas3, Eidas2], &all, Some(Eidas3)), Some(Eidas3));
        assert_eq!(acr_to_answer(&[Eidas3, Eidas2], &all, Some(Eidas2)), Some(Eidas2));
        assert_eq!(acr_to_answer(&[Eidas1, Eidas3], &all, Some(Eidas3)), Some(Eidas1), "the client's order");
        assert_eq!(acr_to_answer(&[Eidas3, Eidas2], &[Eidas2], Some(Eidas3)), Some(Eidas2));
        assert_eq!(acr_to_answer(&[Eidas3, Eidas2], &all, Some(Eidas1)), None);
        assert_eq!(acr_to_answer(&[], &all, Some(Eidas3)), None);
    }
}
