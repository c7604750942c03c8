#!/usr/bin/env python3
"""Our search beside bm25s and SQLite's FTS5 on judged collections: bench/peers/words.py DIR... [--bm25 K1 B]

Each DIR is in BEIR's form. Prints nDCG@10, Recall@100 and the median milliseconds of a query for the best 100 papers:
ours in its three modes (`broadsheet eval`, the released program), bm25s (title and text as one, English stop words and
Snowball stems) and FTS5 (porter stems, title counting twice, any of the words). All run one query after the other, each
in its own process, the peers' measures by the same conventions as trec_eval's. Uses the virtual environment that
vectors.py makes.
"""

import argparse
import io
import json
import math
import re
import sqlite3
import statistics
import subprocess
import time
from pathlib import Path

from vectors import ROOT, enter_environment

PROGRAM = ROOT / "target" / "release" / "broadsheet"


def lines(folder: Path, name: str):
    """Objects of a JSON-lines file, packed or not."""
    plain = folder / f"{name}.jsonl"
    if plain.exists():
        text = plain.read_bytes()
    else:
        text = subprocess.run(["zstd", "-dcq", f"{plain}.zst"], check=True, stdout=subprocess.PIPE).stdout
    yield from map(json.loads, filter(str.strip, io.StringIO(text.decode())))


def read(folder: Path):
    """Ids, titles and texts; judged queries; what is relevant to each, with its grade."""
    papers = [(str(p["_id"]), p.get("title") or "", p.get("text") or "") for p in lines(folder, "corpus")]
    judged: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text().splitlines():
        query, paper, grade = line.split("\t")
        if grade.lstrip("-").isdigit() and int(grade) > 0:
            judged.setdefault(query, {})[paper] = int(grade)
    queries = {str(q["_id"]): q["text"] for q in lines(folder, "queries") if str(q["_id"]) in judged}
    return papers, queries, judged


def measures(found: list[str], relevant: dict[str, int]) -> tuple[float, float]:
    """nDCG@10 with linear gain, and Recall@100."""
    gain = sum(relevant.get(p, 0) / math.log2(i + 2) for i, p in enumerate(found[:10]))
    best = sorted(relevant.values(), reverse=True)[:10]
    ideal = sum(grade / math.log2(i + 2) for i, grade in enumerate(best))
    return gain / ideal, sum(p in relevant for p in found[:100]) / len(relevant)


def bm25s_search(papers, k1: float, b: float):
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")
    texts = [f"{title} {text}" for _, title, text in papers]
    index = bm25s.BM25(k1=k1, b=b)
    index.index(bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False)

    def search(query: str) -> list[str]:
        tokens = bm25s.tokenize([query], stopwords="en", stemmer=stemmer, show_progress=False)
        if not tokens.vocab:
            return []
        rows, scores = index.retrieve(tokens, k=min(100, len(papers)), show_progress=False)
        return [papers[row][0] for row, score in zip(rows[0], scores[0]) if score > 0]

    return search


def fts5_search(papers):
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE papers USING fts5(id UNINDEXED, title, text, tokenize = 'porter')")
    database.executemany("INSERT INTO papers VALUES (?, ?, ?)", papers)

    def search(query: str) -> list[str]:
        words = re.findall(r"\w+", query)
        any_of = " OR ".join(f'"{word}"' for word in words)
        sql = "SELECT id FROM papers WHERE papers MATCH ? ORDER BY bm25(papers, 0, 2.0, 1.0) LIMIT 100"
        return [row[0] for row in database.execute(sql, [any_of])] if words else []

    return search


def peer(search, queries, judged):
    """Means of the measures, and the median milliseconds, after one round to warm up."""
    for query in list(queries.values())[:20]:
        search(query)
    taken, values = [], []
    for key, query in queries.items():
        start = time.perf_counter()
        found = search(query)
        taken.append(1000 * (time.perf_counter() - start))
        values.append(measures(found, judged[key]))
    ndcg, recall = (statistics.fmean(v) for v in zip(*values))
    return ndcg, recall, statistics.median(taken)


def ours(folder: Path, mode: str):
    command = [PROGRAM, "eval", folder, "--mode", mode, "--json"]
    outcome = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return outcome["ndcg@10"], outcome["recall@100"], outcome["p50_ms"]


def main():
    enter_environment()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--bm25", nargs=2, type=float, default=[1.5, 0.75], metavar=("K1", "B"))
    args = parser.parse_args()
    print(f"{'set':12} {'search':18} {'nDCG@10':>8} {'R@100':>6} {'median ms':>10}")
    for folder in args.folders:
        papers, queries, judged = read(folder)
        rows = {f"ours, {mode}": ours(folder, mode) for mode in ("hybrid", "lexical", "semantic")}
        rows["bm25s"] = peer(bm25s_search(papers, *args.bm25), queries, judged)
        rows["SQLite FTS5"] = peer(fts5_search(papers), queries, judged)
        for name, (ndcg, recall, milliseconds) in rows.items():
            print(f"{folder.name:12} {name:18} {ndcg:8.4f} {recall:6.3f} {milliseconds:10.2f}", flush=True)


if __name__ == "__main__":
    main()
