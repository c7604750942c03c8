//! A feed as Atom (RFC 4287).

use atom_syndication as atom;
use jiff::Timestamp;

use super::item::{Feed, Item, ItemLink};
use crate::error::Error;
use crate::times;

/// The feed as an Atom document.
pub(super) fn write(feed: &Feed) -> Result<Vec<u8>, Error> {
    let document = atom::Feed {
        title: atom::Text::plain(&feed.title),
        id: feed.id.clone(),
        updated: date(feed.updated)?,
        authors: vec![person(&feed.site)],
        generator: Some(atom::Generator {
            value: "Broadsheet".to_string(),
            uri: None,
            version: Some(feed.version.to_string()),
        }),
        links: vec![
            link("self", &feed.self_url, Some("application/atom+xml"), None),
            link("alternate", &feed.home_url, Some("text/html"), None),
        ],
        subtitle: Some(atom::Text::plain(&feed.description)),
        entries: feed.items.iter().map(entry).collect::<Result<_, _>>()?,
        lang: Some("en".to_string()),
        ..atom::Feed::default()
    };
    document
        .write_to(Vec::new())
        .map_err(|e| Error::Render(format!("Atom: {e}")))
}

fn entry(item: &Item) -> Result<atom::Entry, Error> {
    let mut links = vec![link("alternate", &item.url, Some("text/html"), None)];
    links.extend(item.links.iter().map(related));
    Ok(atom::Entry {
        title: atom::Text::plain(&item.title),
        id: item.id.clone(),
        updated: date(item.updated)?,
        authors: item.authors.iter().map(|name| person(name)).collect(),
        categories: item
            .categories
            .iter()
            .map(|term| atom::Category {
                term: term.clone(),
                scheme: None,
                label: None,
            })
            .collect(),
        links,
        published: Some(date(item.published)?),
        summary: (!item.summary.is_empty()).then(|| atom::Text::plain(&item.summary)),
        content: Some(atom::Content {
            value: Some(item.html.clone()),
            content_type: Some("html".to_string()),
            ..atom::Content::default()
        }),
        ..atom::Entry::default()
    })
}

fn related(to: &ItemLink) -> atom::Link {
    link("related", &to.url, to.media_type, Some(to.title))
}

fn link(rel: &str, href: &str, media_type: Option<&str>, title: Option<&str>) -> atom::Link {
    atom::Link {
        href: href.to_string(),
        rel: rel.to_string(),
        mime_type: media_type.map(str::to_string),
        title: title.map(str::to_string),
        ..atom::Link::default()
    }
}

fn person(name: &str) -> atom::Person {
    atom::Person {
        name: name.to_string(),
        ..atom::Person::default()
    }
}

/// The crate keeps dates in another library's type, which reads what ours writes.
fn date(at: Timestamp) -> Result<atom::FixedDateTime, Error> {
    times::millis(at)
        .parse()
        .map_err(|e| Error::Render(format!("Atom date: {e}")))
}
