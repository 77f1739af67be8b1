package pack

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTheFaceShowsRareCharactersAndMarksOthers(t *testing.T) {
	f, err := theFace()
	require.NoError(t, err)
	require.Equal(t, "百川 龘䶮𬭎 £→×　（ｋ）", f.visible("百川 龘䶮𬭎 £→×　（ｋ）"))
	require.Equal(t, "a〔U+1F48A〕b c\nd", f.visible("a💊b\tc\nd"))
	for r := rune(0x4E00); r <= 0x9FA5; r++ { // all of GBK's ideographs
		require.True(t, f.shows(r), "%U", r)
	}
}

func TestWrappingKeepsEveryCharacterAndTheWidth(t *testing.T) {
	p, err := newPaper("t", "a", "f", &Input{})
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOfN(rapid.RuneFrom([]rune("ab 中药（）-💊\n")), 0, 60, -1).Draw(t, "text")
		lines := p.wrap(s, body, 60)
		for _, l := range lines {
			require.LessOrEqual(t, p.width(l, body), 60.0)
		}
		bare := strings.NewReplacer(" ", "", "\n", "")
		require.Equal(t, bare.Replace(p.face.visible(s)), bare.Replace(strings.Join(lines, "")))
	})
	require.NoError(t, p.err)
}

func TestRowsLongerThanAPageGoOn(t *testing.T) {
	in := Input{Recall: Recall{No: "R", Plan: strings.Repeat("隔离、停售、退回。", 4000)}}
	files, err := Render(in)
	require.NoError(t, err)
	require.Greater(t, bytes.Count(files[1].Body, []byte("/Type /Page\n")), 5)
}

func TestGrouped(t *testing.T) {
	for in, want := range map[string]string{"0": "0", "999": "999", "1000": "1,000", "-1234567.5": "-1,234,567.5"} {
		require.Equal(t, want, grouped(in))
	}
}
