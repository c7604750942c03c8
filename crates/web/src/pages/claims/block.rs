//! What readers say of a paper, on its page: who added links and tags, who are its authors here.

use std::collections::HashMap;

use domain::paper::{LinkKind, Paper};
use store::{AuthorshipState, ClaimKind};

use super::{address, by, kind_words, printed, tag_href};
use crate::error::Error;
use crate::state::App;
use crate::view::{Anchor, paper_path, query_value};

/// What the block shows.
#[derive(Debug)]
pub(crate) struct Block {
    /// The paper's key.
    pub(crate) key: String,
    /// The page with the history.
    pub(crate) history: String,
    /// Where somebody who is not signed in can do so, and come back.
    pub(crate) sign_in: String,
    /// How many things were said over time.
    pub(crate) said: usize,
    /// Readers' tags, each with who added it.
    pub(crate) tags: Vec<(Anchor, String)>,
    /// People here who are authors of the paper: name here, name as printed.
    pub(crate) authors: Vec<(String, String)>,
    /// The names printed on the paper.
    pub(crate) printed: Vec<String>,
    /// Kinds of links with their words.
    pub(crate) kinds: Vec<(&'static str, &'static str)>,
    /// Who claims which link.
    sayers: HashMap<(LinkKind, String), String>,
}

impl Block {
    /// The block of a paper.
    pub(crate) async fn of(app: &App, paper: &Paper) -> Result<Block, Error> {
        let standing = app.store.standing_claims(paper.id).await?;
        let history = app.store.claim_history(paper.id).await?;
        let authors = app.store.authorship_of_paper(paper.id).await?;
        let mut tags = Vec::new();
        let mut sayers = HashMap::new();
        for event in &standing {
            match event.kind {
                ClaimKind::Link(kind) => {
                    sayers.insert((kind, event.value.clone()), by(event));
                }
                ClaimKind::Tag => {
                    let href = tag_href(&event.value).unwrap_or_default();
                    let text = event.value.clone();
                    tags.push((Anchor { text, href }, by(event)));
                }
            }
        }
        let key = paper.key();
        Ok(Block {
            history: address(paper),
            sign_in: format!("/sign-in?next={}", query_value(&paper_path(&key))),
            key,
            said: history.len(),
            tags,
            authors: authors
                .into_iter()
                .filter(|claim| claim.state == AuthorshipState::Approved)
                .map(|claim| (claim.name, claim.author))
                .collect(),
            printed: printed(paper),
            kinds: ClaimKind::LINKS
                .map(|kind| (kind.as_str(), kind_words(ClaimKind::Link(kind))))
                .to_vec(),
            sayers,
        })
    }

    /// The name of the reader who claims a link.
    pub(crate) fn sayer(&self, kind: LinkKind, url: &str) -> Option<&str> {
        let name = self.sayers.get(&(kind, url.to_string()));
        name.map(String::as_str)
    }
}
