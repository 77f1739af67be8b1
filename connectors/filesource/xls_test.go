package filesource_test

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

// testdata/sales.xls was written by xlwt: a sheet of notes, a sheet with a merged title, 1,200 rows whose texts fill
// several records of the shared table, a total, and a hidden sheet with an even better header.
func TestOldWorkbook(t *testing.T) {
	t.Parallel()
	table, err := filesource.Open(t.Context(), "testdata/sales.xls", filesource.Options{Known: known})
	require.NoError(t, err)
	defer table.Close()
	require.Equal(t, filesource.Facts{Format: filesource.XLS, Sheet: "销售"}, table.Facts())
	require.Equal(t, 3, table.HeaderRow())
	require.Equal(t, []string{"销售日期", "单据号", "客户名称", "产品名称", "批号", "数量"}, table.Headers())
	rows := read(t, table)
	require.Len(t, rows, 1201, "1,200 rows, and one with a lone TRUE that mapping will judge")
	require.Equal(t, []string{"45717", "XS000000", "青河市第0人民医院（南院区）", "阿莫西林胶囊 Amoxicillin", "0250301", "20"}, rows[0].Cells)
	require.Equal(t, []string{"45718", "XS000001", "青河市第1人民医院（南院区）", "阿莫西林胶囊 Amoxicillin", "0250302", "-5"}, rows[1].Cells)
	require.Equal(t, []string{"19.99", "1234567.5", "0.3", "100000000"}, []string{rows[2].Cells[5], rows[3].Cells[5], rows[4].Cells[5], rows[5].Cells[5]})
	require.Equal(t, "青河市第1199人民医院（南院区）", rows[1199].Cells[2])
	require.Equal(t, 1203, rows[1199].Number)
	require.Contains(t, rows[1].Raw, `"0250302","-5"]`)
	require.Len(t, table.Warnings(), 1)
	require.Contains(t, table.Warnings()[0].Error(), "说明")

	hidden, err := filesource.Open(t.Context(), "testdata/sales.xls", filesource.Options{Sheet: "隐藏"})
	require.NoError(t, err)
	defer hidden.Close()
	require.Len(t, hidden.Headers(), 8)
	_, err = filesource.Open(t.Context(), "testdata/sales.xls", filesource.Options{Sheet: "x"})
	require.Equal(t, "files.sheet_missing", errs.CodeOf(err))
	_, err = filesource.Open(t.Context(), "testdata/dates1904.xls", filesource.Options{})
	require.Equal(t, "files.date1904", errs.CodeOf(err))
}

func TestOldWorkbookThatIsDamaged(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/sales.xls")
	require.NoError(t, err)
	_, err = open(t, "cut.xls", content[:len(content)/3], filesource.Options{})
	require.Equal(t, "files.xlsx_broken", errs.CodeOf(err))
	name := []byte("W\x00o\x00r\x00k\x00b\x00o\x00o\x00k\x00")
	at := strings.Index(string(content), string(name))
	require.Positive(t, at)
	renamed := []byte(string(content))
	copy(renamed[at:], "W\x00o\x00r\x00d\x00D\x00o\x00c\x00s\x00")
	_, err = open(t, "word.xls", renamed, filesource.Options{})
	require.Equal(t, "files.xls", errs.CodeOf(err))
	locked := []byte(string(content))
	secret := strings.Join(strings.Split("EncryptedPackage\x00", ""), "\x00") + "\x00"
	copy(locked[at:], secret)
	locked[at+64] = byte(len(secret))
	_, err = open(t, "locked.xlsx", locked, filesource.Options{})
	require.Equal(t, "files.locked", errs.CodeOf(err))
	older := []byte(string(content))
	bof := strings.Index(string(content), "\x09\x08\x10\x00\x00\x06\x05\x00")
	require.Positive(t, bof)
	binary.LittleEndian.PutUint16(older[bof+4:], 0x0500)
	_, err = open(t, "excel95.xls", older, filesource.Options{})
	require.Equal(t, "files.xls", errs.CodeOf(err))
}

func FuzzOldWorkbook(f *testing.F) {
	for _, name := range []string{"testdata/dates1904.xls", "testdata/sales.xls"} {
		content, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(content, uint32(512), uint32(0xFFFF))
	}
	f.Fuzz(func(t *testing.T, content []byte, at, value uint32) {
		if len(content) > 600 { // damage inside the stream finds more than damage of the container
			binary.LittleEndian.PutUint32(content[512+int(at)%(len(content)-516):], value)
		}
		readFuzzed(t, "f.xls", content, filesource.Options{Known: known})
	})
}
