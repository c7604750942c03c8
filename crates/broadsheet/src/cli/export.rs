//! `broadsheet export`: everything, one paper at a time, in the order in which it came.

use std::io::Write;

use anyhow::Result;
use web::formats::CitationKeys;

use super::args::ExportFormat;
use super::json;
use crate::config::Config;
use crate::pipeline::Pipeline;

/// Papers read at a time, which bounds memory.
const PAPERS_PER_READ: u32 = 1_000;

pub(crate) async fn run(config: &Config, pipeline: &Pipeline, format: ExportFormat) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut keys = CitationKeys::default();
    let mut after = None;
    loop {
        let papers = pipeline.store.papers_after(after, PAPERS_PER_READ).await?;
        let Some(last) = papers.last() else { break };
        after = Some(last.id);
        match format {
            ExportFormat::Jsonl => {
                for value in json::of(config, pipeline, &papers).await? {
                    serde_json::to_writer(&mut out, &value)?;
                    out.write_all(b"\n")?;
                }
            }
            ExportFormat::Bibtex => {
                for paper in &papers {
                    out.write_all(keys.bibtex(paper).as_bytes())?;
                }
            }
        }
    }
    out.flush()?;
    Ok(())
}
