package apt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate/dpkg"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// A Keeper remembers bytes from one run to the next.
type Keeper interface {
	// Load gives what was stored last; fs.ErrNotExist: nothing was.
	Load() ([]byte, error)
	Store(data []byte) error
}

// The files and folders on whose content it depends what apt-get says. Of the lists
// only those of packages and the heads of repositories count.
var (
	sayFiles = []string{
		dpkg.StatusFile, "/var/lib/dpkg/arch", "/var/lib/apt/extended_states", "/etc/apt/apt.conf", "/etc/apt/sources.list", "/etc/apt/preferences",
		"/etc/dpkg/dpkg.cfg", "/etc/machine-id",
	}
	sayDirs = []string{"/etc/apt/apt.conf.d", "/etc/apt/sources.list.d", "/etc/apt/preferences.d", "/etc/dpkg/dpkg.cfg.d", listsDir}
)

// usual are the lines of apt-config dump by which apt looks into these and no others.
var usual = []string{
	`Dir "/";`, `Dir::State "var/lib/apt";`, `Dir::State::lists "lists/";`, `Dir::State::extended_states "extended_states";`, `Dir::State::status "/var/lib/dpkg/status";`,
	`Dir::Etc "etc/apt";`, `Dir::Etc::sourcelist "sources.list";`, `Dir::Etc::sourceparts "sources.list.d";`, `Dir::Etc::main "apt.conf";`,
	`Dir::Etc::parts "apt.conf.d";`, `Dir::Etc::preferences "preferences";`, `Dir::Etc::preferencesparts "preferences.d";`,
}

// said is what apt-get said, as long as that on which it depends has the digest On.
type said struct {
	On      string            `json:"on"`
	Outputs map[string][]byte `json:"outputs"` // by command

	mu    sync.Mutex
	fresh bool // something was asked
}

const saidForm = "1\n" // changes with what is kept and with the commands

// recall gives a manager that remembers what apt-get said if nothing changed since:
// that is proven by digests, not by times. keep stores it, and is called when all
// commands had an answer. Whatever is in the way of remembering, apt-get is asked.
func (m *Manager) recall(ctx context.Context) (remembering *Manager, keep func()) {
	if m.Kept == nil {
		return m, func() {}
	}
	on, err := m.dependencies(ctx)
	if err != nil {
		return m, func() {}
	}
	var old said
	if data, err := m.Kept.Load(); err != nil || json.Unmarshal(data, &old) != nil || old.On != on {
		old = said{On: on}
	}
	if old.Outputs == nil {
		old.Outputs = map[string][]byte{}
	}
	copied := *m
	copied.said = &old
	return &copied, func() { m.keep(ctx, &old) }
}

// keep stores what was said, unless apt looks elsewhere, or something changed while it
// was asked.
func (m *Manager) keep(ctx context.Context, s *said) {
	if !s.fresh {
		return
	}
	config, err := m.run(ctx, host.Command{Args: []string{"apt-config", "dump"}})
	if err != nil {
		return
	}
	for _, line := range usual {
		if !bytes.Contains(config, []byte(line+"\n")) {
			return
		}
	}
	if on, err := m.dependencies(ctx); err != nil || on != s.On {
		return
	}
	if data, err := json.Marshal(s); err == nil {
		m.Kept.Store(data) //nolint:errcheck // then it is asked the next time
	}
}

// errOpen says that what the answer depends on is not known.
var errOpen = errors.New("it depends on more files")

// dependencies is the digest of all on which the answers depend.
func (m *Manager) dependencies(ctx context.Context) (string, error) {
	journal, err := m.Host.ReadDir(ctx, dpkg.JournalDir)
	if err != nil || dpkg.Journalled(journal) > 0 {
		return "", errors.Join(errOpen, err)
	}
	names := slices.Clone(sayFiles)
	for _, dir := range sayDirs {
		entries, err := m.Host.ReadDir(ctx, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		for _, e := range entries {
			if !e.IsDir() && (dir != listsDir || strings.Contains(e.Name, "_Packages") || strings.Contains(e.Name, "Release")) {
				names = append(names, path.Join(dir, e.Name))
			}
		}
	}
	sum := sha256.New()
	io.WriteString(sum, saidForm)
	for _, name := range names {
		digest, err := m.contentOf(ctx, name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%q %s\n", name, digest)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// contentOf is the digest of a file; "" where there is none. A configuration that
// includes others depends on them too.
func (m *Manager) contentOf(ctx context.Context, name string) (string, error) {
	f, err := m.Host.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if !strings.HasPrefix(name, "/etc/apt/apt.conf") {
		_, err = io.CopyBuffer(sum, f, make([]byte, 1<<18))
		return hex.EncodeToString(sum.Sum(nil)), err
	}
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if bytes.Contains(text, []byte("#include")) || len(text) == 1<<20 {
		return "", errOpen
	}
	sum.Write(text)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// answer is what was said to a command, and whether that is remembered.
func (s *said) answer(args []string) ([]byte, bool) {
	if s == nil {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out, ok := s.Outputs[strings.Join(args, "\x00")]
	return out, ok
}

func (s *said) note(args []string, out []byte) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Outputs[strings.Join(args, "\x00")], s.fresh = out, true
}

// marshalFixes writes versions as lines, and parseFixes reads them.
func marshalFixes(newest map[key]version.Version) []byte {
	var out []byte
	for _, k := range slices.SortedFunc(maps.Keys(newest), func(a, b key) int { return strings.Compare(a.name+"\t"+a.arch, b.name+"\t"+b.arch) }) {
		out = fmt.Appendf(out, "%s\t%s\t%s\n", k.name, k.arch, newest[k])
	}
	return out
}

func parseFixes(out []byte) (map[key]version.Version, bool) {
	newest := map[key]version.Version{}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 {
			return nil, false
		}
		v, err := version.Parse(version.Deb, f[2])
		if err != nil {
			return nil, false
		}
		newest[key{f[0], f[1]}] = v
	}
	return newest, true
}
