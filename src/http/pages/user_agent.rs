//! Browser and operating system in words, so that a person at her phone recognises the browser that waits. This is
//! what the browser says of itself: help against mistakes, not against lies.

/// `Firefox, Linux`; unknown parts are left out.
#[must_use]
pub fn browser_in_words(user_agent: &str) -> String {
    // The first that fits counts: Edge and Opera say that they are Chrome, Chrome that it is Safari.
    const BROWSERS: &[(&str, &str)] = &[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chromium/", "Chromium"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: &[(&str, &str)] = &[
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iPadOS"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    let words: Vec<&str> = [find(BROWSERS), find(SYSTEMS)].into_iter().flatten().collect();
    words.join(", ")
}

/// Whether the browser runs on a phone: the way through the app on the same device then comes first.
#[must_use]
pub fn is_phone(user_agent: &str) -> bool {
    ["Android", "iPhone", "Mobile"].iter().any(|mark| user_agent.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_although_they_pretend_to_be_others() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 Edg/120.0";
        assert_eq!(browser_in_words(edge), "Edge, Windows");
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        assert_eq!(browser_in_words(firefox), "Firefox, Linux");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1 Version/17.0 Mobile/15E148 Safari/604.1";
        assert_eq!(browser_in_words(phone), "Safari, iOS");
        assert!(is_phone(phone) && !is_phone(edge));
        assert_eq!(browser_in_words("<script>"), "");
    }
}
