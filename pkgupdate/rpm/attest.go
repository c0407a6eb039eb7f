package rpm

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// fileFormat gives a line for each file of each package.
const fileFormat = "[upkeep\t%{=NAME}\t%{=EPOCH}\t%{=VERSION}\t%{=RELEASE}\t%{=ARCH}\t%{FILEFLAGS}\t%{FILEMODES}\t%{FILEUSERNAME}:%{FILEGROUPNAME}\t%{FILEDIGESTS}\t%{FILELINKTOS}\t%{FILENAMES}\n]"

const (
	fileColumns = 12
	ghostFile   = 1 << 6   // FILEFLAGS: the package owns the path and ships nothing
	fileType    = 0o170000 // FILEMODES, as in stat(2)
	typeDir     = 0o040000
	typeLink    = 0o120000
)

var digestBySize = map[int]string{16: "md5", 20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}

// Attest says which package owns each path, and what rpm's database has of it: digest,
// mode, owner, and the target of a link. A folder of several packages gets the first.
func (m *Manager) Attest(ctx context.Context, paths []string) (map[string]host.Claim, error) {
	installed := m.Installed(ctx)
	if installed.State == pkgupdate.Unknown && len(installed.Value) == 0 {
		return nil, installed.Reason
	}
	links, err := pkgupdate.MergedDirs(ctx, m.Host)
	a := &attestation{wanted: map[string][]string{}, links: links, all: map[string]host.Claim{}, ids: map[[3]string]string{}, errs: []error{err}}
	for _, p := range paths {
		a.wanted[a.place(p)] = append(a.wanted[a.place(p)], p)
	}
	for _, p := range installed.Value {
		a.ids[[3]string{p.Name, p.Version.String(), p.Arch}] = p.ID()
	}
	err = errors.Join(m.files(ctx, a.line), errors.Join(a.errs...))
	return pkgupdate.Attested(a.all, paths, err == nil), err
}

// files reads the list as a stream: it is of tens of megabytes.
func (m *Manager) files(ctx context.Context, take func(line string)) error {
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		in := bufio.NewScanner(r)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			take(in.Text())
		}
		r.CloseWithError(in.Err())
		done <- in.Err()
	}()
	out, err := m.Host.Run(ctx, host.Command{Args: []string{"rpm", "-qa", "--queryformat", fileFormat}, Stdout: w})
	w.Close()
	if err == nil {
		err = out.Err()
	}
	return errors.Join(err, <-done)
}

// An attestation gathers the claims about the paths that are wanted.
type attestation struct {
	wanted map[string][]string // place: paths as asked
	links  map[string]string
	ids    map[[3]string]string // of packages, by name, version and architecture
	all    map[string]host.Claim
	errs   []error
}

// place is a path with a linked top folder resolved.
func (a *attestation) place(p string) string {
	if i := strings.IndexByte(strings.TrimPrefix(p, "/"), '/') + 1; i > 0 {
		if to, ok := a.links[p[:i]]; ok {
			return to + p[i:]
		}
	}
	return p
}

func (a *attestation) line(line string) {
	f := strings.SplitN(line, "\t", fileColumns)
	if f[0] != "upkeep" {
		return // what rpm says beside it
	}
	if len(f) != fileColumns {
		a.errs = append(a.errs, &pkgupdate.RecordError{Record: "rpm -qa", Err: fmt.Errorf("line %.80q", line)})
		return
	}
	for _, p := range a.wanted[a.place(path.Clean(f[11]))] {
		if _, known := a.all[p]; !known {
			a.all[p] = a.claim(f)
		}
	}
}

func (a *attestation) claim(f []string) host.Claim {
	ver := evr(f[2], f[3], f[4])
	claim := host.Claim{Package: a.ids[[3]string{f[1], ver, none(f[5])}], Version: ver, Strength: host.StrengthOwned}
	if claim.Package == "" {
		claim.Package = pkgType + ":" + f[1]
	}
	flags, flagErr := strconv.ParseInt(f[6], 10, 64)
	mode, modeErr := strconv.ParseInt(f[7], 10, 32)
	if flagErr != nil || modeErr != nil || flags&ghostFile != 0 {
		return claim
	}
	claim.Owner, claim.Mode, claim.HasMode = f[8], uint32(mode)&0o7777, true
	switch mode & fileType { // old ones are signed
	case typeDir:
		claim.Type, claim.Strength = host.ModeDir, host.StrengthDatabase
	case typeLink:
		claim.Type, claim.Link, claim.HasMode, claim.Strength = host.ModeSymlink, f[10], false, host.StrengthDatabase
	}
	if sum, err := hex.DecodeString(f[9]); err == nil && digestBySize[len(sum)] != "" {
		claim.Algorithm, claim.Digest, claim.Strength = digestBySize[len(sum)], sum, host.StrengthDatabase
	}
	return claim
}
