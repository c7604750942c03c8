//! HTTP out: pages, feeds, APIs. Only this crate knows HTTP.
