package normalize_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/normalize"
)

func TestPersonName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]normalize.Person{
		"张伟":                    {Family: "张", Given: "伟", Han: true},
		"張 偉":                   {Family: "张", Given: "伟", Han: true},
		"欧阳修":                   {Family: "欧阳", Given: "修", Han: true},
		"歐陽娜娜":                  {Family: "欧阳", Given: "娜娜", Han: true},
		"东方":                    {Family: "东", Given: "方", Han: true},
		"万俟卨":                   {Family: "万俟", Given: "卨", Han: true},
		"阿卜杜拉·买买提":              {Given: "阿卜杜拉·买买提", Han: true},
		"阿卜杜拉•买买提":              {Given: "阿卜杜拉·买买提", Han: true},
		"王芳（女）":                 {Family: "王", Given: "芳", Han: true, Notes: []string{"女"}},
		"王芳主任":                  {Family: "王", Given: "芳", Han: true},
		"李强副主任医师":               {Family: "李", Given: "强", Han: true},
		"王主任":                   {Family: "王", Given: "主任", Han: true}, // one character is no full name: nothing is guessed
		"John Smith":            {Family: "SMITH", Given: "JOHN"},
		"Smith, John":           {Family: "SMITH", Given: "JOHN"},
		"SMITH,JOHN Q.":         {Family: "SMITH", Given: "JOHN Q"},
		"Dr. John A. Smith, MD": {Family: "SMITH", Given: "JOHN A"},
		"Prof. O'Neil":          {Family: "O'NEIL"},
		"Dr.":                   {Family: "DR."},
		"王喆":                    {Family: "王", Given: "喆", Han: true},
		"张伟 Wei Zhang":          {Family: "张", Given: "伟", Han: true, Notes: []string{"WEI ZHANG"}},
		"王芳2":                   {Family: "王", Given: "芳2", Han: true},
		"无":                     {},
		"":                      {},
	} {
		require.Equal(t, want, normalize.PersonName(in), in)
	}
	require.Equal(t, "欧阳修", normalize.PersonName("歐陽修").Full())
	require.Equal(t, "JOHN SMITH", normalize.PersonName("Smith, John").Full())
}

func TestPinyinIsASoundKey(t *testing.T) {
	t.Parallel()
	require.Equal(t, "zhangwei", normalize.PersonName("张伟").PinyinKey())
	require.Equal(t, normalize.PersonName("张伟").PinyinKey(), normalize.PersonName("章卫").PinyinKey())
	require.Equal(t, normalize.PersonName("张伟").PinyinKey(), normalize.PersonName("Wei Zhang").PinyinKey())
	require.Equal(t, "lv", normalize.Pinyin("吕"))
	require.Equal(t, "qhxzyy", normalize.PinyinInitials("青河县中医院"))
	require.Equal(t, "abc12", normalize.Pinyin("Abc-12！"))
	require.Empty(t, normalize.Pinyin(""))
}

func personLaws(t failer, s string) {
	p := normalize.PersonName(s)
	again := normalize.PersonName(p.Full())
	require.Equal(t, p.Full(), again.Full(), "PersonName is idempotent on %q", s)
	if p.Han {
		require.Equal(t, p.Family, again.Family, "PersonName is idempotent on %q", s)
	}
	key := normalize.Pinyin(s)
	require.Equal(t, key, normalize.Pinyin(key), "Pinyin is idempotent on %q", s)
	initials := normalize.PinyinInitials(s)
	require.Equal(t, initials, normalize.PinyinInitials(initials), "PinyinInitials is idempotent on %q", s)
	require.LessOrEqual(t, len(initials), len(key))
}

func TestPersonLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		personLaws(t, rapid.OneOf(mixed(), rapid.StringMatching(`(Dr\. )?[A-Z][a-z]{0,5}( [A-Z]\.)?,? ?[A-Z][a-z]{0,5}(, MD)?`)).Draw(t, "name"))
	})
}

func FuzzPerson(f *testing.F) {
	for _, s := range []string{"欧阳修", "王芳（女）", "Smith, John, MD", "Dr.", "(a)b(c", "阿·", "A.,.B", "王主任主任"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { personLaws(t, s) })
}

func BenchmarkPersonName(b *testing.B) {
	for _, s := range []string{"张伟", "Smith, John"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				normalize.PersonName(s)
			}
		})
	}
}
