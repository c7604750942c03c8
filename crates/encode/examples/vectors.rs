//! Vectors of many texts, for measuring what searches them.
//!
//! ```text
//! cargo run --release -p encode --example vectors < TEXTS > VECTORS.f32
//! ```
//! Each line of standard input is a text, or a title and an abstract with a tab between them. Standard output gets
//! little-endian f32 numbers, one vector a line.

use std::error::Error;
use std::io::{BufRead, BufWriter, Write};

use encode::Encoder;

fn main() -> Result<(), Box<dyn Error>> {
    let encoder = Encoder::shipped();
    let mut vector = vec![0.0; encoder.dim()];
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        match line.split_once('\t') {
            Some((title, abstract_text)) => encoder.encode_paper(title, abstract_text, &mut vector),
            None => encoder.encode_into(&line, &mut vector),
        }
        for number in &vector {
            out.write_all(&number.to_le_bytes())?;
        }
    }
    Ok(out.flush()?)
}
