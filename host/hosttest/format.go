package hosttest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pugetsoundtech/upkeep/host"
)

// Text writes m as Parse reads it: files in tree order, then commands, then
// dials. Servers that were set in Go are left out.
func (m *Machine) Text() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	var w bytes.Buffer
	w.WriteString(m.comment)
	if m.comment != "" && !strings.HasSuffix(m.comment, "\n") {
		w.WriteByte('\n')
	}
	if !m.now.IsZero() {
		fmt.Fprintf(&w, "-- machine now=%s --\n", m.now.UTC().Format(time.RFC3339Nano))
	}
	m.root.walk("/", func(name string, n *node) { writeFile(&w, name, n) })
	for _, key := range sortedKeys(m.commands) {
		writeCommand(&w, key, m.commands[key])
	}
	for _, key := range sortedKeys(m.dials) {
		writeDial(&w, key, m.dials[key])
	}
	return w.Bytes()
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func writeFile(w *bytes.Buffer, name string, n *node) {
	if !n.listed {
		return
	}
	if n.stat.IsDir() && name != "/" {
		name += "/"
	}
	words := []string{textName(name)}
	switch {
	case n.absent:
		words = append(words, "absent")
	case n.statErr != nil:
		words = append(words, "stat-error="+errorWord(n.statErr))
	default:
		words = append(words, fileWords(n)...)
	}
	var content []byte
	if !n.absent && n.statErr == nil && n.stat.IsRegular() && !n.noData && n.err == nil {
		content = n.data
	}
	writeSection(w, words, content)
}

// fileWords are the attributes of a file that is there.
func fileWords(n *node) []string {
	var words []string
	for _, t := range typeWords {
		if n.stat.Type() == t.mode {
			words = append(words, t.word)
		}
	}
	if n.stat.IsLink() {
		words = append(words, "link="+textName(n.stat.Link))
	}
	switch {
	case n.whole:
		words = append(words, "complete=tree")
	case n.complete:
		words = append(words, "complete")
	}
	if n.noData {
		words = append(words, "stat")
	}
	if n.err != nil {
		words = append(words, "error="+errorWord(n.err))
	}
	return append(append(words, fieldWords(n)...), xattrWords(n)...)
}

// fieldWords are the fields of the Stat that are known and not implied.
func fieldWords(n *node) []string {
	st := n.stat
	var words []string
	number := func(known host.Known, key string, value uint64) {
		if st.Known.Has(known) {
			words = append(words, key+"="+strconv.FormatUint(value, 10))
		}
	}
	words = append(words, fmt.Sprintf("mode=%04o", st.Perm()))
	number(host.KnownOwner, "uid", uint64(st.UID))
	number(host.KnownOwner, "gid", uint64(st.GID))
	if st.Size != n.impliedSize() {
		number(host.KnownSize, "size", uint64(st.Size))
	}
	number(host.KnownBlocks, "blocks", uint64(st.Blocks))
	number(host.KnownInode, "dev", st.Dev)
	number(host.KnownInode, "ino", st.Ino)
	number(host.KnownNlink, "nlink", st.Nlink)
	number(host.KnownFlags, "flags", uint64(st.Flags))
	number(host.KnownMount, "mount", st.Mount)
	number(host.KnownRdev, "rdev", st.Rdev)
	moment := func(known host.Known, key string, ns int64) {
		if st.Known.Has(known) {
			words = append(words, key+"="+time.Unix(0, ns).UTC().Format(time.RFC3339Nano))
		}
	}
	moment(host.KnownMtime, "mtime", st.Mtime)
	moment(host.KnownCtime, "ctime", st.Ctime)
	moment(host.KnownBtime, "btime", st.Btime)
	return words
}

// impliedSize is the size that Parse gives without the attribute; -1: none.
func (n *node) impliedSize() int64 {
	switch {
	case n.stat.IsLink():
		return int64(len(n.stat.Link))
	case n.stat.IsRegular() && !n.noData && n.err == nil:
		return int64(len(n.data))
	}
	return -1
}

func writeCommand(w *bytes.Buffer, key string, c *command) {
	words := []string{"$", key}
	switch {
	case c.notFound:
		words[1] = "[" + strings.TrimPrefix(key, "notfound ") + "]"
		words = append(words, "notfound")
	case c.hang:
		words = append(words, "hang")
	case c.echo:
		words = append(words, "echo")
	case c.err != nil:
		words = append(words, "error="+errorWord(c.err))
	case c.out.Signal != "":
		words = append(words, "signal="+textName(c.out.Signal))
	case c.out.Exit != 0:
		words = append(words, "exit="+strconv.Itoa(c.out.Exit))
	}
	if c.out.Truncated {
		words = append(words, "truncated")
	}
	writeSection(w, words, c.out.Stdout)
	if len(c.out.Stderr) > 0 {
		writeSection(w, []string{"stderr"}, c.out.Stderr)
	}
}

func writeDial(w *bytes.Buffer, key string, d *dial) {
	words := []string{"dial", textName(key)}
	var greeting []byte
	switch {
	case d.refused:
		words = append(words, "refused")
	case d.hang:
		words = append(words, "hang")
	case d.err != nil:
		words = append(words, "error="+errorWord(d.err))
	case d.greeting != nil:
		var crlf bool
		if greeting, crlf = plainLines(d.greeting); crlf {
			words = append(words, "crlf")
		}
	default:
		return // set in Go
	}
	writeSection(w, words, greeting)
}

// writeSection writes one section in the most readable form that gives the
// content back byte for byte.
func writeSection(w *bytes.Buffer, words []string, content []byte) {
	switch {
	case len(content) == 0:
		content = nil
	case !isPlain(content):
		words = append(words, "base64")
		content = wrapBase64(content)
	case content[len(content)-1] != '\n':
		words = append(words, "chomp")
		content = append(bytes.Clone(content), '\n')
	}
	fmt.Fprintf(w, "-- %s --\n", strings.Join(words, " "))
	w.Write(content)
}

// isPlain reports whether content can stand in a text as it is.
func isPlain(content []byte) bool {
	if !utf8.Valid(content) {
		return false
	}
	for at := 0; at < len(content); {
		end := lineEnd(content, at)
		if _, is := marker(content[at:end]); is {
			return false
		}
		at = end
	}
	return !bytes.ContainsFunc(content, func(r rune) bool {
		return r != '\n' && r != '\t' && !strconv.IsPrint(r)
	})
}

func wrapBase64(content []byte) []byte {
	encoded := base64.StdEncoding.AppendEncode(nil, content)
	var out []byte
	for line := range slices.Chunk(encoded, 76) {
		out = append(append(out, line...), '\n')
	}
	return out
}
