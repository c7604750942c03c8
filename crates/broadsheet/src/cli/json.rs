//! Papers as the JSON that the site gives out too, with provenance and readings.

use anyhow::Result;
use domain::paper::Paper;
use serde_json::Value;
use web::formats::paper_json;
use web::view::paper_path;

use crate::config::Config;
use crate::pipeline::Pipeline;

/// One value a paper, in order.
pub(super) async fn of(
    config: &Config,
    pipeline: &Pipeline,
    papers: &[Paper],
) -> Result<Vec<Value>> {
    let rows: Vec<_> = papers.iter().map(|p| p.id).collect();
    let provenance = pipeline.store.provenance_of(&rows).await?;
    let readings = pipeline.store.readings_of(&rows).await?;
    let values = papers.iter().map(|paper| {
        let said = provenance.get(&paper.id).map_or(&[][..], Vec::as_slice);
        let read = readings.get(&paper.id).map_or(&[][..], Vec::as_slice);
        serde_json::to_value(paper_json(paper).with_history(page_url(config, paper), said, read))
    });
    Ok(values.collect::<Result<_, _>>()?)
}

/// The paper's page on this site.
pub(super) fn page_url(config: &Config, paper: &Paper) -> String {
    let written = &config.written;
    let base = match written.base_url.trim_end_matches('/') {
        "" => format!("http://{}", written.listen),
        given => given.to_string(),
    };
    format!("{base}{}", paper_path(&paper.key()))
}
