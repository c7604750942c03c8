//! What the polite gate remembers over restarts, kept in the database.
