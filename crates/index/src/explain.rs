//! Why a paper was found: its score opened by place, for the few hits that are shown.

use tantivy::Searcher;

use crate::Error;
use crate::lookup::Plan;
use crate::query::{Explanation, Found, Part};
use crate::scan::Pass;

/// Explanations of hits, in the hits' order.
pub(crate) fn explain(
    plan: &Plan,
    searcher: &Searcher,
    hits: &[Found],
) -> Result<Vec<Explanation>, Error> {
    let mut explanations = vec![Explanation::default(); hits.len()];
    let mut order: Vec<usize> = (0..hits.len()).collect();
    order.sort_by_key(|i| hits[*i].place);
    let mut open: Option<(u32, Pass<'_>)> = None;
    for i in order {
        let (segment, doc) = hits[i].place;
        let pass = match &mut open {
            Some((number, pass)) if *number == segment => pass,
            _ => {
                let pass = Pass::open(plan, searcher.segment_reader(segment))?;
                &mut open.insert((segment, pass)).1
            }
        };
        let explanation = &mut explanations[i];
        pass.explain(doc, |part, label, score| {
            add(explanation, part, label, score)
        });
        explanation.parts.sort_by_key(|(part, _)| *part);
        explanation.labels.sort_unstable();
        explanation.labels.dedup();
    }
    Ok(explanations)
}

fn add(explanation: &mut Explanation, part: Part, label: Option<usize>, score: f32) {
    explanation.labels.extend(label);
    if score <= 0.0 {
        return;
    }
    match explanation.parts.iter_mut().find(|(p, _)| *p == part) {
        Some((_, sum)) => *sum += score,
        None => explanation.parts.push((part, score)),
    }
}
