package embedded

import "time"

// ApplyRetention makes the broker drop by age all that its settings allow.
func ApplyRetention(b *Broker) { b.cluster.ApplyRetention() }

// CleanerInterval is the pause between two turns of the broker's own cleaner.
func CleanerInterval(b *Broker) time.Duration { return cleanerInterval }
