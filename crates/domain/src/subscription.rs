//! Mail subscriptions: what a reader wants to be told of, and when.

use std::fmt;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use crate::paper::category;
use crate::text::one_line;

/// Most categories of one subscription.
pub const CATEGORIES_MAX: usize = 20;
/// Longest query of a subscription, in characters; the search field takes as many.
pub const QUERY_CHARS_MAX: usize = 400;
/// Most papers that one message can be asked to hold.
pub const PAPERS_MAX: u8 = 50;
/// How many papers a message holds at most where nothing else is asked for.
pub const PAPERS_DEFAULT: u8 = 20;
/// Longest name of a time zone, in bytes; the longest of the IANA's has 32.
const ZONE_LEN_MAX: usize = 64;

/// A row of the table of readers: a mail address with its subscriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReaderId(pub i64);

/// A row of the table of subscriptions. Numbers are never given out twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub i64);

/// Which papers a subscription is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The whole page.
    All,
    /// Papers of any of these categories; an archive (`cs`) stands for all of its.
    Categories(Vec<String>),
    /// Papers that have everything that a query of the search language asks for.
    Query(String),
    /// What the person follows whose account has this address, as it is when the mail is made.
    Follows,
}

impl Scope {
    /// The scope of some categories, separated by spaces or commas.
    pub fn categories(text: &str) -> Result<Self, WishError> {
        let mut names: Vec<String> = Vec::new();
        let parts = text.split(|c: char| c.is_whitespace() || c == ',');
        for part in parts.filter(|part| !part.is_empty()) {
            let name = category(part).ok_or_else(|| WishError::Category {
                text: part.chars().take(60).collect(),
            })?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() {
            return Err(WishError::NoCategory);
        }
        if names.len() > CATEGORIES_MAX {
            return Err(WishError::TooManyCategories);
        }
        Ok(Scope::Categories(names))
    }

    /// The scope of a query, white space tidied.
    pub fn query(text: &str) -> Result<Self, WishError> {
        let query = one_line(text);
        if query.is_empty() {
            return Err(WishError::NoQuery);
        }
        if query.chars().count() > QUERY_CHARS_MAX {
            return Err(WishError::LongQuery);
        }
        Ok(Scope::Query(query))
    }

    /// The short name of the kind in the database and in forms.
    pub fn kind(&self) -> &'static str {
        match self {
            Scope::All => "all",
            Scope::Categories(_) => "categories",
            Scope::Query(_) => "query",
            Scope::Follows => "follows",
        }
    }

    /// What stands beside the kind: categories separated by spaces, the query, or nothing.
    pub fn text(&self) -> String {
        match self {
            Scope::All | Scope::Follows => String::new(),
            Scope::Categories(names) => names.join(" "),
            Scope::Query(query) => query.clone(),
        }
    }

    /// The scope of a kind and its text.
    pub fn of(kind: &str, text: &str) -> Result<Self, WishError> {
        match kind {
            "all" => Ok(Scope::All),
            "follows" => Ok(Scope::Follows),
            "categories" => Scope::categories(text),
            "query" => Scope::query(text),
            _ => Err(WishError::Kind),
        }
    }
}

/// For people, in the middle of a sentence: "the whole page", "cs.CL and cs.LG", "the search …".
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::All => f.write_str("the whole page"),
            Scope::Categories(names) => match names.as_slice() {
                [one] => f.write_str(one),
                [first @ .., last] => write!(f, "{} and {last}", first.join(", ")),
                [] => Ok(()),
            },
            Scope::Query(query) => write!(f, "the search “{query}”"),
            Scope::Follows => f.write_str("what you follow"),
        }
    }
}

/// One of the things that a subscription is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Papers of a category; an archive (`cs`) stands for all of its.
    Category(String),
    /// Papers by an author.
    Author(String),
    /// Papers with a tag.
    Tag(String),
    /// Papers that have everything that a query of the search language asks for.
    Query(String),
}

impl Topic {
    /// The topic in the search language.
    pub fn query(&self) -> String {
        let quoted = |name: &str| name.replace('"', " ");
        match self {
            Topic::Category(name) => format!("cat:{name}"),
            Topic::Author(name) => format!("author:\"{}\"", quoted(name)),
            Topic::Tag(name) => format!("tag:\"{}\"", quoted(name)),
            Topic::Query(text) => text.clone(),
        }
    }
}

/// How often a message comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rhythm {
    /// On each of the chosen days.
    Daily,
    /// Once a week, on one day.
    Weekly,
}

impl Rhythm {
    /// The short name in the database and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Rhythm::Daily => "daily",
            Rhythm::Weekly => "weekly",
        }
    }

    /// The rhythm of a short name.
    pub fn from_short(name: &str) -> Option<Self> {
        [Rhythm::Daily, Rhythm::Weekly]
            .into_iter()
            .find(|rhythm| rhythm.as_str() == name)
    }
}

/// A set of days of the week; never empty where it is part of a [`Schedule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Days(u8);

/// The days of the week from Monday on.
pub const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

impl Days {
    /// No day.
    pub const NONE: Days = Days(0);
    /// Monday to Friday: sources announce on weekdays.
    pub const WEEKDAYS: Days = Days(0b001_1111);

    /// These days.
    pub fn of(days: impl IntoIterator<Item = Weekday>) -> Self {
        let bits = days.into_iter().map(|day| 1 << day.to_monday_zero_offset());
        Days(bits.fold(0, |all, bit: u8| all | bit))
    }

    /// As a number, Monday the lowest of seven bits.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// The days of a number; `None` where it is no set of days.
    pub fn from_bits(bits: u8) -> Option<Self> {
        (bits < 0x80).then_some(Days(bits))
    }

    /// Whether a day is among them.
    pub fn has(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }

    /// In order from Monday on.
    pub fn iter(self) -> impl Iterator<Item = Weekday> {
        WEEK.into_iter().filter(move |day| self.has(*day))
    }

    /// How many.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The day of `mon`, `tue`, ...
    pub fn day(name: &str) -> Option<Weekday> {
        let place = DAY_NAMES
            .iter()
            .position(|known| known.eq_ignore_ascii_case(name));
        place.map(|place| WEEK[place])
    }

    /// The short name of a day: `mon`, `tue`, ...
    pub fn name(day: Weekday) -> &'static str {
        let place = usize::try_from(day.to_monday_zero_offset()).unwrap_or(0);
        DAY_NAMES[place.min(6)]
    }
}

const DAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// When messages come.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Schedule {
    /// How often.
    pub rhythm: Rhythm,
    /// On which days; one day where the rhythm is weekly.
    pub days: Days,
    /// From which hour on, 0 to 23, in the reader's zone.
    pub hour: u8,
    /// The reader's time zone by its IANA name.
    pub zone: String,
}

impl Schedule {
    /// A schedule, checked.
    pub fn new(rhythm: Rhythm, days: Days, hour: u8, zone: &str) -> Result<Self, WishError> {
        if days.is_empty() {
            return Err(WishError::NoDay);
        }
        if rhythm == Rhythm::Weekly && days.len() != 1 {
            return Err(WishError::WeeklyDay);
        }
        if hour > 23 {
            return Err(WishError::Hour);
        }
        let zone = zone.trim();
        time_zone(zone).ok_or_else(|| WishError::Zone {
            name: zone.chars().take(ZONE_LEN_MAX).collect(),
        })?;
        Ok(Schedule {
            rhythm,
            days,
            hour,
            zone: zone.to_string(),
        })
    }

    /// The reader's zone; UTC where this machine does not know the name any more.
    pub fn time_zone(&self) -> TimeZone {
        time_zone(&self.zone).unwrap_or(TimeZone::UTC)
    }

    /// The first moment after `now` at which a message is due. Where a clock is put forward over the hour, it is due
    /// when the clock has jumped; where an hour comes twice, the first time.
    pub fn next_after(&self, now: Timestamp) -> Timestamp {
        let zone = self.time_zone();
        let today = now.to_zoned(zone.clone()).date();
        // Eight days hold every day of the week at least once after any hour of today.
        let coming = (0..=8).map(|n: i64| today.saturating_add(n.days()));
        let mut slots = coming.filter_map(|day| self.slot(day, &zone));
        slots.find(|slot| *slot > now).unwrap_or(Timestamp::MAX)
    }

    /// The newest moment up to `now` at which a message was due.
    pub fn latest_until(&self, now: Timestamp) -> Timestamp {
        let zone = self.time_zone();
        let today = now.to_zoned(zone.clone()).date();
        let past = (0..=8).map(|n: i64| today.saturating_sub(n.days()));
        let mut slots = past.filter_map(|day| self.slot(day, &zone));
        slots.find(|slot| *slot <= now).unwrap_or(now)
    }

    /// The date in the reader's zone.
    pub fn date(&self, at: Timestamp) -> Date {
        at.to_zoned(self.time_zone()).date()
    }

    fn slot(&self, day: Date, zone: &TimeZone) -> Option<Timestamp> {
        if !self.days.has(day.weekday()) {
            return None;
        }
        let hour = Time::new(i8::try_from(self.hour).ok()?, 0, 0, 0).ok()?;
        let local: DateTime = day.to_datetime(hour);
        let zoned: Zoned = local.to_zoned(zone.clone()).ok()?;
        Some(zoned.timestamp())
    }
}

/// A zone by its IANA name. Only names are looked up: what could be a path is none.
pub fn time_zone(name: &str) -> Option<TimeZone> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'+');
    let fits = (1..=ZONE_LEN_MAX).contains(&name.len())
        && name.bytes().all(plain)
        && !name.starts_with('/')
        && !name.contains("//");
    fits.then(|| TimeZone::get(name).ok()).flatten()
}

/// What a reader asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wish {
    /// Which papers.
    pub scope: Scope,
    /// When.
    pub schedule: Schedule,
    /// At most this many papers a message, 1 to [`PAPERS_MAX`].
    pub papers_max: u8,
    /// Whether a message is to come too when there is no new paper, saying whether all sources were checked.
    pub say_nothing: bool,
}

/// How a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Asked for; the owner of the address has not said yes.
    Pending,
    /// Messages come.
    Active,
    /// The reader has stopped it for a while.
    Paused,
}

impl State {
    /// The short name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Active => "active",
            State::Paused => "paused",
        }
    }

    /// The state of a short name.
    pub fn from_short(name: &str) -> Option<Self> {
        [State::Pending, State::Active, State::Paused]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// A subscription as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its row.
    pub id: SubscriptionId,
    /// Whose.
    pub reader: ReaderId,
    /// What for.
    pub wish: Wish,
    /// How it stands.
    pub state: State,
    /// When it was asked for.
    pub created: Timestamp,
    /// When the next message is due; `None` while nothing is to be sent.
    pub next_at: Option<Timestamp>,
    /// Papers that were listed up to this edition have been looked at.
    pub edition: i64,
    /// Papers of lists before this day are not looked at.
    pub since: Date,
}

/// What is wrong with a wish, in words for the reader.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WishError {
    /// Neither all, nor categories, nor a query.
    #[error("choose what the mail is about: the whole page, categories, or a search")]
    Kind,
    /// Categories were chosen but none was named.
    #[error("name at least one category, such as cs.CL")]
    NoCategory,
    /// Too many of them.
    #[error(
        "name at most {CATEGORIES_MAX} categories; an archive such as cs stands for all of its"
    )]
    TooManyCategories,
    /// Not a category.
    #[error("`{text}` is not the name of a category such as cs.CL")]
    Category {
        /// What was given, cut short.
        text: String,
    },
    /// A search was chosen but nothing was typed.
    #[error("type the search that the mail is to be about")]
    NoQuery,
    /// Too long.
    #[error("the search is longer than {QUERY_CHARS_MAX} characters; leave words out")]
    LongQuery,
    /// No day was chosen.
    #[error("choose at least one day of the week")]
    NoDay,
    /// A weekly mail on several days, or on none.
    #[error("a weekly mail comes on one day of the week; choose which")]
    WeeklyDay,
    /// Not an hour.
    #[error("the hour is a number from 0 to 23")]
    Hour,
    /// Unknown zone.
    #[error(
        "`{name}` is not a time zone that is known here; zones have names such as Europe/Berlin or UTC"
    )]
    Zone {
        /// What was given, cut short.
        name: String,
    },
    /// Too few or too many papers.
    #[error("a mail holds 1 to {PAPERS_MAX} papers at most")]
    Papers,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(rhythm: Rhythm, days: Days, hour: u8, zone: &str) -> Schedule {
        Schedule::new(rhythm, days, hour, zone).unwrap()
    }

    #[track_caller]
    fn next(schedule: &Schedule, now: &str, expected: &str) {
        let next = schedule.next_after(now.parse().unwrap());
        assert_eq!(next.to_string(), expected);
        // The slot that comes next is, once it is there, the newest one.
        assert_eq!(schedule.latest_until(next), next);
        assert!(schedule.latest_until(now.parse().unwrap()) < next);
    }

    #[test]
    fn weekdays_leave_the_weekend_out() {
        let berlin = schedule(Rhythm::Daily, Days::WEEKDAYS, 7, "Europe/Berlin");
        next(&berlin, "2026-11-23T05:59:59Z", "2026-11-23T06:00:00Z");
        next(&berlin, "2026-11-23T06:00:00Z", "2026-11-24T06:00:00Z");
        next(&berlin, "2026-11-27T06:00:00Z", "2026-11-30T06:00:00Z");
        next(&berlin, "2026-11-28T12:00:00Z", "2026-11-30T06:00:00Z");
    }

    #[test]
    fn a_week_has_one_day() {
        let friday = Days::of([Weekday::Friday]);
        let tokyo = schedule(Rhythm::Weekly, friday, 8, "Asia/Tokyo");
        next(&tokyo, "2026-11-23T00:00:00Z", "2026-11-26T23:00:00Z");
        next(&tokyo, "2026-11-26T23:00:00Z", "2026-12-03T23:00:00Z");
        let two = Days::of([Weekday::Friday, Weekday::Monday]);
        assert_eq!(
            Schedule::new(Rhythm::Weekly, two, 8, "UTC"),
            Err(WishError::WeeklyDay)
        );
    }

    #[test]
    fn clocks_that_are_put_forward_and_back() {
        let every = Days::of(WEEK);
        let at_two = schedule(Rhythm::Daily, every, 2, "Europe/Berlin");
        // On 28 March 2027 there is no 02:00; on 31 October 2027 it comes twice.
        next(&at_two, "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z");
        next(&at_two, "2027-03-28T01:00:00Z", "2027-03-29T00:00:00Z");
        next(&at_two, "2027-10-30T12:00:00Z", "2027-10-31T00:00:00Z");
        next(&at_two, "2027-10-31T00:00:00Z", "2027-11-01T01:00:00Z");
        // Samoa had no 30 December 2011, a Friday.
        let friday = schedule(
            Rhythm::Weekly,
            Days::of([Weekday::Friday]),
            7,
            "Pacific/Apia",
        );
        let slot = friday.next_after("2011-12-24T00:00:00Z".parse().unwrap());
        assert!(slot > "2011-12-29T00:00:00Z".parse().unwrap());
    }

    #[test]
    fn zones_are_names_and_never_paths() {
        for name in [
            "Europe/Berlin",
            "UTC",
            "America/Argentina/Ushuaia",
            "Etc/GMT+5",
        ] {
            assert!(time_zone(name).is_some(), "{name}");
        }
        for name in [
            "",
            "Europe/Atlantis",
            "../../etc/passwd",
            "/etc/localtime",
            "UTC\n",
            "a b",
        ] {
            assert!(time_zone(name).is_none(), "{name}");
        }
        let long = "A".repeat(65);
        assert!(time_zone(&long).is_none());
    }

    #[track_caller]
    fn check_scope(kind: &str, text: &str, expected: Result<&str, WishError>) {
        let got = Scope::of(kind, text);
        assert_eq!(
            got.clone().map(|s| s.to_string()).as_deref(),
            expected.as_deref()
        );
        if let Ok(scope) = got {
            assert_eq!(Scope::of(scope.kind(), &scope.text()), Ok(scope));
        }
    }

    #[test]
    fn scopes_come_back_from_their_texts() {
        check_scope("all", "", Ok("the whole page"));
        check_scope("categories", "cs.CL", Ok("cs.CL"));
        check_scope(
            "categories",
            " cs.CL, cs.LG stat.ML,cs.CL ",
            Ok("cs.CL, cs.LG and stat.ML"),
        );
        check_scope("query", " a   b ", Ok("the search “a b”"));
        check_scope("categories", " , ", Err(WishError::NoCategory));
        let bad = WishError::Category { text: "<b>".into() };
        check_scope("categories", "cs.CL <b>", Err(bad));
        check_scope("query", "\u{200b}", Err(WishError::NoQuery));
        check_scope("query", &"a".repeat(401), Err(WishError::LongQuery));
        check_scope("everything", "", Err(WishError::Kind));
        let many: Vec<String> = (0..21).map(|n| format!("cs.A{n}")).collect();
        check_scope(
            "categories",
            &many.join(" "),
            Err(WishError::TooManyCategories),
        );
    }

    #[test]
    fn days_are_sets() {
        assert_eq!(
            Days::WEEKDAYS.iter().map(Days::name).collect::<Vec<_>>(),
            ["mon", "tue", "wed", "thu", "fri"]
        );
        assert_eq!(Days::from_bits(Days::WEEKDAYS.bits()), Some(Days::WEEKDAYS));
        assert_eq!(Days::from_bits(0x80), None);
        assert_eq!(Days::day("Sun"), Some(Weekday::Sunday));
        assert_eq!(Days::day("sunday"), None);
        assert!(Days::NONE.is_empty());
    }
}
