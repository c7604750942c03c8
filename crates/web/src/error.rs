//! What a handler can fail with, and how the reader is told.
//!
//! A fault of the reader's carries words for the reader. A fault of ours is logged once, here, and answered plainly.
//! Handlers only return [`Error`]; [`dress`] turns every failure, axum's own included, into a page, JSON or a line of
//! text, whichever the request asked for.

use askama::Template;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use crate::cache::Accepted;
use crate::state::App;
use crate::suffix::split_suffix;
use crate::view::Layout;

/// Why a request cannot be answered as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request makes no sense; the text says what would.
    #[error("{0}")]
    BadRequest(String),
    /// Nothing is here; the text says what was looked for, the links where it may be instead.
    #[error("{text}")]
    NotFound {
        /// For people.
        text: String,
        /// Words and address of places to go on.
        links: Vec<(String, String)>,
    },
    /// Path and query are longer than is accepted.
    #[error("the address is too long")]
    AddressTooLong,
    /// The reader has asked too often; the text says for how long to wait.
    #[error("{0}")]
    TooMany(String),
    /// The reader may not do this; the text says why.
    #[error("{0}")]
    Forbidden(String),
    /// The server cannot answer now; the text says why.
    #[error("{0}")]
    Unavailable(String),
    /// The database failed.
    #[error("store: {0}")]
    Store(#[from] store::Error),
    /// The search engine failed, or was given a page marker that is not its own.
    #[error("search: {0}")]
    Search(#[from] search::engine::Error),
    /// A page or feed could not be written.
    #[error("rendering: {0}")]
    Render(String),
}

impl Error {
    /// Nothing is here, and this is what was looked for.
    pub fn not_found(text: impl Into<String>) -> Self {
        Error::NotFound {
            text: text.into(),
            links: Vec::new(),
        }
    }

    fn fault(self) -> Fault {
        match self {
            Error::BadRequest(text) => Fault::new(StatusCode::BAD_REQUEST, text),
            Error::NotFound { text, links } => Fault {
                status: StatusCode::NOT_FOUND,
                text,
                links,
            },
            Error::Search(search::engine::Error::Cursor) => Fault::new(
                StatusCode::BAD_REQUEST,
                search::engine::Error::Cursor.to_string(),
            ),
            Error::Forbidden(text) => Fault::new(StatusCode::FORBIDDEN, text),
            Error::AddressTooLong => Fault::of_status(StatusCode::URI_TOO_LONG),
            Error::TooMany(text) => Fault::new(StatusCode::TOO_MANY_REQUESTS, text),
            Error::Unavailable(text) => Fault::new(StatusCode::SERVICE_UNAVAILABLE, text),
            ours @ (Error::Store(_) | Error::Search(_) | Error::Render(_)) => {
                tracing::error!(error = %ours, "a request failed");
                Fault::of_status(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Self {
        Error::Render(error.to_string())
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(error: tokio::task::JoinError) -> Self {
        Error::Render(format!("a background task died: {error}"))
    }
}

/// Carries the fault to [`dress`]; the body stays empty until then.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let fault = self.fault();
        let mut response = fault.status.into_response();
        response.extensions_mut().insert(fault);
        response
    }
}

/// A failure in words for the reader.
#[derive(Debug, Clone)]
struct Fault {
    status: StatusCode,
    text: String,
    links: Vec<(String, String)>,
}

impl Fault {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Fault {
            status,
            text: text.into(),
            links: Vec::new(),
        }
    }

    /// What to say where only the status is known.
    fn of_status(status: StatusCode) -> Self {
        let text = match status {
            StatusCode::BAD_REQUEST => "The request could not be understood.",
            StatusCode::NOT_FOUND => "There is nothing at this address.",
            StatusCode::METHOD_NOT_ALLOWED => "This address can only be read: use GET or HEAD.",
            StatusCode::PAYLOAD_TOO_LARGE => "The request's body is larger than is accepted here.",
            StatusCode::URI_TOO_LONG => "The address is longer than is accepted here.",
            StatusCode::SERVICE_UNAVAILABLE => {
                "The server is busy or still starting. Try again in a moment."
            }
            s if s.is_client_error() => "The request was refused.",
            _ => "Something went wrong here. It has been written to the log.",
        };
        Fault::new(status, text)
    }

    fn title(&self) -> &'static str {
        match self.status {
            StatusCode::BAD_REQUEST => "Not understood",
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::METHOD_NOT_ALLOWED => "Read only",
            StatusCode::TOO_MANY_REQUESTS => "Too many requests",
            StatusCode::SERVICE_UNAVAILABLE => "One moment",
            s if s.is_client_error() => "Refused",
            _ => "Our fault",
        }
    }
}

/// In which form a failure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Page,
    Json,
    Line,
}

fn form(uri: &Uri, headers: &HeaderMap) -> Form {
    let path = uri.path();
    match Accepted::of(headers) {
        Accepted::Json => Form::Json,
        _ if path == "/api" || path.starts_with("/api/") => Form::Json,
        Accepted::Markdown => Form::Line,
        Accepted::Html if split_suffix(path).1.is_some() => Form::Line,
        Accepted::Html => Form::Page,
    }
}

/// The answer to a request that is refused before any handler sees it.
pub fn answer(app: &App, error: Error, uri: &Uri, headers: &HeaderMap) -> Response {
    write(app, &error.fault(), form(uri, headers), &HeaderMap::new())
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    layout: Layout,
    title: &'a str,
    text: &'a str,
    links: &'a [(String, String)],
    status: u16,
}

/// Middleware: gives every failure without a body of its own the form that the request asked for.
pub async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let form = form(request.uri(), request.headers());
    let response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let fault = response.extensions().get::<Fault>().cloned();
    let own_body = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|t| !t.as_bytes().starts_with(b"text/plain"));
    match fault {
        Some(fault) => write(&app, &fault, form, response.headers()),
        None if own_body => response,
        None => write(&app, &Fault::of_status(status), form, response.headers()),
    }
}

/// Keeps the headers that the failure came with (`Allow`, `Retry-After`).
fn write(app: &App, fault: &Fault, form: Form, came_with: &HeaderMap) -> Response {
    let mut response = match form {
        Form::Json => Json(serde_json::json!({ "error": fault.text })).into_response(),
        Form::Line => format!("{}\n", fault.text).into_response(),
        Form::Page => page(app, fault),
    };
    *response.status_mut() = fault.status;
    let headers = response.headers_mut();
    for name in [ALLOW, RETRY_AFTER] {
        if let Some(value) = came_with.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    if form != Form::Page
        && let Ok(text) = HeaderValue::from_str(&fault.text)
    {
        headers.insert(HeaderName::from_static("x-error-message"), text);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn page(app: &App, fault: &Fault) -> Response {
    let page = ErrorPage {
        layout: Layout::new(app, fault.title()).noindex(),
        title: fault.title(),
        text: &fault.text,
        links: &fault.links,
        status: fault.status.as_u16(),
    };
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(_) => Response::new(Body::from(fault.text.clone())),
    }
}
