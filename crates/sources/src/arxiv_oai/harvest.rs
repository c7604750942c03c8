//! A harvest: page after page from a day on, until the source says that there is no more, or goes round in circles.
//!
//! It is pulled: the caller stores a page, persists [`Harvest::progress`], and asks for the next one, so a killed
//! harvest goes on from its token.

use std::collections::HashSet;

use domain::ledger::{AnnounceKind, BatchKey};
use domain::record::{Item, Source};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Page, parse};
use crate::bounds;
use crate::client::{Client, FetchError, Request};
use crate::digest::digest;
use crate::endpoints::{self, Endpoints};
use crate::fetched::{Fetched, Gathered};

/// Most pages of one harvest. All of arXiv is about 2,500.
const PAGES_MAX: u32 = 20_000;

/// Most times that a harvest starts over because its token was refused.
const RESTARTS_MAX: u32 = 3;

/// Most pages in a row without a record, while the source keeps promising more.
const EMPTY_MAX: u32 = 3;

/// Longest token that is used, in bytes.
const TOKEN_LEN_MAX: usize = 2_000;

/// What to harvest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// `arXivRaw` or `arXiv`.
    pub prefix: String,
    /// A set such as `cs` or `cs:cs:CL`; all of arXiv without.
    pub set: Option<String>,
    /// First day of change.
    pub from: Date,
    /// Last day of change, included; today without.
    pub until: Option<Date>,
}

impl Question {
    /// Everything that changed since a day, with every version's time.
    pub fn since(from: Date, set: Option<&str>) -> Self {
        Question {
            prefix: "arXivRaw".to_string(),
            set: set.map(str::to_string),
            from,
            until: None,
        }
    }
}

/// How a harvest ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HarvestEnd {
    /// The source said that there is no more.
    Whole,
    /// The source says that nothing changed.
    NothingChanged,
    /// A token or a page came again.
    GoesRound,
    /// Empty pages came again and again, each promising more.
    EmptyPages,
    /// The token was refused too often.
    TokenRefused,
    /// The bound on pages was reached.
    TooManyPages,
}

impl HarvestEnd {
    /// What is to be said of it, if it is not a proper end.
    pub fn note(self) -> Option<&'static str> {
        match self {
            HarvestEnd::Whole | HarvestEnd::NothingChanged => None,
            HarvestEnd::GoesRound => {
                Some("the source sent a page or token that it had sent before")
            }
            HarvestEnd::EmptyPages => Some("the source sent empty pages, each promising more"),
            HarvestEnd::TokenRefused => Some("the source refused its own resumption tokens"),
            HarvestEnd::TooManyPages => Some("the harvest was cut short at its bound on pages"),
        }
    }
}

/// How far a harvest has come: all that must be kept to go on after a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being harvested; its first day moves up when a refused token makes the harvest start over.
    pub question: Question,
    /// The first day asked for in the beginning: the day of the ledger's line.
    pub day: Date,
    /// What to ask with next.
    pub token: Option<String>,
    /// The newest datestamp seen, while they came in order.
    pub last_datestamp: Option<Date>,
    /// Whether the datestamps came in order.
    pub in_order: bool,
    /// The source's number of records; nothing once the harvest started over, for it then counts other records.
    pub expected: Option<u32>,
    /// Records taken in, deletions included.
    pub received: u32,
    /// Records set aside.
    pub set_aside: u32,
    /// Records that came more than once on one page.
    pub duplicates: u32,
    /// Pages taken in.
    pub pages: u32,
    /// How often it started over.
    pub restarts: u32,
    /// How it ended, once it has.
    pub end: Option<HarvestEnd>,
}

/// A harvest under way.
#[derive(Debug)]
pub struct Harvest {
    progress: Progress,
    tokens: HashSet<String>,
    pages: HashSet<String>,
    empty: u32,
}

impl Harvest {
    /// A new harvest.
    pub fn new(question: Question) -> Self {
        Harvest::resume(Progress {
            day: question.from,
            question,
            token: None,
            last_datestamp: None,
            in_order: true,
            expected: None,
            received: 0,
            set_aside: 0,
            duplicates: 0,
            pages: 0,
            restarts: 0,
            end: None,
        })
    }

    /// A harvest that goes on where an earlier one was stopped.
    pub fn resume(progress: Progress) -> Self {
        Harvest {
            progress,
            tokens: HashSet::new(),
            pages: HashSet::new(),
            empty: 0,
        }
    }

    /// How far it has come. To be persisted together with the page that [`Harvest::next`] returned last.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The next page; nothing when the harvest has [ended](Progress::end).
    ///
    /// Each page comes under the key of the whole harvest. Its `expected` is the number for the whole, to be compared
    /// with the sums in [`Progress`].
    pub async fn next(
        &mut self,
        client: &Client,
        endpoints: &Endpoints,
    ) -> Result<Option<Fetched>, FetchError> {
        while self.progress.end.is_none() {
            let url = self.url(endpoints)?;
            let place = url.to_string();
            let Some(answer) = client.get(&Request::arxiv(url)).await?.fresh() else {
                let why = "it says \"not modified\" though it was not asked".to_string();
                return Err(FetchError::Unreadable { url: place, why });
            };
            let page = parse(&answer.body, answer.at, &place);
            if let Some(fetched) = self.take(page, &place)? {
                return Ok(Some(fetched));
            }
        }
        Ok(None)
    }

    fn url(&self, endpoints: &Endpoints) -> Result<url::Url, FetchError> {
        let question = &self.progress.question;
        let from = question.from.to_string();
        let until = question.until.map(|d| d.to_string());
        let mut query = vec![("verb", "ListRecords")];
        match &self.progress.token {
            Some(token) => query.push(("resumptionToken", token)),
            None => {
                query.push(("metadataPrefix", &question.prefix));
                query.push(("from", &from));
                query.extend(until.as_deref().map(|d| ("until", d)));
                query.extend(question.set.as_deref().map(|s| ("set", s)));
            }
        }
        endpoints::at(&endpoints.arxiv_oai, "/oai", &query)
    }

    /// Takes a page in. Returns what it brought, or nothing when the harvest has to ask again or has ended.
    fn take(&mut self, page: Page, place: &str) -> Result<Option<Fetched>, FetchError> {
        let unreadable = |why: String| FetchError::Unreadable {
            url: place.to_string(),
            why,
        };
        if !page.is_oai {
            return Err(unreadable("the answer is not OAI-PMH".to_string()));
        }
        if let Some(error) = page.error {
            match error.code.as_str() {
                "noRecordsMatch" => self.progress.end = Some(HarvestEnd::NothingChanged),
                "badResumptionToken" if self.progress.token.is_some() => self.start_over(),
                code => {
                    let code = bounds::prefix(code, 60);
                    return Err(unreadable(format!("{code}: {}", error.message)));
                }
            }
            return Ok(None);
        }
        if page.breaks_off && page.token.is_none() && page.items.is_empty() {
            return Err(unreadable(
                "the answer breaks off before its first record".to_string(),
            ));
        }
        Ok(Some(self.absorb(page)))
    }

    /// The token is refused: goes on from the newest day that is wholly known to be reached, which takes order.
    fn start_over(&mut self) {
        let progress = &mut self.progress;
        progress.token = None;
        progress.restarts += 1;
        progress.expected = None;
        self.tokens.clear();
        self.pages.clear();
        if progress.restarts > RESTARTS_MAX {
            progress.end = Some(HarvestEnd::TokenRefused);
        }
        if let Some(day) = progress.last_datestamp.filter(|_| progress.in_order) {
            progress.question.from = day;
        }
    }

    fn absorb(&mut self, page: Page) -> Fetched {
        let progress = &mut self.progress;
        for day in &page.datestamps {
            progress.in_order &= progress.last_datestamp.is_none_or(|last| *day >= last);
            progress.last_datestamp = progress.last_datestamp.max(Some(*day));
        }
        let mut gathered = Gathered::default();
        for item in page.items {
            let kind = match &item {
                Item::Paper(record) if record.versions.len() <= 1 => AnnounceKind::New,
                _ => AnnounceKind::Replacement,
            };
            gathered.item(kind, item);
        }
        gathered.unreadable = page.unreadable;
        let sum =
            |total: u32, more: usize| total.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        progress.pages += 1;
        progress.received = sum(progress.received, gathered.entries.len());
        progress.set_aside = sum(progress.set_aside, gathered.unreadable.len());
        progress.duplicates = progress.duplicates.saturating_add(gathered.duplicates);
        if progress.restarts == 0 {
            progress.expected = page.complete_list_size.or(progress.expected);
        }
        let key = BatchKey {
            source: Source::ArxivOai,
            category: progress.question.set.clone().unwrap_or("*".to_string()),
            day: progress.day,
        };
        let breaks_off = page.breaks_off && page.token.is_none();
        let expected = progress.expected;
        let mut fetched = gathered.into_fetched(key, expected);
        if breaks_off {
            let note = "a page broke off before its resumption token; the harvest went on from its last day";
            fetched.notes.push(note.to_string());
            self.start_over();
        } else {
            self.turn_page(page.token, &fetched);
        }
        fetched.notes.extend(
            self.progress
                .end
                .and_then(|end| end.note())
                .map(str::to_string),
        );
        fetched
    }

    /// Decides whether there is a next page worth asking for.
    fn turn_page(&mut self, token: Option<String>, fetched: &Fetched) {
        let nothing = fetched.entries.is_empty() && fetched.unreadable.is_empty();
        self.empty = if nothing { self.empty + 1 } else { 0 };
        let page_again = !nothing && !self.pages.insert(fetched.digest());
        let token_again = match &token {
            Some(token) => token.len() > TOKEN_LEN_MAX || !self.tokens.insert(digest([token])),
            None => false,
        };
        self.progress.end = match &token {
            None => Some(HarvestEnd::Whole),
            Some(_) if page_again || token_again => Some(HarvestEnd::GoesRound),
            Some(_) if self.empty >= EMPTY_MAX => Some(HarvestEnd::EmptyPages),
            Some(_) if self.progress.pages >= PAGES_MAX => Some(HarvestEnd::TooManyPages),
            Some(_) => None,
        };
        self.progress.token = token;
    }
}
