//! Reading in the large: recognition, compression, damage, bounds, and cutting that loses nothing.

use std::io::{Cursor, Write as _};
use std::path::Path;
use std::sync::atomic::Ordering;

use proptest::prelude::*;
use sources::files::{
    CHUNK_RECORDS_MAX, Compression, Format, Input, Parsed, RECORD_LEN_MAX, parse_chunk, parse_one,
};

use crate::files::{check, context, import, sketch_items};

fn open(bytes: &[u8]) -> Input {
    Input::from_reader("in", Box::new(Cursor::new(bytes.to_vec())), None).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// Lines of a size that compression cannot take away, as hostile data and real abstracts are.
fn lines(count: u64) -> String {
    let line = |n: u64| {
        let noise = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!(
            "{{\"id\":\"{:04}.{:05}\",\"title\":\"T {noise:x}\",\"categories\":\"cs.LG\",\"authors\":\"A B\"}}\n",
            1501 + n % 12,
            n % 99_999 + 1
        )
    };
    (0..count).map(line).collect()
}

/// Everything that an input yields from a record on, as chunks of it are parsed.
fn read_from(bytes: &[u8], skip: u64) -> Parsed {
    let input = open(bytes);
    let format = input.format();
    let mut all = Parsed::default();
    for chunk in input.chunks() {
        let chunk = chunk.unwrap();
        let passed = skip.saturating_sub(chunk.first_record());
        let parsed = parse_chunk(format, &chunk.after(passed), &context());
        all.records += parsed.records;
        all.items.extend(parsed.items);
        all.unreadable.extend(parsed.unreadable);
    }
    all
}

#[test]
fn formats_are_told_by_content() {
    let told = |bytes: &str| {
        import(bytes.as_bytes())
            .lines()
            .next()
            .unwrap_or_default()
            .to_string()
    };
    assert_eq!(
        told("[{\"paper\":{\"id\":\"2405.00001\"}}]"),
        "[daily-json]"
    );
    assert_eq!(
        told("{\"id\":\"2405.00001\",\"title\":\"T\",\"summary\":\"S\"}"),
        "[daily-json]"
    );
    assert_eq!(told("\u{feff}\n  @misc{a}"), "[bibtex]");
    assert_eq!(told("junk\nTY  - JOUR\n"), "[ris]");
    assert_eq!(told(""), "refused: in is empty");
    assert_eq!(told(" [ ]\n"), "refused: in is empty");
    for unknown in [
        "%PDF-1.7",
        "[1,2]",
        "{\"a\":1}",
        "PK\u{3}\u{4}",
        "some words\n",
    ] {
        assert!(
            told(unknown).starts_with("refused: in is in no known format; known are"),
            "{unknown}"
        );
    }
}

#[test]
fn names_of_formats_lead_back() {
    for format in Format::ALL {
        assert_eq!(Format::from_short(format.as_str()), Some(format));
    }
    assert_eq!(Format::from_short("docx"), None);
}

#[test]
fn compression_is_told_by_content() {
    let plain = lines(3_000);
    let expected = import(plain.as_bytes());
    let two_members = [
        gzip(&plain.as_bytes()[..5_000]),
        gzip(&plain.as_bytes()[5_000..]),
    ]
    .concat();
    let two_frames = [
        zstd(&plain.as_bytes()[..5_000]),
        zstd(&plain.as_bytes()[5_000..]),
    ]
    .concat();
    for packed in [
        gzip(plain.as_bytes()),
        zstd(plain.as_bytes()),
        two_members,
        two_frames,
    ] {
        assert!(import(&packed) == expected);
    }
    assert_eq!(
        open(&gzip(plain.as_bytes())).compression(),
        Compression::Gzip
    );
    assert_eq!(
        open(&zstd(plain.as_bytes())).compression(),
        Compression::Zstd
    );
    assert_eq!(open(plain.as_bytes()).compression(), Compression::None);
}

#[test]
fn a_file_knows_its_length_and_how_far_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("papers");
    std::fs::write(&path, gzip(lines(2_000).as_bytes())).unwrap();
    let input = Input::open(&path, None).unwrap();
    let position = input.position();
    let len = input.compressed_len();
    assert_eq!(len, Some(std::fs::metadata(&path).unwrap().len()));
    assert_eq!(
        input
            .chunks()
            .map(|chunk| chunk.unwrap().records())
            .sum::<u64>(),
        2_000
    );
    assert_eq!(Some(position.load(Ordering::Relaxed)), len);
    let missing = Input::open(Path::new("/nonexistent/file"), None)
        .unwrap_err()
        .to_string();
    assert!(
        missing.starts_with("cannot read /nonexistent/file: "),
        "{missing}"
    );
}

#[test]
fn what_came_before_the_damage_is_delivered() {
    let plain = lines(40_000);
    for packed in [gzip(plain.as_bytes()), zstd(plain.as_bytes())] {
        let input = open(&packed[..packed.len() / 2]);
        let (sound, damaged): (Vec<_>, Vec<_>) = input.chunks().partition(Result::is_ok);
        let records: u64 = sound
            .into_iter()
            .map(|chunk| chunk.unwrap().records())
            .sum();
        assert!((10_000..30_000).contains(&records), "{records}");
        let errors: Vec<_> = damaged
            .into_iter()
            .map(|e| e.unwrap_err().to_string())
            .collect();
        let [error] = errors.as_slice() else {
            panic!("{errors:?}")
        };
        assert!(
            error.starts_with(&format!("in is damaged after record {records}: ")),
            "{error}"
        );
    }
}

#[test]
fn a_list_that_breaks_off_says_where() {
    check(
        r#"[{"paper":{"id":"2405.00001","title":"A"}},
            {"paper":{"id":"2405.00002","title":"#,
        "[daily-json]

         id: 2405.00001
         title: A

         ended: in is damaged after record 1: the list breaks off before its end; the records before that are sound",
    );
}

#[test]
fn what_unfolds_beyond_measure_is_stopped() {
    // Spaces without end, as a bomb unfolds.
    let spaces = zstd::encode_all(std::io::Read::take(std::io::repeat(b' '), 80 << 20), 1).unwrap();
    let input = Input::from_reader(
        "bomb",
        Box::new(Cursor::new(spaces)),
        Some(Format::ArxivJsonl),
    )
    .unwrap();
    let error = input.chunks().find_map(Result::err).unwrap().to_string();
    assert!(error.contains("so many times its size"), "{error}");
}

#[test]
fn an_overlong_record_costs_only_itself() {
    let long = "x".repeat(RECORD_LEN_MAX + 10);
    let file = format!(
        "{{\"id\":\"2405.00001\",\"title\":\"A\",\"summary\":\"\"}}\n{{\"id\":\"2405.00002\",\"title\":\"{long}\"}}\n{{\"id\":\"2405.00003\",\"title\":\"C\"}}\n"
    );
    let list = format!("[{}]", file.trim_end().replace('\n', ","));
    for file in [file, list] {
        let parsed = read_from(file.as_bytes(), 0);
        assert_eq!((parsed.records, parsed.items.len()), (3, 2));
        let unreadable = &parsed.unreadable[0];
        assert!(
            unreadable.reason.contains("more than is read"),
            "{}",
            unreadable.reason
        );
        assert_eq!(unreadable.bytes.len(), domain::record::SET_ASIDE_LEN_MAX);
    }
}

#[test]
fn objects_over_several_lines_are_one_record() {
    check(
        "{\n  \"id\": \"2405.00001\",\n  \"title\": \"A\",\n  \"summary\": \"S\"\n}\n{\n  \"id\": \"2405.00002\",\n  \"title\": \"B\"\n}\n",
        "[daily-json]

         id: 2405.00001
         title: A
         abstract: S

         id: 2405.00002
         title: B",
    );
}

#[test]
fn a_damaged_first_line_costs_only_itself() {
    let file = "{\"id\":\"2405.00001\",\"summary\":\"S\",\"title\n{\"id\":\"2405.00002\",\"title\":\"B\"}\n";
    assert_eq!(read_from(file.as_bytes(), 0).items.len(), 1);
}

#[test]
fn chunks_are_bounded() {
    for chunk in open(lines(2_500).as_bytes()).chunks() {
        assert!(chunk.unwrap().records() <= CHUNK_RECORDS_MAX as u64);
    }
}

#[test]
fn what_was_set_aside_can_be_read_again() {
    let parsed = parse_one(Format::Bibtex, b"@misc{a, title = {Now Sound}}", &context());
    assert_eq!(sketch_items(&parsed.items), "title: Now Sound");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever was consumed before, the rest is the same: an interrupted import loses and repeats nothing.
    #[test]
    fn resuming_is_reading_on(count in 1u64..2_600, skip in 0u64..2_700, broken in 0u64..50) {
        let mut file = lines(count);
        for n in 0..broken {
            file.push_str(&format!("broken {n}\n\n"));
        }
        let whole = read_from(file.as_bytes(), 0);
        prop_assert_eq!(whole.records, count + broken);
        prop_assert_eq!((whole.items.len() + whole.unreadable.len()) as u64, whole.records);
        let rest = read_from(file.as_bytes(), skip);
        prop_assert_eq!(rest.records, whole.records.saturating_sub(skip));
        let known = skip.min(count) as usize;
        prop_assert_eq!(&rest.items, &whole.items[known..]);
        let known_broken = skip.saturating_sub(count).min(broken) as usize;
        prop_assert_eq!(&rest.unreadable, &whole.unreadable[known_broken..]);
    }

    /// However the bytes arrive, the records are the same.
    #[test]
    fn cutting_does_not_depend_on_how_bytes_arrive(count in 1usize..60, step in 1usize..90) {
        struct Dripping(Cursor<Vec<u8>>, usize);
        impl std::io::Read for Dripping {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let len = buffer.len().min(self.1);
                self.0.read(&mut buffer[..len])
            }
        }
        let item = |n: usize| format!("{{\"paper\": {{\"id\": \"2405.{:05}\", \"title\": \"[]}} \\\" {n}\"}}}}", n + 1);
        let list = format!("[{}]", (0..count).map(item).collect::<Vec<_>>().join(",\n"));
        let bib: String = (0..count).map(|n| format!("@misc{{k{n}, title = {{T {{{n}}}}}}}\n")).collect();
        for file in [list, bib] {
            let dripping = Dripping(Cursor::new(file.clone().into_bytes()), step);
            let input = Input::from_reader("in", Box::new(dripping), None).unwrap();
            let format = input.format();
            let items: Vec<_> = input.chunks().flat_map(|chunk| parse_chunk(format, &chunk.unwrap(), &context()).items).collect();
            prop_assert_eq!(items.len(), count);
            prop_assert_eq!(items, read_from(file.as_bytes(), 0).items);
        }
    }
}
