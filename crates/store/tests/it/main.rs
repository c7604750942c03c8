//! The store's suite, run on both engines.
