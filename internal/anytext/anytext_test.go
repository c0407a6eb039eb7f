package anytext_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/internal/anytext"
)

type leaf struct {
	Text  string
	Bytes []byte
	At    time.Time
}

type whole struct {
	leaf
	Text   string
	Leaves []leaf
	By     map[string]leaf
	Next   *whole
	Counts []int
	None   []string
}

func sample() whole {
	bad := leaf{Text: "\xff", Bytes: []byte("\xff"), At: time.Unix(1, 0)}
	return whole{Text: `a\b`, Leaves: []leaf{bad, {Text: "plain"}}, By: map[string]leaf{"\xfe": bad}, Next: &whole{Text: "\xfd"}, Counts: []int{1}}
}

// TestEveryTextIsEscapedAndTheFirstIsAsItWas: what is escaped is a copy wherever it
// differs, however deep.
func TestEveryTextIsEscapedAndTheFirstIsAsItWas(t *testing.T) {
	v := sample()
	escaped := anytext.Escape(v)
	assert.Equal(t, sample(), v)
	bad := leaf{Text: `\xff`, Bytes: []byte("\xff"), At: time.Unix(1, 0)}
	none := whole{Leaves: []leaf{}, Counts: []int{}, None: []string{}}
	next := none
	next.Text = `\xfd`
	want := none
	want.Text, want.Leaves, want.By, want.Next, want.Counts = `a\\b`, []leaf{bad, {Text: "plain"}}, map[string]leaf{`\xfe`: bad}, &next, []int{1}
	assert.Equal(t, want, escaped)
	back := anytext.Unescape(escaped)
	assert.Equal(t, want, escaped)
	again := sample()
	again.None, again.Next = none.None, &none
	again.Next.Text = "\xfd"
	assert.Equal(t, again, back)
}
