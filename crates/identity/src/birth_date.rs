//! Birth dates with unknown parts, the century of an MRZ date, and age by the calendar.
//!
//! The MRZ has two digits for the year (Doc 9303-3, 4.8) and fillers for what is not known: `YYMM<<`, `YY<<<<`.
//! FranceConnect writes unknown parts as `00`: `1977-00-00`.

use std::fmt;
use std::str::FromStr;

use clock::UnixTime;
use lds::mrz::MrzDate;
use serde::{Deserialize, Serialize};

use crate::Error;

/// Nobody is older.
const MAX_AGE: i32 = 120;

/// A birth date: the day, or the day and the month, may be unknown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BirthDate {
    year: i32,
    month: u8,
    day: u8,
}

impl BirthDate {
    /// A date; 0 for an unknown day, or for an unknown month and day.
    ///
    /// # Errors
    /// [`Error::BirthDate`]: the calendar has no such date.
    pub fn new(year: i32, month: u8, day: u8) -> Result<Self, Error> {
        let real = match (month, day) {
            (0, 0) | (1..=12, 0) => true,
            (1..=12, day) => day <= days_in_month(year, month),
            _ => false,
        };
        if real && (1850..=9999).contains(&year) {
            Ok(Self { year, month, day })
        } else {
            Err(Error::BirthDate)
        }
    }

    /// Reads the date of an MRZ in the century that is right on the day `at` when it is read:
    /// the latest that is not in the future and makes nobody older than 120.
    ///
    /// # Errors
    /// [`Error::BirthDate`]: nothing is known, or no such date. [`Error::Century`]: the year read is this very year,
    /// so a person of a hundred is as likely.
    pub fn from_mrz(date: MrzDate, at: UnixTime) -> Result<Self, Error> {
        let (yy, month, day) = mrz_parts(date)?;
        let (this_year, ..) = at.date();
        let latest = this_year - (this_year - yy).rem_euclid(100);
        let candidates = [latest, latest - 100].into_iter().filter(|year| this_year - year <= MAX_AGE);
        let real: Vec<Self> = candidates
            .filter_map(|year| Self::new(year, month, day).ok())
            .filter(|date| date.earliest() <= at.date())
            .collect();
        match real.as_slice() {
            [first, _, ..] if first.year == this_year => Err(Error::Century),
            [first, ..] => Ok(*first),
            [] => Err(Error::BirthDate),
        }
    }

    /// Whether this full date is one that the MRZ's may stand for.
    ///
    /// # Errors
    /// [`Error::BirthDate`]: nothing is known of the MRZ's date.
    pub fn fits_mrz(self, date: MrzDate) -> Result<bool, Error> {
        let (yy, month, day) = mrz_parts(date)?;
        Ok(self.year.rem_euclid(100) == yy
            && (month == 0 || month == self.month)
            && (day == 0 || day == self.day))
    }

    /// The age in whole years on the day `at` (UTC). Who is born on 29 February is a year older on 1 March of a
    /// common year. Unknown parts count as the youngest that they allow.
    #[must_use]
    pub fn age(self, at: UnixTime) -> i32 {
        let (year, month, day) = at.date();
        let (birth_month, birth_day) = self.latest_day_of_year();
        year - self.year - i32::from((month, day) < (birth_month, birth_day))
    }

    /// Refuses who is younger than `years`.
    ///
    /// # Errors
    /// [`Error::TooYoung`].
    pub fn at_least(self, years: u8, at: UnixTime) -> Result<(), Error> {
        if self.age(at) >= i32::from(years) { Ok(()) } else { Err(Error::TooYoung(years)) }
    }

    fn latest_day_of_year(self) -> (u8, u8) {
        match (self.month, self.day) {
            (0, _) => (12, 31),
            (month, 0) => (month, days_in_month(self.year, month)),
            full => full,
        }
    }

    fn earliest(self) -> (i32, u8, u8) {
        (self.year, self.month.max(1), self.day.max(1))
    }
}

/// Year of the century, month, day; 0 for unknown.
fn mrz_parts(date: MrzDate) -> Result<(i32, u8, u8), Error> {
    let year = date.year().ok_or(Error::BirthDate)?;
    Ok((i32::from(year), date.month().unwrap_or(0), date.day().unwrap_or(0)))
}

fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `1977-07-14`, `1977-07-00`, `1977-00-00`.
impl fmt::Display for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A placeholder: a birth date is personal data.
impl fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BirthDate(..)")
    }
}

impl FromStr for BirthDate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parts = text.split('-');
        let mut next = |len: usize| {
            let digits = parts.next().filter(|p| p.len() == len && p.bytes().all(|b| b.is_ascii_digit()));
            digits.and_then(|p| p.parse::<i32>().ok()).ok_or(Error::BirthDate)
        };
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        if parts.next().is_some() {
            return Err(Error::BirthDate);
        }
        Self::new(year, u8::try_from(month).unwrap_or(99), u8::try_from(day).unwrap_or(99))
    }
}

impl TryFrom<String> for BirthDate {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<BirthDate> for String {
    fn from(date: BirthDate) -> Self {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(date: &str) -> UnixTime {
        UnixTime::from_rfc3339(date).unwrap()
    }

    fn mrz(text: &str, read: &str) -> Result<String, Error> {
        BirthDate::from_mrz(MrzDate::parse(text).unwrap(), at(read)).map(|d| d.to_string())
    }

    #[test]
    fn the_century_is_the_latest_that_is_not_in_the_future() {
        assert_eq!(mrz("770714", "2026-06-01"), Ok("1977-07-14".into()));
        assert_eq!(mrz("100101", "2026-06-01"), Ok("2010-01-01".into()));
        assert_eq!(mrz("270101", "2026-06-01"), Ok("1927-01-01".into()));
        assert_eq!(mrz("000229", "2026-06-01"), Ok("2000-02-29".into()));
    }

    #[test]
    fn a_birth_year_that_is_this_year_is_never_settled_silently() {
        assert_eq!(mrz("260101", "2026-06-01"), Err(Error::Century));
        assert_eq!(mrz("261201", "2026-06-01"), Ok("1926-12-01".into()), "only the past one is possible");
    }

    #[test]
    fn unknown_parts_are_zero() {
        assert_eq!(mrz("7707<<", "2026-06-01"), Ok("1977-07-00".into()));
        assert_eq!(mrz("77<<<<", "2026-06-01"), Ok("1977-00-00".into()));
        assert_eq!(mrz("<<<<<<", "2026-06-01"), Err(Error::BirthDate));
        assert_eq!(mrz("77<<14", "2026-06-01"), Err(Error::BirthDate), "a day of no month");
    }

    #[test]
    fn only_real_dates_and_the_two_unknown_forms_are_read() {
        for good in ["1977-07-14", "1977-07-00", "1977-00-00", "1984-02-29"] {
            assert_eq!(good.parse::<BirthDate>().map(|d| d.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "1977-00-03",
            "1984-02-30",
            "1900-02-29",
            "1977",
            "1977-07",
            "770714",
            "1977-7-14",
            "1977-07-14-",
        ] {
            assert_eq!(bad.parse::<BirthDate>(), Err(Error::BirthDate), "{bad}");
        }
    }

    #[test]
    fn age_follows_the_calendar_also_on_29_february() {
        let born: BirthDate = "2008-02-29".parse().unwrap();
        assert_eq!(born.age(at("2026-02-28")), 17);
        assert_eq!(born.age(at("2026-03-01")), 18);
        assert_eq!(born.at_least(18, at("2026-02-28")), Err(Error::TooYoung(18)));
        assert_eq!(born.at_least(18, at("2026-03-01")), Ok(()));
        let born: BirthDate = "2008-06-02".parse().unwrap();
        assert_eq!((born.age(at("2026-06-01")), born.age(at("2026-06-02"))), (17, 18));
    }

    #[test]
    fn unknown_parts_count_as_the_youngest() {
        let year: BirthDate = "2008-00-00".parse().unwrap();
        assert_eq!((year.age(at("2026-12-30")), year.age(at("2026-12-31"))), (17, 18));
        let month: BirthDate = "2008-06-00".parse().unwrap();
        assert_eq!((month.age(at("2026-06-29")), month.age(at("2026-06-30"))), (17, 18));
    }

    #[test]
    fn a_full_date_is_compared_with_the_mrz_as_far_as_that_goes() {
        let date: BirthDate = "1977-07-14".parse().unwrap();
        for good in ["770714", "7707<<", "77<<<<"] {
            assert_eq!(date.fits_mrz(MrzDate::parse(good).unwrap()), Ok(true), "{good}");
        }
        for bad in ["780714", "770814", "770715"] {
            assert_eq!(date.fits_mrz(MrzDate::parse(bad).unwrap()), Ok(false), "{bad}");
        }
    }
}
