//! What a round of fetching should do, worked out from the configuration and the ledger, without calling anybody.

use domain::ledger::{Batch, BatchKey};
use domain::record::Source;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use crate::config::Sources;

/// One visit to one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Visit {
    /// The newest announcement of an arXiv category.
    Announcement {
        /// Such as `cs.CL`.
        category: String,
        /// The last visit left something open, so the answer is wanted even if it has not changed.
        anew: bool,
    },
    /// arXiv's OAI-PMH, to close a day that no whole announcement was seen of.
    Harvest {
        /// Such as `cs.CL`.
        category: String,
        /// Which day, by arXiv's datestamps.
        day: Date,
    },
    /// A day of the Daily Papers page.
    DailyPapers {
        /// Which day.
        day: Date,
    },
    /// bioRxiv or medRxiv.
    Biorxiv {
        /// `biorxiv` or `medrxiv`.
        server: String,
        /// First day.
        from: Date,
        /// Last day.
        until: Date,
    },
    /// Anybody's feed.
    Feed {
        /// Its address.
        url: String,
    },
    /// The stars of the repositories that papers link to.
    Stars {
        /// At most so many.
        most: u32,
    },
}

impl Visit {
    /// Whose visit it is.
    pub(super) fn source(&self) -> Source {
        match self {
            Visit::Announcement { .. } => Source::ArxivFeed,
            Visit::Harvest { .. } => Source::ArxivOai,
            Visit::DailyPapers { .. } => Source::DailyPapers,
            Visit::Biorxiv { .. } => Source::Biorxiv,
            Visit::Feed { .. } => Source::Feed,
            Visit::Stars { .. } => Source::CodeHost,
        }
    }

    /// What is being done, for people.
    pub(super) fn words(&self) -> String {
        match self {
            Visit::Announcement { category, .. } => format!("fetching {category} from arXiv"),
            Visit::Harvest { category, day } => {
                format!("harvesting {category} of {day} from arXiv")
            }
            Visit::DailyPapers { day } => format!("fetching the Daily Papers of {day}"),
            Visit::Biorxiv {
                server,
                from,
                until,
            } => format!("fetching {server} of {from} to {until}"),
            Visit::Feed { url } => format!("fetching {url}"),
            Visit::Stars { .. } => "reading stars of papers' code".to_string(),
        }
    }

    /// The line of the ledger under which a failure is kept, before the source has told its own day.
    pub(super) fn key(&self, today: Date) -> BatchKey {
        BatchKey {
            source: self.source(),
            category: self.category(),
            day: self.day(today),
        }
    }

    fn category(&self) -> String {
        match self {
            Visit::Announcement { category, .. } | Visit::Harvest { category, .. } => {
                category.clone()
            }
            Visit::DailyPapers { .. } => "*".to_string(),
            Visit::Biorxiv { server, .. } => server.clone(),
            Visit::Feed { url } => url.clone(),
            Visit::Stars { .. } => "stars".to_string(),
        }
    }

    fn day(&self, today: Date) -> Date {
        match self {
            Visit::Announcement { .. } | Visit::Feed { .. } | Visit::Stars { .. } => today,
            Visit::Biorxiv { from, .. } => *from,
            Visit::Harvest { day, .. } | Visit::DailyPapers { day } => *day,
        }
    }
}

/// The visits of a round. `ledger` holds the batches of the days looked back on, settled or not.
pub(super) fn visits(sources: &Sources, ledger: &[Batch], today: Date) -> Vec<Visit> {
    let start = today.saturating_sub(i64::from(sources.look_back_days).days());
    let mut visits = Vec::new();
    for category in &sources.arxiv {
        visits.extend(harvests(category, ledger, start, today));
        let anew = ledger.iter().any(|b| {
            b.key.source == Source::ArxivFeed && b.key.category == *category && !b.state.settled()
        });
        visits.push(Visit::Announcement {
            category: category.clone(),
            anew,
        });
    }
    if sources.daily_papers {
        // Votes of the last days still move, so each is read again in every round.
        let days = (0..=i64::from(sources.look_back_days))
            .rev()
            .map(|n| today.saturating_sub(n.days()));
        visits.extend(
            days.filter(|d| !weekend(*d))
                .map(|day| Visit::DailyPapers { day }),
        );
    }
    for server in &sources.biorxiv {
        visits.push(Visit::Biorxiv {
            server: server.clone(),
            from: start,
            until: today,
        });
    }
    visits.extend(
        sources
            .feeds
            .iter()
            .map(|url| Visit::Feed { url: url.clone() }),
    );
    // The host allows sixty calls an hour: a round every so many minutes makes at most so many.
    let most = sources.stars_a_round.min(sources.every_minutes);
    if most > 0 {
        visits.push(Visit::Stars { most });
    }
    visits
}

/// One harvest for each day before today that is not settled. Day by day, so that each has its own line in the
/// ledger and a stop in between loses little.
fn harvests(category: &str, ledger: &[Batch], start: Date, today: Date) -> Vec<Visit> {
    let arxiv = |source| matches!(source, Source::ArxivFeed | Source::ArxivOai);
    let settled = |day: Date| {
        let mut lines = ledger
            .iter()
            .filter(|b| b.key.category == category && b.key.day == day);
        lines.any(|b| arxiv(b.key.source) && b.state.settled())
    };
    start
        .series(1.day())
        .take_while(|day| *day < today)
        .filter(|day| !weekend(*day) && !settled(*day))
        .map(|day| Visit::Harvest {
            category: category.to_string(),
            day,
        })
        .collect()
}

/// arXiv announces nothing, and the Daily Papers page features nothing, on these days.
fn weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use domain::ledger::{BatchState, Counts};
    use jiff::Timestamp;
    use jiff::civil::date;

    use super::*;

    fn batch(source: Source, day: Date, state: BatchState) -> Batch {
        let key = BatchKey {
            source,
            category: "cs.CL".into(),
            day,
        };
        let (counts, checked) = (Counts::default(), Timestamp::UNIX_EPOCH);
        Batch {
            key,
            counts,
            state,
            reason: String::new(),
            attempts: 1,
            checked,
        }
    }

    #[track_caller]
    fn check(ledger: &[Batch], today: Date, expected: &str) {
        let sources = Sources {
            arxiv: vec!["cs.CL".into()],
            daily_papers: false,
            look_back_days: 4,
            ..Sources::default()
        };
        let words: Vec<_> = visits(&sources, ledger, today)
            .iter()
            .map(Visit::words)
            .collect();
        assert_eq!(words.join("; "), expected);
    }

    #[test]
    fn a_first_round_harvests_the_days_before() {
        let want = "harvesting cs.CL of 2026-11-19 from arXiv; harvesting cs.CL of 2026-11-20 from arXiv; \
                    fetching cs.CL from arXiv";
        check(&[], date(2026, 11, 23), want);
    }

    #[test]
    fn stars_are_read_when_asked_for_and_never_faster_than_allowed() {
        let most = |stars_a_round, every_minutes| {
            let sources = Sources {
                arxiv: Vec::new(),
                daily_papers: false,
                stars_a_round,
                every_minutes,
                ..Sources::default()
            };
            visits(&sources, &[], date(2026, 11, 23))
        };
        assert_eq!(most(0, 60), []);
        assert_eq!(most(20, 60), [Visit::Stars { most: 20 }]);
        assert_eq!(most(500, 30), [Visit::Stars { most: 30 }]);
    }

    #[test]
    fn weekends_are_no_holes() {
        let days = [date(2026, 11, 19), date(2026, 11, 20)];
        let ledger = days.map(|d| batch(Source::ArxivFeed, d, BatchState::Complete));
        check(&ledger, date(2026, 11, 23), "fetching cs.CL from arXiv");
    }

    #[test]
    fn a_hole_is_harvested_until_it_is_closed() {
        let mut ledger = vec![
            batch(Source::ArxivFeed, date(2026, 11, 19), BatchState::Complete),
            batch(Source::ArxivFeed, date(2026, 11, 20), BatchState::Short),
        ];
        let want = "harvesting cs.CL of 2026-11-20 from arXiv; fetching cs.CL from arXiv";
        check(&ledger, date(2026, 11, 23), want);
        ledger.push(batch(
            Source::ArxivOai,
            date(2026, 11, 20),
            BatchState::Complete,
        ));
        check(&ledger, date(2026, 11, 23), "fetching cs.CL from arXiv");
    }
}
