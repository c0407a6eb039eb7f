// Package inventory keeps what was installed at one time, in a small form.
package inventory

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// An Inventory is what was installed at one time, as kept between runs.
type Inventory struct {
	At       time.Time
	Packages []pkgupdate.Package
}

const (
	headMark    = "upkeep-inventory/2"
	maxText     = 64 << 20 // bytes when expanded
	foreignMark = "foreign"
	columns     = 6
)

// ErrDamaged is of what Encode did not write so, or of another manager.
var ErrDamaged = errors.New("the kept list of packages is damaged")

// Encode gives the compressed form: a head line with type, scheme and time, then
// a line for each package.
func (inv Inventory) Encode(info pkgupdate.Info) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(z, "%s\t%s\t%s\t%s\n", headMark, info.Type, info.Scheme, inv.At.UTC().Format(time.RFC3339))
	for _, p := range inv.Packages {
		mark := ""
		if p.Foreign {
			mark = foreignMark
		}
		fmt.Fprintf(z, "%s\t%s\t%s\t%s\t%s\t%s\n", p.Name, p.Arch, mark, p.Version, p.Source, p.SourceVersion)
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Decode reads what Encode wrote of the same manager. Anything else is ErrDamaged.
func Decode(data []byte, info pkgupdate.Info) (Inventory, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return Inventory{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	text, err := io.ReadAll(io.LimitReader(z, maxText+1))
	if err == nil && len(text) > maxText {
		err = errors.New("too long")
	}
	if err != nil {
		return Inventory{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	head, rest, _ := strings.Cut(string(text), "\n")
	f := strings.Split(head, "\t")
	if len(f) != 4 || f[0] != headMark || f[1] != info.Type || f[2] != info.Scheme.String() {
		return Inventory{}, fmt.Errorf("%w: unknown head %.60q", ErrDamaged, head)
	}
	var inv Inventory
	if inv.At, err = time.Parse(time.RFC3339, f[3]); err != nil {
		return Inventory{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	for line := range strings.Lines(rest) {
		p, err := decodePackage(info, strings.TrimSuffix(line, "\n"))
		if err != nil {
			return Inventory{}, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		inv.Packages = append(inv.Packages, p)
	}
	return inv, nil
}

func decodePackage(info pkgupdate.Info, line string) (pkgupdate.Package, error) {
	f := strings.Split(line, "\t")
	if len(f) != columns {
		return pkgupdate.Package{}, fmt.Errorf("line %.60q", line)
	}
	p := pkgupdate.Package{Type: info.Type, Name: f[0], Arch: f[1], Foreign: f[2] == foreignMark, Source: f[4]}
	var err error
	if f[3] != "" {
		p.Version, err = version.Parse(info.Scheme, f[3])
	}
	if err == nil && f[5] != "" {
		p.SourceVersion, err = version.Parse(info.Scheme, f[5])
	}
	return p, err
}
