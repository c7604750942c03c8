//! What pages and feeds show of a paper: words and addresses, ready for a template.

mod address;
mod layout;
mod trend;
mod words;

use domain::paper::{Author, Link, LinkKind, Paper};
use domain::window::Window;
use search::interest::Interest;

use crate::latex;
use crate::lists::Entry;

pub use address::{paper_path, path_segment, query_value};
pub use layout::Layout;
pub use trend::{TrendView, short, signal_name};
pub use words::{cut, escape, long_date, month_name, number, plain_date, short_date, weekday_name};

/// How many authors a card names.
const CARD_AUTHORS: usize = 3;

/// How many categories and tags a card shows.
const CARD_CATEGORIES: usize = 3;

/// Length of a card's two lines, in characters.
const TEASER_CHARS: usize = 190;

/// A teaser of fewer characters than this says nothing and is left out.
const TEASER_CHARS_MIN: usize = 40;

/// Most bytes that the cards of a page take together, so that the page stays under 60 KB. Where titles and names are
/// long, the two lines become shorter.
const CARDS_LEN_MAX: usize = 50_000;

/// Longest title with its formulas, in bytes of markup; one that is longer is shown as plain text.
const TITLE_LEN_MAX: usize = 1_200;

/// Longest name that is shown, in characters; longer ones are cut.
const NAME_CHARS_MAX: usize = 60;

/// Longest title that a card shows, in characters; the paper's own page shows all of it.
pub const TITLE_CHARS_MAX: usize = 300;

/// Text that is HTML already and is written as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html(pub String);

impl std::fmt::Display for Html {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

/// Words with an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The words.
    pub text: String,
    /// The address, safe in an attribute once escaped.
    pub href: String,
}

/// The first lines of a text about a paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teaser {
    /// "Abstract", or "Summary by NAME": an abstract is never passed off as a summary.
    pub label: String,
    /// The text without markup, cut at a word.
    pub text: String,
}

/// A paper on a list.
#[derive(Debug, Clone, PartialEq)]
pub struct CardView {
    /// Its page.
    pub path: String,
    /// With its maths.
    pub title: Html,
    /// The first few authors.
    pub authors: Vec<Anchor>,
    /// "and 12 more", "and others", or empty.
    pub more_authors: String,
    /// Two lines, if there is any text.
    pub teaser: Option<Teaser>,
    /// The first few categories, primary first.
    pub categories: Vec<Anchor>,
    /// Votes here and on the Daily Papers page.
    pub votes: u32,
    /// Comments of both.
    pub comments: u32,
    /// Linked code, with its stars in the words.
    pub code: Option<Anchor>,
    /// The authors' page about the work.
    pub project: Option<Anchor>,
    /// The day on whose list it stands.
    pub day: Option<Anchor>,
    /// Withdrawn or deleted by its issuer.
    pub withdrawn: bool,
    /// Came after its list was closed.
    pub late: bool,
    /// Why it stands where it stands on the trending list.
    pub trend: Option<TrendView>,
    /// Where it would probably stand, in words; for papers that nobody has voted on yet.
    pub prediction: Option<String>,
}

impl CardView {
    /// A paper as its list shows it.
    pub fn new(entry: &Entry) -> Self {
        CardView {
            late: entry.late,
            trend: entry.trend.as_ref().map(TrendView::new),
            prediction: entry.interest.as_ref().map(prediction),
            ..Self::of(&entry.paper)
        }
    }

    /// A paper without anything that a list says about it.
    pub fn of(paper: &Paper) -> Self {
        CardView {
            title: card_title(&paper.title),
            teaser: teaser(paper),
            ..Self::without_texts(paper)
        }
    }

    /// A paper's facts alone, for pages that show its texts in their own way: making texts readable costs most.
    pub fn without_texts(paper: &Paper) -> Self {
        CardView {
            path: paper_path(&paper.key()),
            title: Html::default(),
            authors: paper
                .authors
                .iter()
                .take(CARD_AUTHORS)
                .map(author)
                .collect(),
            more_authors: more_authors(paper, CARD_AUTHORS),
            teaser: None,
            categories: paper
                .categories
                .iter()
                .take(CARD_CATEGORIES)
                .map(|c| category(c))
                .collect(),
            votes: paper.votes,
            comments: paper.comments,
            code: code(paper),
            project: web_links(paper, LinkKind::Project).next().map(|l| Anchor {
                text: "project".to_string(),
                href: l.url.clone(),
            }),
            day: paper.times.listed_day().map(|day| Anchor {
                text: short_date(day),
                href: Window::Day(day).path(),
            }),
            withdrawn: paper.withdrawn,
            late: false,
            trend: None,
            prediction: None,
        }
    }

    /// Cards of a whole slice, together within bounds.
    pub fn all(entries: &[Entry]) -> Vec<CardView> {
        let mut cards: Vec<_> = entries.iter().map(CardView::new).collect();
        fit(&mut cards);
        cards
    }

    /// About how many bytes the card's markup takes.
    fn len(&self) -> usize {
        /// Elements, classes and attributes' names of a card that has everything.
        const FRAME: usize = 260;
        let anchors = self
            .authors
            .iter()
            .chain(&self.categories)
            .chain(&self.code)
            .chain(&self.project)
            .chain(&self.day);
        let anchors: usize = anchors.map(|a| a.href.len() + a.text.len() + 18).sum();
        let teaser = self
            .teaser
            .as_ref()
            .map_or(0, |t| t.label.len() + t.text.len());
        let trend = self.trend.as_ref().map_or(0, TrendView::bytes);
        // With its paragraph.
        let prediction = self.prediction.as_ref().map_or(0, |p| p.len() + 21);
        FRAME + self.path.len() + self.title.0.len() + anchors + teaser + trend + prediction
    }
}

/// Shortens teasers, all by the same, until the cards are within [`CARDS_LEN_MAX`].
fn fit(cards: &mut [CardView]) {
    let mut chars_max = TEASER_CHARS;
    while chars_max >= TEASER_CHARS_MIN
        && cards.iter().map(CardView::len).sum::<usize>() > CARDS_LEN_MAX
    {
        chars_max -= 30;
        for card in &mut *cards {
            card.teaser = card.teaser.take().and_then(|t| t.shortened(chars_max));
        }
    }
}

impl Teaser {
    fn shortened(self, chars_max: usize) -> Option<Self> {
        (chars_max >= TEASER_CHARS_MIN).then(|| Teaser {
            text: cut(&self.text, chars_max),
            ..self
        })
    }
}

/// A title with its formulas, or without markup where they make it too long for a card.
pub fn card_title(title: &str) -> Html {
    let title = cut(title, TITLE_CHARS_MAX);
    let html = latex::html(&title);
    if html.0.len() <= TITLE_LEN_MAX {
        return html;
    }
    Html(escape(&latex::plain(&title)))
}

/// An author with their page.
pub fn author(author: &Author) -> Anchor {
    Anchor {
        text: cut(&latex::plain(&author.name), NAME_CHARS_MAX),
        href: format!("/authors/{}", path_segment(&author.key())),
    }
}

/// A category with its page.
pub fn category(name: &str) -> Anchor {
    Anchor {
        text: name.to_string(),
        href: format!("/categories/{}", path_segment(name)),
    }
}

/// A tag with its page.
pub fn tag(name: &str) -> Anchor {
    Anchor {
        text: cut(name, NAME_CHARS_MAX),
        href: format!("/tags/{}", path_segment(name)),
    }
}

/// What follows the first `shown` authors: "and 12 more", "and others", or nothing.
pub fn more_authors(paper: &Paper, shown: usize) -> String {
    let listed = paper.authors.len();
    let total = paper.authors_total.map_or(listed, usize::from);
    match total.max(listed).saturating_sub(shown.min(listed)) {
        0 => String::new(),
        _ if listed == 0 => format!("{total} authors"),
        more if total > listed && shown >= listed => match more {
            1 => "and 1 more, not named by the source".to_string(),
            _ => "and others".to_string(),
        },
        more => format!("and {more} more"),
    }
}

/// All authors in one line of plain text, the first `shown` by name.
pub fn authors_line(paper: &Paper, shown: usize) -> String {
    let names: Vec<_> = paper
        .authors
        .iter()
        .take(shown)
        .map(|a| latex::plain(&a.name))
        .collect();
    let more = more_authors(paper, shown);
    match (names.is_empty(), more.is_empty()) {
        (true, _) => more,
        (false, true) => names.join(", "),
        (false, false) => format!("{} {more}", names.join(", ")),
    }
}

/// The first lines of the summary, which names its maker, or else of the abstract.
pub fn teaser(paper: &Paper) -> Option<Teaser> {
    let (label, text) = match &paper.summary {
        Some(summary) => (
            format!("Summary by {}", cut(&summary.by, NAME_CHARS_MAX)),
            &summary.text,
        ),
        None if !paper.abstract_text.is_empty() => ("Abstract".to_string(), &paper.abstract_text),
        None => return None,
    };
    Some(Teaser {
        label,
        text: cut(&latex::plain(&cut(text, 4 * TEASER_CHARS)), TEASER_CHARS),
    })
}

/// Claimed links of one kind that may stand on a page. `Link::new` lets no others in; this is the second lock.
pub fn web_links(paper: &Paper, kind: LinkKind) -> impl Iterator<Item = &Link> {
    let web = |url: &str| url.starts_with("https://") || url.starts_with("http://");
    paper.links_of(kind).filter(move |l| web(&l.url))
}

/// "Prediction from the text: likely above the middle, place 68 of 100 (4 in 5 such papers: 28 to 96)".
pub fn prediction(interest: &Interest) -> String {
    format!(
        "Prediction from the text: {}, place {:.0} of 100 (4 in 5 such papers: {:.0} to {:.0})",
        interest.words(),
        interest.place,
        interest.low,
        interest.high
    )
}

fn code(paper: &Paper) -> Option<Anchor> {
    let link = web_links(paper, LinkKind::Code).next()?;
    let text = match paper.stars {
        Some(stars) => format!("code ★ {}", number(u64::from(stars))),
        None => "code".to_string(),
    };
    Some(Anchor {
        text,
        href: link.url.clone(),
    })
}
