//! A file that somebody imports: recognised, unpacked, cut into records, read. The first byte may force a format.

#![no_main]

use std::io::Cursor;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use sources::files::{Context, Format, Input, parse_chunk};

fuzz_target!(|data: &[u8]| {
    let Some((first, bytes)) = data.split_first() else {
        return;
    };
    // Beyond the formats' number: recognise it.
    let format = Format::ALL.get(usize::from(*first)).copied();
    let context = Context {
        seen: Timestamp::UNIX_EPOCH,
        name: "fuzz".to_string(),
    };
    let Ok(input) = Input::from_reader("fuzz", Box::new(Cursor::new(bytes.to_vec())), format)
    else {
        return;
    };
    let format = input.format();
    let mut records = 0;
    for chunk in input.chunks() {
        let Ok(chunk) = chunk else { return };
        assert_eq!(
            chunk.first_record(),
            records,
            "records are counted without holes"
        );
        records += chunk.records();
        let parsed = parse_chunk(format, &chunk, &context);
        assert_eq!(parsed.records, chunk.records(), "every record is consumed");
        // An import that stopped within the chunk goes on from there.
        let rest = chunk.after(1);
        assert_eq!(rest.records(), chunk.records().saturating_sub(1));
        parse_chunk(format, &rest, &context);
    }
});
