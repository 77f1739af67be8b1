"""Splink on DuckDB over one generated set, set up as its own guides advise for records of persons.

Usage: splink_peer.py FOLDER OUT [link]. Reads FOLDER/a.csv (and b.csv), writes OUT/clusters.csv and OUT/report.json.
The columns decide the comparisons; nothing depends on which set it is.
"""
import json
import sys
import time

import duckdb
import splink
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

folder, out, link = sys.argv[1], sys.argv[2], "link" in sys.argv[3:]
began = time.perf_counter()
connection = duckdb.connect()
api = DuckDBAPI(connection)
names = ["a", "b"] if link else ["a"]
frames = []
for n in names:
    sql = f"select * from read_csv('{folder}/{n}.csv', header=true, all_varchar=true)"
    columns = [c[0] for c in connection.execute(f"describe {sql}").fetchall()]
    blank = ", ".join(f"nullif(trim(\"{c}\"), '') as \"{c}\"" for c in columns)
    connection.execute(f"create table input_{n} as select {blank} from ({sql})")
    frames.append(api.register(f"input_{n}", dataset_display_name=n))
has = set(columns)


def first(*options):
    return next((c for c in options if c in has), None)


given, family, born = first("first_name", "given_name"), first("surname"), first("dob", "date_of_birth")
code, town = first("postcode_fake", "postcode"), first("birth_place", "suburb")
street, email, ident = first("street", "address_1", "address"), first("email"), first("soc_sec_id", "phone")
dashes = connection.execute(f"select count(*) from input_a where \"{born}\" like '%-%'").fetchall()[0][0] > 0


def tf(c):
    return c.configure(term_frequency_adjustments=True)


comparisons = [tf(cl.NameComparison(given)), tf(cl.NameComparison(family)), cl.DamerauLevenshteinAtThresholds(born, [1, 2])]
if dashes:
    comparisons[2] = cl.DateOfBirthComparison(born, input_is_string=True)
for c in (code, ident):
    if c:
        comparisons.append(cl.LevenshteinAtThresholds(c, [1, 2]))
if town:
    comparisons.append(tf(cl.JaroWinklerAtThresholds(town, [0.9])))
if street:
    comparisons.append(tf(cl.JaroWinklerAtThresholds(street, [0.88])))
if email:
    comparisons.append(cl.EmailComparison(email))
if "occupation" in has:
    comparisons.append(tf(cl.ExactMatch("occupation")))

rules = [block_on(given, family), block_on(family, born), block_on(given, born)]
for c in (code, ident, email):
    if c:
        rules.append(block_on(c, given))
        rules.append(block_on(c, family))
if town:
    rules.append(block_on(born, town))
    rules.append(block_on(given, town))
    rules.append(block_on(family, town))
if code:
    rules.append(block_on(born, code))
rules.append(block_on(f"substr({given}, 1, 3)", f"substr({family}, 1, 4)", f"substr({born}, 1, 4)"))

settings = SettingsCreator(
    link_type="link_only" if link else "dedupe_only",
    unique_id_column_name="id",
    comparisons=comparisons,
    blocking_rules_to_generate_predictions=rules,
    retain_matching_columns=False,
)
linker = Linker(frames if link else frames[0], settings)
strict = [block_on(given, family, born), block_on(given, family, code)]
if ident:
    strict.append(block_on(ident, born))
linker.training.estimate_probability_two_random_records_match(strict, recall=0.6)
linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
for rule in (block_on(given, family), block_on(born), block_on(code, family)):
    linker.training.estimate_parameters_using_expectation_maximisation(rule, estimate_without_term_frequencies=True, max_pairs=2e6)
predicted = linker.inference.predict(threshold_match_probability=0.01)
trained = time.perf_counter()
threshold = 0.95
if link:
    clusters = linker.clustering.cluster_using_single_best_links(predicted, duplicate_free_datasets=["a", "b"], threshold_match_probability=threshold)
else:
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_probability=threshold)
frame = clusters.as_pandas_dataframe()
frame["source"] = frame["source_dataset"] if link else "a"
frame = frame[["source", "id", "cluster_id"]]
frame.to_csv(f"{out}/clusters.csv", index=False)
pairs = connection.execute(f"select count(*) from {predicted.physical_name}").fetchall()[0][0]
json.dump(
    {"name": f"Splink {splink.__version__}", "pairs": pairs, "threshold": threshold, "seconds": time.perf_counter() - began},
    open(f"{out}/report.json", "w"),
)
