package statedir

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// A machine is what a folder records of whose it is.
type machine struct {
	ID   string `json:"id"` // see identity; "": not known
	Name []byte `json:"name"`
}

const machineName = "machine"

func machineFile(folder string) durable.Sealed {
	return durable.Sealed{
		File: durable.File{Name: filepath.Join(folder, machineName)},
		Form: durable.Form{Name: "upkeep-machine", Version: 1, Limit: 64 << 10},
	}
}

// identity is what is written of a machine's identity, which is often a secret.
func identity(id string) string {
	if id == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("upkeep machine\x00" + id))
	return hex.EncodeToString(sum[:16])
}

func readMachine(folder string) (m machine, err error) {
	unusable, err := machineFile(folder).Load(func(body []byte) error { m = machine{}; return json.Unmarshal(body, &m) })
	_ = unusable // the copy before it is as good: register writes a whole one
	return m, err
}

// find chooses the folder: that of this identity and name, of this identity
// under another name, or the one that is named after the host if it is not
// another machine's.
func (d *Dir) find(root string) error {
	plain := filepath.Join(root, FolderName(d.name))
	if d.machine == "" {
		d.path = plain
		return nil
	}
	renamed, err := d.search(root)
	if err != nil || d.path != "" {
		return err
	}
	if renamed != "" {
		d.path = renamed
		return nil
	}
	return d.begin(plain)
}

// search looks through the folders for the identity. It sets the path where the
// name is the same too, and else gives a folder of the same identity.
func (d *Dir) search(root string) (renamed string, err error) {
	list, err := os.ReadDir(root)
	if err != nil {
		return "", err
	}
	for _, e := range list {
		folder := filepath.Join(root, e.Name())
		if !e.IsDir() || private(folder) != nil {
			continue
		}
		m, err := readMachine(folder)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			d.notices = append(d.notices, fmt.Sprintf("which machine's state %s is cannot be told: %v", folder, err))
		case m.ID == d.machine && string(m.Name) == d.name:
			d.path = folder
		case m.ID == d.machine && renamed == "":
			renamed = folder
		}
	}
	return renamed, nil
}

// begin chooses the folder of a machine that was not seen before. One that is
// named after the host, and says of no machine that it is its, is taken.
func (d *Dir) begin(plain string) error {
	d.path = plain
	there, err := exists(plain)
	if err != nil || !there {
		return err
	}
	m, err := readMachine(plain)
	if err == nil && m.ID != "" {
		d.path = plain + "-" + d.machine[:8]
		d.notices = append(d.notices, fmt.Sprintf(
			"%s was another machine until now, by its identity: this one is new and is compared with nothing; what was known of the other stays in %s", d.name, plain))
	}
	var later *durable.VersionError
	if errors.As(err, &later) {
		return err
	}
	return nil
}

// register records whose folder it is: at once in a new one, else when the
// report that tells of the change is stored.
func (d *Dir) register() error {
	m, err := readMachine(d.path)
	var later *durable.VersionError
	switch {
	case errors.As(err, &later):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return d.write()
	case err != nil:
		d.notices = append(d.notices, fmt.Sprintf("the state was taken for this machine's by its name alone: %v", err))
	case string(m.Name) == d.name && (d.machine == "" || m.ID == d.machine):
		return nil
	case string(m.Name) != d.name:
		d.notices = append(d.notices, fmt.Sprintf("this machine is named %s now, and was named %s at the last report: it is the same by its identity", d.name, m.Name))
	}
	if d.machine == "" {
		d.machine = m.ID
	}
	d.after = append(d.after, d.write)
	return nil
}

// write writes the record twice, so that it has a copy from the first day.
func (d *Dir) write() error {
	body, err := json.Marshal(machine{d.machine, []byte(d.name)})
	if err != nil {
		return err
	}
	return errors.Join(machineFile(d.path).Save(body), machineFile(d.path).Save(body))
}

// FolderName makes a folder name of a host's name, a different one for each.
func FolderName(host string) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, host)
	if plain == host && !strings.HasPrefix(host, ".") && host != "" && len(host) <= 100 {
		return plain
	}
	sum := sha256.Sum256([]byte(host))
	return "_" + plain[:min(len(plain), 60)] + "-" + hex.EncodeToString(sum[:4])
}
