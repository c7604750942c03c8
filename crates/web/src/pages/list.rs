//! A plain list of papers: what category, author, tag and trending pages look like.

use askama::Template;

use super::talk::follows::FollowView;
use super::talk::marks::Hidden;
use crate::error::Error;
use crate::lists::{ListRef, LoadedList, PAGE_LEN, PAGE_MAX, papers_in_words};
use crate::view::{Anchor, CardView, Layout, number};

/// The page.
#[derive(Debug, Template)]
#[template(path = "list.html")]
pub struct ListPage {
    /// Head and foot.
    pub layout: Layout,
    /// The list's name.
    pub heading: String,
    /// A sentence below it.
    pub lead: String,
    /// Other lists of the same kind, and which of them this one is.
    pub choices: Vec<(Anchor, bool)>,
    /// How many papers there are.
    pub counted: String,
    /// A link after the number; empty address for none.
    pub note: Anchor,
    /// The button that follows the list.
    pub follow: FollowView,
    /// Papers that the reader has hidden.
    pub hidden: Vec<Hidden>,
    /// The papers.
    pub cards: Vec<CardView>,
    /// Whether cards say on which day's list they stand.
    pub show_days: bool,
    /// Other pages of the list.
    pub pager: Pager,
}

impl ListPage {
    /// A list without anything special.
    pub fn new(layout: Layout, list: &ListRef, loaded: &LoadedList, page: u32) -> Self {
        ListPage {
            layout,
            heading: list.title(),
            lead: String::new(),
            choices: Vec::new(),
            counted: papers_in_words(u64::from(loaded.total)),
            note: Anchor {
                text: String::new(),
                href: String::new(),
            },
            follow: FollowView::default(),
            hidden: loaded.hidden.clone(),
            cards: CardView::of_list(loaded),
            show_days: true,
            pager: Pager::new(&list.path(), page, loaded.total),
        }
    }
}

/// The error that a list has no such page: it is shorter.
pub fn beyond(list: &ListRef, page: u32, loaded: &LoadedList) -> Result<(), Error> {
    if page == 1 || !loaded.entries.is_empty() || !loaded.hidden.is_empty() {
        return Ok(());
    }
    Err(Error::NotFound {
        text: format!(
            "This list has no page {page}: it holds {}.",
            papers_in_words(u64::from(loaded.total))
        ),
        links: vec![("Its first page".to_string(), list.path())],
    })
}

/// The ways to the pages before and after.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pager {
    /// Address of the page before.
    pub previous: Option<String>,
    /// Address of the page after.
    pub next: Option<String>,
    /// "51–100 of 244".
    pub place: String,
}

impl Pager {
    /// Page `page`, counted from 1, of a list of `total` papers at `path`.
    pub fn new(path: &str, page: u32, total: u32) -> Self {
        let address = |page: u32| match (page, path.contains('?')) {
            (1, _) => path.to_string(),
            (page, false) => format!("{path}?page={page}"),
            (page, true) => format!("{path}&page={page}"),
        };
        let first = page.saturating_sub(1).saturating_mul(PAGE_LEN);
        let last = first.saturating_add(PAGE_LEN).min(total);
        Pager {
            previous: (page > 1).then(|| address(page - 1)),
            next: (last < total && page < PAGE_MAX).then(|| address(page + 1)),
            place: if first < last {
                format!(
                    "{}–{} of {}",
                    number(u64::from(first) + 1),
                    number(u64::from(last)),
                    number(u64::from(total))
                )
            } else {
                String::new()
            },
        }
    }

    /// Whether there is any other page.
    pub fn is_needed(&self) -> bool {
        self.previous.is_some() || self.next.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, page: u32, total: u32, expected: &str) {
        let pager = Pager::new(path, page, total);
        let shown = |o: &Option<String>| o.clone().unwrap_or("-".to_string());
        let got = format!(
            "{} | {} | {}",
            shown(&pager.previous),
            pager.place,
            shown(&pager.next)
        );
        assert_eq!(got, expected);
    }

    #[test]
    fn pagers_step() {
        check("/tags/x", 1, 0, "- |  | -");
        check("/tags/x", 1, 50, "- | 1–50 of 50 | -");
        check("/tags/x", 1, 51, "- | 1–50 of 51 | /tags/x?page=2");
        check("/tags/x", 2, 51, "/tags/x | 51–51 of 51 | -");
        check(
            "/a?window=1",
            2,
            1500,
            "/a?window=1 | 51–100 of 1,500 | /a?window=1&page=3",
        );
        check(
            "/a",
            PAGE_MAX,
            u32::MAX,
            "/a?page=999 | 49,951–50,000 of 4,294,967,295 | -",
        );
    }
}
