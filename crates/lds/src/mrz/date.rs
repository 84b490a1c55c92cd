use std::fmt;

/// A date `YYMMDD` of the MRZ. Unknown parts are fillers (Doc 9303-3 4.8): any of day, month and year may be.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MrzDate {
    year: Option<u8>,
    month: Option<u8>,
    day: Option<u8>,
}

impl MrzDate {
    /// A known date: year 0 to 99, month 1 to 12, day 1 to 31.
    #[must_use]
    pub fn new(year: u8, month: u8, day: u8) -> Option<Self> {
        let date = Self { year: Some(year), month: Some(month), day: Some(day) };
        (year <= 99 && date.is_in_the_calendar()).then_some(date)
    }

    /// Reads six characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 6 || !text.is_ascii() {
            return None;
        }
        let (year, rest) = text.split_at(2);
        let (month, day) = rest.split_at(2);
        let date = Self { year: part(year)?, month: part(month)?, day: part(day)? };
        date.is_in_the_calendar().then_some(date)
    }

    /// Whether some day of the calendar has these parts.
    fn is_in_the_calendar(self) -> bool {
        self.month.is_none_or(|m| (1..=12).contains(&m))
            && self.day.is_none_or(|d| (1..=days_in(self.month, self.year)).contains(&d))
    }

    /// The last two digits of the year; `None` if unknown.
    #[must_use]
    pub fn year(self) -> Option<u8> {
        self.year
    }

    /// 1 to 12; `None` if unknown.
    #[must_use]
    pub fn month(self) -> Option<u8> {
        self.month
    }

    /// 1 to 31; `None` if unknown.
    #[must_use]
    pub fn day(self) -> Option<u8> {
        self.day
    }

    /// Year, month and day of a date of expiry: always in 2000 to 2099, since no eMRTD is older.
    #[must_use]
    pub fn as_expiry(self) -> Option<(i32, u8, u8)> {
        Some((2000 + i32::from(self.year?), self.month?, self.day?))
    }
}

/// The days of a month. Two digits tell a leap year, but for `00`, which is taken for 2000.
fn days_in(month: Option<u8>, year: Option<u8>) -> u8 {
    match month {
        Some(2) if year.is_none_or(|y| y.is_multiple_of(4)) => 29,
        Some(2) => 28,
        Some(4 | 6 | 9 | 11) => 30,
        _ => 31,
    }
}

/// `Some(None)` for two fillers, `Some(Some(n))` for two digits.
fn part(text: &str) -> Option<Option<u8>> {
    if text == "<<" {
        return Some(None);
    }
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())
}

/// As in the MRZ, fillers included.
impl fmt::Display for MrzDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [self.year, self.month, self.day] {
            match part {
                Some(n) => write!(f, "{n:02}")?,
                None => f.write_str("<<")?,
            }
        }
        Ok(())
    }
}

/// Dates of birth stay out of logs.
impl fmt::Debug for MrzDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MrzDate(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_may_be_unknown() {
        for text in ["740812", "7408<<", "74<<<<", "<<<<<<", "74<<12", "<<0812", "<<<<31", "<<0229"] {
            assert_eq!(MrzDate::parse(text).unwrap().to_string(), text);
        }
        for text in ["741312", "740832", "740431", "7408", "74081<", "740<12", "7<0812", "74é12", "<<<<32"] {
            assert_eq!(MrzDate::parse(text), None, "{text}");
        }
        assert_eq!(MrzDate::parse("7408<<").unwrap().day(), None);
    }

    #[test]
    fn the_29th_of_february_is_a_day_of_leap_years_only() {
        for (year, leap) in [(0, true), (4, true), (72, true), (74, false), (99, false)] {
            assert_eq!(MrzDate::new(year, 2, 29).is_some(), leap, "{year}");
            assert_eq!(MrzDate::parse(&format!("{year:02}0229")).is_some(), leap, "{year}");
        }
    }

    #[test]
    fn a_date_of_expiry_is_of_this_century() {
        assert_eq!(MrzDate::parse("340415").unwrap().as_expiry(), Some((2034, 4, 15)));
        assert_eq!(MrzDate::parse("3404<<").unwrap().as_expiry(), None);
    }
}
