//! `digest --dry-run`: the whole message as it would be sent, without writing anything down.

use anyhow::Result;
use domain::address::MailAddress;
use domain::paper::utc_day;
use domain::subscription::{
    Days, PAPERS_DEFAULT, ReaderId, Rhythm, Schedule, Scope, State, Subscription, SubscriptionId,
    Wish,
};
use jiff::Timestamp;
use store::LetterKind;
use web::mail::desk::looks_back_to;
use web::mail::message::{self, Digest};

use super::compose::covers_from;
use super::outgoing::Cover;
use super::picking::Picker;
use super::{Office, fresh_secret, known_keys, read_keys};
use crate::config::Config;
use crate::pipeline::Pipeline;

/// What would be sent of one subscription.
#[derive(Debug)]
pub(crate) struct Preview {
    /// About what, in words.
    pub(crate) title: String,
    /// The message; `None` where none would come.
    pub(crate) message: Option<Vec<u8>>,
    /// What whoever looks should know.
    pub(crate) note: Option<String>,
}

impl Office {
    /// An office for a preview: mail may be switched off, and no secret is made.
    pub(crate) async fn for_preview(config: &Config, pipeline: &Pipeline) -> Result<Self> {
        let keys = match known_keys(&pipeline.store).await? {
            Some(keys) => keys,
            None => read_keys(&fresh_secret()?)?,
        };
        Office::without_courier(config, pipeline, keys)
    }

    /// What an address would be sent if everything of it were due now.
    pub(crate) async fn preview(
        &self,
        address: &MailAddress,
        zone: &str,
        now: Timestamp,
    ) -> Result<Vec<Preview>> {
        let store = &self.pipeline.store;
        let known = store.subscriber_at(address).await?;
        let suppressed = store.suppression(address).await?;
        let running: Vec<Subscription> = known
            .into_iter()
            .flat_map(|reader| reader.subscriptions)
            .filter(|s| s.state == State::Active)
            .collect();
        let (subscriptions, made_up) = match running.is_empty() {
            true => (vec![self.newcomer(zone, now).await?], true),
            false => (running, false),
        };
        let picker = Picker::new(store.clone(), self.pipeline.engine(), None, now);
        let picker = match made_up {
            true => picker.old_too(),
            false => picker,
        };
        let mut previews = Vec::new();
        for subscription in &subscriptions {
            let mut preview = self.preview_of(&picker, subscription, address, now).await?;
            if made_up {
                preview.note = Some(
                    "this address has no running subscription: this is what a new reader of the daily mail gets first"
                        .to_string(),
                );
            }
            if let Some(suppressed) = &suppressed {
                preview.note = Some(format!(
                    "nothing is sent to this address: it is suppressed ({})",
                    suppressed.why.as_str()
                ));
            }
            previews.push(preview);
        }
        Ok(previews)
    }

    async fn preview_of(
        &self,
        picker: &Picker,
        subscription: &Subscription,
        address: &MailAddress,
        now: Timestamp,
    ) -> Result<Preview> {
        let wish = &subscription.wish;
        let title = message::wish_words(wish);
        let picked = picker.pick(subscription).await?;
        if picked.papers.is_empty() && !wish.say_nothing {
            return Ok(Preview {
                note: Some("nothing would be sent: there is nothing new".to_string()),
                title,
                message: None,
            });
        }
        let items = self.items_once(&picked.papers).await?;
        let checked = self.checked(covers_from(subscription, now), now).await?;
        let words = message::digest(&Digest {
            site: &self.site,
            links: self.links(),
            address,
            subscription,
            slot: now,
            items: &items,
            found: picked.found,
            checked: &checked,
        })?;
        let cover = Cover {
            kind: LetterKind::Digest,
            letter: 0,
            composed: now,
            to: address,
            unsubscribe: Some(self.links().unsubscribe(subscription)),
        };
        Ok(Preview {
            title,
            message: Some(self.write(&cover, words)?),
            note: None,
        })
    }

    /// The subscription of somebody who comes today. Where the newest lists are older than a new reader would get, as
    /// on a fresh installation, it begins with the newest list there is.
    async fn newcomer(&self, zone: &str, now: Timestamp) -> Result<Subscription> {
        let schedule = Schedule::new(Rhythm::Daily, Days::WEEKDAYS, 7, zone)
            .or_else(|_| Schedule::new(Rhythm::Daily, Days::WEEKDAYS, 7, "UTC"))?;
        let wish = Wish {
            scope: Scope::All,
            schedule,
            papers_max: PAPERS_DEFAULT,
            say_nothing: true,
        };
        let today = utc_day(now);
        let days = self.pipeline.store.days().await?;
        let newest = days
            .iter()
            .rev()
            .map(|(day, _)| *day)
            .find(|day| *day <= today);
        let since = looks_back_to(&wish, now);
        Ok(Subscription {
            id: SubscriptionId(0),
            reader: ReaderId(0),
            state: State::Active,
            created: now,
            next_at: Some(now),
            edition: -1,
            since: newest.map_or(since, |newest| since.min(newest)),
            wish,
        })
    }
}
