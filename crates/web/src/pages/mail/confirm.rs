//! `/mail/confirm/...`: the owner of an address says yes.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::subscription::{State as Standing, Subscription, SubscriptionId};

use super::{AnswerPage, Button, answer, capital, gone, opened};
use crate::error::Error;
use crate::mail::desk::{LINK_GOOD, looks_back_to};
use crate::mail::message::wish_words;
use crate::mail::token::Purpose;
use crate::state::App;
use crate::view::{long_date, plain_date};

const GONE: &str = "This subscription is not waiting for a yes any more: it was ended, or was asked for too long ago.";

/// `GET`: asks.
pub(super) async fn show(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let id = SubscriptionId(opened(&app, Purpose::Confirm, &token)?);
    let found = app.store.subscription(id).await?;
    let subscription = found.ok_or_else(|| gone(GONE))?;
    if subscription.state != Standing::Pending {
        return settled(&app, &subscription);
    }
    let mut page = AnswerPage::new(&app, "Do you want this mail?")
        .saying(capital(&format!("{}.", wish_words(&subscription.wish))))
        .saying("Every mail has a link that ends it, without a question or an account.");
    page.button = Some(Button {
        action: format!("/mail/confirm/{token}"),
        words: "Yes, send it to me",
        field: ("answer", "yes"),
    });
    answer(&page)
}

/// `POST`: does it.
pub(super) async fn take(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let id = SubscriptionId(opened(&app, Purpose::Confirm, &token)?);
    let now = app.clock.now();
    let found = app.store.subscription(id).await?;
    let asked = found.ok_or_else(|| gone(GONE))?;
    let next = asked.wish.schedule.next_after(now);
    let since = looks_back_to(&asked.wish, now);
    let confirmed = app
        .store
        .confirm_subscription(id, LINK_GOOD, next, since, now)
        .await?;
    let subscription = confirmed.ok_or_else(|| gone(GONE))?;
    if asked.state == Standing::Pending {
        metrics::counter!("mail_confirmed_total").increment(1);
    }
    settled(&app, &subscription)
}

fn settled(app: &App, subscription: &Subscription) -> Result<Response, Error> {
    let schedule = &subscription.wish.schedule;
    let page = AnswerPage::new(app, "You are subscribed")
        .saying(capital(&format!("{}.", wish_words(&subscription.wish))));
    let page = match subscription.next_at {
        None => page.saying("It is paused; the link in each mail lets it go on."),
        Some(next) => {
            let day = schedule.date(next);
            let day = if day == schedule.date(app.clock.now()) {
                format!("today, {}", plain_date(day))
            } else {
                long_date(day)
            };
            page.saying(format!("The next mail can come on {day}. None comes when there is nothing new, unless you asked for it."))
        }
    };
    answer(&page.linking("Today's papers", "/"))
}
