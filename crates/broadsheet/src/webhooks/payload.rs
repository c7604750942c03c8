//! What a message says, and its signature: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, the scheme of
//! Standard Webhooks 1.0 (standardwebhooks.com).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::paper::Paper;
use domain::text::one_line;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::json;
use sha2::Sha256;

/// What a secret begins with, before the base64 of its bytes.
const SECRET_PREFIX: &str = "whsec_";
/// Most authors that a message names of a paper.
const AUTHORS_MAX: usize = 20;
/// Authors named in the text for chat channels.
const AUTHORS_IN_TEXT: usize = 3;
/// Longest title in a message, in characters.
const TITLE_CHARS_MAX: usize = 300;

/// A site that messages come from.
pub(super) struct Addressed<'a> {
    pub(super) base: &'a str,
    pub(super) site: &'a str,
}

impl Addressed<'_> {
    /// The body of a message of papers: JSON for programs, and in `text` the same for chat channels.
    pub(super) fn papers(&self, query: &str, papers: &[&Paper], now: Timestamp) -> String {
        let list: Vec<_> = papers
            .iter()
            .map(|paper| {
                let authors = paper.authors.iter().take(AUTHORS_MAX).map(|a| &a.name);
                json!({
                    "id": paper.key(),
                    "title": title(paper),
                    "authors": authors.collect::<Vec<_>>(),
                    "categories": paper.categories,
                    "url": self.url(paper),
                })
            })
            .collect();
        let body = json!({
            "type": "papers.new",
            "timestamp": now,
            "data": { "site": self.site, "query": query, "papers": list },
            "text": self.text(query, papers),
        });
        body.to_string()
    }

    fn url(&self, paper: &Paper) -> String {
        format!("{}{}", self.base, web::view::paper_path(&paper.key()))
    }

    fn text(&self, query: &str, papers: &[&Paper]) -> String {
        let count = match papers.len() {
            1 => "1 new paper".to_string(),
            n => format!("{n} new papers"),
        };
        let mut text = match query {
            "" => format!("{}: {count}", harmless(self.site)),
            query => format!("{}: {count} for {}", harmless(self.site), harmless(query)),
        };
        for paper in papers {
            let names = paper.authors.iter().take(AUTHORS_IN_TEXT);
            let mut by: Vec<String> = names.map(|a| harmless(&a.name)).collect();
            if paper.authors.len() > AUTHORS_IN_TEXT {
                by.push("and others".to_string());
            }
            text.push_str(&format!("\n• {}", harmless(&title(paper))));
            if !by.is_empty() {
                text.push_str(&format!(" ({})", by.join(", ")));
            }
            text.push_str(&format!(" {}", self.url(paper)));
        }
        text
    }
}

fn title(paper: &Paper) -> String {
    one_line(&paper.title)
        .chars()
        .take(TITLE_CHARS_MAX)
        .collect()
}

/// A stranger's text for a chat channel: it calls nobody and makes no links. Chat systems read `<!channel>`, `<url>`
/// and `@all` as commands, so the marks are written out and names broken.
fn harmless(text: &str) -> String {
    one_line(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('@', "@\u{200b}")
}

/// The signature of a message.
pub(super) fn signature(secret: &str, id: &str, seconds: &str, body: &str) -> String {
    let text = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
    let key = STANDARD
        .decode(text)
        .unwrap_or_else(|_| text.as_bytes().to_vec());
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length");
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use domain::ids::{ExternalId, PaperId};
    use domain::merge::paper_from;
    use domain::paper::Author;
    use domain::record::{Record, Source};

    use super::*;

    fn paper(title: &str) -> Paper {
        let at: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let mut record = Record::titled(Source::ArxivApi, at, title);
        record.ids = vec![ExternalId::arxiv("2611.10001").unwrap().0];
        record.authors = ["A. Author", "B. Author", "C. Author", "D. Author"]
            .map(Author::named)
            .to_vec();
        paper_from(PaperId(1), &record)
    }

    #[test]
    fn a_message_is_signed_as_the_standard_has_it() {
        // The example of the specification's reference libraries.
        let signed = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            "{\"test\": 2432232314}",
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_message_names_what_is_new() {
        let paper = paper("Sparse  attention");
        let site = Addressed {
            base: "https://papers.example.org",
            site: "Broadsheet",
        };
        let now = "2026-11-23T08:00:00Z".parse().unwrap();
        let body = site.papers("cat:cs.CL", &[&paper], now);
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["type"], "papers.new");
        assert_eq!(body["timestamp"], "2026-11-23T08:00:00Z");
        assert_eq!(body["data"]["query"], "cat:cs.CL");
        let first = &body["data"]["papers"][0];
        assert_eq!(first["id"], "2611.10001");
        assert_eq!(first["url"], "https://papers.example.org/papers/2611.10001");
        assert_eq!(first["authors"][3], "D. Author");
        assert_eq!(
            body["text"],
            "Broadsheet: 1 new paper for cat:cs.CL\n• Sparse attention (A. Author, B. Author, C. Author, and others) \
             https://papers.example.org/papers/2611.10001"
        );
    }

    #[test]
    fn titles_give_no_commands_to_a_channel() {
        let hostile = paper("<!channel> @all & <https://evil.example.org|click>");
        let site = Addressed {
            base: "https://papers.example.org",
            site: "Broadsheet",
        };
        let text = site.text("", &[&hostile]);
        assert!(!text.contains('<') && !text.contains("@all"), "{text}");
        assert!(
            text.contains("&lt;!channel&gt; @\u{200b}all &amp; "),
            "{text}"
        );
    }
}
