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
use web::router::router;
use web::state::{App, Clock, RenderMetrics, Site, Status};

use crate::config::Config;
use crate::mail::Office;
use crate::pipeline::Pipeline;
use crate::{lab, mail, schedule, shelf};

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
    let mut app = app(&config, &pipeline, status.clone(), Some(metrics)).with_lab(papers_that_run);
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
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    match post {
        Some((office, wake)) => {
            tasks.spawn(mail::send_regularly(office, wake, stop.clone()));
        }
        None if config.written.mail.is_on() => info!("No mail is sent: --offline calls nobody"),
        None => {}
    }
    start_work(&tasks, &stop, config, &pipeline, &status, limits);
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

/// Starts what the server does by itself, besides answering.
fn start_work(
    tasks: &TaskTracker,
    stop: &CancellationToken,
    config: Config,
    pipeline: &Pipeline,
    status: &Status,
    limits: Option<lab::Limits>,
) {
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
        let (work, shown, until) = with();
        tasks.spawn(schedule::fetch_regularly(config, work, shown, until));
    }
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
