#!/usr/bin/env python3
"""Measures searching: bench/search.py [--data DIR] [--rate 50] [--seconds 60] [--path /search]

Draws real queries from the papers in a data folder (the one bench/import.sh filled): words of titles, phrases, authors,
filters. Sends them to the released server at a steady rate, each at its own time whether or not earlier ones are
answered (an open loop, so that a slow answer is not hidden by asking less). Then the same queries, as far as SQLite can
express them, against an FTS5 table of the same papers, one after the other in this process: once only the best 20 by
`bm25()`, once what a page of results needs (the best 30, highlighted, with a passage of the abstract, and how many papers
match in all). Only the standard library. Latency through HTTP contains connection, parsing, loading the papers and
rendering; FTS5's does not, so the comparison favours FTS5.
"""

import argparse
import concurrent.futures
import http.client
import json
import random
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "broadsheet"
SEED = 20261123
# Common words make searches trivial or huge; people leave most of them out.
STOP = set("a an and are as at by for from in into is it of on or over the to towards under using via we with".split())


def export(data: Path):
    """Every paper of the folder, one at a time."""
    command = [PROGRAM, "--data", data, "export"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        yield from map(json.loads, process.stdout)
    if process.returncode != 0:
        raise SystemExit(f"export ended with code {process.returncode}")


def words(text: str) -> list[str]:
    """Plain words; formulas and markup are not what people type."""
    text = re.sub(r"\$[^$]*\$|\\[a-zA-Z]+", " ", text)
    return re.findall(r"[A-Za-z][A-Za-z-]{2,}", text)


def draw(paper: dict, kind: str, rng: random.Random) -> tuple[str, str | None]:
    """A query of one kind from one paper, and the same for FTS5 (None: FTS5 has no such field)."""
    title = words(paper["title"])
    telling = [w for w in title if w.lower() not in STOP] or ["learning"]
    some = rng.sample(telling, min(len(telling), rng.randint(1, 3)))
    plain = " ".join(f'"{w}"' for w in some)
    if kind == "phrase" and len(title) >= 3:
        start = rng.randrange(len(title) - 1)
        phrase = " ".join(title[start : start + rng.randint(2, 3)])
        return f'"{phrase}"', f'"{phrase}"'
    if kind == "author" and paper["authors"]:
        name = rng.choice(paper["authors"])["name"].replace('"', "")
        inner = " ".join(words(name)) or name
        return f'author:"{name}"', f'authors:"{inner}"'
    if kind == "filter" and paper["categories"]:
        category = paper["categories"][0]
        return f"{' '.join(some)} cat:{category}", f'{plain} AND categories:"{category}"'
    if kind == "date":
        year = (paper["times"].get("submitted") or "2015")[:4]
        return f"{' '.join(some)} after:{year}-01 before:{year}-12", None
    return " ".join(some), plain


def mixed_queries(papers: list[dict], count: int, seed: int = SEED) -> list[tuple[str, str | None]]:
    rng = random.Random(seed)
    kinds = ["words"] * 5 + ["phrase"] * 2 + ["author", "filter", "date"]
    return [draw(rng.choice(papers), rng.choice(kinds), rng) for _ in range(count)]


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """The released server, for as long as the block lasts."""

    def __init__(self, data: Path):
        self.port = free_port()
        listen = f"127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [PROGRAM, "--data", data, "serve", "--offline", "--listen", listen], stderr=subprocess.DEVNULL
        )

    def __enter__(self):
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if get(self.port, "/readyz")[0] == 200:
                    return self
            except OSError:
                time.sleep(0.02)
        self.process.kill()
        raise SystemExit("the server did not become ready")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def get(port: int, path: str) -> tuple[int, int]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, len(answer.read())
    finally:
        connection.close()


def open_loop(port: int, paths: list[str], rate: float) -> tuple[list[float], float]:
    """Sends each path at its own time. Returns seconds from when each was due to its answer, and the largest lateness."""
    taken = [0.0] * len(paths)
    late = [0.0] * len(paths)
    connections = threading.local()

    def ask(n: int, due: float):
        late[n] = time.perf_counter() - due
        if not hasattr(connections, "kept"):
            connections.kept = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connections.kept.request("GET", paths[n], headers={"accept-encoding": "identity"})
        answer = connections.kept.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{paths[n]} answered {answer.status}")
        taken[n] = time.perf_counter() - due

    with concurrent.futures.ThreadPoolExecutor(max_workers=16) as pool:
        begin = time.perf_counter() + 0.2
        pending = []
        for n in range(len(paths)):
            due = begin + n / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            pending.append(pool.submit(ask, n, due))
        for future in pending:
            future.result()
    return taken, max(late)


def build_fts(papers: list[dict]) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE fts USING fts5(title, abstract, authors, categories, tokenize='porter unicode61')")
    rows = (
        (p["title"], p["abstract"], ", ".join(a["name"] for a in p["authors"]), " ".join(p["categories"]))
        for p in papers
    )
    db.executemany("INSERT INTO fts VALUES (?, ?, ?, ?)", rows)
    db.execute("INSERT INTO fts(fts) VALUES ('optimize')")
    db.commit()
    return db


BEST_20 = "SELECT rowid, title FROM fts WHERE fts MATCH ? ORDER BY bm25(fts) LIMIT 20"
PAGE = """SELECT rowid, highlight(fts, 0, '<mark>', '</mark>'), snippet(fts, 1, '<mark>', '</mark>', '…', 40), authors
    FROM fts WHERE fts MATCH ? ORDER BY bm25(fts) LIMIT 30"""
TOTAL = "SELECT count(*) FROM fts WHERE fts MATCH ?"


def measure_fts(db: sqlite3.Connection, queries: list[str], statements: list[str]) -> list[float]:
    taken = []
    for query in queries:
        begin = time.perf_counter()
        for statement in statements:
            db.execute(statement, (query,)).fetchall()
        taken.append(time.perf_counter() - begin)
    return taken


def percentiles(seconds: list[float]) -> dict[int, float]:
    """Nearest-rank percentiles in milliseconds."""
    ordered = sorted(seconds)
    return {p: 1000 * ordered[min(len(ordered) - 1, (len(ordered) * p + 99) // 100 - 1)] for p in (50, 90, 99)}


def line(name: str, seconds: list[float]) -> dict[int, float]:
    result = percentiles(seconds)
    print(f"{name:<24} p50 {result[50]:.2f} ms, p90 {result[90]:.2f} ms, p99 {result[99]:.2f} ms")
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, default=ROOT / "target" / "bench")
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--path", default="/search", help="/search (HTML) or /api/papers/search (JSON)")
    args = parser.parse_args()
    if not (args.data / "broadsheet.db").exists():
        raise SystemExit(f"{args.data} holds no database; run bench/import.sh FILE first")

    papers = list(export(args.data))
    queries = mixed_queries(papers, int(args.rate * args.seconds))
    print(f"{len(papers)} papers, {len(queries)} queries at {args.rate:g}/s, seed {SEED}")
    paths = [f"{args.path}?{urllib.parse.urlencode({'q': q})}" for q, _ in queries]
    with Server(args.data) as server:
        # Other queries than the measured ones, whose answers must not be lying ready.
        warm = mixed_queries(papers, 200, SEED + 1)
        open_loop(server.port, [f"{args.path}?{urllib.parse.urlencode({'q': q})}" for q, _ in warm], args.rate)
        taken, late = open_loop(server.port, paths, args.rate)
    line(f"HTTP {args.path}", taken)
    print(f"{'sent late by at most':<24} {1000 * late:.1f} ms")

    both = [(seconds, fts) for seconds, (_, fts) in zip(taken, queries) if fts is not None]
    db = build_fts(papers)
    asked = [fts for _, fts in both]
    measure_fts(db, asked[:100], [BEST_20])
    same = percentiles([seconds for seconds, _ in both])
    for name, statements in [("FTS5, best 20", [BEST_20]), ("FTS5, a page's work", [PAGE, TOTAL])]:
        theirs = line(name, measure_fts(db, asked, statements))
        ratios = ", ".join(f"p{p} {theirs[p] / same[p]:.2f}" for p in (50, 90, 99))
        print(f"{'':<24} FTS5 / Broadsheet on the {len(both)} queries that FTS5 can express: {ratios}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
