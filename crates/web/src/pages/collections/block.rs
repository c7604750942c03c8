//! "Add to a collection" on a paper's page, and the public collections in which the paper stands.

use domain::paper::Paper;

use super::{anchors, path};
use crate::account::viewer;
use crate::error::Error;
use crate::state::App;
use crate::view::Anchor;

/// How many public collections a paper's page names.
const PUBLIC_MAX: u32 = 10;

/// What the block shows.
#[derive(Debug)]
pub(crate) struct Block {
    /// Public collections with the paper.
    pub(crate) public: Vec<Anchor>,
    /// The reader's own that hold it.
    pub(crate) holding: Vec<Anchor>,
    /// Those to which it could be added: `owner/slug` and title. `None` where nobody is signed in.
    pub(crate) choices: Option<Vec<(String, String)>>,
}

impl Block {
    /// The block of a paper for the reader at work.
    pub(crate) async fn of(app: &App, paper: &Paper) -> Result<Block, Error> {
        let public = app.store.collections_with(paper.id, PUBLIC_MAX).await?;
        let mut block = Block {
            public: anchors(&public),
            holding: Vec::new(),
            choices: None,
        };
        if let Some(user) = viewer().user() {
            let holding = app.store.collections_holding(user.id, paper.id).await?;
            let mine = app.store.collections_of(user.id).await?;
            let (held, free): (Vec<_>, Vec<_>) =
                mine.into_iter().partition(|c| holding.contains(&c.id));
            block.holding = held
                .iter()
                .map(|c| Anchor {
                    text: c.title.clone(),
                    href: path(c),
                })
                .collect();
            let choice =
                |c: &store::Collection| (format!("{}/{}", c.owner_name, c.slug), c.title.clone());
            block.choices = Some(free.iter().map(choice).collect());
        }
        Ok(block)
    }
}
