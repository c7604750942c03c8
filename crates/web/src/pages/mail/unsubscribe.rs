//! `/mail/unsubscribe/...`: ends a subscription. A reader who follows the link is asked first, for programs follow
//! links too; a mail program's button sends a bare POST, which does it at once (RFC 8058).

use axum::extract::{Path, State};
use axum::response::Response;
use domain::subscription::SubscriptionId;

use super::{AnswerPage, Button, answer, opened};
use crate::error::Error;
use crate::mail::token::Purpose;
use crate::state::App;

/// `GET`: asks.
pub(super) async fn show(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let id = SubscriptionId(opened(&app, Purpose::Unsubscribe, &token)?);
    let Some(subscription) = app.store.subscription(id).await? else {
        return ended(&app);
    };
    let mut page = AnswerPage::new(&app, "End this mail?").saying(format!(
        "No more mail will come about {}. Other subscriptions of the same address go on.",
        subscription.wish.scope
    ));
    page.button = Some(Button {
        action: format!("/mail/unsubscribe/{token}"),
        words: "Unsubscribe",
        field: ("List-Unsubscribe", "One-Click"),
    });
    answer(&page)
}

/// `POST`: does it, whatever the body says: who has the link may end the subscription. Doing it twice is no error.
pub(super) async fn take(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let id = SubscriptionId(opened(&app, Purpose::Unsubscribe, &token)?);
    if app.store.end_subscription(id, app.clock.now()).await? {
        metrics::counter!("mail_unsubscribed_total").increment(1);
    }
    ended(&app)
}

fn ended(app: &App) -> Result<Response, Error> {
    let page = AnswerPage::new(app, "You are unsubscribed")
        .saying("No more mail will come from this subscription. One that is on its way already may still arrive.")
        .linking("Subscribe again", "/subscribe")
        .linking("Every list is a feed", "/feeds");
    answer(&page)
}
