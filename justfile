# What is typed often. `just` alone lists it.

_list:
    @just --list

# Format, lints and documentation, as CI demands them
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    .ci/run doc

# All tests that need nothing but this machine
test *ARGS:
    cargo test --workspace --locked {{ARGS}}

# Everything that CI runs: PostgreSQL, real clients and a browser too
ci:
    .ci/run

# Serve the site on http://127.0.0.1:8080
serve *ARGS:
    cargo run --release --locked -- serve {{ARGS}}

# The measurements of docs/benchmarks.md; FILE is a dump of arXiv metadata
bench FILE:
    bench/import.sh {{FILE}}
    bench/pages.sh
    bench/search.py

# Licences, known holes and duplicate dependencies; needs cargo-deny
deny:
    cargo deny check
