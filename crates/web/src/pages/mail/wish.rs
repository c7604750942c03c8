//! The fields of a form in which a reader says what is wanted and when; for `/subscribe` and for changing.

use domain::subscription::{
    Days, PAPERS_DEFAULT, PAPERS_MAX, Rhythm, Schedule, Scope, WEEK, Wish, WishError,
};
use jiff::civil::Weekday;

use crate::account::viewer;
use crate::pages::form::Form;
use crate::view::weekday_name;

/// The hour at which mail comes where nothing else is asked for: before work.
const HOUR_DEFAULT: u8 = 7;

/// How many papers can be chosen.
const MOST: [u8; 5] = [5, 10, PAPERS_DEFAULT, 30, PAPERS_MAX];

/// The fields as they stand, sensible or not.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    /// `all`, `follows`, `categories` or `query`.
    pub(super) scope: String,
    pub(super) categories: String,
    pub(super) query: String,
    /// `daily` or `weekly`.
    pub(super) rhythm: String,
    /// Short name, name, whether ticked: the days of a daily mail.
    pub(super) days: Vec<(&'static str, &'static str, bool)>,
    /// Short name, name, whether chosen: the day of a weekly one.
    pub(super) weekday: Vec<(&'static str, &'static str, bool)>,
    /// Hour, whether chosen.
    pub(super) hours: Vec<(u8, bool)>,
    pub(super) zone: String,
    /// Number, whether chosen.
    pub(super) most: Vec<(u8, bool)>,
    pub(super) nothing: bool,
    /// Whether "what I follow" can be chosen: by whoever has an account with an address.
    pub(super) follows: bool,
}

impl Fields {
    /// Of a wish.
    pub(super) fn of(wish: &Wish) -> Self {
        let schedule = &wish.schedule;
        let text = |is: bool| if is { wish.scope.text() } else { String::new() };
        let chosen = match schedule.rhythm {
            Rhythm::Weekly => schedule.days,
            Rhythm::Daily => Days::of([Weekday::Friday]),
        };
        let ticked = match schedule.rhythm {
            Rhythm::Daily => schedule.days,
            Rhythm::Weekly => Days::WEEKDAYS,
        };
        Fields {
            scope: wish.scope.kind().to_string(),
            categories: text(matches!(wish.scope, Scope::Categories(_))),
            query: text(matches!(wish.scope, Scope::Query(_))),
            rhythm: schedule.rhythm.as_str().to_string(),
            days: days(ticked),
            weekday: days(chosen),
            hours: (0..24).map(|hour| (hour, hour == schedule.hour)).collect(),
            zone: schedule.zone.clone(),
            most: most(wish.papers_max),
            nothing: wish.say_nothing,
            follows: may_follow(wish.scope.kind()),
        }
    }

    /// Of somebody who comes for the first time: weekdays, before work, in the site's zone.
    pub(super) fn fresh(zone: &str) -> Self {
        Fields {
            scope: "all".to_string(),
            categories: String::new(),
            query: String::new(),
            rhythm: Rhythm::Daily.as_str().to_string(),
            days: days(Days::WEEKDAYS),
            weekday: days(Days::of([Weekday::Friday])),
            hours: (0..24).map(|hour| (hour, hour == HOUR_DEFAULT)).collect(),
            zone: zone.to_string(),
            most: most(PAPERS_DEFAULT),
            nothing: false,
            follows: may_follow(""),
        }
    }

    /// As they came back from a reader, to be shown again.
    pub(super) fn returned(form: &Form) -> Self {
        let ticked = Days::of(form.all("day").filter_map(Days::day));
        let chosen = Days::of(Days::day(form.text("weekday")));
        let hour = form.text("hour");
        Fields {
            scope: form.text("scope").to_string(),
            categories: form.text("categories").to_string(),
            query: form.text("query").to_string(),
            rhythm: form.text("rhythm").to_string(),
            days: days(ticked),
            weekday: days(chosen),
            hours: (0..24).map(|h: u8| (h, h.to_string() == hour)).collect(),
            zone: form.text("zone").to_string(),
            most: most(form.text("most").parse().unwrap_or(PAPERS_DEFAULT)),
            nothing: form.has("nothing"),
            follows: may_follow(form.text("scope")),
        }
    }
}

fn may_follow(scope: &str) -> bool {
    let viewer = viewer();
    scope == "follows" || viewer.user().is_some_and(|user| user.address.is_some())
}

/// The wish that a form comes to.
pub(super) fn read(form: &Form) -> Result<Wish, WishError> {
    let kind = form.text("scope");
    let text = match kind {
        "categories" => form.text("categories"),
        "query" => form.text("query"),
        _ => "",
    };
    let scope = Scope::of(kind, text)?;
    let rhythm = Rhythm::from_short(form.text("rhythm")).unwrap_or(Rhythm::Daily);
    let days = match rhythm {
        Rhythm::Daily => Days::of(form.all("day").filter_map(Days::day)),
        Rhythm::Weekly => Days::of(Days::day(form.text("weekday"))),
    };
    let hour = form.text("hour").parse().map_err(|_| WishError::Hour)?;
    let schedule = Schedule::new(rhythm, days, hour, form.text("zone"))?;
    let most: u8 = form.text("most").parse().map_err(|_| WishError::Papers)?;
    if !(1..=PAPERS_MAX).contains(&most) {
        return Err(WishError::Papers);
    }
    Ok(Wish {
        scope,
        schedule,
        papers_max: most,
        say_nothing: form.has("nothing"),
    })
}

/// The names of all time zones that this machine knows, for the field's suggestions.
pub(super) fn zones() -> &'static [String] {
    static ZONES: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
        let known = jiff::tz::db().available().map(|name| name.to_string());
        // The rest are old names of the same zones.
        let parts = [
            "Africa/",
            "America/",
            "Antarctica/",
            "Asia/",
            "Atlantic/",
            "Australia/",
            "Europe/",
            "Indian/",
            "Pacific/",
        ];
        let mut names: Vec<String> = known
            .filter(|name| name == "UTC" || parts.iter().any(|part| name.starts_with(part)))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    });
    &ZONES
}

fn days(set: Days) -> Vec<(&'static str, &'static str, bool)> {
    WEEK.into_iter()
        .map(|day| (Days::name(day), weekday_name(day), set.has(day)))
        .collect()
}

/// What can be chosen, with what was chosen before.
fn most(chosen: u8) -> Vec<(u8, bool)> {
    let mut all = MOST.to_vec();
    if (1..=PAPERS_MAX).contains(&chosen) {
        all.push(chosen);
    }
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(|n| (n, n == chosen)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;

    fn form(text: &'static str) -> Form {
        Form::read(&Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn forms_become_wishes_and_come_back() {
        let sent = form(
            "scope=query&query=cat%3Acs.CL+x&categories=cs.LG&rhythm=daily&day=mon&day=thu&weekday=fri&hour=6\
             &zone=Asia%2FTokyo&most=10&nothing=yes",
        );
        let wish = read(&sent).unwrap();
        assert_eq!(wish.scope, Scope::Query("cat:cs.CL x".to_string()));
        assert_eq!(
            wish.schedule.days,
            Days::of([Weekday::Monday, Weekday::Thursday])
        );
        assert_eq!(
            (wish.schedule.hour, wish.papers_max, wish.say_nothing),
            (6, 10, true)
        );
        let fields = Fields::of(&wish);
        assert_eq!(
            (fields.query.as_str(), fields.categories.as_str()),
            ("cat:cs.CL x", "")
        );
        assert_eq!(
            Fields::returned(&sent).categories,
            "cs.LG",
            "nothing typed is lost"
        );
    }

    #[track_caller]
    fn refused(text: &'static str, expected: WishError) {
        assert_eq!(read(&form(text)), Err(expected));
    }

    #[test]
    fn half_filled_forms_are_refused() {
        refused("", WishError::Kind);
        refused("scope=query&query=+", WishError::NoQuery);
        refused(
            "scope=all&rhythm=daily&hour=7&zone=UTC&most=20",
            WishError::NoDay,
        );
        refused(
            "scope=all&rhythm=weekly&day=mon&hour=7&zone=UTC&most=20",
            WishError::NoDay,
        );
        refused(
            "scope=all&day=mon&hour=24&zone=UTC&most=20",
            WishError::Hour,
        );
        refused(
            "scope=all&day=mon&hour=7&zone=UTC&most=51",
            WishError::Papers,
        );
        let zone = WishError::Zone {
            name: "Mars/Base".to_string(),
        };
        refused("scope=all&day=mon&hour=7&zone=Mars%2FBase&most=20", zone);
    }

    #[test]
    fn zones_are_known() {
        assert!(zones().len() > 300);
        for zone in zones() {
            assert!(domain::subscription::time_zone(zone).is_some(), "{zone}");
        }
    }
}
