//! Texts, numbers and dates as people read them.

use jiff::civil::{Date, Weekday};

/// At most `chars_max` characters of a text, cut at a word where one is near, with an ellipsis.
pub fn cut(text: &str, chars_max: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(chars_max) else {
        return text.to_string();
    };
    let head = &text[..end];
    let head = match head.rfind(char::is_whitespace) {
        Some(space) if space > end / 2 => &head[..space],
        _ => head,
    };
    format!("{}…", head.trim_end_matches([' ', ',', ';', ':', '.']))
}

/// Text for HTML, in element content and double-quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A number with a thin mark between thousands: `12,345`.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// "Monday 23 November 2026".
pub fn long_date(day: Date) -> String {
    format!("{} {}", weekday_name(day.weekday()), plain_date(day))
}

/// "23 November 2026".
pub fn plain_date(day: Date) -> String {
    format!("{} {} {}", day.day(), month_name(day.month()), day.year())
}

/// "23 Nov 2026".
pub fn short_date(day: Date) -> String {
    let month: String = month_name(day.month()).chars().take(3).collect();
    format!("{} {month} {}", day.day(), day.year())
}

/// The English name of a month, 1 to 12.
pub fn month_name(month: i8) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let index = usize::try_from(month).unwrap_or(1).clamp(1, 12) - 1;
    NAMES[index]
}

/// The English name of a day of the week.
pub fn weekday_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_cut(text: &str, chars_max: usize, expected: &str) {
        assert_eq!(cut(text, chars_max), expected);
    }

    #[test]
    fn texts_are_cut_at_words() {
        check_cut("short", 10, "short");
        check_cut("one two three", 9, "one two…");
        check_cut("aaaaaaaaaaaa b", 5, "aaaaa…");
        check_cut("ééééé", 3, "ééé…");
        check_cut("", 0, "");
    }

    #[test]
    fn numbers_and_dates() {
        assert_eq!(number(0), "0");
        assert_eq!(number(1234567), "1,234,567");
        assert_eq!(
            long_date("2026-11-23".parse().unwrap()),
            "Monday 23 November 2026"
        );
        assert_eq!(short_date("2026-09-01".parse().unwrap()), "1 Sep 2026");
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(escape("<b a=\"'\">&"), "&lt;b a=&quot;&#39;&quot;&gt;&amp;");
    }
}
