//! What pages and feeds show of a paper: words and addresses, ready for a template.

use askama::FastWritable;
use domain::hit::TrendPart;
use domain::paper::{Author, Link, LinkKind, Paper};
use domain::signal::Signal;
use domain::window::Window;
use jiff::civil::{Date, Weekday};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::latex;
use crate::lists::Entry;
use crate::state::App;
use crate::static_files;

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

/// What may stand bare in a path's segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'@')
    .remove(b',')
    .remove(b';')
    .remove(b'(')
    .remove(b')');

/// What may stand bare in a paper's address: keys keep their slashes.
const KEY: &AsciiSet = &SEGMENT.remove(b'/');

/// Text that is HTML already and is written as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html(pub String);

impl std::fmt::Display for Html {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FastWritable for Html {
    fn write_into(
        &self,
        dest: &mut dyn std::fmt::Write,
        _: &dyn askama::Values,
    ) -> askama::Result<()> {
        Ok(dest.write_str(&self.0)?)
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
    /// Why it is here, where that is not plain.
    pub reasons: Vec<String>,
}

impl CardView {
    /// A paper as its list shows it.
    pub fn new(entry: &Entry) -> Self {
        CardView {
            reasons: entry.parts.iter().filter_map(reason).collect(),
            ..Self::of(&entry.paper)
        }
    }

    /// A paper without anything that a list says about it.
    pub fn of(paper: &Paper) -> Self {
        CardView {
            path: paper_path(&paper.key()),
            title: card_title(&paper.title),
            authors: paper
                .authors
                .iter()
                .take(CARD_AUTHORS)
                .map(author)
                .collect(),
            more_authors: more_authors(paper, CARD_AUTHORS),
            teaser: teaser(paper),
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
            reasons: Vec::new(),
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
        let reasons: usize = self.reasons.iter().map(|r| r.len() + 4).sum();
        FRAME + self.path.len() + self.title.0.len() + anchors + teaser + reasons
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

/// What every page has: head, masthead and foot.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The site's name.
    pub site: String,
    /// The page's name; empty on the front page.
    pub title: String,
    /// One or two sentences for search engines and previews.
    pub description: String,
    /// The page's one right address, absolute, if it has one.
    pub canonical: String,
    /// Whether search engines are asked not to list the page.
    pub noindex: bool,
    /// The list as a feed: media type, name, address.
    pub feeds: Vec<(&'static str, String, String)>,
    /// Further `<meta>` elements: (`name` or `property`, its value, content).
    pub metas: Vec<(&'static str, &'static str, String)>,
    /// The date on the masthead.
    pub edition: String,
    /// The address of the section in the navigation that the page belongs to, or empty.
    pub section: &'static str,
    /// What the search box holds.
    pub query: String,
    /// Address of the style sheet.
    pub css: &'static str,
    /// Address of the script.
    pub js: &'static str,
    /// Address of the icon.
    pub icon: &'static str,
    /// Version of the program.
    pub version: &'static str,
}

impl Layout {
    /// The frame of a page with this name.
    pub fn new(app: &App, title: impl Into<String>) -> Self {
        Layout {
            site: app.site.title.clone(),
            title: title.into(),
            description: String::new(),
            canonical: String::new(),
            noindex: false,
            feeds: Vec::new(),
            metas: Vec::new(),
            edition: long_date(app.today()),
            section: "",
            query: String::new(),
            css: static_files::css().address,
            js: static_files::js().address,
            icon: static_files::icon().address,
            version: app.site.version,
        }
    }

    /// Asks search engines not to list the page.
    pub fn noindex(mut self) -> Self {
        self.noindex = true;
        self
    }
}

/// The address of a paper's page.
pub fn paper_path(key: &str) -> String {
    // Proxies merge repeated slashes, so the second one of a web address used as a key is written out.
    let encoded = utf8_percent_encode(key, KEY).to_string();
    format!("/papers/{}", encoded.replace("//", "/%2F"))
}

/// A text as one segment of a path.
pub fn path_segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A text as a value in a query string.
pub fn query_value(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
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

/// What one part of a trend says, if it says anything: "+12 stars in 3 days: 1.4 × 0.8", evidence times weight.
fn reason(part: &TrendPart) -> Option<String> {
    if part.gain == 0 {
        return None;
    }
    let days = part.exposure_days.round().max(1.0);
    let unit = if days > 1.0 { "days" } else { "day" };
    Some(format!(
        "+{} {} in {days} {unit}: {:.1} × {:.1}",
        number(u64::from(part.gain)),
        signal_name(part.signal),
        part.evidence,
        part.weight,
    ))
}

/// A signal's name for people.
pub fn signal_name(signal: Signal) -> &'static str {
    match signal {
        Signal::DailyUpvotes => "Daily Papers up-votes",
        Signal::DailyComments => "Daily Papers comments",
        Signal::Stars => "stars",
        Signal::Votes => "votes here",
        Signal::Saves => "saves here",
        Signal::Comments => "comments here",
    }
}

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
        if i > 0 && (digits.len() - i) % 3 == 0 {
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

    #[test]
    fn addresses_are_encoded() {
        assert_eq!(paper_path("math/9201207"), "/papers/math/9201207");
        assert_eq!(
            paper_path("10.1000/a?b#c<d>"),
            "/papers/10.1000/a%3Fb%23c%3Cd%3E"
        );
        assert_eq!(
            paper_path("url:https://example.org/a"),
            "/papers/url:https:/%2Fexample.org/a"
        );
        assert_eq!(path_segment("a/b c"), "a%2Fb%20c");
        assert_eq!(query_value("cat:cs.CL a&b"), "cat:cs.CL%20a%26b");
    }

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
