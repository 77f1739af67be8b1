"""Plain TF-IDF with mutual best over one generated set of two lists: the yardstick for free text.

Usage: tfidf_peer.py FOLDER OUT [many]. All columns but id and price are one text. Tried are words and runs of 3 characters (1 to 3
for Han text); kept is what scores best against the truth with the best threshold, which favours this peer.
With "many" each row of a takes its best row of b, without asking whether it is mutual.
"""
import csv
import json
import re
import sys
import time
from collections import Counter

import numpy as np
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer

folder, out, many = sys.argv[1], sys.argv[2], "many" in sys.argv[3:]
began = time.perf_counter()


def read(name):
    rows = list(csv.DictReader(open(f"{folder}/{name}.csv", encoding="utf-8")))
    return [r["id"] for r in rows], [" ".join(v for k, v in r.items() if k not in ("id", "price")) for r in rows]


(ids_a, a), (ids_b, b) = read("a"), read("b")
entity = {(r["source"], r["id"]): r["entity"] for r in csv.DictReader(open(f"{folder}/truth.csv", encoding="utf-8"))}
count_a = Counter(entity["a", i] for i in ids_a)
actual = sum(count_a[entity["b", i]] for i in ids_b)
truth_a = np.array([entity["a", i] for i in ids_a])
truth_b = np.array([entity["b", i] for i in ids_b])
han = re.search("[\u4e00-\u9fff]", a[0]) is not None
tried = {"characters": dict(analyzer="char", ngram_range=(1, 3)) if han else dict(analyzer="char_wb", ngram_range=(3, 3))}
if not han:
    tried["words"] = dict(token_pattern=r"(?u)\w+")
best = None
for name, options in tried.items():
    vectors = TfidfVectorizer(sublinear_tf=True, **options).fit(a + b)
    x, y = vectors.transform(a), vectors.transform(b)
    best_b, score = np.empty(len(a), dtype=int), np.empty(len(a))
    top_a, top_score = np.zeros(len(b), dtype=int), np.full(len(b), -1.0)
    for start in range(0, len(a), 500):
        dense = (x[start : start + 500] @ y.T).toarray()
        best_b[start : start + 500], score[start : start + 500] = dense.argmax(axis=1), dense.max(axis=1)
        column, top = dense.argmax(axis=0), dense.max(axis=0)
        better = top > top_score
        top_a[better], top_score[better] = column[better] + start, top[better]
    keep = np.arange(len(a)) if many else np.flatnonzero(top_a[best_b] == np.arange(len(a)))
    keep = keep[np.argsort(-score[keep], kind="stable")]
    right = truth_a[keep] == truth_b[best_b[keep]]
    found = np.cumsum(right)
    f1 = 2 * found / (np.arange(1, len(keep) + 1) + actual)
    n = int(f1.argmax())
    if best is None or f1[n] > best[0]:
        best = (f1[n], name, float(score[keep[n]]), [(ids_a[i], ids_b[best_b[i]]) for i in keep[: n + 1]])
cluster = {("b", i): f"b{k}" for k, i in enumerate(ids_b)}
cluster |= {("a", i): f"a{k}" for k, i in enumerate(ids_a)}
for i, j in best[3]:
    cluster["a", i] = cluster["b", j]
with open(f"{out}/clusters.csv", "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["source", "id", "cluster_id"])
    w.writerows((s, i, c) for (s, i), c in cluster.items())
json.dump(
    {"name": f"TF-IDF of {best[1]}, mutual best (scikit-learn {sklearn.__version__})".replace("mutual best", "best" if many else "mutual best"),
     "pairs": len(a) * len(b), "threshold": best[2], "seconds": time.perf_counter() - began},
    open(f"{out}/report.json", "w"),
)
