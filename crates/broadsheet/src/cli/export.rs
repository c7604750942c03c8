//! `broadsheet export`: everything, one paper at a time, in the order in which it came.

use std::io::Write;

use anyhow::Result;
use web::formats;

use super::args::ExportFormat;
use crate::pipeline::Pipeline;

/// Papers read at a time, which bounds memory.
const PAPERS_PER_READ: u32 = 1_000;

pub(crate) async fn run(pipeline: &Pipeline, format: ExportFormat) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut after = None;
    loop {
        let papers = pipeline.store.papers_after(after, PAPERS_PER_READ).await?;
        let Some(last) = papers.last() else { break };
        after = Some(last.id);
        for paper in &papers {
            match format {
                ExportFormat::Jsonl => {
                    serde_json::to_writer(&mut out, &formats::paper_json(paper))?;
                    out.write_all(b"\n")?;
                }
                ExportFormat::Bibtex => out.write_all(formats::bibtex(paper).as_bytes())?,
            }
        }
    }
    out.flush()?;
    Ok(())
}
