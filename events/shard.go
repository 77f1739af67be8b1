package events

// Shards is the number of outbox shards. It is part of what is stored and never changes.
const Shards = 64

// Shard is the outbox shard of a key: its murmur2 hash, the one by which Kafka producers choose a partition. With the
// same hash in both places the events of a shard fall into few partitions and travel in fewer, larger batches.
func Shard(key string) int { return int(murmur2(key)&0x7fffffff) % Shards }

// murmur2 is the hash of Java's Kafka client (32 bit, seed 0x9747b28c).
func murmur2(key string) uint32 {
	const m = 0x5bd1e995
	n := len(key)
	h := 0x9747b28c ^ uint32(n)
	i := 0
	for ; i+4 <= n; i += 4 {
		k := uint32(key[i]) | uint32(key[i+1])<<8 | uint32(key[i+2])<<16 | uint32(key[i+3])<<24
		k *= m
		k ^= k >> 24
		k *= m
		h = h*m ^ k
	}
	switch n - i {
	case 3:
		h ^= uint32(key[i+2]) << 16
		fallthrough
	case 2:
		h ^= uint32(key[i+1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(key[i])) * m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}
