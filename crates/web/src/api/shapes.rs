//! The JSON of the API, as its clients read it. Fields without a doc comment are named as the API names them.

use domain::paper::{LinkKind, Paper};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::thumbnail;
use crate::base_url::BaseUrl;
use crate::latex;
use crate::static_files;
use crate::times::{listed, millis, published};

/// The one user under whose name all papers stand, until there are accounts.
pub(super) const SUBMITTER: &str = "broadsheet";

/// A paper on a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item<'a> {
    paper: PaperObject<'a>,
    published_at: String,
    title: &'a str,
    summary: &'a str,
    thumbnail: String,
    num_comments: u32,
    submitted_by: User,
    /// Whether an author takes part in the discussion; without accounts nobody can be told to.
    is_author_participating: bool,
    submitted_on_daily_at: String,
    /// Inside `paper` too; some clients look only here.
    #[serde(flatten)]
    extras: Extras<'a>,
}

/// A paper by itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PaperInfo<'a> {
    #[serde(flatten)]
    paper: PaperObject<'a>,
    num_comments: u32,
    linked_models: Vec<LinkedRepo>,
    num_total_models: usize,
    linked_datasets: Vec<LinkedRepo>,
    num_total_datasets: usize,
    linked_spaces: Vec<LinkedRepo>,
    num_total_spaces: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PaperObject<'a> {
    id: String,
    authors: Vec<PaperAuthor>,
    published_at: String,
    submitted_on_daily_at: String,
    title: &'a str,
    submitted_on_daily_by: User,
    summary: &'a str,
    discussion_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn_at: Option<String>,
    #[serde(flatten)]
    extras: Extras<'a>,
}

#[derive(Debug, Serialize)]
struct PaperAuthor {
    _id: String,
    name: String,
    hidden: bool,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    #[serde(rename = "_id")]
    id: String,
    avatar_url: String,
    fullname: &'static str,
    /// The same name twice: lists' users go by `name`, authors' and papers' by `user`.
    name: &'static str,
    user: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    is_pro: bool,
    is_hf: bool,
    is_hf_admin: bool,
    is_mod: bool,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Extras<'a> {
    upvotes: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    media_urls: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_page: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    github_repo: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    github_repo_added_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    github_stars: Option<u32>,
    #[serde(rename = "ai_summary", skip_serializing_if = "Option::is_none")]
    ai_summary: Option<&'a str>,
    #[serde(rename = "ai_summary_model", skip_serializing_if = "Option::is_none")]
    ai_summary_model: Option<&'a str>,
    #[serde(rename = "ai_keywords", skip_serializing_if = "<[_]>::is_empty")]
    ai_keywords: &'a [String],
}

/// A model, data set or space that a link of the paper leads to.
#[derive(Debug, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct LinkedRepo {
    id: String,
    author: String,
    private: bool,
    repo_type: &'static str,
}

impl<'a> Item<'a> {
    /// A paper as lists and searches give it.
    pub(super) fn new(paper: &'a Paper, base: &BaseUrl) -> Item<'a> {
        let object = PaperObject::new(paper, base);
        Item {
            published_at: object.published_at.clone(),
            title: object.title,
            summary: object.summary,
            thumbnail: base.join(&thumbnail::path(&object.id)),
            num_comments: paper.comments,
            submitted_by: object.submitted_on_daily_by.clone(),
            is_author_participating: false,
            submitted_on_daily_at: object.submitted_on_daily_at.clone(),
            extras: object.extras.clone(),
            paper: object,
        }
    }
}

impl<'a> PaperInfo<'a> {
    /// A paper with what is linked to it.
    pub(super) fn new(paper: &'a Paper, base: &BaseUrl) -> PaperInfo<'a> {
        let linked = |repo_type| linked_repos(paper, repo_type);
        let (models, datasets, spaces) = (linked("model"), linked("dataset"), linked("space"));
        PaperInfo {
            paper: PaperObject::new(paper, base),
            num_comments: paper.comments,
            num_total_models: models.len(),
            linked_models: models,
            num_total_datasets: datasets.len(),
            linked_datasets: datasets,
            num_total_spaces: spaces.len(),
            linked_spaces: spaces,
        }
    }
}

impl<'a> PaperObject<'a> {
    fn new(paper: &'a Paper, base: &BaseUrl) -> PaperObject<'a> {
        let key = paper.key();
        let authors = paper.authors.iter().enumerate();
        PaperObject {
            authors: authors
                .map(|(place, author)| PaperAuthor {
                    _id: object_id(&["author", &key, &place.to_string()]),
                    name: latex::plain(&author.name),
                    hidden: false,
                })
                .collect(),
            published_at: millis(published(paper)),
            submitted_on_daily_at: millis(listed(paper)),
            title: &paper.title,
            submitted_on_daily_by: user(base),
            summary: summary(paper),
            discussion_id: object_id(&["discussion", &key]),
            withdrawn_at: paper
                .withdrawn
                .then(|| millis(paper.times.updated.unwrap_or(published(paper)))),
            extras: extras(paper),
            id: key,
        }
    }
}

/// The abstract; a paper that came without one shows its short summary instead.
fn summary(paper: &Paper) -> &str {
    match &paper.summary {
        Some(summary) if paper.abstract_text.is_empty() => &summary.text,
        _ => &paper.abstract_text,
    }
}

fn extras(paper: &Paper) -> Extras<'_> {
    let first = |kind| paper.links_of(kind).next().map(|link| link.url.as_str());
    let repo = paper
        .links_of(LinkKind::Code)
        .map(|link| link.url.as_str())
        .find(|url| url.starts_with("https://github.com/"));
    Extras {
        upvotes: paper.votes,
        media_urls: paper
            .links_of(LinkKind::Media)
            .map(|link| link.url.as_str())
            .collect(),
        project_page: first(LinkKind::Project),
        github_repo: repo,
        github_repo_added_by: repo.map(|_| "auto"),
        github_stars: repo.and(paper.stars),
        ai_summary: paper.summary.as_ref().map(|s| s.text.as_str()),
        ai_summary_model: paper.summary.as_ref().map(|s| s.by.as_str()),
        ai_keywords: &paper.tags,
    }
}

fn user(base: &BaseUrl) -> User {
    User {
        id: object_id(&["user", SUBMITTER]),
        avatar_url: base.join(static_files::icon().address),
        fullname: "Broadsheet",
        name: SUBMITTER,
        user: SUBMITTER,
        kind: "user",
        is_pro: false,
        is_hf: false,
        is_hf_admin: false,
        is_mod: false,
    }
}

/// 24 hexadecimal digits that are the same whenever the same thing is named: clients keep them as database ids.
fn object_id(name: &[&str]) -> String {
    let hash = Sha256::digest(name.join("\0").as_bytes());
    hash.iter().take(12).map(|b| format!("{b:02x}")).collect()
}

/// What the paper's links say of the hub's repositories of one type. Addresses there are `/owner/name` for models and
/// `/datasets/owner/name`, `/spaces/owner/name` for the rest.
fn linked_repos(paper: &Paper, repo_type: &'static str) -> Vec<LinkedRepo> {
    let mut repos: Vec<LinkedRepo> = Vec::new();
    for link in &paper.links {
        let Some(path) = link.url.strip_prefix("https://huggingface.co/") else {
            continue;
        };
        let path = path.split(['?', '#']).next().unwrap_or(path);
        let mut parts = path.trim_end_matches('/').split('/');
        let found = match (parts.next(), link.kind) {
            (Some("datasets"), _) => ("dataset", parts.next(), parts.next()),
            (Some("spaces"), _) => ("space", parts.next(), parts.next()),
            (owner, LinkKind::Model) => ("model", owner, parts.next()),
            _ => continue,
        };
        if let (found_type, Some(owner), Some(name)) = found
            && found_type == repo_type
            && !owner.is_empty()
            && !name.is_empty()
        {
            let repo = LinkedRepo {
                id: format!("{owner}/{name}"),
                author: owner.to_string(),
                private: false,
                repo_type,
            };
            if !repos.contains(&repo) {
                repos.push(repo);
            }
        }
    }
    repos
}
