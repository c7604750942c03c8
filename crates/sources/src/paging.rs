//! When to ask for another page, and when to stop: sources send short pages, empty pages and the same page again.

/// How a walk over pages ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PagingEnd {
    /// Everything that the source counted was seen, or an empty page ended a list of unknown length.
    Whole,
    /// Empty pages came again and again before the source's own number was reached.
    EmptyBeforeTotal,
    /// A page held nothing that had not come before.
    NoProgress,
    /// The bound on pages was reached.
    TooManyPages,
}

impl PagingEnd {
    /// What is to be said of it, if it is not the proper end.
    pub fn note(self) -> Option<&'static str> {
        match self {
            PagingEnd::Whole => None,
            PagingEnd::EmptyBeforeTotal => {
                Some("the source sent empty pages before its own total was reached")
            }
            PagingEnd::NoProgress => Some("the source sent a page that it had sent before"),
            PagingEnd::TooManyPages => Some("the walk over the source's pages was cut short"),
        }
    }
}

/// How often an empty page is asked for again.
const EMPTY_MAX: u32 = 3;

/// A walk over pages of rows. Knows numbers only, so it is tested without a network.
#[derive(Debug)]
pub(crate) struct Paging {
    start: u32,
    total: Option<u32>,
    total_changed: bool,
    empty: u32,
    pages: u32,
    pages_max: u32,
    end: Option<PagingEnd>,
}

impl Paging {
    /// A walk of at most `pages_max` pages.
    pub(crate) fn new(pages_max: u32) -> Self {
        Paging {
            start: 0,
            total: None,
            total_changed: false,
            empty: 0,
            pages: 0,
            pages_max,
            end: None,
        }
    }

    /// The first row of the next page to ask for; nothing when the walk is over.
    pub(crate) fn next(&self) -> Option<u32> {
        self.end.is_none().then_some(self.start)
    }

    /// How it ended.
    pub(crate) fn end(&self) -> Option<PagingEnd> {
        self.end
    }

    /// The source's newest number of rows.
    pub(crate) fn total(&self) -> Option<u32> {
        self.total
    }

    /// Whether the source's number changed on the way.
    pub(crate) fn total_changed(&self) -> bool {
        self.total_changed
    }

    /// Takes note of a page: its rows, how many of them had not come before, and the source's number of all rows.
    pub(crate) fn take(&mut self, rows: usize, new: usize, total: Option<u32>) {
        self.pages += 1;
        if let Some(total) = total {
            self.total_changed |= self.total.is_some_and(|before| before != total);
            self.total = Some(total);
        }
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        self.start = self.start.saturating_add(rows);
        let reached = self.total.is_some_and(|total| self.start >= total);
        self.empty = if rows == 0 { self.empty + 1 } else { 0 };
        self.end = if reached || (rows == 0 && self.total.is_none()) {
            Some(PagingEnd::Whole)
        } else if self.empty >= EMPTY_MAX {
            Some(PagingEnd::EmptyBeforeTotal)
        } else if rows > 0 && new == 0 {
            Some(PagingEnd::NoProgress)
        } else if self.pages >= self.pages_max {
            Some(PagingEnd::TooManyPages)
        } else {
            None
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PagingEnd::*;

    /// Pages as (rows, new, total); the starts asked for, and the end.
    #[track_caller]
    fn check(pages: &[(usize, usize, Option<u32>)], starts: &[u32], end: Option<PagingEnd>) {
        let mut paging = Paging::new(5);
        let mut asked = Vec::new();
        for (rows, new, total) in pages {
            asked.extend(paging.next());
            paging.take(*rows, *new, *total);
        }
        assert_eq!(asked, starts);
        assert_eq!(paging.end(), end);
    }

    #[test]
    fn walks_end() {
        check(&[(37, 37, Some(37))], &[0], Some(Whole));
        check(
            &[(100, 100, Some(137)), (37, 37, Some(137))],
            &[0, 100],
            Some(Whole),
        );
        check(
            &[(63, 63, Some(137)), (74, 74, Some(137))],
            &[0, 63],
            Some(Whole),
        );
        check(&[(0, 0, Some(0))], &[0], Some(Whole));
        check(&[(9, 9, None), (0, 0, None)], &[0, 9], Some(Whole));
        check(&[(0, 0, Some(9)), (9, 9, Some(9))], &[0, 0], Some(Whole));
        check(
            &[
                (5, 5, Some(9)),
                (0, 0, Some(9)),
                (0, 0, Some(9)),
                (0, 0, Some(9)),
            ],
            &[0, 5, 5, 5],
            Some(EmptyBeforeTotal),
        );
        check(
            &[(5, 5, Some(99)), (5, 0, Some(99))],
            &[0, 5],
            Some(NoProgress),
        );
        check(&[(1, 1, Some(99)); 5], &[0, 1, 2, 3, 4], Some(TooManyPages));
        check(&[(1, 1, Some(2)), (1, 1, Some(3))], &[0, 1], None);
    }
}
