//! An index file from elsewhere: refused with a reason, or searched without harm. Checksums would stop nearly every
//! change that a fuzzer makes, so half of the inputs change a part of a good file and get right checksums again.

#![no_main]

use std::sync::OnceLock;

use ann::format::{Container, Writer};
use ann::segment::{Effort, KIND, Keep, Segment, SegmentConfig};
use libfuzzer_sys::fuzz_target;

/// A small segment's file.
fn good() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let rows: Vec<u32> = (0..60).collect();
        let vectors: Vec<f32> = (0..60 * 8).map(|i| (i as f32 * 0.7).sin()).collect();
        let config = SegmentConfig {
            cells: Some(4),
            planes: 2,
            ..SegmentConfig::default()
        };
        let segment = Segment::build(&rows, &vectors, 8, &config);
        segment.expect("a valid configuration").file_bytes().to_vec()
    })
}

/// The good file with bytes of one part replaced, or `None` when the input is too short to say which.
fn forged(data: &[u8]) -> Option<Vec<u8>> {
    let (&[part, at, length], bytes) = data.split_first_chunk()?;
    let container = Container::from_bytes(good(), KIND, &[]).ok()?;
    let tags: Vec<[u8; 4]> = container.tags().collect();
    let changed = usize::from(part) % tags.len();
    let mut writer = Writer::new(KIND);
    for (i, &tag) in tags.iter().enumerate() {
        let mut part = container.bytes(tag).ok()?.to_vec();
        if i == changed {
            let end = part.len();
            let from = usize::from(at).min(end);
            let to = (from + usize::from(length)).min(end);
            part.splice(from..to, bytes.iter().copied());
        }
        writer.owned(tag, part);
    }
    Some(writer.to_container().file_bytes().to_vec())
}

fn search(bytes: &[u8]) {
    let Ok(segment) = Segment::from_bytes(bytes) else {
        return;
    };
    let query = vec![0.1; segment.dim()];
    let effort = Effort {
        cells: 3,
        shortlist: 10,
    };
    segment.search(&query, 5, effort, Keep::ALL);
    segment.search(&query, 5, Effort::ALL, Keep::ALL);
    let _ = segment.vector(0);
    let _ = segment.verify();
}

fuzz_target!(|data: &[u8]| {
    search(data);
    if let Some(bytes) = forged(data) {
        search(&bytes);
    }
});
