#!/usr/bin/env python3
"""Our vector index beside others, on the same vectors and queries: bench/peers/vectors.py BASE QUERIES [options]

BASE and QUERIES are files of little-endian f32 numbers, row after row, of unit length (README.md beside this file says
how to make them from papers). Makes its own virtual environment beside this file, builds `ann`'s example `bench`, and
starts every index in a process of its own. Then, for each index, one run over a grid of its settings finds what recall
each setting reaches; the cheapest settings that reach a target are timed in rounds, one index after the other within a
round, so that a machine whose speed drifts is unfair to nobody. Ratios are medians of the ratios within a round.

Time is processor time where one thread searches (others may use the machine meanwhile), wall time where two do.
Recall counts an answer that scores as well as the tenth exact one: copies of a vector are as good as it is.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGETS = [0.90, 0.95, 0.99, 0.999]
MODES = {"1": "one query at a time, one thread", "1b": "one call, one thread", "2": "one call, two threads"}
K = 10

SHORTLISTS = [20, 30, 40, 60, 90, 130, 200, 300]
SHARES = [0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.35, 0.5, 1.0]
PROBES = [8, 16, 32, 64, 96, 128, 192, 256, 384, 512]
EFFORTS = [16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536]
FACTORS = [5, 8, 12, 16, 20, 30, 50, 80, 150]
GRIDS = {
    "ours": lambda cells: itertools.product([max(1, int(s * cells)) for s in SHARES], SHORTLISTS),
    "ours exact": lambda _: [()],
    "faiss flat": lambda _: [(0,)],
    "faiss IVF flat": lambda _: [(n,) for n in PROBES],
    "faiss IVF": lambda _: itertools.product(PROBES, [10, 20, 30, 50]),
    "faiss HNSW": lambda _: [(n,) for n in EFFORTS],
    "faiss": lambda _: [(n,) for n in FACTORS],
    "hnswlib": lambda _: [(n,) for n in EFFORTS],
    "usearch": lambda _: [(n,) for n in EFFORTS],
}
# Slow and steady: timed in the first round only.
EXACT = ["ours, exact", "faiss flat f32"]
OURS = {"ours": [], "ours, 2 refining bytes": ["--planes", "2"]}


def enter_environment():
    """Goes on inside the virtual environment, making it first where it is missing."""
    folder = HERE / ".venv"
    python = folder / "bin" / "python"
    if Path(sys.prefix) == folder:
        return
    wanted = (HERE / "requirements.txt").read_text()
    done = folder / "requirements.done"
    if not done.exists() or done.read_text() != wanted:
        print("making", folder, file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
        done.write_text(wanted)
    os.execv(python, [python, *sys.argv])


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--rows", type=int, help="only the first rows of BASE")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="*", help="only indexes whose name starts so; ours are always there")
    parser.add_argument("--json", type=Path, help="where to write every figure")
    return parser.parse_args()


class Contender:
    """An index in a process of its own."""

    def __init__(self, name: str, command: list, grid, about: dict | None = None):
        self.name = name
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen([str(part) for part in command], text=True, **pipes)
        self.about = self.read() | (about or {})
        self.settings = [tuple(map(str, setting)) for setting in grid(self.about.get("cells", 0))]
        self.recalls, self.costs = {}, {}

    def read(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with code {self.process.wait()}")
        return json.loads(line)

    def ask(self, mode: str, setting: tuple) -> dict:
        self.process.stdin.write(" ".join([mode, *setting]) + "\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def quickest(self, target: float) -> list[tuple]:
        """The two settings that cost least among those that reach the target."""
        reaching = [s for s in self.settings if self.recalls.get(s, 0) >= target]
        return sorted(reaching, key=self.costs.get)[:2]


class Truth:
    """The score of the tenth best vector of every query."""

    def __init__(self, base, queries):
        import numpy as np

        self.base, self.queries = base, queries
        best = np.full((len(queries), K), -np.inf, np.float32)
        for start in range(0, len(base), 20_000):
            scores = queries @ base[start : start + 20_000].T
            both = np.concatenate([best, np.partition(scores, -K, axis=1)[:, -K:]], axis=1)
            best = np.partition(both, -K, axis=1)[:, -K:]
        self.floors = best.min(axis=1)

    def recall(self, rows: list[list[int]]) -> float:
        import numpy as np

        good = 0
        for query, floor, found in zip(self.queries, self.floors, rows):
            found = np.array(sorted({row for row in found if row >= 0}), dtype=np.int64)
            good += int((self.base[found] @ query >= floor - 1e-6).sum())
        return good / (K * len(rows))


def contenders(options, count: int, folder: str) -> list[Contender]:
    """Builds one index after the other."""
    sys.path.insert(0, str(HERE))
    from workers import KINDS

    build = ["cargo", "build", "-q", "--release", "-p", "ann", "--example", "bench"]
    subprocess.run(build, check=True, cwd=ROOT)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    ours = [target / "release" / "examples" / "bench", options.base, options.queries]
    ours += ["--dim", options.dim, "--rows", count]
    commands = {}
    for name, extra in OURS.items():
        path = Path(folder) / f"{name}.ann"
        saved = subprocess.run([str(part) for part in ours + extra + ["--save", path]], check=True, capture_output=True)
        commands[name] = (ours + ["--open", path], GRIDS["ours"], json.loads(saved.stdout))
    commands["ours, exact"] = (ours + ["--exact"], GRIDS["ours exact"], None)
    for kind in KINDS:
        if options.only is None or any(kind.startswith(wanted) for wanted in options.only):
            grid = max((name for name in GRIDS if kind.startswith(name)), key=len)
            worker = [sys.executable, HERE / "workers.py", kind, options.base, options.queries]
            commands[kind] = (worker + [options.dim, count], GRIDS[grid], None)
    started = []
    for name, (command, grid, about) in commands.items():
        contender = Contender(name, command, grid, about)
        print(f"{name:28} built in {contender.about['build_s']:6.1f} s", file=sys.stderr, flush=True)
        started.append(contender)
    return started


def explore(contender: Contender, truth: Truth):
    """One run of every setting: its recall, and about what it costs."""
    for setting in contender.settings:
        answer = contender.ask("1", setting)
        contender.recalls[setting] = truth.recall(answer["rows"])
        contender.costs[setting] = answer["cpu_s"]
        if "memory_mb" in answer:
            contender.about["memory_mb"] = answer["memory_mb"]


def measure(all_of_them: list[Contender], rounds: int) -> dict:
    """Seconds of every round: (name, setting, mode) to a list."""
    wanted = []
    for contender in all_of_them:
        settings = {s for target in TARGETS for s in contender.quickest(target)}
        wanted += [(contender, setting) for setting in sorted(settings)]
    seconds = {}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for mode in MODES:
            for contender, setting in wanted:
                if number > 0 and contender.name in EXACT:
                    first = seconds[contender.name, setting, mode][0]
                    seconds[contender.name, setting, mode].append(first)
                    continue
                answer = contender.ask("1" if mode == "1b" and "ours" in contender.name else mode, setting)
                time = answer["wall_s"] if mode == "2" else answer["cpu_s"]
                seconds.setdefault((contender.name, setting, mode), []).append(time)
    return seconds


def best_of(contender: Contender, target: float, mode: str, seconds: dict):
    """The setting with the least median time, and its times."""
    settings = contender.quickest(target)
    if not settings:
        return None, None
    times = {s: seconds[contender.name, s, mode] for s in settings}
    setting = min(times, key=lambda s: statistics.median(times[s]))
    return setting, times[setting]


def report(all_of_them: list[Contender], seconds: dict, queries: int) -> list[dict]:
    ours = all_of_them[0]
    lines = []
    print(f"\n{'index':28} {'build s':>8} {'bytes/vector':>12} {'memory MB':>10} {'best recall':>11}")
    for c in all_of_them:
        about = c.about
        memory, best = about.get("memory_mb") or 0, max(c.recalls.values())
        print(f"{c.name:28} {about['build_s']:8.1f} {about['bytes']:12.1f} {memory:10.0f} {best:11.4f}")
    for mode, words in MODES.items():
        print(f"\nqueries/s, {words}; in brackets how many times as many ours answers")
        print(f"{'index':28}" + "".join(f"{f'recall {target}':>22}" for target in TARGETS))
        for c in all_of_them:
            cells = []
            for target in TARGETS:
                setting, times = best_of(c, target, mode, seconds)
                if times is None:
                    cells.append("not reached")
                    continue
                reference = best_of(ours, target, mode, seconds)[1]
                ratios = [t / o for t, o in zip(times, reference)] if reference else [float("nan")]
                rate, ratio = queries / statistics.median(times), statistics.median(ratios)
                cells.append(f"{rate:,.0f} ({ratio:.2f})")
                lines.append(
                    {"index": c.name, "mode": mode, "target": target, "setting": setting, "ratio": ratio}
                    | {"recall": c.recalls[setting], "queries_per_s": rate, "seconds": times}
                )
            print(f"{c.name:28}" + "".join(f"{cell:>22}" for cell in cells))
    return lines


def main():
    options = arguments()
    enter_environment()
    import numpy as np

    base = np.memmap(options.base, np.float32, "r").reshape(-1, options.dim)
    base = base[: options.rows]
    queries = np.fromfile(options.queries, np.float32).reshape(-1, options.dim)
    truth = Truth(base, queries)
    with tempfile.TemporaryDirectory() as folder:
        all_of_them = contenders(options, len(base), folder)
        for contender in all_of_them:
            print("exploring", contender.name, file=sys.stderr, flush=True)
            explore(contender, truth)
        seconds = measure(all_of_them, options.rounds)
        lines = report(all_of_them, seconds, len(queries))
        if options.json:
            about = {c.name: c.about for c in all_of_them}
            options.json.write_text(json.dumps({"rows": len(base), "about": about, "lines": lines}, indent=1))
        for contender in all_of_them:
            contender.close()


if __name__ == "__main__":
    main()
