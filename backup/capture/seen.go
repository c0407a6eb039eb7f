package capture

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
)

// seen is what a capture came by.
type seen struct {
	check Configuration

	mu      sync.Mutex
	digests map[string][]host.Digest // of contents that were read, by path
}

func newSeen(c Configuration) *seen {
	return &seen{check: c, digests: map[string][]host.Digest{}}
}

// algorithms are those of package databases.
var algorithms = []string{"md5", "sha1", "sha256"}

func (s *seen) text(path, sha256 string, content []byte) {
	if s.check.Texts != nil {
		s.check.Texts.Keep(path, sha256, content, s.check.Host.Time())
	}
	if s.check.Owners == nil {
		return
	}
	var digests []host.Digest
	for _, name := range algorithms {
		if h := host.NewHash(name); h != nil {
			h.Write(content) // never fails
			digests = append(digests, host.NewDigest(name, h.Sum(nil)))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.digests[path] = digests
}

// shipped gives the changed files that are now as their package ships them: an
// update replaced a default that nobody had touched, or somebody went back to it.
func (s *seen) shipped(ctx context.Context, changes []backup.Change) map[string]string {
	var paths []string
	for _, ch := range changes {
		if ch.Kind == backup.Modified && s.digests[ch.Path] != nil {
			paths = append(paths, ch.Path)
		}
	}
	if len(paths) == 0 {
		return nil
	}
	claims, err := s.check.Owners.Attest(ctx, paths)
	if err != nil {
		return nil // nobody knows: the difference is shown
	}
	out := map[string]string{}
	for name, claim := range claims {
		if claim.Algorithm != "" && slices.Contains(s.digests[name], host.NewDigest(claim.Algorithm, claim.Digest)) {
			out[name] = strings.TrimSpace(claim.Package + " " + claim.Version)
		}
	}
	return out
}

// list writes the changes, each with its difference, and how many there are besides.
func (s *seen) list(ctx context.Context, changes []backup.Change, more int) io.Reader {
	var out bytes.Buffer
	shipped := s.shipped(ctx, changes)
	for _, ch := range changes {
		if owner, ok := shipped[ch.Path]; ok {
			fmt.Fprintf(&out, "%v: as %s ships it\n", ch, term.Visible(owner))
			continue
		}
		fmt.Fprintln(&out, ch)
		if s.check.Texts == nil {
			continue
		}
		for _, line := range s.check.Texts.Change(ch.Path, ch.Before.Object, ch.After.Object) {
			fmt.Fprintf(&out, "    %s\n", term.Visible(line))
		}
	}
	if more > 0 {
		fmt.Fprintf(&out, "and %s\n", prose.Count(more, "more change"))
	}
	return &out
}
