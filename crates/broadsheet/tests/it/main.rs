//! The product from outside: the real program, run as people and other programs run it, and the rules of the house.
//!
//! One binary for all of it. What needs a browser or other people's clients is ignored here and run by `.ci/run`.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails; clippy exempts only the functions marked as tests"
)]

mod browser;
mod browser_story;
mod cli;
mod clients;
mod config;
mod crash;
mod eval;
mod eval_trending;
mod fetch;
mod import;
mod lab;
mod layering;
mod mail;
mod mail_bench;
mod mail_crash;
mod mail_office;
mod mail_server;
mod papers;
mod postgres;
mod program;
mod rules;
mod serve;
mod smtp;
mod tidy;
mod window;
