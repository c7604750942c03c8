//! LaTeX of titles and abstracts, made into HTML and plain text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use web::latex;

fuzz_target!(|text: &str| {
    latex::plain(text);
    assert!(
        !latex::html(text).0.contains("<script"),
        "nobody's markup comes through"
    );
});
