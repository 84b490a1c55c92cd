//! Scopes, and the claims that each releases (FranceConnect's contract for identity providers, 2.2).

use std::collections::BTreeSet;

use identity::pivot::Claim;

/// A scope. Its place in [`Scope::ALL`] is stored and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `openid`: `sub`, and the request is one of OpenID Connect.
    OpenId,
    /// `profile`: names, gender, birth date, name in use.
    Profile,
    /// `email`.
    Email,
    /// `preferred_username`.
    PreferredUsername,
    /// `birthplace`.
    Birthplace,
    /// `birthcountry`.
    Birthcountry,
    /// `birth`: place and country.
    Birth,
}

impl Scope {
    /// All.
    pub const ALL: [Self; 7] = [
        Self::OpenId,
        Self::Profile,
        Self::Email,
        Self::PreferredUsername,
        Self::Birthplace,
        Self::Birthcountry,
        Self::Birth,
    ];

    /// The scope's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenId => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::PreferredUsername => "preferred_username",
            Self::Birthplace => "birthplace",
            Self::Birthcountry => "birthcountry",
            Self::Birth => "birth",
        }
    }

    /// The scope of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    /// The claims that it releases, beside `sub`.
    #[must_use]
    pub fn claims(self) -> &'static [Claim] {
        match self {
            Self::OpenId => &[],
            Self::Profile => &[
                Claim::FamilyName,
                Claim::GivenName,
                Claim::Gender,
                Claim::Birthdate,
                Claim::PreferredUsername,
            ],
            Self::Email => &[Claim::Email],
            Self::PreferredUsername => &[Claim::PreferredUsername],
            Self::Birthplace => &[Claim::Birthplace],
            Self::Birthcountry => &[Claim::Birthcountry],
            Self::Birth => &[Claim::Birthplace, Claim::Birthcountry],
        }
    }
}

/// The claims of several scopes.
#[must_use]
pub fn claims_of(scopes: &BTreeSet<Scope>) -> BTreeSet<Claim> {
    scopes.iter().flat_map(|scope| scope.claims()).copied().collect()
}

/// The names with a space between, in a fixed order: the value of `scope`.
pub(crate) fn names(scopes: &BTreeSet<Scope>) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(names: &str) -> Vec<&'static str> {
        let scopes = names.split(' ').map(|name| Scope::from_name(name).unwrap()).collect();
        claims_of(&scopes).into_iter().map(Claim::as_str).collect()
    }

    #[test]
    fn every_cell_of_the_table() {
        for (scope, released) in [
            ("openid", &[][..]),
            ("profile", &["family_name", "given_name", "gender", "birthdate", "preferred_username"][..]),
            ("email", &["email"]),
            ("preferred_username", &["preferred_username"]),
            ("birthplace", &["birthplace"]),
            ("birthcountry", &["birthcountry"]),
            ("birth", &["birthplace", "birthcountry"]),
        ] {
            assert_eq!(claims(scope), released, "{scope}");
        }
    }

    #[test]
    fn the_brokers_two_requests_release_all_eight_claims() {
        assert_eq!(claims("openid profile email preferred_username birthplace birthcountry").len(), 8);
        assert_eq!(claims("openid profile email birth").len(), 8);
    }
}
