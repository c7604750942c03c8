//! A feed as JSON Feed 1.1.

use serde::Serialize;

use super::item::{Feed, Item};
use crate::error::Error;
use crate::times;

#[derive(Serialize)]
struct JsonFeed<'a> {
    version: &'static str,
    title: &'a str,
    home_page_url: &'a str,
    feed_url: &'a str,
    description: &'a str,
    language: &'static str,
    authors: [JsonAuthor<'a>; 1],
    items: Vec<JsonItem<'a>>,
}

#[derive(Serialize)]
struct JsonItem<'a> {
    id: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_url: Option<&'a str>,
    title: &'a str,
    content_html: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    summary: &'a str,
    date_published: String,
    date_modified: String,
    authors: Vec<JsonAuthor<'a>>,
    tags: &'a [String],
}

#[derive(Serialize)]
struct JsonAuthor<'a> {
    name: &'a str,
}

/// The feed as a JSON document.
pub(super) fn write(feed: &Feed) -> Result<Vec<u8>, Error> {
    let document = JsonFeed {
        version: "https://jsonfeed.org/version/1.1",
        title: &feed.title,
        home_page_url: &feed.home_url,
        feed_url: &feed.self_url,
        description: &feed.description,
        language: "en",
        authors: [JsonAuthor { name: &feed.site }],
        items: feed.items.iter().map(item).collect(),
    };
    serde_json::to_vec(&document).map_err(|e| Error::Render(format!("JSON Feed: {e}")))
}

fn item(item: &Item) -> JsonItem<'_> {
    JsonItem {
        id: &item.id,
        url: &item.url,
        external_url: item
            .links
            .iter()
            .find(|l| l.media_type == Some("text/html"))
            .map(|l| l.url.as_str()),
        title: &item.title,
        content_html: &item.html,
        summary: &item.summary,
        date_published: times::millis(item.published),
        date_modified: times::millis(item.updated),
        authors: item
            .authors
            .iter()
            .map(|name| JsonAuthor { name })
            .collect(),
        tags: &item.categories,
    }
}
