//! Progress bars: on a terminal only, with rate and time left.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// A bar over a file's bytes; a spinner where the length is not known.
pub(crate) fn file(name: &str, bytes: Option<u64>) -> ProgressBar {
    let bar = match bytes {
        Some(bytes) => ProgressBar::new(bytes).with_style(style(
            "{prefix} {bar:24} {percent:>3} %  {msg}  {elapsed} gone, {eta} left",
        )),
        None => ProgressBar::new_spinner()
            .with_style(style("{spinner} {prefix}  {msg}  {elapsed} gone")),
    };
    bar.set_prefix(name.to_string());
    bar
}

/// A bar over papers.
pub(crate) fn papers(what: &'static str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_style(style(
        "{prefix} {bar:24} {human_pos} of {human_len}, {per_sec}, {eta} left",
    ));
    bar.set_prefix(what);
    bar
}

/// Something of unknown length.
pub(crate) fn spinner(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_style(style("{spinner} {msg}  {elapsed} gone"));
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
