//! Tables for people: aligned columns, the last one cut to the terminal's width.

use std::io::{IsTerminal, Write};

use anyhow::Result;

/// Width that is assumed where output is no terminal: nothing is cut then.
const UNCUT: usize = usize::MAX;

/// Rows of cells under headings.
#[derive(Debug)]
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Table {
            headings: headings.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Prints to standard output.
    pub(crate) fn print(&self) -> Result<()> {
        let out = std::io::stdout();
        let width = if out.is_terminal() {
            terminal_width()
        } else {
            UNCUT
        };
        let mut out = out.lock();
        out.write_all(self.render(width).as_bytes())?;
        Ok(())
    }

    /// The table as text, lines at most `width` characters long.
    fn render(&self, width: usize) -> String {
        let widths: Vec<usize> = (0..self.headings.len())
            .map(|i| {
                let cells = self
                    .rows
                    .iter()
                    .filter_map(|r| r.get(i))
                    .map(|c| c.chars().count());
                cells.max().unwrap_or(0).max(self.headings[i].len())
            })
            .collect();
        let headings = self
            .headings
            .iter()
            .map(|h| (*h).to_string())
            .collect::<Vec<_>>();
        let mut text = String::new();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let mut line = String::new();
            for (i, cell) in row.iter().enumerate() {
                line.push_str(cell);
                if i + 1 < row.len() {
                    line.extend(std::iter::repeat_n(
                        ' ',
                        widths[i] - cell.chars().count() + 2,
                    ));
                }
            }
            text.push_str(cut(line.trim_end(), width).as_str());
            text.push('\n');
        }
        text
    }
}

fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_string();
    }
    line.chars()
        .take(width.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// Columns of the terminal; 80 where it does not say.
fn terminal_width() -> usize {
    console::Term::stdout()
        .size_checked()
        .map_or(80, |(_, columns)| usize::from(columns))
        .max(40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_lines_are_cut() {
        let mut table = Table::new(&["id", "title"]);
        table.row(vec!["1".into(), "Größe zählt".into()]);
        table.row(vec!["2305.19435".into(), "x".repeat(50)]);
        let text = table.render(30);
        assert_eq!(
            text,
            format!(
                "id          title\n1           Größe zählt\n2305.19435  {}…\n",
                "x".repeat(17)
            )
        );
    }
}
