//! Comments' Markdown, made into HTML.

#![no_main]

use libfuzzer_sys::fuzz_target;
use web::markdown;

fuzz_target!(|text: &str| {
    let html = markdown::html(text).0.to_ascii_lowercase();
    for element in ["<script", "<img", "<svg", "<style", "<iframe", "<form", "<input"] {
        assert!(!html.contains(element), "nobody's markup comes through");
    }
});
