//! All SQL: papers, signals, ledger, quarantine, jobs; SQLite or PostgreSQL.
