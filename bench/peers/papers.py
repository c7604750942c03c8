#!/usr/bin/env python3
"""Papers as JSON lines to texts for the encoder: bench/peers/papers.py PAPERS OUT [--queries 1000] [--judged FOLDER...]

PAPERS is a file of JSON lines with `title` and `abstract`, plain or .zst (read with the `zstd` command). Writes
OUT.base.txt, a line a paper with a tab between title and abstract, and OUT.queries.txt: titles of papers that the
encoder was not trained on (those whose hash is lowest, as `broadsheet-lab train encoder` holds them out), and the
queries of the judged sets in the given folders (`queries.jsonl`, plain or .zst).
"""

import argparse
import io
import json
import re
import subprocess
from pathlib import Path


def lines(path: Path):
    """The JSON values of a file's lines."""
    if path.suffix == ".zst":
        with subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE) as process:
            yield from map(json.loads, io.TextIOWrapper(process.stdout, encoding="utf-8"))
    else:
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)


def one_line(text: str) -> str:
    return " ".join(text.split())


def title_hash(title: str) -> int:
    """FNV-1a of the title's ASCII letters and digits in lower case."""
    value = 0xCBF29CE484222325
    for byte in " ".join(re.findall("[a-z0-9]+", title.lower())).encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("papers", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--judged", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    titles = {}
    with open(f"{options.out}.base.txt", "w", encoding="utf-8") as file:
        for paper in lines(options.papers):
            title = one_line(paper["title"])
            titles[title_hash(title)] = title
            file.write(f"{title}\t{one_line(paper['abstract'])}\n")
    with open(f"{options.out}.queries.txt", "w", encoding="utf-8") as file:
        for value in sorted(titles)[: options.queries]:
            file.write(titles[value] + "\n")
        for folder in options.judged:
            path = next(folder.glob("queries.jsonl*"))
            for query in lines(path):
                file.write(one_line(query["text"]) + "\n")


if __name__ == "__main__":
    main()
