//! Pictures as data: small, grey, kept as numbers and drawn as SVG like the plots.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// The most pixels of a picture, all tiles together: kept outcomes stay small.
pub const PIXELS_MAX: usize = 1 << 15;
/// The most tiles of a picture.
pub const TILES_MAX: usize = 64;

/// What a network sees or does, as grey tiles side by side. [`Picture::svg`] draws it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Short name, unique among a reproduction's plots and pictures.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// How many tiles stand beside each other.
    pub across: usize,
    /// The tiles, row after row.
    pub tiles: Vec<Tile>,
}

/// A rectangle of grey pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tile {
    /// What stands above it, in a few words.
    pub label: String,
    /// Pixels a row.
    pub width: usize,
    /// Pixels row after row from the top left, two hexadecimal digits each: `00` is black, `ff` is white.
    pub grey: String,
}

impl Tile {
    /// A tile from values of 0 (black) to 1 (white), row after row. Values beyond are moved to the nearer end; what is no
    /// number is black.
    pub fn new(
        label: impl Into<String>,
        width: usize,
        values: impl IntoIterator<Item = f32>,
    ) -> Tile {
        let mut grey = String::new();
        for value in values {
            // A cast of what is no number gives 0.
            let level = (value.clamp(0.0, 1.0) * 255.0).round() as u8;
            // Writing to a string does not fail.
            let _ = write!(grey, "{level:02x}");
        }
        Tile {
            label: label.into(),
            width,
            grey,
        }
    }

    /// How many pixels it has.
    pub fn pixels(&self) -> usize {
        self.grey.len() / 2
    }

    fn height(&self) -> usize {
        self.pixels() / self.width.max(1)
    }

    /// Sixteen levels of grey, pixel by pixel: the first digit of each.
    fn levels(&self) -> Vec<u8> {
        let digits = self.grey.bytes().step_by(2);
        digits
            .map(|digit| (digit as char).to_digit(16).unwrap_or(0) as u8)
            .collect()
    }
}

impl Picture {
    /// An empty picture.
    pub fn new(id: impl Into<String>, title: impl Into<String>, across: usize) -> Picture {
        Picture {
            id: id.into(),
            title: title.into(),
            across,
            tiles: Vec::new(),
        }
    }

    /// Adds a tile.
    #[must_use]
    pub fn tile(mut self, tile: Tile) -> Picture {
        self.tiles.push(tile);
        self
    }

    /// # Errors
    /// When it has more than [`TILES_MAX`] tiles or [`PIXELS_MAX`] pixels, or a tile is no rectangle of pixels.
    pub fn check(&self) -> Result<()> {
        let id = &self.id;
        ensure!(
            (1..=16).contains(&self.across),
            "picture `{id}`: 1 to 16 tiles stand beside each other, not {}",
            self.across
        );
        ensure!(
            self.tiles.len() <= TILES_MAX,
            "picture `{id}` has {} tiles, more than {TILES_MAX}",
            self.tiles.len()
        );
        let pixels: usize = self.tiles.iter().map(Tile::pixels).sum();
        ensure!(
            pixels <= PIXELS_MAX,
            "picture `{id}` has {pixels} pixels, more than {PIXELS_MAX}"
        );
        for tile in &self.tiles {
            let whole = tile.width > 0 && tile.grey.len() == 2 * tile.width * tile.height();
            let digits = tile.grey.bytes().all(|b| b.is_ascii_hexdigit());
            ensure!(
                whole && digits,
                "picture `{id}`: tile `{}` is no rectangle of pixels",
                tile.label
            );
        }
        Ok(())
    }

    /// The picture drawn, 640 wide, in sixteen levels of grey.
    ///
    /// # Errors
    /// Those of [`Picture::check`].
    pub fn svg(&self) -> Result<String> {
        const WIDTH: f64 = 640.0;
        const GAP: f64 = 12.0;
        const LABEL: f64 = 20.0;
        const HEAD: f64 = 36.0;
        self.check()?;
        let widest = self.tiles.iter().map(|t| t.width).max().unwrap_or(1);
        let highest = self.tiles.iter().map(Tile::height).max().unwrap_or(1);
        let step = (WIDTH - GAP) / self.across as f64;
        // Few pixels are drawn large, but not larger than a finger.
        let scale = ((step - GAP) / widest as f64).min(16.0);
        let row = LABEL + scale * highest as f64 + GAP;
        let rows = self.tiles.len().div_ceil(self.across);
        let height = (HEAD + row * rows as f64).ceil();
        let mut svg = format!(
            "<svg width=\"640\" height=\"{height}\" viewBox=\"0 0 640 {height}\" xmlns=\"http://www.w3.org/2000/svg\" \
             font-family=\"sans-serif\" fill=\"#757575\">\n\
             <text x=\"320\" y=\"22\" font-size=\"17\" text-anchor=\"middle\">{}</text>\n",
            escaped(&self.title)
        );
        for (at, tile) in self.tiles.iter().enumerate() {
            let x = GAP + step * (at % self.across) as f64;
            let y = HEAD + row * (at / self.across) as f64;
            writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"13\">{}</text>",
                y + 13.0,
                escaped(&tile.label)
            )?;
            writeln!(
                svg,
                "<g transform=\"translate({x:.1} {:.1}) scale({scale:.3})\" shape-rendering=\"crispEdges\">{}</g>",
                y + LABEL,
                drawn(tile)
            )?;
        }
        svg.push_str("</svg>\n");
        Ok(svg)
    }

    /// How high [`Picture::svg`] is.
    pub fn height(svg: &str) -> Option<u32> {
        let (_, rest) = svg.split_once("height=\"")?;
        rest.split_once('"')?.0.parse().ok()
    }
}

/// A tile's pixels: its commonest grey as one rectangle, and over it, one path a grey, the runs of each row.
fn drawn(tile: &Tile) -> String {
    let levels = tile.levels();
    let mut counts = [0usize; 16];
    for &level in &levels {
        counts[usize::from(level)] += 1;
    }
    let ground = (0..16u8)
        .max_by_key(|&l| counts[usize::from(l)])
        .unwrap_or(0);
    let mut paths = vec![String::new(); 16];
    for (y, row) in levels.chunks(tile.width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] != ground {
                let (path, length) = (&mut paths[usize::from(run[0])], run.len());
                // Writing to a string does not fail.
                let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
            }
            x += run.len();
        }
    }
    let colour = |level: u8| format!("#{level:x}{level:x}{level:x}");
    let mut text = format!(
        "<path fill=\"{}\" d=\"M0 0h{w}v{h}h-{w}z\"/>",
        colour(ground),
        w = tile.width,
        h = tile.height()
    );
    for (level, path) in (0u8..).zip(&paths).filter(|(_, path)| !path.is_empty()) {
        text += &format!("<path fill=\"{}\" d=\"{path}\"/>", colour(level));
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_hexadecimal_greys() {
        let tile = Tile::new("t", 2, [0.0, 1.0, 0.5, f32::NAN, 7.0, -1.0]);
        assert_eq!(
            (tile.grey.as_str(), tile.pixels(), tile.height()),
            ("00ff8000ff00", 6, 3)
        );
    }

    #[test]
    fn rows_are_drawn_as_runs_over_the_commonest_grey() {
        let tile = Tile::new("t", 3, [1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(
            drawn(&tile),
            "<path fill=\"#fff\" d=\"M0 0h3v3h-3z\"/><path fill=\"#000\" d=\"M2 0h1v1h-1zM0 1h2v1h-2z\"/>"
        );
    }

    #[test]
    fn a_picture_is_drawn_with_its_words_escaped() {
        let picture = Picture::new("p", "a < b", 2)
            .tile(Tile::new("one & two", 2, [0.0; 4]))
            .tile(Tile::new("three", 2, [0.0; 4]))
            .tile(Tile::new("four", 2, [0.0; 4]));
        let svg = picture.svg().unwrap();
        assert!(
            svg.contains("a &lt; b") && svg.contains("one &amp; two"),
            "{svg}"
        );
        assert_eq!(svg.matches("<g ").count(), 3);
        // Two rows of tiles: 36 + 2 * (20 + 32 + 12).
        assert_eq!(Picture::height(&svg), Some(164));
    }

    #[test]
    fn what_is_too_large_or_no_rectangle_is_refused() {
        let refused = |picture: &Picture| picture.svg().unwrap_err().to_string();
        let large = Picture::new("p", "P", 1).tile(Tile::new("t", 256, vec![0.0; 256 * 129]));
        assert_eq!(
            refused(&large),
            "picture `p` has 33024 pixels, more than 32768"
        );
        let odd = Picture::new("p", "P", 1).tile(Tile::new("t", 2, [0.0; 3]));
        assert_eq!(
            refused(&odd),
            "picture `p`: tile `t` is no rectangle of pixels"
        );
        let many = (0..65).fold(Picture::new("p", "P", 1), |p, _| {
            p.tile(Tile::new("t", 1, [0.0]))
        });
        assert!(refused(&many).contains("65 tiles"));
    }
}
