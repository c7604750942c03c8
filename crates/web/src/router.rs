//! Every address, in one function.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;

use crate::account::know;
use crate::cache::{self, Answers};
use crate::limits::{self, Places};
use crate::pages::{
    about, account, admin, author, categories, claims, collections, coverage, feeds, lab, mail,
    nothing_here, paper, people, search, similar, submit, suggest, tags, talk, today, trending,
    webhooks, window,
};
use crate::state::App;
use crate::{api, discovery, error, health, observe, security, static_files};

/// The whole site as a service.
///
/// A request passes, outermost first: [`security::guard`], [`know()`], [`cache::serve`] (most end here), [`observe`],
/// [`error::dress`], [`limits::bound`], the handler.
pub fn router(app: App) -> Router {
    // The last segments may end in `.atom`, `.rss`, `.json` and so on: see `suffix`.
    let pages = Router::new()
        .route("/", get(today::front))
        .route("/papers", get(today::papers))
        .route("/papers.atom", get(today::atom))
        .route("/papers.rss", get(today::rss))
        .route("/papers.json", get(today::json))
        .route("/papers/date/{day}", get(window::day))
        .route("/papers/week/{week}", get(window::week))
        .route("/papers/month/{month}", get(window::month))
        .route("/papers/trending", get(trending::show))
        .route("/papers/trending.atom", get(trending::atom))
        .route("/papers/trending.rss", get(trending::rss))
        .route("/papers/trending.json", get(trending::json))
        .route("/papers/{*id}", get(paper::show))
        .route("/search", get(search::show))
        .route("/search.atom", get(search::atom))
        .route("/search.rss", get(search::rss))
        .route("/search.json", get(search::json))
        .route("/similar", get(similar::show))
        .route("/similar.json", get(similar::json))
        .route("/suggest", get(suggest::show))
        .route("/categories", get(categories::index))
        .route("/categories/{name}", get(categories::show))
        .route("/tags", get(tags::index))
        .route("/tags/{tag}", get(tags::show))
        .route("/authors/{key}", get(author::show))
        .route("/feeds", get(feeds::show))
        .route("/about", get(about::show))
        .route("/about/ranking", get(about::ranking::show))
        .route("/about/coverage", get(coverage::show))
        .route("/static/{name}", get(static_files::show));

    // What may be kept and given to the next reader.
    let kept = pages
        .merge(lab::routes())
        .merge(claims::routes())
        .merge(collections::routes())
        .merge(api::routes())
        .merge(discovery::routes())
        .fallback(nothing_here);
    let kept = worked(kept, &app).layer(from_fn_with_state(
        (app.clone(), Answers::default()),
        cache::serve,
    ));

    // What tells of this moment, or changes something.
    let momentary = worked(health::routes().merge(lab::momentary_routes()), &app);

    // What is one reader's alone: nothing of it may be kept.
    let private = account::routes()
        .merge(people::routes())
        .merge(admin::private_routes())
        .merge(claims::private_routes())
        .merge(collections::private_routes())
        .merge(mail::routes())
        .merge(submit::private_routes())
        .merge(talk::routes())
        .merge(webhooks::private_routes());
    let private = worked(private, &app);

    kept.merge(momentary)
        .merge(private)
        .layer(from_fn_with_state(app.clone(), talk::notices::count_unread))
        .layer(from_fn_with_state(app.clone(), know))
        .layer(from_fn_with_state(app.clone(), security::guard))
        .layer(DefaultBodyLimit::max(limits::BODY_LEN_MAX))
        .with_state(app)
}

/// Bounds, failures in their form, and what is written down, around handlers. The last layer is the outermost.
fn worked(routes: Router<App>, app: &App) -> Router<App> {
    routes
        .layer(CatchPanicLayer::custom(limits::panicked))
        .layer(from_fn_with_state(Places::default(), limits::bound))
        .layer(from_fn_with_state(app.clone(), error::dress))
        .layer(from_fn(observe::observe))
}
