//! One record a line.

use std::io::{self, BufRead};

use super::chunks::{Cut, Cutter, RECORD_LEN_MAX, read_line};

/// Cuts at line ends; lines with nothing visible are no records.
#[derive(Debug, Default)]
pub(super) struct LineCutter {
    line: u64,
}

impl Cutter for LineCutter {
    fn next(&mut self, input: &mut dyn BufRead, out: &mut Vec<u8>) -> io::Result<Option<Cut>> {
        let start = out.len();
        loop {
            let len = read_line(input, out)?;
            if len == 0 {
                return Ok(None);
            }
            self.line += 1;
            if self.line == 1 && out[start..].starts_with(b"\xef\xbb\xbf") {
                out.drain(start..start + 3);
            }
            let visible = out[start..].trim_ascii_end().len();
            out.truncate(start + visible);
            if visible > 0 {
                return Ok(Some(Cut {
                    at: self.line,
                    cut_from: (len > RECORD_LEN_MAX as u64).then_some(len),
                }));
            }
        }
    }
}
