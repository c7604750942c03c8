//! Search by words: the papers that have all of them, or, where these are few, most of them. Of a sentence or a whole
//! abstract any words will do, the best matches first.

use domain::hit::{Explanation, Hit};
use index::query::{Found, Order, Page, Part};
use index::snapshot::Snapshot;

use crate::correct;
use crate::cursor::{self, Cursor};
use crate::engine::{Answer, Error, LIMIT_MAX, Mode, Request, Sort};
use crate::plan::{self, Planned};
use crate::query::{self, Parsed};

/// With fewer hits than this, papers that lack some of the words are shown too.
const FEW: usize = 3;
/// For [`Run::need`]: any of the words will do.
const ANY: u8 = 0x7f;
/// So many papers are listed for a sentence: deeper, they have little to do with it.
const SENTENCE_DEPTH: usize = 1_000;

/// A query and how it is run, with what that found.
struct Run {
    planned: Planned,
    found: index::query::Answer,
    corrected: Option<String>,
    /// So many of the words are demanded; 0 for all, [`ANY`] for a sentence.
    need: u8,
    /// How many papers have all the words, where fewer were demanded.
    strict_total: usize,
}

/// Answers a request by words alone.
pub(crate) fn search(
    snapshot: &Snapshot,
    parsed: &Parsed,
    request: &Request,
) -> Result<Answer, Error> {
    let search = cursor::search_id(&parsed.text, request.sort, Mode::Lexical);
    let cursor = match &request.cursor {
        Some(text) => Some(Cursor::decode(text, search)?),
        None => None,
    };
    let limit = request.limit.clamp(1, LIMIT_MAX);
    let page = Page {
        order: order_of(request.sort),
        // One more than asked for says whether there is a next page.
        limit: limit + 1,
        after: cursor.map(|cursor| cursor.after),
    };
    let mut run = match cursor {
        Some(cursor) => again(snapshot, parsed, &page, cursor)?,
        None => decide(snapshot, parsed, &page)?,
    };
    let more = run.found.hits.len() > limit;
    run.found.hits.truncate(limit);
    let next = run.found.hits.last().filter(|_| more).map(|last| {
        let next = Cursor {
            after: if run.need == ANY {
                // What a paper of a sentence's list is before, is not told by its score alone.
                cursor.map_or(0, |cursor| cursor.after) + limit as u64
            } else {
                last.key
            },
            corrected: run.corrected.is_some(),
            need: run.need,
        };
        next.encode(search)
    });
    Ok(Answer {
        hits: hits(snapshot, &run)?,
        mode: Mode::Lexical,
        total: run.found.total,
        next,
        hint: hint(parsed, &run),
        corrected: run.corrected,
        direct: parsed.direct.clone(),
        marker: run.planned.marker,
    })
}

fn order_of(sort: Sort) -> Order {
    match sort {
        Sort::Relevance => Order::Relevance,
        Sort::Newest => Order::Newest,
        Sort::Votes => Order::Votes,
    }
}

/// Runs a first page: as typed; if that finds nothing, with mistyped words corrected; if that finds few, with fewer
/// of the words demanded. A sentence is left as it is: one mistyped word of many does it little harm.
fn decide(snapshot: &Snapshot, parsed: &Parsed, page: &Page) -> Result<Run, Error> {
    let planned = planned(parsed);
    if page.order == Order::Relevance && planned.sentence {
        return run(snapshot, planned, page, ANY);
    }
    let mut run = run(snapshot, planned, page, 0)?;
    if run.found.total == 0
        && parsed.direct.is_none()
        && let Some(text) = correct::corrected(snapshot, parsed)?
    {
        let planned = plan::plan(&query::parse(&text));
        run = self::run(snapshot, planned, page, 0)?;
        run.corrected = Some(text);
    }
    // Lists by day or votes would bury the full matches among the others, so there only an empty list is filled.
    let few = if page.order == Order::Relevance {
        FEW
    } else {
        1
    };
    if run.found.total < few {
        for need in relaxed(run.planned.loose_parts()) {
            let loose = self::run(snapshot, run.planned.clone(), page, need)?;
            if loose.found.total > run.found.total {
                let strict_total = run.strict_total;
                let corrected = run.corrected.take();
                run = Run {
                    corrected,
                    strict_total,
                    ..loose
                };
            }
            if run.found.total >= few {
                break;
            }
        }
    }
    Ok(run)
}

/// Runs a later page the way the first was run.
fn again(snapshot: &Snapshot, parsed: &Parsed, page: &Page, cursor: Cursor) -> Result<Run, Error> {
    let mut corrected = None;
    let mut planned = planned(parsed);
    if cursor.corrected
        && let Some(text) = correct::corrected(snapshot, parsed)?
    {
        planned = plan::plan(&query::parse(&text));
        corrected = Some(text);
    }
    let found = run(snapshot, planned, page, cursor.need)?;
    Ok(Run { corrected, ..found })
}

fn planned(parsed: &Parsed) -> Planned {
    match &parsed.direct {
        Some(id) => plan::for_id(id),
        None => plan::plan(parsed),
    }
}

/// How many of n words to demand when all of them find too little: three quarters, then half.
fn relaxed(parts: usize) -> impl Iterator<Item = u8> {
    let quarters = [3, 2].map(|quarters| (parts * quarters).div_ceil(4));
    quarters
        .into_iter()
        .filter(move |need| (1..parts).contains(need))
        .filter_map(|need| u8::try_from(need).ok())
}

fn run(snapshot: &Snapshot, mut planned: Planned, page: &Page, need: u8) -> Result<Run, Error> {
    planned.query.need = match need {
        0 => planned.loose_parts(),
        ANY => 0,
        need => usize::from(need),
    };
    let found = if !planned.asks {
        index::query::Answer::default()
    } else if need == ANY {
        best(snapshot, &planned, page)?
    } else {
        snapshot.search(&planned.query, page)?
    };
    Ok(Run {
        planned,
        strict_total: found.total,
        found,
        corrected: None,
        need,
    })
}

/// A page of the best matches; `after` says how many came before.
fn best(
    snapshot: &Snapshot,
    planned: &Planned,
    page: &Page,
) -> Result<index::query::Answer, Error> {
    let mut hits = snapshot.best(&planned.query, SENTENCE_DEPTH)?;
    let total = hits.len();
    let before = usize::try_from(page.after.unwrap_or(0)).unwrap_or(usize::MAX);
    hits.drain(..before.min(total));
    hits.truncate(page.limit);
    Ok(index::query::Answer { hits, total })
}

fn hits(snapshot: &Snapshot, run: &Run) -> Result<Vec<Hit>, Error> {
    let explanations = snapshot.explain(&run.planned.query, &run.found.hits)?;
    let explained = run.found.hits.iter().zip(explanations);
    Ok(explained
        .map(|(found, why)| hit(&run.planned, found, &why))
        .collect())
}

fn hit(planned: &Planned, found: &Found, why: &index::query::Explanation) -> Hit {
    let explanation = explanation(planned, why);
    let score = if found.score > 0.0 {
        found.score
    } else {
        explanation.parts.iter().map(|(_, score)| score).sum()
    };
    Hit {
        paper: found.paper,
        score,
        explanation,
    }
}

/// An explanation in the words of the query.
pub(crate) fn explanation(planned: &Planned, why: &index::query::Explanation) -> Explanation {
    let name = |part: Part| match part {
        Part::Title => "title",
        Part::Abstract => "abstract",
        Part::Authors => "authors",
        Part::Bonus => "title phrase",
        Part::Filter => "filter",
    };
    let parts = why.parts.iter();
    let labels = why.labels.iter();
    Explanation {
        parts: parts
            .map(|(part, score)| (name(*part).to_string(), *score))
            .collect(),
        matched: labels
            .filter_map(|label| planned.labels.get(*label).cloned())
            .collect(),
        ..Explanation::default()
    }
}

/// Everything there is to say, as one text.
fn hint(parsed: &Parsed, run: &Run) -> Option<String> {
    let mut said = parsed.hints.clone();
    said.extend(run.planned.hints.iter().cloned());
    if !run.planned.asks && parsed.hints.is_empty() {
        said.push(
            "Type words to look for, \"a phrase in quotation marks\", author:name, cat:cs.CL, or an arXiv id.".to_string(),
        );
    }
    if let Some(id) = &parsed.direct
        && run.found.total == 0
    {
        said.push(format!("{id} is not here."));
    }
    if run.need > 0 && run.need != ANY {
        let all = run.planned.loose_parts();
        let with_all = match run.strict_total {
            0 => "No paper has all of these words".to_string(),
            1 => "Only one paper has all of these words".to_string(),
            n => format!("Only {n} papers have all of these words"),
        };
        said.push(format!(
            "{with_all}; papers with at least {} of the {all} are shown too.",
            run.need
        ));
    }
    (!said.is_empty()).then(|| said.join(" "))
}
