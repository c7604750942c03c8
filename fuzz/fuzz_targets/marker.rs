//! Highlighting: any query over any text, both a stranger's. Nothing may be lost, and no cut may panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use search::marker::Marker;

fuzz_target!(|input: (&str, &str, u16)| {
    let (query, text, chars_max) = input;
    let marker = Marker::for_query(query);
    let whole: String = marker.mark(text).into_iter().map(|s| s.text).collect();
    assert_eq!(whole, text);
    marker.snippet(text, usize::from(chars_max));
});
