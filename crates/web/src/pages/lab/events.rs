//! `/lab/runs/{run}/events`: how far a run is, as server-sent events, until it is over.
//!
//! The database is asked, not the runner: the run may be another process'.

use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::runs::{before, load, parse};
use crate::error::Error;
use crate::lab::run_json;
use crate::state::App;

/// How many may watch at the same time.
const WATCHERS_MAX: usize = 64;
static WATCHERS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(WATCHERS_MAX)));

/// How often the database is asked.
const EVERY: Duration = Duration::from_millis(400);
/// After so many looks the stream ends, and a browser that still cares asks again.
const LOOKS_MAX: u32 = 75;

struct Watch {
    app: App,
    run: i64,
    looks: u32,
    told: Option<Value>,
    over: bool,
    _place: OwnedSemaphorePermit,
}

/// `GET /lab/runs/{run}/events`.
pub async fn show(State(app): State<App>, Path(number): Path<String>) -> Result<Response, Error> {
    let run = parse(&number)?;
    load(&app, run).await?;
    let place = Arc::clone(&WATCHERS).try_acquire_owned().map_err(|_| {
        Error::Unavailable("Too many are watching runs. Load the run's page again.".to_string())
    })?;
    let watch = Watch {
        app,
        run,
        looks: 0,
        told: None,
        over: false,
        _place: place,
    };
    let events = stream::unfold(watch, |mut watch| async {
        let event = watch.next().await?;
        Some((Ok::<_, Infallible>(event), watch))
    });
    let mut response = Sse::new(events).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather answers would hold progress back.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

impl Watch {
    /// Waits until there is something new to tell. `None` when the run is over and was told, or after a while.
    async fn next(&mut self) -> Option<Event> {
        while !self.over && self.looks < LOOKS_MAX {
            if self.looks > 0 {
                tokio::time::sleep(EVERY).await;
            }
            self.looks += 1;
            let run = load(&self.app, self.run).await.ok()?;
            let before = before(&self.app, &run).await.ok()?;
            self.over = run.state.is_over();
            let mut now = run_json(&run, before);
            if let Some(object) = now.as_object_mut() {
                object.remove("outcome");
            }
            if self.told.as_ref() != Some(&now) {
                let event = Event::default().json_data(&now).ok()?;
                self.told = Some(now);
                return Some(event);
            }
        }
        None
    }
}
