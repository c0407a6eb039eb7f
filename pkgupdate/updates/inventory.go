package updates

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

// An inventory is what was installed at one time, as kept between runs.
type inventory struct {
	at       time.Time
	packages []pkgupdate.Package
}

const (
	inventoryHead = "upkeep-inventory/2"
	maxInventory  = 64 << 20 // bytes when expanded
	foreignMark   = "foreign"
	inventoryCols = 6
)

var errInventory = errors.New("the kept list of packages is damaged")

// encode gives the compressed form: a head line with type, scheme and time, then
// a line for each package.
func (inv inventory) encode(info pkgupdate.Info) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(z, "%s\t%s\t%s\t%s\n", inventoryHead, info.Type, info.Scheme, inv.at.UTC().Format(time.RFC3339))
	for _, p := range inv.packages {
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

// decodeInventory reads what encode wrote of the same manager. Anything else is
// errInventory.
func decodeInventory(data []byte, info pkgupdate.Info) (inventory, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return inventory{}, fmt.Errorf("%w: %w", errInventory, err)
	}
	text, err := io.ReadAll(io.LimitReader(z, maxInventory+1))
	if err == nil && len(text) > maxInventory {
		err = errors.New("too long")
	}
	if err != nil {
		return inventory{}, fmt.Errorf("%w: %w", errInventory, err)
	}
	head, rest, _ := strings.Cut(string(text), "\n")
	f := strings.Split(head, "\t")
	if len(f) != 4 || f[0] != inventoryHead || f[1] != info.Type || f[2] != info.Scheme.String() {
		return inventory{}, fmt.Errorf("%w: unknown head %.60q", errInventory, head)
	}
	var inv inventory
	if inv.at, err = time.Parse(time.RFC3339, f[3]); err != nil {
		return inventory{}, fmt.Errorf("%w: %w", errInventory, err)
	}
	for line := range strings.Lines(rest) {
		p, err := decodePackage(info, strings.TrimSuffix(line, "\n"))
		if err != nil {
			return inventory{}, fmt.Errorf("%w: %w", errInventory, err)
		}
		inv.packages = append(inv.packages, p)
	}
	return inv, nil
}

func decodePackage(info pkgupdate.Info, line string) (pkgupdate.Package, error) {
	f := strings.Split(line, "\t")
	if len(f) != inventoryCols {
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
