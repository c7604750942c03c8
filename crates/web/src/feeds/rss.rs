//! A feed as RSS 2.0, with Dublin Core for authors and Atom's link to itself.

use std::collections::BTreeMap;

use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::{Extension, ExtensionMap};
use rss::{Category, Channel, Guid};

use super::item::{Feed, Item};
use crate::error::Error;
use crate::times;
use crate::view::escape;

/// The namespace of `atom:link`, by which a saved feed knows where it came from.
const ATOM: &str = "http://www.w3.org/2005/Atom";

/// The feed as an RSS document.
pub(super) fn write(feed: &Feed) -> Result<Vec<u8>, Error> {
    let updated = times::http_date(feed.updated);
    let channel = Channel {
        title: feed.title.clone(),
        link: feed.home_url.clone(),
        description: feed.description.clone(),
        language: Some("en".to_string()),
        pub_date: Some(updated.clone()),
        last_build_date: Some(updated),
        generator: Some(format!("Broadsheet {}", feed.version)),
        items: feed.items.iter().map(item).collect(),
        extensions: link_to_itself(&feed.self_url),
        namespaces: BTreeMap::from([("atom".to_string(), ATOM.to_string())]),
        ..Channel::default()
    };
    channel
        .write_to(Vec::new())
        .map_err(|e| Error::Render(format!("RSS: {e}")))
}

fn link_to_itself(self_url: &str) -> ExtensionMap {
    let attrs = [
        ("href", self_url),
        ("rel", "self"),
        ("type", "application/rss+xml"),
    ];
    let link = Extension {
        name: "atom:link".to_string(),
        attrs: attrs.map(|(k, v)| (k.to_string(), v.to_string())).into(),
        ..Extension::default()
    };
    let links = BTreeMap::from([("link".to_string(), vec![link])]);
    BTreeMap::from([("atom".to_string(), links)])
}

fn item(item: &Item) -> rss::Item {
    let authors = item.authors.join(", ");
    rss::Item {
        title: Some(item.title.clone()),
        link: Some(item.url.clone()),
        // Readers take the description for HTML, so plain text is escaped once more.
        description: Some(escape(&item.summary)),
        categories: item
            .categories
            .iter()
            .map(|name| Category {
                name: name.clone(),
                domain: None,
            })
            .collect(),
        guid: Some(Guid {
            value: item.id.clone(),
            permalink: false,
        }),
        pub_date: Some(times::http_date(item.published)),
        content: Some(item.html.clone()),
        dublin_core_ext: (!authors.is_empty()).then(|| DublinCoreExtension {
            creators: vec![authors],
            ..DublinCoreExtension::default()
        }),
        ..rss::Item::default()
    }
}
