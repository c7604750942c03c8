//! `broadsheet serve`: the site, the schedule, and an orderly end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};
use web::policy::{CheckAddress, Policy};
use web::router::router;
use web::state::{App, Clock, RenderMetrics, Site, Status};

use crate::config::Config;
use crate::fetching::submitted;
use crate::mail::Office;
use crate::pipeline::Pipeline;
use crate::webhooks::Webhooks;
use crate::{lab, mail, people, schedule, shelf};

/// How long open requests may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until SIGINT or SIGTERM.
pub(crate) async fn serve(config: Config, listen: Option<SocketAddr>, offline: bool) -> Result<()> {
    let listen = listen.unwrap_or(config.written.listen);
    let metrics = start_metrics()?;
    let pipeline = Pipeline::open(&config).await?;
    shelf::stock(&pipeline).await?;
    let status = Status::default();
    status.update(|a| a.offline = offline);
    let (papers_that_run, limits) = lab::open(&config)?;
    let accounts = people::open(&config, &pipeline.store, listen).await?;
    let mut app = app(&config, &pipeline, status.clone(), Some(metrics))
        .with_lab(papers_that_run)
        .with_people(accounts.clone());
    let mut post = None;
    if let Some(desk) = mail::desk(&config, &pipeline.store, offline).await? {
        if desk.sending {
            let office = Arc::new(Office::open(&config, &pipeline).await?);
            post = Some((office, Arc::clone(&desk.wake)));
        }
        app = app.with_mail(desk);
    }
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!(
            "cannot listen on {listen}; is another server there? --listen takes another address"
        )
    })?;
    let address = listener.local_addr()?;
    // Before anybody is told that the server is there, so that it ends in order from the first moment.
    let stopping = stop_signal()?;
    info!(%address, data = %config.data.display(), "Serving on http://{address}");
    people::say(&accounts, &config, address);
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    match post {
        Some((office, wake)) => {
            tasks.spawn(mail::send_regularly(office, wake, stop.clone()));
        }
        None if config.written.mail.is_on() => info!("No mail is sent: --offline calls nobody"),
        None => {}
    }
    start_work(&tasks, &stop, &config, &pipeline, &status, limits)?;
    tasks.close();
    let signalled = stop.clone();
    tokio::spawn(async move {
        stopping.await;
        info!("Stopping: no new requests, finishing what is open");
        signalled.cancel();
    });
    let until = stop.clone();
    let service = web::serve::serve(
        listener,
        router(app),
        async move { until.cancelled().await },
    );
    let stopped = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = service => result.context("the server failed")?,
        () = stopped => warn!("Some requests were still open after {} s and were cut off", GRACE.as_secs()),
    }
    stop.cancel();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        warn!("Background work was cut off; it goes on at the next start");
    }
    pipeline.store.close().await;
    info!("Stopped");
    Ok(())
}

/// What calls out: the sources, submitted papers, webhooks.
fn spawn_callers(
    tasks: &TaskTracker,
    config: &Config,
    pipeline: &Pipeline,
    status: &Status,
    stop: &CancellationToken,
) -> Result<()> {
    if config.written.webhooks.enabled {
        let webhooks = Webhooks::new(config, pipeline)?;
        tasks.spawn(webhooks.work(stop.clone()));
    }
    let parts = || {
        (
            config.clone(),
            pipeline.clone(),
            status.clone(),
            stop.clone(),
        )
    };
    if config.written.submissions.enabled {
        let (config, pipeline, status, stop) = parts();
        tasks.spawn(submitted::work(config, pipeline, status, stop));
    }
    let (config, pipeline, status, stop) = parts();
    tasks.spawn(schedule::fetch_regularly(config, pipeline, status, stop));
    Ok(())
}

/// Starts what the server does by itself, besides answering.
fn start_work(
    tasks: &TaskTracker,
    stop: &CancellationToken,
    config: &Config,
    pipeline: &Pipeline,
    status: &Status,
    limits: Option<lab::Limits>,
) -> Result<()> {
    let with = || (pipeline.clone(), status.clone(), stop.clone());
    let (work, shown, until) = with();
    tasks.spawn(schedule::follow(work, shown, until));
    let (work, shown, until) = with();
    tasks.spawn(schedule::keep_house(work, shown, until));
    if let Some(limits) = limits {
        let store = pipeline.store.clone();
        let runner = lab::Runner { store, limits };
        let shown = status.clone();
        tasks.spawn(lab::work(runner, stop.clone(), move || {
            shown.data_changed()
        }));
    }
    if !status.activity().offline {
        spawn_callers(tasks, config, pipeline, status, stop)?;
    }
    Ok(())
}

/// The site over a pipeline: what the server serves, and what the command line's lists read.
pub(crate) fn app(
    config: &Config,
    pipeline: &Pipeline,
    status: Status,
    metrics: Option<RenderMetrics>,
) -> App {
    App::new(
        pipeline.store.clone(),
        pipeline.engine(),
        site(config),
        Clock::system(),
        status,
        metrics,
    )
    .with_policy(policy(config))
}

/// What readers may submit, and which addresses they may have told.
fn policy(config: &Config) -> Policy {
    let (submissions, webhooks) = (&config.written.submissions, &config.written.webhooks);
    let private_allowed = webhooks.private_allowed;
    let check = move |text: &str| match sources::post::check(text, private_allowed) {
        Ok(url) => Ok(url.to_string()),
        Err(error) => Err(error.to_string()),
    };
    Policy {
        submissions: submissions.enabled,
        per_day: submissions.per_day,
        age_days_max: submissions.age_days_max,
        allow_links: submissions.allow_links,
        webhooks: webhooks
            .enabled
            .then(|| -> CheckAddress { Arc::new(check) }),
    }
}

fn site(config: &Config) -> Site {
    let written = &config.written;
    let given = |text: &String| (!text.is_empty()).then(|| text.trim_end_matches('/').to_string());
    Site {
        title: written.title.clone(),
        base_url: given(&written.base_url),
        contact: given(&written.contact),
        time_zone: config.time_zone.clone(),
        version: env!("CARGO_PKG_VERSION"),
        client_header: match written.client_header.as_str() {
            "" => None,
            name => name.to_ascii_lowercase().parse().ok(),
        },
    }
}

fn start_metrics() -> Result<RenderMetrics> {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)
        .map_err(|_| anyhow::anyhow!("metrics were started twice"))?;
    Ok(Arc::new(move || handle.render()))
}

/// Listens for SIGINT and SIGTERM from the call on; the future ends with the first of them.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    })
}

/// The future ends with the first interruption.
#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
