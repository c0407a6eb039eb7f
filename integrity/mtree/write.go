package mtree

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// types are the words for the types of files.
var types = map[uint32]string{
	host.ModeRegular: "file", host.ModeDir: "dir", host.ModeSymlink: "link", host.ModeChar: "char",
	host.ModeBlock: "block", host.ModeFIFO: "fifo", host.ModeSocket: "socket",
}

// keywords are those of digests, by their algorithm.
var keywords = map[string]string{"md5": "md5", "sha1": "sha1", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512"}

// Write writes the entries at and below root as a specification, each with its
// path: mtree -p ROOT -f FILE then compares. Entries elsewhere are left out. The
// error is that of the stream, or w's.
func Write(w io.Writer, root string, entries integrity.Entries) error {
	out := bufio.NewWriter(w)
	out.WriteString("#mtree\n") // the writer keeps its first error
	for e, err := range entries {
		if err != nil {
			return errors.Join(err, out.Flush())
		}
		if e.Stat.Known == 0 || !tree.Within(e.Path, root) {
			continue
		}
		name := "." + strings.TrimPrefix(e.Path, strings.TrimSuffix(root, "/"))
		fmt.Fprintf(out, "%s%s\n", encode(strings.TrimSuffix(name, "/")), words(e))
	}
	return out.Flush()
}

// words are what is known of an entry.
func words(e host.Entry) string {
	var b strings.Builder
	st := e.Stat
	fmt.Fprintf(&b, " type=%s", types[st.Type()])
	if st.Known.Has(host.KnownMode) {
		fmt.Fprintf(&b, " mode=%04o", st.Perm())
	}
	if st.Known.Has(host.KnownOwner) {
		fmt.Fprintf(&b, " uid=%d gid=%d", st.UID, st.GID)
	}
	if st.IsRegular() && st.Known.Has(host.KnownSize) {
		fmt.Fprintf(&b, " size=%d", st.Size)
	}
	if !st.IsDir() && st.Known.Has(host.KnownNlink) {
		fmt.Fprintf(&b, " nlink=%d", st.Nlink)
	}
	if !st.IsDir() && !st.IsLink() && st.Known.Has(host.KnownMtime) {
		const second = 1_000_000_000
		sec, nsec := st.Mtime/second, st.Mtime%second
		if nsec < 0 {
			sec, nsec = sec-1, nsec+second
		}
		fmt.Fprintf(&b, " time=%d.%09d", sec, nsec)
	}
	if st.IsLink() && st.Known.Has(host.KnownLink) {
		b.WriteString(" link=" + encode(st.Link))
	}
	for _, d := range e.Digests {
		if word, ok := keywords[d.Algorithm]; ok {
			b.WriteString(" " + word + "=" + d.Hex())
		}
	}
	return b.String()
}

// encode writes a name as vis(3) does: what is no plain character is octal.
func encode(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; c > ' ' && c < 0x7f && strings.IndexByte(`\#*?[=`, c) < 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	return b.String()
}
