//! Times for people: the civil time of metropolitan France, which is what its citizens' papers and other services show.

use clock::UnixTime;
use protocol::codes::Language;

/// `25/11/2026 à 11:47` or `25 Nov 2026, 11:47`.
#[must_use]
pub fn in_words(at: UnixTime, language: Language) -> String {
    let local = at.plus(offset(at));
    let (year, month, day) = local.date();
    let minutes = local.0.rem_euclid(86_400) / 60;
    let (hour, minute) = (minutes / 60, minutes % 60);
    match language {
        Language::Fr => format!("{day:02}/{month:02}/{year} à {hour:02}:{minute:02}"),
        Language::En => format!("{day} {} {year}, {hour:02}:{minute:02}", month_name(month)),
    }
}

/// The day of a date `YYYY-MM-DD` whose parts may be unknown (`00`): `12/08/1974` or `12 Aug 1974`.
#[must_use]
pub fn day_in_words(date: &str, language: Language) -> String {
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let (Some(year), Some(month), Some(day)) = (year, month, day) else { return date.to_owned() };
    match (language, month, day) {
        (_, "00", _) => year.to_owned(),
        (Language::Fr, month, "00") => format!("{month}/{year}"),
        (Language::Fr, month, day) => format!("{day}/{month}/{year}"),
        (Language::En, month, day) => {
            let month = month_name(month.parse().unwrap_or_default());
            match day {
                "00" => format!("{month} {year}"),
                day => format!("{} {month} {year}", day.trim_start_matches('0')),
            }
        }
    }
}

fn month_name(month: u8) -> &'static str {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    month.checked_sub(1).and_then(|at| NAMES.get(usize::from(at))).copied().unwrap_or("?")
}

/// Seconds ahead of UTC: two hours from the last Sunday of March to the last one of October, each at 01:00 UTC, and one
/// hour else (directive 2000/84/EC).
fn offset(at: UnixTime) -> i64 {
    let (year, ..) = at.date();
    let change = |month: u8| {
        let end = UnixTime::from_rfc3339(&format!("{year:04}-{month:02}-31")).unwrap_or_default();
        // 1970-01-01 was a Thursday; days since the last Sunday.
        let since_sunday = (end.0.div_euclid(86_400) + 4).rem_euclid(7);
        end.plus(3600 - since_sunday * 86_400)
    };
    if (change(3)..change(10)).contains(&at) { 7200 } else { 3600 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> String {
        in_words(UnixTime::from_rfc3339(text).unwrap(), Language::Fr)
    }

    #[test]
    fn summer_begins_and_ends_on_the_last_sundays() {
        assert_eq!(at("2026-03-29T00:59:00Z"), "29/03/2026 à 01:59");
        assert_eq!(at("2026-03-29T01:00:00Z"), "29/03/2026 à 03:00");
        assert_eq!(at("2026-10-25T00:59:00Z"), "25/10/2026 à 02:59");
        assert_eq!(at("2026-10-25T01:00:00Z"), "25/10/2026 à 02:00");
        assert_eq!(at("2024-03-31T01:00:00Z"), "31/03/2024 à 03:00", "the 31st itself is a Sunday");
        assert_eq!(at("2026-12-31T23:30:00Z"), "01/01/2027 à 00:30");
    }

    #[test]
    fn days_whose_parts_are_unknown_are_told_as_they_are() {
        let both = |date| (day_in_words(date, Language::Fr), day_in_words(date, Language::En));
        assert_eq!(both("1974-08-02"), ("02/08/1974".into(), "2 Aug 1974".into()));
        assert_eq!(both("1974-08-00"), ("08/1974".into(), "Aug 1974".into()));
        assert_eq!(both("1974-00-00"), ("1974".into(), "1974".into()));
    }
}
