"""Vector indexes of others, each in a process of its own that answers lines of standard input.

Run by vectors.py as `python workers.py KIND BASE QUERIES DIM ROWS`. It builds with two threads, prints one JSON object
(`build_s`, `bytes` a vector, `memory_mb`), and then answers each line `MODE PARAMETER...` with one JSON object:
`wall_s` and `cpu_s` of all queries, and the `rows` that they found. MODE is `1`: one query at a time on one thread;
`1b`: all queries in one call on one thread; `2`: all in one call on two threads.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

K = 10
CELLS = 1024
TRAINED_ON = 100_000


class Faiss:
    """An index of FAISS by its factory string, with its vectors kept beside it for refinement where asked."""

    def __init__(self, factory: str, refine: str | None, vectors: np.ndarray):
        import faiss

        self.faiss = faiss
        faiss.omp_set_num_threads(2)
        dim = vectors.shape[1]
        self.inner = faiss.index_factory(dim, factory, faiss.METRIC_INNER_PRODUCT)
        self.index = self.inner
        if refine:
            kept = getattr(faiss.ScalarQuantizer, refine)
            kept = faiss.IndexScalarQuantizer(dim, kept, faiss.METRIC_INNER_PRODUCT)
            self.index = faiss.IndexRefine(self.inner, kept)
        if factory.startswith("HNSW"):
            self.inner.hnsw.efConstruction = 200
        self.index.train(vectors[:TRAINED_ON])
        self.index.add(vectors)

    def bytes(self) -> int:
        return self.faiss.serialize_index(self.index).nbytes

    def threads(self, count: int):
        self.faiss.omp_set_num_threads(count)

    def set(self, first: int, second: int | None = None):
        """nprobe (or efSearch, or k_factor where there are no cells) and k_factor."""
        if hasattr(self.inner, "nprobe"):
            self.inner.nprobe = first
            factor = second
        elif hasattr(self.inner, "hnsw"):
            self.inner.hnsw.efSearch = first
            factor = second
        else:
            factor = first
        if factor and self.index is not self.inner:
            self.index.k_factor = factor

    def search(self, queries: np.ndarray) -> np.ndarray:
        return self.index.search(queries, K)[1]


class Hnswlib:
    """hnswlib, with its own prefetching and f32 vectors."""

    def __init__(self, links: int, vectors: np.ndarray):
        import hnswlib

        self.index = hnswlib.Index(space="ip", dim=vectors.shape[1])
        self.index.init_index(len(vectors), M=links, ef_construction=200, random_seed=1)
        self.index.set_num_threads(2)
        self.index.add_items(vectors)

    def bytes(self) -> int:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "index")
            self.index.save_index(path)
            return os.path.getsize(path)

    def threads(self, count: int):
        self.index.set_num_threads(count)

    def set(self, effort: int):
        self.index.set_ef(effort)

    def search(self, queries: np.ndarray) -> np.ndarray:
        return self.index.knn_query(queries, k=K)[0]


class Usearch:
    """usearch over vectors of a smaller number type."""

    def __init__(self, numbers: str, links: int, vectors: np.ndarray):
        from usearch.index import Index

        self.index = Index(ndim=vectors.shape[1], metric="ip", dtype=numbers, connectivity=links, expansion_add=200)
        self.index.add(np.arange(len(vectors)), vectors, threads=2)
        self.count = 1

    def bytes(self) -> int:
        return self.index.serialized_length

    def threads(self, count: int):
        self.count = count

    def set(self, effort: int):
        self.index.expansion_search = effort

    def search(self, queries: np.ndarray) -> np.ndarray:
        keys = self.index.search(queries, K, threads=self.count).keys
        return np.atleast_2d(keys)


KINDS = {
    "faiss flat f32": lambda v: Faiss("Flat", None, v),
    "faiss IVF flat f32": lambda v: Faiss(f"IVF{CELLS},Flat", None, v),
    "faiss PQ64x4fs + fp16": lambda v: Faiss("PQ64x4fs", "QT_fp16", v),
    "faiss PQ64x4fs + sq8": lambda v: Faiss("PQ64x4fs", "QT_8bit", v),
    "faiss IVF PQ64x4fs + fp16": lambda v: Faiss(f"IVF{CELLS},PQ64x4fs", "QT_fp16", v),
    "faiss RaBitQfs + fp16": lambda v: Faiss("RaBitQfs", "QT_fp16", v),
    "faiss IVF RaBitQ + fp16": lambda v: Faiss(f"IVF{CELLS},RaBitQ", "QT_fp16", v),
    "faiss IVF RaBitQfs + fp16": lambda v: Faiss(f"IVF{CELLS},RaBitQfs", "QT_fp16", v),
    "faiss HNSW32 f32": lambda v: Faiss("HNSW32,Flat", None, v),
    "hnswlib M=16 f32": lambda v: Hnswlib(16, v),
    "hnswlib M=32 f32": lambda v: Hnswlib(32, v),
    "usearch M=16 f16": lambda v: Usearch("f16", 16, v),
    "usearch M=32 i8": lambda v: Usearch("i8", 32, v),
}


def anonymous_memory() -> float:
    """Megabytes that are this process's own, without mapped files; 0 where Linux does not tell."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1.024e-3
    return 0.0


def answer(index, mode: str, queries: np.ndarray) -> dict:
    """All queries in one of the modes."""
    index.threads(2 if mode == "2" else 1)
    wall, cpu = time.perf_counter(), time.thread_time()
    if mode == "1":
        rows = [index.search(queries[i : i + 1])[0] for i in range(len(queries))]
    else:
        rows = index.search(queries)
    wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
    return {"wall_s": wall, "cpu_s": cpu, "rows": np.asarray(rows).astype(np.int64).tolist()}


def main():
    kind, base, queries, dim, rows = sys.argv[1:]
    # Mapped, so that the vectors themselves do not count as the index's memory.
    base = np.memmap(base, np.float32, "r").reshape(-1, int(dim))[: int(rows)]
    queries = np.fromfile(queries, np.float32).reshape(-1, int(dim))
    before, started = anonymous_memory(), time.perf_counter()
    index = KINDS[kind](base)
    build = time.perf_counter() - started
    memory = anonymous_memory() - before
    print(json.dumps({"build_s": build, "bytes": index.bytes() / len(base), "memory_mb": memory}), flush=True)
    for line in sys.stdin:
        mode, *parameters = line.split()
        index.set(*map(int, parameters))
        print(json.dumps(answer(index, mode, queries)), flush=True)


if __name__ == "__main__":
    main()
