//! What is answered after an action: people go on to a page, programs hear in JSON what became of it.

use axum::Json;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::Value;

use crate::account::next_path;
use crate::cache::{Accepted, not_kept};

/// Leads to `next`, which is brought into the form of a path of this site; or answers with JSON.
pub(crate) fn acted(headers: &HeaderMap, next: &str, json: Value) -> Response {
    if Accepted::of(headers) == Accepted::Json {
        return not_kept(Json(json));
    }
    let address = next_path(next).to_string();
    not_kept((StatusCode::SEE_OTHER, [(LOCATION, address)]))
}
