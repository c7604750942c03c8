//! One record a JSON value: the elements of a list, or values that follow each other, over as many lines as they like.

use std::io::{self, BufRead};

use super::chunks::{Cut, Cutter, RECORD_LEN_MAX};
use crate::json_scan::ValueEnd;

/// Cuts between values. Only brackets and quotes are looked at; nothing is built.
#[derive(Debug)]
pub(super) struct JsonCutter {
    line: u64,
    begun: bool,
    in_list: bool,
    ended: bool,
}

impl Default for JsonCutter {
    fn default() -> Self {
        JsonCutter {
            line: 1,
            begun: false,
            in_list: false,
            ended: false,
        }
    }
}

impl JsonCutter {
    /// The first byte of the next value, without taking it; `None` at the end.
    fn seek(&mut self, input: &mut dyn BufRead) -> io::Result<Option<u8>> {
        loop {
            let Some(&byte) = input.fill_buf()?.first() else {
                return if self.in_list {
                    Err(unclosed())
                } else {
                    Ok(None)
                };
            };
            match byte {
                b'\n' => self.line += 1,
                b',' | b' ' | b'\t' | b'\r' | b'\xef' | b'\xbb' | b'\xbf' => {}
                b'[' if !self.begun => self.in_list = true,
                b']' if self.in_list => {
                    // What may stand after the list is no paper.
                    self.ended = true;
                    return Ok(None);
                }
                _ => return Ok(Some(byte)),
            }
            self.begun |= byte == b'[';
            input.consume(1);
        }
    }
}

impl Cutter for JsonCutter {
    fn next(&mut self, input: &mut dyn BufRead, out: &mut Vec<u8>) -> io::Result<Option<Cut>> {
        if self.ended || self.seek(input)?.is_none() {
            return Ok(None);
        }
        self.begun = true;
        let at = self.line;
        let mut value = ValueEnd::default();
        let mut len = 0_u64;
        loop {
            let buffer = input.fill_buf()?;
            if buffer.is_empty() && self.in_list {
                return Err(unclosed());
            }
            // A delimiter where a value should be has no length: it is taken, so that every step moves on.
            let end = value
                .feed(buffer)
                .map(|end| if len == 0 { end.max(1) } else { end });
            let taken = &buffer[..end.unwrap_or(buffer.len())];
            let room = (RECORD_LEN_MAX as u64).saturating_sub(len);
            out.extend_from_slice(
                &taken[..taken.len().min(usize::try_from(room).unwrap_or(usize::MAX))],
            );
            self.line += taken.iter().filter(|byte| **byte == b'\n').count() as u64;
            let taken_len = taken.len();
            len += taken_len as u64;
            input.consume(taken_len);
            if end.is_some() || taken_len == 0 {
                let cut_from = (len > RECORD_LEN_MAX as u64).then_some(len);
                return Ok(Some(Cut { at, cut_from }));
            }
        }
    }
}

fn unclosed() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the list breaks off before its end",
    )
}
