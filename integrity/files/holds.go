package files

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/textdiff"
)

// holds looks into files that no package owns and that scripts of packages make: of which
// package all is that such a file holds, where that is one, and why it is not to be
// believed.
var holds = map[string]func(c *closer, ch integrity.Change) (of, doubt string){
	"/etc/ld.so.cache":                   (*closer).cacheOfLibraries,
	"/etc/ssl/certs/ca-certificates.crt": (*closer).bundle,
	"/etc/mailcap":                       (*closer).programs,
	"/etc/shells":                        (*closer).programs,
}

// program is a path that stands for itself in a line.
var program = regexp.MustCompile(`(?:^|[\s;=|&('"` + "`" + `])(/[\w./+@-]+)`)

// programs doubts a list of programs whose new lines name one of no package.
func (c *closer) programs(ch integrity.Change) (of, doubt string) {
	named := map[string]bool{}
	take := func(line string) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
			return
		}
		for _, m := range program.FindAllStringSubmatch(line, -1) {
			if name := path.Clean(m[1]); !strings.HasPrefix(name, "/dev/") {
				named[name] = true
			}
		}
	}
	lines := c.lines(ch)
	for _, l := range lines {
		if l.Op == textdiff.Added {
			take(l.Text)
		}
	}
	if lines == nil { // nobody has what it held before
		text, err := c.asScanned(ch.Now)
		if err != nil {
			return "", "What it holds could not be read: " + err.Error() + "."
		}
		for line := range strings.Lines(string(text)) {
			take(line)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		owned, err := c.isOwned(name)
		switch {
		case err != nil:
			return "", "Whose program " + prose.Clip(name, 200) + " is, which it names, is not known: " + err.Error() + "."
		case !owned:
			return "", "It names " + prose.Clip(name, 200) + ", which no package owns."
		}
	}
	return "", ""
}

// isOwned reports whether a program belongs to a package, or is a link to one that does.
func (c *closer) isOwned(name string) (bool, error) {
	names := []string{name}
	if st, err := c.Host.Lstat(c.ctx, name); err == nil && st.IsLink() {
		names = append(names, c.target(host.Entry{Path: name, Stat: st}))
	}
	claims, err := c.Attestor.Attest(c.ctx, names)
	for _, n := range names {
		if claims[n].Package != "" {
			return true, nil
		}
	}
	return false, err
}

// bundle gives the package of which all certificates in a bundle are, as it has them: none
// where some are the administrator's own, of the folder for that.
func (c *closer) bundle(ch integrity.Change) (of, doubt string) {
	const shipped, own = "/usr/share/ca-certificates/mozilla", "/usr/local/share/ca-certificates"
	text, err := c.asScanned(ch.Now)
	if err != nil {
		return "", "What it holds could not be read: " + err.Error() + "."
	}
	var asks []host.Ask
	var names []string
	for _, dir := range []string{shipped, own} {
		entries, err := c.Host.ReadDir(c.ctx, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", "Whose certificates it holds is not known: " + err.Error() + "."
		}
		for _, f := range entries {
			if f.IsDir() {
				continue
			}
			names = append(names, dir+"/"+f.Name)
			asks = append(asks, host.Ask{Op: host.OpRead, Name: dir + "/" + f.Name})
		}
	}
	if len(asks) == 0 {
		return "", "" // certificates are kept elsewhere
	}
	claims, err := c.Attestor.Attest(c.ctx, names)
	if err != nil {
		return "", "Whose certificates it holds is not known: " + err.Error() + "."
	}
	owners := map[string]string{}
	err = c.Host.Batch(c.ctx, asks, func(n int, a host.Answer) error {
		if a.Err != nil {
			return a.Err
		}
		owner := ""
		claim := claims[names[n]]
		if h := host.NewHash(claim.Algorithm); h != nil && claim.Package != "" {
			h.Write(a.Data) // never fails
			if bytes.Equal(h.Sum(nil), claim.Digest) {
				owner = claim.Package
			}
		}
		if owner == "" && path.Dir(names[n]) != own {
			return nil // its certificates are of nobody
		}
		for _, cert := range certificatesIn(a.Data) {
			owners[string(cert)] = owner
		}
		return nil
	})
	if err != nil {
		return "", "Whose certificates it holds is not known: " + err.Error() + "."
	}
	mixed := false
	for _, cert := range certificatesIn(text) {
		owner, known := owners[string(cert)]
		if !known {
			return "", "It holds a certificate that no package brought: " + subjectOf(cert) + "."
		}
		mixed = mixed || owner == ""
		of = owner
	}
	if mixed {
		return "", ""
	}
	return of, ""
}

func certificatesIn(text []byte) (out [][]byte) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		out = append(out, block.Bytes)
	}
	return out
}

func subjectOf(der []byte) string {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return "one that cannot be read"
	}
	return prose.Clip(cert.Subject.String(), 200)
}
