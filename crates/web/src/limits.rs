//! Bounds on the work that requests may cause: how much at the same time, for how long, and no panic that takes more
//! than its own request down.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::error::Error;

/// How many answers are made at the same time; more wait. Kept answers are not counted.
const WORKING_MAX: usize = 128;

/// How long a request may wait and be worked on.
const PATIENCE: Duration = Duration::from_secs(10);

/// Largest body of a request that handlers read, in bytes.
pub const BODY_LEN_MAX: usize = 64 * 1024;

/// The places at work. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Places(Arc::new(Semaphore::new(WORKING_MAX)))
    }
}

/// Middleware: waits for a place, works, and gives up in time.
pub async fn bound(State(places): State<Places>, request: Request, next: Next) -> Response {
    let work = async {
        // The semaphore is never closed.
        let _place = places.0.acquire().await;
        next.run(request).await
    };
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(response) => response,
        Err(_) => {
            let text = "The server is busy. Try again in a moment.";
            let mut response = Error::Unavailable(text.to_string()).into_response();
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            response
        }
    }
}

/// What a panic in a handler becomes.
pub fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without words");
    Error::Render(format!("a handler panicked: {words}")).into_response()
}
