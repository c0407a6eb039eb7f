package xmlpull

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const document = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE list PUBLIC "-//x//DTD List 1.1//EN" "http://example.org/list>.dtd">
<list xmlns="urn:x" xmlns:v='urn:v'>
 <!-- <entry id="0"/> -->
 <entry id="1" note='a &lt; b'><name>one &#38; <em>not</em>more<![CDATA[ <&> ]]></name><name>two</name></entry>
 <v:entry v:id="2" id="3"/>
 <group><entry id="4"><entry id="5"/></entry></group>
</list>
`

func TestElementsAreReadWhereverTheyAre(t *testing.T) {
	for name, in := range map[string]io.Reader{"whole": strings.NewReader(document), "a byte at a time": iotest.OneByteReader(strings.NewReader(document))} {
		var got []string
		x := New(in)
		require.NoError(t, x.All("entry", func() error {
			about := fmt.Sprintf("%s %s", x.Attr("id"), x.Attr("note"))
			if x.Attr("none") != nil {
				about += "!"
			}
			err := x.Each(func() error {
				if x.Is("name") {
					about += "|" + x.Text()
				}
				return nil
			})
			got = append(got, about)
			return err
		}), name)
		assert.Equal(t, []string{"1 a < b|one & more <&> |two", "3 ", "4 "}, got, name)
	}
}

func TestAnErrorEndsTheReading(t *testing.T) {
	mine := errors.New("mine")
	x := New(strings.NewReader(document))
	assert.ErrorIs(t, x.All("entry", func() error { return mine }), mine)
	x = New(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(document))))
	assert.ErrorIs(t, x.All("entry", func() error { return nil }), iotest.ErrTimeout)
}

func TestWhatIsNoDocumentIsAnError(t *testing.T) {
	for text, want := range map[string]error{
		"<a>": io.ErrUnexpectedEOF, "<a": io.ErrUnexpectedEOF, "<": io.ErrUnexpectedEOF, "<!-- ": io.ErrUnexpectedEOF,
		"</a>": ErrSyntax, "<a></b>": ErrSyntax, "<a b=1/>": ErrSyntax, "<a b/>": ErrSyntax, "<a>&b;</a>": ErrSyntax, "<a>]]></a>": ErrSyntax,
		"<a b='&b;'/>": ErrSyntax, "<a>\xff</a>": ErrSyntax, "<a>\x00</a>": ErrSyntax, "<>": ErrSyntax, "<a:b:c/>": ErrSyntax,
		`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`: ErrSyntax, `<!ENTITY b "c">`: ErrSyntax, `<?xml version="1.1"?><a/>`: ErrSyntax,
		`<?xml version="1.0" encoding="latin1"?><a/>`:                             ErrSyntax,
		strings.Repeat("<a>", MaxDepth+1):                                         ErrTooMuch,
		"<a>" + strings.Repeat("x", MaxPiece+2) + "</a>":                          ErrTooMuch,
		"<a b='" + strings.Repeat(">", MaxPiece) + "'/>":                          ErrTooMuch,
		"<a>" + strings.Repeat(strings.Repeat("x", 1<<20)+"<!-- -->", 5) + "</a>": ErrTooMuch,
	} {
		x := New(strings.NewReader(text))
		assert.ErrorIs(t, x.Each(func() error { x.Text(); return nil }), want, "%.60q", text)
	}
}

func TestLongPiecesAreReadWhole(t *testing.T) {
	long := strings.Repeat("a>b ", 50_000)
	x := New(strings.NewReader(`<a b="` + long + `">` + long + `<!--` + long + `--><![CDATA[` + long + `]]></a>`))
	require.NoError(t, x.Each(func() error {
		assert.Equal(t, long, string(x.Attr("b")))
		assert.Equal(t, long+long, x.Text())
		return nil
	}))
}

// events are what a document holds, with texts that touch put together.
type events []string

func (e *events) text(more []byte) {
	if last := len(*e) - 1; last >= 0 && strings.HasPrefix((*e)[last], "text ") {
		(*e)[last] += string(more)
	} else if len(more) > 0 {
		*e = append(*e, "text "+string(more))
	}
}

func ours(data []byte) (e events, err error) {
	r := New(bytes.NewReader(data))
	for r.next() {
		switch r.kind {
		case start:
			about := fmt.Sprintf("start %s", local(r.name()))
			for _, a := range r.attrs {
				about += fmt.Sprintf(" %s=%q", local(a.name), a.value)
			}
			e = append(e, about)
		case end:
			e = append(e, "end")
		case text:
			if len(r.ends) > 0 {
				e.text(r.text)
			}
		}
	}
	return e, r.err
}

func theirs(data []byte) (e events, err error) {
	dec := xml.NewDecoder(bytes.NewReader(data))
	depth := 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return e, nil
		}
		if err != nil {
			return e, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			about := fmt.Sprintf("start %s", t.Name.Local)
			for _, a := range t.Attr {
				about += fmt.Sprintf(" %s=%q", a.Name.Local, a.Value)
			}
			e = append(e, about)
		case xml.EndElement:
			depth--
			e = append(e, "end")
		case xml.CharData:
			if depth > 0 {
				e.text(t)
			}
		}
	}
}

// What is read is what encoding/xml reads, and what it refuses is refused.
func FuzzSameAsTheStandardLibrary(f *testing.F) {
	for _, seed := range []string{
		document, "<a>\r\n&#13;\n&#xD800;&#x41;]]&gt;</a>", "<a b = 'x'c=\"y\" / >", "<a:b:c/>", "<:a></:a>", "<a><![CDATA[]]]]><![CDATA[>]]></a>", "<!--->-->", "<!-- - -- -->",
		"<?a?><?xml version='1.0' encoding='Utf-8'?>", "<a/><b/>", "text", "<a>\xc3\xa9\xef\xbf\xbd\xff</a>", "<a>&#60;&lt;&nbsp;</a>", "<a>&#x" + strings.Repeat("0", 100) + "41;&#0;</a>", "<a>&#x" + strings.Repeat("0", 100) + "41;</a>", "<a b='<'/>", "<a></a >", "<?>?>", "<!DOCTYPE a 'b>'>", "<?A\xff?>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		mine, err := ours(data)
		want, wantErr := theirs(data)
		if err == nil {
			require.NoError(t, wantErr)
			require.Equal(t, want, mine)
		}
		stricter := bytes.Contains(data, []byte("<?xml")) || bytes.Contains(data, []byte("<!")) || bytes.ContainsFunc(data, func(r rune) bool { return r > 0x7f }) ||
			errors.Is(err, ErrTooMuch)
		if err != nil && wantErr == nil && !stricter {
			t.Errorf("%v, where the standard library reads %q", err, want)
		}
	})
}
