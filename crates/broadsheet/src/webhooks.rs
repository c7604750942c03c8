//! Webhooks: new papers found for each, and messages sent.
//!
//! A step of [`Webhooks::gather`] reads some changes after the number at which the webhooks that are furthest behind stand, asks
//! the engine which of the new papers their queries match, and queues messages. [`Webhooks::send`] sends what is due, signed as
//! Standard Webhooks has it (`payload.rs`). Whatever is killed in between goes on from the database.

mod payload;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use domain::ids::PaperId;
use domain::paper::{Paper, utc_day};
use jiff::{SignedDuration, Timestamp, ToSpan};
use sources::post::Poster;
use store::{DueDelivery, NewDelivery, Webhook};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Config;
use crate::pipeline::Pipeline;
use payload::{Addressed, signature};

/// How often the server looks for new papers and for messages that are due. Two small reads.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Changes looked at in one step.
const CHANGES_PER_STEP: u32 = 200;
/// Webhooks looked at in one step.
const WEBHOOKS_PER_STEP: u32 = 100;
/// Most papers in a message.
const PAPERS_PER_MESSAGE: usize = 20;
/// Papers listed longer ago are no news, though they came in only now: an import of old papers floods nobody.
const NEWS_DAYS: i64 = 14;
/// Messages sent at the same time.
const AT_ONCE: usize = 8;
/// How long a sender has a message for itself.
const LEASE: SignedDuration = SignedDuration::from_mins(2);

/// Finds and sends. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Webhooks {
    pipeline: Pipeline,
    poster: Arc<Poster>,
    /// The site's address, without trailing slash, and its name.
    base: String,
    site: String,
}

impl Webhooks {
    pub(crate) fn new(config: &Config, pipeline: &Pipeline) -> Result<Self> {
        let written = &config.written;
        let settings = sources::client::Config::with_contact(&written.contact);
        let poster = Poster::new(&settings.user_agent(), written.webhooks.private_allowed)?;
        let base = match written.base_url.trim_end_matches('/') {
            "" => format!("http://{}", written.listen),
            base => base.to_string(),
        };
        Ok(Webhooks {
            pipeline: pipeline.clone(),
            poster: Arc::new(poster),
            base,
            site: written.title.clone(),
        })
    }

    /// Works until it is time to stop.
    pub(crate) async fn work(self, stop: CancellationToken) {
        loop {
            let step = async {
                let gathered = self.gather(Timestamp::now()).await?;
                let sent = self.send(Timestamp::now()).await?;
                Ok::<bool, anyhow::Error>(gathered || sent)
            };
            let worked = tokio::select! {
                worked = step => worked,
                () = stop.cancelled() => return,
            };
            match worked {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => warn!("Webhooks: {error:#}"),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// One step towards the newest change. Whether there was one to take.
    pub(crate) async fn gather(&self, now: Timestamp) -> Result<bool> {
        let store = &self.pipeline.store;
        // The index answers for what it has taken in, no more.
        let indexed = self.pipeline.index.seq();
        let mut group = store.webhooks_behind(indexed, WEBHOOKS_PER_STEP).await?;
        let Some(from) = group.first().map(|webhook| webhook.seq) else {
            return Ok(false);
        };
        group.retain(|webhook| webhook.seq == from);
        let (papers, _, reached) = store.changes(from, CHANGES_PER_STEP).await?;
        if reached <= from || reached > indexed {
            return Ok(false);
        }
        let news = self.news(papers, now).await?;
        let mut deliveries = Vec::new();
        for webhook in &group {
            deliveries.extend(self.told(webhook, &news, now).await?);
        }
        let numbers: Vec<i64> = group.iter().map(|webhook| webhook.id).collect();
        let queued = store
            .queue_deliveries(&numbers, reached, &deliveries, now)
            .await?;
        if queued > 0 {
            info!(messages = queued, "Queued {queued} messages of new papers");
        }
        Ok(true)
    }

    /// Of changed papers those that are fresh, with the moment at which each came in.
    async fn news(&self, papers: Vec<Paper>, now: Timestamp) -> Result<Vec<(Paper, Timestamp)>> {
        let oldest = utc_day(now).saturating_sub(NEWS_DAYS.days());
        let fresh = |paper: &Paper| paper.times.listed_day().is_none_or(|day| day >= oldest);
        let papers: Vec<Paper> = papers.into_iter().filter(fresh).collect();
        let ids: Vec<PaperId> = papers.iter().map(|paper| paper.id).collect();
        let provenance = self.pipeline.store.provenance_of(&ids).await?;
        let came: HashMap<PaperId, Timestamp> = provenance
            .into_iter()
            .filter_map(|(id, said)| Some((id, said.iter().map(|p| p.first_seen).min()?)))
            .collect();
        let known = papers.into_iter().filter_map(|paper| {
            let came = *came.get(&paper.id)?;
            Some((paper, came))
        });
        Ok(known.collect())
    }

    /// The messages that a webhook is to get of fresh papers.
    async fn told(
        &self,
        webhook: &Webhook,
        news: &[(Paper, Timestamp)],
        now: Timestamp,
    ) -> Result<Vec<NewDelivery>> {
        let news = news.iter().filter(|(_, came)| *came >= webhook.created);
        let papers: HashMap<PaperId, &Paper> = news.map(|(p, _)| (p.id, p)).collect();
        let mut ids: Vec<PaperId> = papers.keys().copied().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        ids.sort();
        let (engine, query) = (self.pipeline.engine(), webhook.query.clone());
        let matching = tokio::task::spawn_blocking(move || engine.matching(&query, &ids)).await??;
        let untold = self.pipeline.store.untold(webhook.id, &matching).await?;
        let messages = untold.chunks(PAPERS_PER_MESSAGE).map(|some| {
            let papers: Vec<&Paper> = some
                .iter()
                .filter_map(|id| papers.get(id).copied())
                .collect();
            let site = Addressed {
                base: &self.base,
                site: &self.site,
            };
            NewDelivery {
                webhook: webhook.id,
                papers: some.to_vec(),
                payload: site.papers(&webhook.query, &papers, now),
            }
        });
        Ok(messages.collect())
    }

    /// Sends what is due, some at a time. Whether anything was.
    pub(crate) async fn send(&self, now: Timestamp) -> Result<bool> {
        let mut sending = JoinSet::new();
        while sending.len() < AT_ONCE {
            let Some(due) = self.pipeline.store.take_delivery(now, LEASE).await? else {
                break;
            };
            let this = self.clone();
            sending.spawn(async move { this.attempt(due, now).await });
        }
        let any = !sending.is_empty();
        for sent in sending.join_all().await {
            sent?;
        }
        Ok(any)
    }

    /// One attempt at one message.
    async fn attempt(&self, due: DueDelivery, now: Timestamp) -> Result<()> {
        let id = format!("msg_{}_{}", due.webhook, due.id);
        let seconds = now.as_second().to_string();
        let signature = signature(&due.secret, &id, &seconds, &due.payload);
        let headers = [
            ("content-type", "application/json".to_string()),
            ("webhook-id", id),
            ("webhook-timestamp", seconds),
            ("webhook-signature", signature),
        ];
        let body = Bytes::from(due.payload.clone());
        let store = &self.pipeline.store;
        match self.poster.post(&due.url, &headers, body).await {
            Ok(status) => {
                let words = format!("status {status}");
                store.delivery_sent(&due, &words, now).await?;
            }
            Err(error) => {
                let given_up = store
                    .delivery_failed(&due, &error.to_string(), error.is_final(), now)
                    .await?;
                if given_up {
                    warn!(webhook = due.webhook, "A webhook is paused: {error}");
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
