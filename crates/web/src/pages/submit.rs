//! `/submit`: a reader asks for a paper by arXiv id, DOI or link.
//!
//! What a source here can fetch waits as a job; for the rest the reader gives the title, and the paper is known as said
//! by a reader until a source says more.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, Response};
use axum::routing::get;
use axum::{Json, Router};
use domain::account::UserId;
use domain::ids::{ExternalId, Scheme};
use domain::paper::{Author, clean_url, utc_day};
use domain::record::{Item, Record, Source};
use domain::text::one_line;
use jiff::SignedDuration;
use serde_json::json;
use store::{Intake, Submission, SubmissionOrder, SubmissionState, Submitted};

use super::acted::acted;
use super::form::Form;
use crate::account::Viewer;
use crate::cache::{Accepted, not_kept};
use crate::error::Error;
use crate::latex;
use crate::state::App;
use crate::view::{Anchor, Layout, cut, paper_path, short_date};

/// Longest title, names and abstract that are typed by hand, in characters.
const TITLE_CHARS_MAX: usize = 400;
const AUTHORS_CHARS_MAX: usize = 4_000;
const ABSTRACT_CHARS_MAX: usize = 6_000;
/// Most authors that are typed by hand.
const AUTHORS_MAX: usize = 100;
/// How many of a reader's submissions are listed.
const LISTED: u32 = 50;

/// The page, each reader's own.
pub(crate) fn private_routes() -> Router<App> {
    Router::new().route("/submit", get(show).post(submit))
}

#[derive(Debug, Template)]
#[template(path = "submit.html")]
struct SubmitPage {
    layout: Layout,
    closed: bool,
    /// The policy in words.
    rules: Vec<String>,
    offline: bool,
    typed: String,
    title: String,
    authors: String,
    abstract_text: String,
    /// What became of what was typed: the text, and a paper that is here.
    answer: String,
    here: Option<Anchor>,
    mine: Vec<SubmissionView>,
}

#[derive(Debug)]
struct SubmissionView {
    typed: String,
    day: String,
    words: String,
    paper: Option<Anchor>,
}

/// `GET /submit`.
async fn show(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let user = viewer.reader()?.id;
    if Accepted::of(&headers) == Accepted::Json {
        let mine = app.store.submissions_of(user, LISTED).await?;
        let mine: Vec<_> = mine
            .iter()
            .map(|s| {
                json!({ "typed": s.typed, "id": s.external.key(), "state": s.state.as_str(), "reason": s.reason, "at": s.at })
            })
            .collect();
        return Ok(not_kept(Json(mine)));
    }
    Ok(not_kept(Html(filled(&app, user).await?.render()?)))
}

async fn filled(app: &App, user: UserId) -> Result<SubmitPage, Error> {
    let policy = &app.policy;
    let since = app.clock.now() - SignedDuration::from_hours(24);
    let today = app.store.submissions_since(user, since).await?;
    let mut rules = vec![format!(
        "You may submit {} papers a day; {} of them are left.",
        policy.per_day,
        policy.per_day.saturating_sub(today)
    )];
    if policy.age_days_max > 0 {
        rules.push(format!(
            "A paper is at most {} days old.",
            policy.age_days_max
        ));
    }
    if !policy.allow_links {
        rules.push("A paper has an arXiv id, a DOI or another id; a bare link will not do.".into());
    }
    let submissions = app.store.submissions_of(user, LISTED).await?;
    let ids: Vec<_> = submissions.iter().filter_map(|s| s.paper).collect();
    let papers = app.store.papers(&ids).await?;
    let mine = submissions.iter().map(|s| {
        let paper = papers.iter().find(|p| Some(p.id) == s.paper);
        SubmissionView {
            typed: cut(&s.typed, 100),
            day: short_date(utc_day(s.at)),
            words: words(s, app.status.activity().offline),
            paper: paper.map(|p| Anchor {
                text: cut(&latex::plain(&p.title), 160),
                href: paper_path(&p.key()),
            }),
        }
    });
    Ok(SubmitPage {
        layout: Layout::new(app, "Submit a paper").noindex(),
        closed: !policy.submissions,
        rules,
        offline: app.status.activity().offline,
        typed: String::new(),
        title: String::new(),
        authors: String::new(),
        abstract_text: String::new(),
        answer: String::new(),
        here: None,
        mine: mine.collect(),
    })
}

fn words(submission: &Submission, offline: bool) -> String {
    match submission.state {
        SubmissionState::Taken => "taken".to_string(),
        SubmissionState::Refused => format!("refused: {}", submission.reason),
        SubmissionState::Waiting if offline => {
            "waits until this server may call out: it was started offline".to_string()
        }
        SubmissionState::Waiting => format!("waits to be fetched. {}", submission.reason)
            .trim_end()
            .to_string(),
    }
}

/// What became of what somebody typed.
enum Answer {
    /// It is taken in: the address of the paper, where it is here at once.
    Done(Option<String>),
    /// The paper is here.
    Here(Anchor),
    /// It is not taken, in words.
    Not(StatusCode, String),
}

/// `POST /submit` with `paper` (an id, a DOI or a link), and for what no source here can fetch `title`, `authors` and
/// `abstract`.
async fn submit(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let user = viewer.writer()?.id;
    if !app.policy.submissions {
        return Err(Error::Forbidden(
            "No papers are submitted on this site.".to_string(),
        ));
    }
    let form = Form::read(&body);
    let is_json = Accepted::of(&headers) == Accepted::Json;
    let (status, answer, here) = match taken(&app, user, &form).await? {
        Answer::Done(address) => {
            let state = if address.is_some() {
                "taken"
            } else {
                "waiting"
            };
            let next = address.clone().unwrap_or("/submit".to_string());
            return Ok(acted(
                &headers,
                &next,
                json!({ "state": state, "address": address }),
            ));
        }
        Answer::Here(paper) if is_json => {
            let body = json!({ "state": "here", "address": paper.href });
            return Ok(not_kept(Json(body)));
        }
        Answer::Here(paper) => (
            StatusCode::OK,
            "This paper is here already.".to_string(),
            Some(paper),
        ),
        Answer::Not(status, text) => (status, text, None),
    };
    if is_json {
        return Ok(not_kept((status, Json(json!({ "error": answer })))));
    }
    let mut page = filled(&app, user).await?;
    page.typed = cut(form.text("paper"), 500);
    page.title = cut(form.text("title"), TITLE_CHARS_MAX);
    page.authors = cut(form.text("authors"), AUTHORS_CHARS_MAX);
    page.abstract_text = cut(form.text("abstract"), ABSTRACT_CHARS_MAX);
    page.answer = answer;
    page.here = here;
    Ok(not_kept((status, Html(page.render()?))))
}

async fn taken(app: &App, user: UserId, form: &Form) -> Result<Answer, Error> {
    let typed = form.text("paper");
    let not = |text: &str| Ok(Answer::Not(StatusCode::BAD_REQUEST, text.to_string()));
    let Some(external) = read(typed) else {
        return not("This is neither an arXiv id, nor a DOI, nor a link.");
    };
    if let Some(paper) = app.store.paper(&external).await? {
        return Ok(Answer::Here(Anchor {
            text: latex::plain(&paper.title),
            href: paper_path(&paper.key()),
        }));
    }
    if external.scheme == Scheme::Url && !app.policy.allow_links {
        return not("A bare link will not do here. Give the paper's arXiv id or DOI.");
    }
    let fetch = external.scheme == Scheme::Arxiv;
    let title = one_line(form.text("title"));
    if !fetch && title.chars().count() < 3 {
        return not(
            "No source of this site can fetch it, so give its title. The paper is then known as told by a reader.",
        );
    }
    let bounds = [
        ("title", TITLE_CHARS_MAX),
        ("authors", AUTHORS_CHARS_MAX),
        ("abstract", ABSTRACT_CHARS_MAX),
    ];
    for (name, most) in bounds {
        if form.text(name).chars().count() > most {
            return not(&format!("The {name} may have at most {most} characters."));
        }
    }
    let now = app.clock.now();
    let order = SubmissionOrder {
        account: user,
        typed,
        external: &external,
        fetch,
        per_day: app.policy.per_day,
    };
    let id = match app.store.submit(order, now).await? {
        Submitted::Taken(id) => id,
        Submitted::Here(_) => {
            return not("This paper has just come in. Submit it again to see it.");
        }
        Submitted::Waits(_) => {
            return not("Somebody has submitted this paper already, and it waits to be fetched.");
        }
        Submitted::TooMany => {
            let text = format!(
                "You have submitted {} papers within 24 hours, which is as many as one may.",
                app.policy.per_day
            );
            return Ok(Answer::Not(StatusCode::TOO_MANY_REQUESTS, text));
        }
    };
    if fetch {
        return Ok(Answer::Done(None));
    }
    let record = by_hand(external, title, form, now);
    let items = [Item::Paper(Box::new(record))];
    let intake = Intake {
        items: &items,
        ..Intake::default()
    };
    let absorbed = app.store.absorb(&intake, now).await?;
    let paper = absorbed.outcomes.first().and_then(|o| o.paper());
    let outcome = paper.ok_or("It could not be taken in.");
    app.store.settle_submission(id, outcome, now).await?;
    app.status.data_changed();
    let ids: Vec<_> = paper.into_iter().collect();
    let papers = app.store.papers(&ids).await?;
    Ok(Answer::Done(papers.first().map(|p| paper_path(&p.key()))))
}

/// The id that a text gives: any id known here, else a web address.
fn read(typed: &str) -> Option<ExternalId> {
    if let Ok(id) = typed.parse::<ExternalId>()
        && !matches!(id.scheme, Scheme::Local | Scheme::Url)
    {
        return Some(id);
    }
    let url = clean_url(typed.strip_prefix("url:").unwrap_or(typed))?;
    ExternalId::plain(Scheme::Url, &url).ok()
}

/// What a reader says of a paper that no source here can fetch. Somebody chose it for this site's page, so it stands
/// on the list of the day.
fn by_hand(external: ExternalId, title: String, form: &Form, now: jiff::Timestamp) -> Record {
    let mut record = Record::titled(Source::Reader, now, title);
    record.ids = vec![external];
    record.times.featured = Some(now);
    let names = form.text("authors").split([',', ';', '\n']).map(one_line);
    record.authors = names
        .filter(|name| !name.is_empty())
        .take(AUTHORS_MAX)
        .map(Author::named)
        .collect();
    let text = one_line(form.text("abstract"));
    record.abstract_text = (!text.is_empty()).then_some(text);
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: Option<&str>) {
        assert_eq!(read(typed).map(|id| id.key()).as_deref(), expected);
    }

    #[test]
    fn ids_are_read_from_what_people_paste() {
        check("https://arxiv.org/abs/2305.19435v2", Some("2305.19435"));
        check("doi:10.1101/2024.01.02", Some("10.1101/2024.01.02"));
        check(
            "https://example.org/a post",
            Some("url:https://example.org/a%20post"),
        );
        check("local:0123456789abcdef", None);
        check("javascript:alert(1)", None);
        check("hello", None);
        check("", None);
    }
}
