//! The shapes against what clients of the API demand: which keys there are, of which type, and how dates look.

use proptest::prelude::*;
use serde_json::Value;

use super::shapes::{Item, PaperInfo};
use crate::base_url::BaseUrl;
use crate::samples::{bare_paper, hostile_paper, paper};

fn base() -> BaseUrl {
    BaseUrl("https://papers.example".to_string())
}

fn item(paper: &domain::paper::Paper) -> Value {
    serde_json::to_value(Item::new(paper, &base())).unwrap()
}

/// What a value must be.
enum Is {
    Text,
    Url,
    Date,
    Number,
    Bool,
    ObjectId,
    Object,
    Array,
}

#[track_caller]
fn check_keys(value: &Value, wanted: &[(&str, Is)]) {
    for (key, is) in wanted {
        let found = &value[key];
        let text = found.as_str();
        let fits = match is {
            Is::Text => text.is_some(),
            Is::Url => text.is_some_and(|t| t.starts_with("https://")),
            Is::Date => text.is_some_and(is_date),
            Is::Number => found.is_u64(),
            Is::Bool => found.is_boolean(),
            Is::ObjectId => text.is_some_and(is_object_id),
            Is::Object => found.is_object(),
            Is::Array => found.is_array(),
        };
        assert!(fits, "`{key}` is {found}");
    }
}

/// `2026-11-23T07:13:34.000Z`, exactly.
fn is_date(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape == "0000-00-00T00:00:00.000Z"
}

fn is_object_id(text: &str) -> bool {
    text.len() == 24
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[track_caller]
fn check_item(item: &Value) {
    check_keys(
        item,
        &[
            ("paper", Is::Object),
            ("publishedAt", Is::Date),
            ("title", Is::Text),
            ("summary", Is::Text),
            ("thumbnail", Is::Url),
            ("numComments", Is::Number),
            ("submittedBy", Is::Object),
            ("isAuthorParticipating", Is::Bool),
            ("upvotes", Is::Number),
        ],
    );
    check_paper(&item["paper"]);
    check_user(&item["submittedBy"]);
}

#[track_caller]
fn check_paper(paper: &Value) {
    check_keys(
        paper,
        &[
            ("id", Is::Text),
            ("authors", Is::Array),
            ("publishedAt", Is::Date),
            ("submittedOnDailyAt", Is::Date),
            ("title", Is::Text),
            ("summary", Is::Text),
            ("upvotes", Is::Number),
            ("discussionId", Is::ObjectId),
        ],
    );
    for author in paper["authors"].as_array().unwrap() {
        check_keys(
            author,
            &[
                ("_id", Is::ObjectId),
                ("name", Is::Text),
                ("hidden", Is::Bool),
            ],
        );
    }
}

#[track_caller]
fn check_user(user: &Value) {
    check_keys(
        user,
        &[
            ("_id", Is::ObjectId),
            ("avatarUrl", Is::Url),
            ("fullname", Is::Text),
            ("name", Is::Text),
            ("type", Is::Text),
            ("isPro", Is::Bool),
            ("isHf", Is::Bool),
            ("isHfAdmin", Is::Bool),
            ("isMod", Is::Bool),
        ],
    );
}

#[test]
fn an_item_of_a_list() {
    let item = item(&paper());
    check_item(&item);
    assert_eq!(item["paper"]["id"], "1503.02531");
    assert_eq!(item["paper"]["publishedAt"], "2015-03-09T15:44:49.000Z");
    assert_eq!(
        item["paper"]["submittedOnDailyAt"],
        "2015-03-12T08:00:00.000Z"
    );
    assert_eq!(
        item["thumbnail"],
        "https://papers.example/thumbnails/1503.02531.svg"
    );
    for place in [&item, &item["paper"]] {
        assert_eq!(place["upvotes"], 12);
        assert_eq!(place["githubRepo"], "https://github.com/hinton/distil");
        assert_eq!(place["githubStars"], 76);
        assert_eq!(place["projectPage"], "https://distil.example/");
        assert_eq!(place["ai_summary"], "Small networks learn from large ones.");
        assert_eq!(place["ai_keywords"][0], "distillation");
    }
}

#[test]
fn a_paper_by_itself() {
    let info = serde_json::to_value(PaperInfo::new(&paper(), &base())).unwrap();
    check_paper(&info);
    assert_eq!(info["linkedModels"][0]["id"], "hinton/small");
    assert_eq!(info["linkedDatasets"][0]["id"], "hinton/digits");
    assert_eq!(info["linkedSpaces"], Value::Array(Vec::new()));
    assert_eq!(
        (
            &info["numTotalModels"],
            &info["numTotalDatasets"],
            &info["numTotalSpaces"]
        ),
        (&1.into(), &1.into(), &0.into())
    );
    assert!(info.get("thumbnail").is_none());
}

#[test]
fn a_paper_of_which_little_is_known() {
    let item = item(&bare_paper());
    check_item(&item);
    assert!(item.get("githubRepo").is_none() && item.get("githubStars").is_none());
    assert!(item["paper"].get("withdrawnAt").is_none());
}

#[test]
fn ids_stay_the_same() {
    let of = |p| item(p)["paper"]["authors"][1]["_id"].clone();
    assert_eq!(of(&paper()), of(&paper()));
    let ids: Vec<Value> = item(&paper())["paper"]["authors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["_id"].clone())
        .collect();
    assert_ne!(ids[0], ids[1]);
}

proptest! {
    #[test]
    fn any_paper_fits(paper in hostile_paper()) {
        check_item(&item(&paper));
        let info = serde_json::to_value(PaperInfo::new(&paper, &base())).unwrap();
        check_paper(&info);
    }
}
