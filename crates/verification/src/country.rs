//! Whether document, document signer and CSCA are of one State.

use crate::country_table::TABLE;

/// The two letters that certificates have for the issuing State of an MRZ: `DE` for `D`, `FR` for `FRA`.
fn two_letters(issuing_state: &str) -> Option<&'static str> {
    TABLE.binary_search_by(|row| row.0.cmp(issuing_state)).ok().and_then(|i| TABLE.get(i)).map(|row| row.1)
}

/// The issuing State of the MRZ is the country of a certificate. Certificates have two letters, in any case, and some
/// three (LTU); an organisation without two letters is compared as it stands.
pub(crate) fn same_state(issuing_state: &str, certificate_country: &str) -> bool {
    let country = certificate_country.to_uppercase();
    country == issuing_state
        || two_letters(issuing_state)
            .is_some_and(|letters| letters == country || two_letters(&country) == Some(letters))
}

/// Two certificates are of one State.
pub(crate) fn same_country(one: &str, other: &str) -> bool {
    let letters = |country: &str| {
        let upper = country.to_uppercase();
        two_letters(&upper).map_or(upper, str::to_owned)
    };
    one == other || letters(one) == letters(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_gives_two_letters() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(TABLE.iter().all(|row| row.1.len() == 2));
    }

    #[test]
    fn codes_of_the_mrz_are_those_of_certificates() {
        for (mrz, certificate) in [
            ("D", "DE"),
            ("FRA", "fr"),
            ("LTU", "LTU"),
            ("LTU", "lt"),
            ("RKS", "KS"),
            ("GBD", "GB"),
            ("EUE", "EU"),
            ("UTO", "ut"),
            ("XPO", "XPO"),
            ("UNO", "ZZ"),
            ("RKS", "xk"),
        ] {
            assert!(same_state(mrz, certificate), "{mrz} {certificate}");
        }
        for (mrz, certificate) in [
            ("D", "DK"),
            ("FRA", "FX"),
            ("UTO", "US"),
            ("XPO", "PO"),
            ("FRA", ""),
            ("USA", "ZZ"),
            ("HRV", "XK"),
        ] {
            assert!(!same_state(mrz, certificate), "{mrz} {certificate}");
        }
    }

    #[test]
    fn certificates_of_one_state_may_differ_in_case_and_length() {
        assert!(same_country("fr", "FR"));
        assert!(same_country("LTU", "LT"));
        assert!(same_country("ZZ", "UN"));
        assert!(!same_country("FR", "DE"));
    }
}
