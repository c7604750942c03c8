//! The endings that turn a page's address into another form of the same thing: `/papers.atom`,
//! `/categories/cs.CL.rss`, `/papers/2305.19435.bib`.
//!
//! The router cannot match an ending inside a segment, so handlers get the raw last segment and split it here.

/// A known ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suffix {
    /// A list as Atom.
    Atom,
    /// A list as RSS 2.0.
    Rss,
    /// A list as JSON Feed, or a paper as JSON.
    Json,
    /// A paper as Markdown.
    Md,
    /// A paper as BibTeX.
    Bib,
    /// A paper as RIS.
    Ris,
}

/// The forms in which every list is a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FeedFormat {
    /// Atom (RFC 4287).
    Atom,
    /// RSS 2.0.
    Rss,
    /// JSON Feed 1.1.
    Json,
}

/// The forms in which every paper can be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaperFormat {
    /// Markdown, for people and language models.
    Md,
    /// BibTeX.
    Bib,
    /// RIS, for reference managers.
    Ris,
    /// Our own JSON, everything that is known.
    Json,
}

impl Suffix {
    const ALL: [Suffix; 6] = [
        Suffix::Atom,
        Suffix::Rss,
        Suffix::Json,
        Suffix::Md,
        Suffix::Bib,
        Suffix::Ris,
    ];

    /// The ending as it is written, without the dot.
    pub fn as_str(self) -> &'static str {
        match self {
            Suffix::Atom => "atom",
            Suffix::Rss => "rss",
            Suffix::Json => "json",
            Suffix::Md => "md",
            Suffix::Bib => "bib",
            Suffix::Ris => "ris",
        }
    }

    /// The feed format, if lists have this ending.
    pub fn feed(self) -> Option<FeedFormat> {
        match self {
            Suffix::Atom => Some(FeedFormat::Atom),
            Suffix::Rss => Some(FeedFormat::Rss),
            Suffix::Json => Some(FeedFormat::Json),
            _ => None,
        }
    }

    /// The paper's format, if papers have this ending.
    pub fn paper(self) -> Option<PaperFormat> {
        match self {
            Suffix::Md => Some(PaperFormat::Md),
            Suffix::Bib => Some(PaperFormat::Bib),
            Suffix::Ris => Some(PaperFormat::Ris),
            Suffix::Json => Some(PaperFormat::Json),
            _ => None,
        }
    }
}

impl FeedFormat {
    /// All of them, in the order in which pages link them.
    pub const ALL: [FeedFormat; 3] = [FeedFormat::Atom, FeedFormat::Rss, FeedFormat::Json];

    /// The ending, without the dot.
    pub fn as_str(self) -> &'static str {
        match self {
            FeedFormat::Atom => "atom",
            FeedFormat::Rss => "rss",
            FeedFormat::Json => "json",
        }
    }

    /// The name that people know.
    pub fn name(self) -> &'static str {
        match self {
            FeedFormat::Atom => "Atom",
            FeedFormat::Rss => "RSS",
            FeedFormat::Json => "JSON Feed",
        }
    }

    /// The media type of `<link rel="alternate">`, without parameters.
    pub fn media_type(self) -> &'static str {
        match self {
            FeedFormat::Atom => "application/atom+xml",
            FeedFormat::Rss => "application/rss+xml",
            FeedFormat::Json => "application/feed+json",
        }
    }
}

/// Cuts a known ending off the last segment of an address. What is left is never empty.
pub fn split_suffix(segment: &str) -> (&str, Option<Suffix>) {
    if let Some((body, ending)) = segment.rsplit_once('.')
        && !body.is_empty()
        && let Some(suffix) = Suffix::ALL.into_iter().find(|s| s.as_str() == ending)
    {
        return (body, Some(suffix));
    }
    (segment, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(segment: &str, body: &str, suffix: Option<Suffix>) {
        assert_eq!(split_suffix(segment), (body, suffix));
    }

    #[test]
    fn endings_are_cut() {
        check("2026-11-23.atom", "2026-11-23", Some(Suffix::Atom));
        check("2305.19435.bib", "2305.19435", Some(Suffix::Bib));
        check("cs.CL", "cs.CL", None);
        check("cs.CL.json", "cs.CL", Some(Suffix::Json));
        check("math/9201207.md", "math/9201207", Some(Suffix::Md));
        check(".atom", ".atom", None);
        check("2305.19435", "2305.19435", None);
        check("a.ATOM", "a.ATOM", None);
        check("", "", None);
    }
}
