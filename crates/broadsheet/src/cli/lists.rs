//! The site's lists on the terminal: as a table, as JSON, or as ids.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use domain::ids::ExternalId;
use domain::paper::Paper;
use domain::window::Window;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use search::engine::{Request, Sort};
use store::Slice;
use web::formats;

use super::args::{Form, ListArgs, PaperArgs, SearchArgs, SortArg, TrendingArgs};
use super::table::Table;
use crate::config::Config;
use crate::pipeline::Pipeline;

/// `broadsheet today`: the newest day with papers, or the window asked for.
pub(crate) async fn today(config: &Config, pipeline: &Pipeline, args: &ListArgs) -> Result<()> {
    let newest = |day| Window::Day(day);
    window(config, pipeline, args, newest).await
}

/// `broadsheet week`: the newest week with papers, or the window asked for.
pub(crate) async fn week(config: &Config, pipeline: &Pipeline, args: &ListArgs) -> Result<()> {
    window(config, pipeline, args, Window::week_of).await
}

async fn window(
    config: &Config,
    pipeline: &Pipeline,
    args: &ListArgs,
    newest: impl Fn(Date) -> Window,
) -> Result<()> {
    let today = Timestamp::now().to_zoned(config.time_zone.clone()).date();
    let (window, snapped) = match &args.when {
        Some(text) => (text.parse::<Window>()?, false),
        None => {
            let days = pipeline.store.days().await?;
            let last = days.iter().rev().map(|(day, _)| *day).find(|day| *day <= today);
            let window = newest(last.context("there are no papers yet; try `broadsheet fetch` or `broadsheet import`")?);
            (window, window.last() < today)
        }
    };
    let slice = Slice { offset: 0, limit: args.limit };
    let list = pipeline.store.window(window, args.cat.as_deref(), slice).await?;
    if args.form.plain() {
        let what = if snapped { " (the newest with papers)" } else { "" };
        println!("{} {window}{what}: {} of {} papers", window.kind(), list.papers.len(), list.total);
    }
    print_papers(&list.papers, args.form)
}

/// `broadsheet trending`.
pub(crate) async fn trending(pipeline: &Pipeline, args: &TrendingArgs) -> Result<()> {
    let now = Timestamp::now();
    let since = now.checked_sub((i64::from(args.window) * 24).hours())?;
    let histories = pipeline.store.signal_histories(since, search::trend::CANDIDATES_MAX).await?;
    let mut ranked = search::trend::rank(&histories, now, args.window);
    ranked.truncate(args.limit as usize);
    let ids: Vec<_> = ranked.iter().map(|t| t.paper).collect();
    let papers = pipeline.store.papers(&ids).await?;
    if papers.is_empty() && args.form.plain() {
        println!(
            "No paper gained votes, comments or stars in the last {} days. Readings come with `broadsheet fetch`; \
             --window 30 looks further back.",
            args.window
        );
        return Ok(());
    }
    print_papers(&papers, args.form)
}

/// `broadsheet search`.
pub(crate) async fn search(pipeline: &Pipeline, args: &SearchArgs) -> Result<()> {
    let request = Request {
        query: args.query.join(" "),
        sort: match args.sort {
            SortArg::Relevance => Sort::Relevance,
            SortArg::Newest => Sort::Newest,
            SortArg::Votes => Sort::Votes,
        },
        limit: args.limit as usize,
        cursor: None,
    };
    let engine = pipeline.engine();
    let answer = tokio::task::spawn_blocking(move || engine.search(&request)).await??;
    if let Some(id) = &answer.direct
        && let Some(paper) = pipeline.store.paper(id).await?
    {
        return print_papers(&[paper], args.form);
    }
    let ids: Vec<_> = answer.hits.iter().map(|h| h.paper).collect();
    let papers = pipeline.store.papers(&ids).await?;
    if args.form.plain() {
        if let Some(corrected) = &answer.corrected {
            println!("Nothing was found as typed; this is for: {corrected}");
        }
        if let Some(hint) = &answer.hint {
            println!("{hint}");
        }
        println!("{} of {} papers", papers.len(), answer.total);
    }
    print_papers(&papers, args.form)
}

/// `broadsheet paper`.
pub(crate) async fn paper(pipeline: &Pipeline, args: &PaperArgs) -> Result<ExitCode> {
    let id: ExternalId = args.id.parse()?;
    let Some(paper) = pipeline.store.paper(&id).await? else {
        match id.url() {
            Some(url) => bail!("paper {id} is not here; its issuer's page is {url}"),
            None => bail!("paper {id} is not here"),
        }
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&formats::paper_json(&paper))?);
    } else if args.bibtex {
        print!("{}", formats::bibtex(&paper));
    } else {
        print!("{}", formats::markdown(&paper));
    }
    Ok(ExitCode::SUCCESS)
}

impl Form {
    /// Whether people read it.
    fn plain(self) -> bool {
        !self.json && !self.ids
    }
}

fn print_papers(papers: &[Paper], form: Form) -> Result<()> {
    if form.json {
        let values: Vec<_> = papers.iter().map(formats::paper_json).collect();
        println!("{}", serde_json::to_string_pretty(&values)?);
        return Ok(());
    }
    if form.ids {
        papers.iter().for_each(|p| println!("{}", p.key()));
        return Ok(());
    }
    let mut table = Table::new(&["votes", "listed", "id", "title"]);
    for paper in papers {
        let listed = paper.times.listed_day().map_or_else(|| "-".to_string(), |d| d.to_string());
        table.row(vec![paper.votes.to_string(), listed, paper.key(), paper.title.clone()]);
    }
    table.print()
}
