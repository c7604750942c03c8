//! Every address, in one function.

use axum::Router;

use crate::state::App;

/// The whole site as a service.
pub fn router(app: App) -> Router {
    let _ = app;
    Router::new()
}
