//! Visits: each source asked in its own way, through the one client.

use std::sync::Arc;

use anyhow::{Context, Result};
use domain::paper::utc_day;
use jiff::Timestamp;
use sources::biorxiv::Server;
use sources::client::{self, Client, FetchError, Trust, Visited};
use sources::clock::{Clock, SystemClock};
use sources::endpoints::Endpoints;
use sources::fetched::Fetched;
use sources::recording::Recorder;
use sources::transport::{Network, Transport};
use sources::{announcements, biorxiv, daily_api, feed};

use super::plan::Visit;
use crate::config::{self, Config};
use crate::memory::KeptMemory;
use crate::pipeline::Pipeline;

/// Most that recordings may take on disk, in bytes; the oldest go first.
const RECORDINGS_BYTES_MAX: u64 = 4 << 30;

/// The client and where the sources are.
pub(super) struct Visitor {
    pub(super) client: Client,
    pub(super) endpoints: Endpoints,
}

impl Visitor {
    /// A client whose gate remembers in the database.
    pub(super) fn new(config: &Config, pipeline: &Pipeline) -> Result<Self> {
        let settings = client::Config::with_contact(&config.written.contact);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let network = Network::new(&settings.user_agent(), settings.timeouts)?;
        let mut transport: Arc<dyn Transport> = Arc::new(network);
        let record = &config.written.sources.record;
        if !record.as_os_str().is_empty() {
            let recorder = Recorder::new(transport, clock.clone(), record, RECORDINGS_BYTES_MAX)
                .with_context(|| format!("cannot record answers in {}", record.display()))?;
            transport = Arc::new(recorder);
        }
        let memory = Arc::new(KeptMemory(pipeline.store.clone()));
        let endpoints = endpoints(&config.written.sources.endpoints);
        endpoints.check()?;
        Ok(Visitor {
            client: Client::new(settings, transport, memory, clock),
            endpoints,
        })
    }

    /// What a source has to say; nothing when it has not changed since the last visit. Harvests have their own way.
    pub(super) async fn visit(&self, visit: &Visit) -> Result<Option<Fetched>, FetchError> {
        let (client, endpoints) = (&self.client, &self.endpoints);
        match visit {
            Visit::Announcement { category, anew } => {
                let how = if *anew {
                    client::Visit::Anew
                } else {
                    client::Visit::IfChanged
                };
                announcements::announcements(client, endpoints, category, how).await
            }
            Visit::DailyPapers { day } => daily_api::fetch(client, endpoints, *day).await.map(Some),
            Visit::Biorxiv {
                server,
                from,
                until,
            } => {
                let known = Server::ALL.into_iter().find(|s| s.as_str() == server);
                let server = known
                    .ok_or_else(|| FetchError::Wrong(format!("there is no server {server}")))?;
                biorxiv::fetch(client, endpoints, server, *from, *until)
                    .await
                    .map(Some)
            }
            Visit::Feed { url } => {
                feed::fetch(
                    client,
                    url,
                    url,
                    Trust::Configured,
                    client::Visit::IfChanged,
                )
                .await
            }
            Visit::Stars { .. } => Err(FetchError::Wrong(
                "reading stars is not a single visit".to_string(),
            )),
            Visit::Harvest { category, day } => Err(FetchError::Wrong(format!(
                "the harvest of {category} of {day} is not a single visit"
            ))),
        }
    }

    /// Remembers visits whose answers are stored.
    pub(super) async fn remember(&self, visited: &[Visited]) -> Result<()> {
        Ok(self.client.remember(visited).await?)
    }
}

/// The configured addresses, the sources' own where none is given.
fn endpoints(written: &config::Endpoints) -> Endpoints {
    let own = Endpoints::default();
    let or = |written: &String, own: String| {
        if written.is_empty() {
            own
        } else {
            written.clone()
        }
    };
    Endpoints {
        arxiv_api: or(&written.arxiv_api, own.arxiv_api),
        arxiv_oai: or(&written.arxiv_oai, own.arxiv_oai),
        arxiv_rss: or(&written.arxiv_rss, own.arxiv_rss),
        arxiv_list: or(&written.arxiv_list, own.arxiv_list),
        daily_papers: or(&written.daily_papers, own.daily_papers),
        biorxiv: or(&written.biorxiv, own.biorxiv),
        code_host: or(&written.code_host, own.code_host),
    }
}

/// Today, as the sources' days go.
pub(super) fn today() -> jiff::civil::Date {
    utc_day(Timestamp::now())
}
