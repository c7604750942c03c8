//! The whole site over a real database and a real index, without a network.

mod addresses;
mod crawl;
mod escaping;
mod feeds;
mod formats;
mod hostile;
mod keeping;
mod looks;
mod machines;
mod papers_api;
mod site;
