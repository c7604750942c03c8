//! HTTP out: pages, feeds, APIs. Only this crate knows HTTP.
//!
//! Start with [`router`], where every address is listed, and [`state`], what every handler can reach.
//! [`lists`] are what the site shows, as [`pages`] or feeds; [`view`] is how a paper looks on them; [`mail`] is what messages
//! say and how readers subscribe to them.

pub mod account;
pub(crate) mod api;
pub mod base_url;
pub mod cache;
pub mod calendar;
pub mod client;
pub(crate) mod discovery;
pub mod error;
pub(crate) mod feeds;
pub mod formats;
pub(crate) mod health;
pub mod lab;
pub mod latex;
pub mod limits;
pub mod lists;
pub mod mail;
pub mod markdown;
pub mod observe;
pub mod origin;
pub mod pages;
pub mod policy;
pub mod router;
#[cfg(test)]
mod samples;
pub mod security;
pub mod serve;
pub mod state;
pub mod static_files;
pub mod suffix;
pub mod throttle;
mod times;
pub mod trending;
pub mod view;
