//! The claims, and the broker's rules for them. Each rule is what FranceConnect's code does, not what its document says
//! where the two differ.

use std::fmt;

use openidconnect::core::CoreGenderClaim;
use openidconnect::{AdditionalClaims, LocalizedClaim, UserInfoClaims};
use serde::{Deserialize, Serialize};

use crate::BrokerError;

/// `birthcountry` of births in France.
const FRANCE: &str = "99100";

/// The claims that OpenID Connect does not know.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct BirthClaims {
    birthplace: Option<String>,
    birthcountry: Option<String>,
}

impl AdditionalClaims for BirthClaims {}

/// The verified answer of the userinfo endpoint.
pub(crate) type Userinfo = UserInfoClaims<BirthClaims, CoreGenderClaim>;

/// An identity that the broker accepts: the six pivot attributes, the address, and the name in use.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// The provider's identifier of the person.
    pub sub: String,
    /// All given names.
    pub given_name: String,
    /// The name at birth.
    pub family_name: String,
    /// `YYYY-MM-DD`, or with `00` for what is unknown.
    pub birthdate: String,
    /// `female`, `male` or `unspecified`.
    pub gender: String,
    /// The INSEE code of the commune; empty for births abroad.
    pub birthplace: String,
    /// The INSEE code of the country.
    pub birthcountry: String,
    /// The mail address.
    pub email: String,
    /// The name in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
}

/// A person's data.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims(..)")
    }
}

impl Claims {
    /// Applies the rules in the order of the broker's own.
    pub(crate) fn judge(userinfo: &Userinfo) -> Result<Self, BrokerError> {
        let birth = userinfo.additional_claims();
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let claims = Self {
            sub: userinfo.subject().to_string(),
            given_name: text(untagged(userinfo.given_name())),
            family_name: text(untagged(userinfo.family_name())),
            birthdate: text(userinfo.birthdate().map(|birthdate| birthdate.as_str())),
            gender: text(userinfo.gender().map(|gender| gender.as_str())),
            birthplace: text(birth.birthplace.as_deref()),
            birthcountry: text(birth.birthcountry.as_deref()),
            email: text(userinfo.email().map(|email| email.as_str())),
            preferred_username: userinfo.preferred_username().map(|name| name.to_string()),
        };
        if claims.sub.is_empty() || !claims.sub.is_ascii() {
            return Err(BrokerError::Subject);
        }
        let in_france = claims.birthcountry == FRANCE;
        let rules = [
            (is_name(&claims.given_name), "given_name"),
            (is_name(&claims.family_name), "family_name"),
            (is_birthdate(&claims.birthdate), "birthdate"),
            (matches!(&*claims.gender, "female" | "male" | "unspecified"), "gender"),
            (is_place_code(&claims.birthcountry), "birthcountry"),
            (!in_france || is_place_code(&claims.birthplace), "birthplace"),
            (is_email(&claims.email), "email"),
        ];
        match rules.iter().find(|(kept, _)| !kept) {
            Some((_, claim)) => Err(BrokerError::Claim(claim)),
            None => Ok(claims),
        }
    }

    /// Name and value of each claim but `sub`, the pivot attributes first.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, &str)> {
        let mut pairs = vec![
            ("given_name", &*self.given_name),
            ("family_name", &self.family_name),
            ("birthdate", &self.birthdate),
            ("gender", &self.gender),
            ("birthplace", &self.birthplace),
            ("birthcountry", &self.birthcountry),
            ("email", &self.email),
        ];
        pairs.extend(self.preferred_username.as_deref().map(|name| ("preferred_username", name)));
        pairs
    }
}

/// The value without a language tag.
fn untagged<T: std::ops::Deref<Target = String>>(claim: Option<&LocalizedClaim<T>>) -> Option<&str> {
    claim.and_then(|claim| claim.get(None)).map(|value| value.as_str())
}

/// 1 to 256 characters, counted in code points.
fn is_name(name: &str) -> bool {
    (1..=256).contains(&name.chars().count())
}

/// `YYYY-MM-DD` of the calendar, `YYYY-MM-00`, or `YYYY-00-00`.
fn is_birthdate(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number = |part: &str, length: usize| {
        let digits = part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u16>().ok()).flatten()
    };
    match (number(year, 4), number(month, 2), number(day, 2)) {
        (Some(_), Some(0), Some(0)) => true,
        (Some(_), Some(1..=12), Some(0)) => true,
        (Some(year), Some(month @ 1..=12), Some(day)) => (1..=days(year, month)).contains(&day),
        _ => false,
    }
}

fn days(year: u16, month: u16) -> u16 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `^(2[AB]|\d{2})\d{3}$`.
fn is_place_code(code: &str) -> bool {
    let bytes = code.as_bytes();
    let digit = |at: usize| bytes[at].is_ascii_digit();
    bytes.len() == 5 && (digit(0) && digit(1) || matches!(&bytes[..2], b"2A" | b"2B")) && (2..5).all(digit)
}

/// As validator.js judges: a dotted domain with letters at its end, no address literal, UTF-8 allowed.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |part: &str| {
        let special = |c: char| "!#$%&'*+-/=?^_`{|}~".contains(c);
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || special(c) || c >= '\u{a1}')
    };
    let label = |part: &str| {
        let inner = part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c >= '\u{a1}');
        (1..=63).contains(&part.len()) && inner && !part.starts_with('-') && !part.ends_with('-')
    };
    let last = domain.rsplit('.').next().unwrap_or_default();
    local.len() <= 64
        && local.split('.').all(atom)
        && domain.len() <= 254
        && domain.contains('.')
        && domain.split('.').all(label)
        && last.chars().count() >= 2
        && last.chars().all(|c| c.is_ascii_alphabetic() || c >= '\u{a1}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birthdate_is_a_day_or_has_zeros_for_what_is_unknown() {
        for good in ["1974-08-12", "2000-02-29", "1977-08-00", "1992-00-00"] {
            assert!(is_birthdate(good), "{good}");
        }
        for bad in [
            "1977-00-03",
            "1984-02-30",
            "1900-02-29",
            "1977",
            "1977-08",
            "740812",
            "1977-13-00",
            "",
            "+977-08-12",
        ] {
            assert!(!is_birthdate(bad), "{bad}");
        }
    }

    #[test]
    fn a_place_has_five_digits_or_is_corsican() {
        for good in ["75107", "2A004", "2B033", "99100", "00000"] {
            assert!(is_place_code(good), "{good}");
        }
        for bad in ["7510", "751070", "2C004", "A2004", "2A0B4", "", "٧٥107"] {
            assert!(!is_place_code(bad), "{bad}");
        }
    }

    #[test]
    fn an_address_needs_a_dotted_domain_that_is_no_address_literal() {
        for good in ["anna@example.fr", "a.b+c@sub.example.org", "éloïse@exemple.fr"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "anna@localhost",
            "anna",
            "@example.fr",
            "a..b@example.fr",
            "a@example.1",
            "a@[192.0.2.1]",
            "a@-x.fr",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn a_name_has_up_to_256_code_points() {
        assert!(is_name(&"😀".repeat(256)));
        assert!(!is_name(&"😀".repeat(257)));
        assert!(!is_name(""));
    }
}
