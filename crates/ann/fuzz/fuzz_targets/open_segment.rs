//! Strange bytes as a segment's file: refused with a reason, or searched without harm.

#![no_main]

use ann::segment::{Effort, Keep, Segment};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(segment) = Segment::from_bytes(bytes) {
        let query = vec![0.1; segment.dim()];
        segment.search(&query, 5, Effort { cells: 3, shortlist: 10 }, Keep::ALL);
        segment.search(&query, 5, Effort::ALL, Keep::ALL);
        let _ = segment.vector(0);
        let _ = segment.verify();
    }
});
