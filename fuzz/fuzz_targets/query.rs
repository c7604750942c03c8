//! What a reader types into the search field, and how the index cuts any text into words.

#![no_main]

use index::tokens;
use libfuzzer_sys::fuzz_target;
use search::query;

fuzz_target!(|text: &str| {
    let parsed = query::parse(text);
    assert!(parsed.text.chars().count() <= query::CHARS_MAX);
    // What was read is read again the same way.
    assert_eq!(query::parse(&parsed.text).items, parsed.items);
    for word in tokens::words(text) {
        assert!(
            text.get(word.range.clone()).is_some(),
            "a word lies in its text"
        );
    }
});
