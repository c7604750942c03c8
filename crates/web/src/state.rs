//! What every handler can reach: the database, the search engine, the clock, and what the process is doing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use axum::http::HeaderName;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use search::engine::Engine;
use store::Store;

use crate::account::People;
use crate::calendar::Calendar;
use crate::lab::Lab;
use crate::mail::desk::Desk;
use crate::pages::neighbours::Orders;
use crate::pages::talk::Throttles;
use crate::policy::Policy;

/// Settings of the site that pages and feeds print.
#[derive(Debug, Clone)]
pub struct Site {
    /// Name on the masthead.
    pub title: String,
    /// Address under which readers reach the site, without trailing slash; `None` takes it from each request.
    pub base_url: Option<String>,
    /// Who runs it, for feeds and the about page.
    pub contact: Option<String>,
    /// Time zone that decides what "today" is.
    pub time_zone: TimeZone,
    /// Version of the program.
    pub version: &'static str,
    /// The header in which a trusted proxy names the client; `None` where the connection says it.
    pub client_header: Option<HeaderName>,
}

/// What the background is doing, for the masthead's notice, the coverage page and readiness.
#[derive(Debug, Clone, Default)]
pub struct Activity {
    /// Started with `--offline`: nothing is fetched.
    pub offline: bool,
    /// What is being done right now, in words ("fetching cs.CL from arXiv").
    pub doing: Option<String>,
    /// When the last fetch ended.
    pub last_fetch: Option<Timestamp>,
    /// Why the last fetch failed, in words.
    pub last_error: Option<String>,
    /// When the next fetch is due.
    pub next_fetch: Option<Timestamp>,
    /// The index is behind the database and being caught up: (done, total) changes.
    pub indexing: Option<(u64, u64)>,
}

/// Shared handle on [`Activity`] and on the version of the data that pages are cached under.
#[derive(Debug, Clone, Default)]
pub struct Status {
    activity: Arc<RwLock<Activity>>,
    data_version: Arc<AtomicU64>,
}

impl Status {
    /// A copy of what is going on.
    pub fn activity(&self) -> Activity {
        self.activity
            .read()
            .unwrap_or_else(|e| e.into_inner())
            .clone()
    }

    /// Changes what is going on.
    pub fn update(&self, change: impl FnOnce(&mut Activity)) {
        change(&mut self.activity.write().unwrap_or_else(|e| e.into_inner()));
    }

    /// The version of the data; cached pages of another version are not served.
    pub fn data_version(&self) -> u64 {
        self.data_version.load(Ordering::Acquire)
    }

    /// Says that papers, readings, ledger or index changed.
    pub fn data_changed(&self) {
        self.data_version.fetch_add(1, Ordering::AcqRel);
    }
}

/// Tells the time; tests stop it.
#[derive(Clone)]
pub struct Clock(pub Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Clock(Arc::new(Timestamp::now))
    }

    /// A clock that stands still.
    pub fn at(time: Timestamp) -> Self {
        Clock(Arc::new(move || time))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// Renders `/metrics` in Prometheus' text format.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// A calendar and the version of the data that it shows.
type CalendarOf = (u64, Arc<Calendar>);

/// Everything a handler can reach. Cheap to clone. Made by [`App::new`].
#[derive(Clone)]
#[non_exhaustive]
pub struct App {
    /// The database.
    pub store: Store,
    /// The search engine.
    pub engine: Engine,
    /// Settings.
    pub site: Arc<Site>,
    /// Time.
    pub clock: Clock,
    /// What is going on.
    pub status: Status,
    /// `/metrics`; `None` answers 404.
    pub metrics: Option<RenderMetrics>,
    /// Where readers subscribe to mail; `None` where it was never switched on.
    pub mail: Option<Arc<Desk>>,
    /// Papers that run.
    pub lab: Lab,
    /// How often people may vote and write.
    pub(crate) talk: Throttles,
    /// Accounts.
    pub people: Arc<People>,
    /// What readers may submit and have told.
    pub policy: Policy,
    /// The calendar of the version of the data that it was read at.
    calendar: Arc<tokio::sync::Mutex<Option<CalendarOf>>>,
    /// The order of papers on the days that were looked at last.
    pub(crate) orders: Orders,
}

impl App {
    /// Puts the parts together.
    pub fn new(
        store: Store,
        engine: Engine,
        site: Site,
        clock: Clock,
        status: Status,
        metrics: Option<RenderMetrics>,
    ) -> Self {
        App {
            store,
            engine,
            site: Arc::new(site),
            people: Arc::new(People::nobody(&clock)),
            talk: Throttles::new(&clock),
            clock,
            status,
            metrics,
            mail: None,
            lab: Lab::default(),
            policy: Policy::default(),
            calendar: Arc::default(),
            orders: Orders::default(),
        }
    }

    /// The site with a desk at which readers subscribe to mail.
    pub fn with_mail(self, desk: Desk) -> Self {
        App {
            mail: Some(Arc::new(desk)),
            ..self
        }
    }

    /// The site with a lab.
    pub fn with_lab(mut self, lab: Lab) -> Self {
        self.lab = lab;
        self
    }

    /// The site with accounts.
    pub fn with_people(mut self, people: People) -> Self {
        self.people = Arc::new(people);
        self
    }

    /// The site under a policy.
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The date in the site's time zone.
    pub fn today(&self) -> Date {
        let now = self.clock.now();
        now.to_zoned(self.site.time_zone.clone()).date()
    }

    /// The days that have papers. Read once per version of the data; whoever comes meanwhile waits for that one read.
    pub async fn calendar(&self) -> store::Result<Arc<Calendar>> {
        let mut kept = self.calendar.lock().await;
        let version = self.status.data_version();
        if let Some((of, calendar)) = kept.as_ref()
            && *of == version
        {
            return Ok(Arc::clone(calendar));
        }
        let calendar = Arc::new(Calendar::new(self.store.days().await?));
        *kept = Some((version, Arc::clone(&calendar)));
        Ok(calendar)
    }
}
