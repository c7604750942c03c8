//! The site's lists on the terminal: as a table, as JSON, or as ids.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use domain::ids::ExternalId;
use domain::paper::Paper;
use domain::window::Window;
use jiff::Timestamp;
use jiff::civil::Date;
use search::engine::{Answer, Mode, Request, Sort};
use store::Slice;
use web::formats;
use web::lists::ListRef;
use web::state::Status;
use web::trending::trending_as_of;

use super::args::{Form, ListArgs, PaperArgs, SearchArgs, SimilarArgs, SortArg, TrendingArgs};
use super::json;
use super::table::Table;
use crate::config::Config;
use crate::pipeline::Pipeline;
use crate::server::app;

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
            let last = days
                .iter()
                .rev()
                .map(|(day, _)| *day)
                .find(|day| *day <= today);
            let window = newest(last.context(
                "there are no papers yet; try `broadsheet fetch` or `broadsheet import`",
            )?);
            (window, window.last() < today)
        }
    };
    let slice = Slice {
        offset: 0,
        limit: args.limit,
    };
    let list = pipeline
        .store
        .window(window, args.cat.as_deref(), slice)
        .await?;
    if args.form.plain() {
        let what = if snapped {
            " (the newest with papers)"
        } else {
            ""
        };
        println!(
            "{} {window}{what}: {} of {} papers",
            window.kind(),
            list.papers.len(),
            list.total
        );
    }
    print_papers(config, pipeline, &list.papers, args.form).await
}

/// `broadsheet trending`: the list of the site's page.
pub(crate) async fn trending(
    config: &Config,
    pipeline: &Pipeline,
    args: &TrendingArgs,
) -> Result<()> {
    let app = app(config, pipeline, Status::default(), None);
    let slice = Slice {
        offset: 0,
        limit: args.limit,
    };
    let loaded = ListRef::Trending {
        days: args.window.days(),
    }
    .load(&app, slice)
    .await?;
    let papers: Vec<_> = loaded.entries.into_iter().map(|e| e.paper).collect();
    if args.form.plain() {
        let as_of = trending_as_of(&app)
            .await?
            .to_zoned(config.time_zone.clone())
            .date();
        println!(
            "trending over {} days, as of {as_of}: {} papers",
            args.window.days(),
            papers.len()
        );
        if papers.is_empty() {
            println!(
                "No paper gained votes, comments or stars; readings come with `broadsheet fetch`."
            );
        }
    }
    print_papers(config, pipeline, &papers, args.form).await
}

/// `broadsheet search`.
pub(crate) async fn search(config: &Config, pipeline: &Pipeline, args: &SearchArgs) -> Result<()> {
    let request = Request {
        query: args.query.join(" "),
        sort: match args.sort {
            SortArg::Relevance => Sort::Relevance,
            SortArg::Newest => Sort::Newest,
            SortArg::Votes => Sort::Votes,
        },
        mode: args.mode.into(),
        limit: args.limit as usize,
        ..Request::default()
    };
    let engine = pipeline.engine();
    let answer = tokio::task::spawn_blocking(move || engine.search(&request)).await??;
    if let Some(id) = &answer.direct
        && let Some(paper) = pipeline.store.paper(id).await?
    {
        return print_papers(config, pipeline, &[paper], args.form).await;
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
        println!("{}", counted(&answer, papers.len()));
    }
    print_papers(config, pipeline, &papers, args.form).await
}

/// What was found, in a line.
fn counted(answer: &Answer, shown: usize) -> String {
    match answer.mode {
        Mode::Lexical => format!("{shown} of {} papers", answer.total),
        Mode::Hybrid => format!(
            "the best {shown} by words and meaning; papers with all the words: {}",
            answer.total
        ),
        Mode::Semantic => format!("the {shown} nearest in meaning"),
    }
}

/// `broadsheet similar`.
pub(crate) async fn similar(
    config: &Config,
    pipeline: &Pipeline,
    args: &SimilarArgs,
) -> Result<()> {
    let mut given = Vec::new();
    for id in &args.papers {
        let id: ExternalId = id.parse()?;
        match pipeline.store.paper(&id).await? {
            Some(paper) => given.push(paper),
            None => bail!("paper {id} is not here"),
        }
    }
    let (engine, limit) = (pipeline.engine(), args.limit as usize);
    let near = tokio::task::spawn_blocking(move || {
        engine.similar(&given.iter().collect::<Vec<_>>(), limit)
    })
    .await??;
    if near.is_empty() && args.form.plain() {
        println!("No vectors are there yet; `broadsheet rebuild` makes them.");
    }
    let rows: Vec<_> = near.iter().map(|n| n.paper).collect();
    let papers = pipeline.store.papers(&rows).await?;
    print_papers(config, pipeline, &papers, args.form).await
}

/// `broadsheet paper`.
pub(crate) async fn paper(
    config: &Config,
    pipeline: &Pipeline,
    args: &PaperArgs,
) -> Result<ExitCode> {
    let id: ExternalId = args.id.parse()?;
    let Some(paper) = pipeline.store.paper(&id).await? else {
        match id.url() {
            Some(url) => bail!("paper {id} is not here; its issuer's page is {url}"),
            None => bail!("paper {id} is not here"),
        }
    };
    if args.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&json::of(config, pipeline, &[paper]).await?[0])?
        );
    } else if args.bibtex {
        print!("{}", formats::bibtex(&paper));
    } else {
        print!(
            "{}",
            formats::markdown(&paper, &json::page_url(config, &paper))
        );
    }
    Ok(ExitCode::SUCCESS)
}

impl Form {
    /// Whether people read it.
    fn plain(self) -> bool {
        !self.json && !self.ids
    }
}

async fn print_papers(
    config: &Config,
    pipeline: &Pipeline,
    papers: &[Paper],
    form: Form,
) -> Result<()> {
    if form.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&json::of(config, pipeline, papers).await?)?
        );
        return Ok(());
    }
    if form.ids {
        papers.iter().for_each(|p| println!("{}", p.key()));
        return Ok(());
    }
    let mut table = Table::new(&["votes", "listed", "id", "title"]);
    for paper in papers {
        let listed = paper
            .times
            .listed_day()
            .map_or_else(|| "-".to_string(), |d| d.to_string());
        table.row(vec![
            paper.votes.to_string(),
            listed,
            paper.key(),
            paper.title.clone(),
        ]);
    }
    table.print()
}
