// Package measure reads what a matcher wrote, and the truth, for package clusterscore.
//
//	items, err := measure.Read("truth.csv", "clusters.csv")
//	f1 := clusterscore.Of(items, false).F1()
package measure
