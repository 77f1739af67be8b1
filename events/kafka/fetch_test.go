package kafka

import (
	"testing"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Law: an answer gives every record from the offset on once and in order, without transaction markers, and reading goes
// on, never beyond what the answer covers, also over batches that compaction emptied.
func TestReadBatchesPassesOverWhatIsHidden(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var answer []protocol.RecordReader
		var want []int64
		at, end := int64(rapid.IntRange(0, 50).Draw(t, "base")), int64(0)
		from := at + int64(rapid.IntRange(0, 20).Draw(t, "from"))
		for range rapid.IntRange(1, 6).Draw(t, "batches") {
			base := at
			kind := rapid.SampledFrom([]string{"data", "control", "empty"}).Draw(t, "kind")
			var records []protocol.Record
			if kind != "empty" {
				for range rapid.IntRange(1, 4).Draw(t, "records") {
					at += int64(rapid.IntRange(0, 2).Draw(t, "hole")) // compaction leaves holes
					records = append(records, protocol.Record{Offset: at, Time: noon})
					if kind == "data" && at >= from {
						want = append(want, at)
					}
					at++
				}
			} else {
				at++
			}
			end = at
			reader := protocol.NewRecordReader(records...)
			if kind == "control" {
				answer = append(answer, &protocol.ControlBatch{BaseOffset: base, Records: reader})
			} else {
				answer = append(answer, &protocol.RecordBatch{BaseOffset: base, Records: reader})
			}
		}
		records, next, err := readBatches(&protocol.RecordStream{Records: answer}, Position{Topic: "t"}, from)
		require.NoError(t, err)
		var got []int64
		for _, r := range records {
			got = append(got, r.Offset)
		}
		require.Equal(t, want, got)
		require.GreaterOrEqual(t, next, from)
		if from < end {
			require.Greater(t, next, from, "reading would stand still")
			require.LessOrEqual(t, next, end, "reading would skip what comes next")
		}
	})
}

func TestReadBatchKeepsNullApart(t *testing.T) {
	records, _, err := readBatches(&protocol.RecordStream{Records: []protocol.RecordReader{&protocol.RecordBatch{
		Records: protocol.NewRecordReader(
			protocol.Record{Time: noon, Key: protocol.NewBytes([]byte{}), Value: nil},
			protocol.Record{Offset: 1, Time: noon, Key: nil, Value: protocol.NewBytes([]byte{})},
		)}}}, Position{}, 0)
	require.NoError(t, err)
	require.Nil(t, records[0].Value)
	require.NotNil(t, records[0].Key)
	require.Nil(t, records[1].Key)
	require.NotNil(t, records[1].Value)
}
