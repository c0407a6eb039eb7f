package aide

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// executed takes a file, or what it prints where it is executable and that was asked for.
func (p *parser) executed(name, prefix string, depth int) error {
	st, err := p.stat(name)
	switch {
	case err != nil:
		return fmt.Errorf("aide configuration: %w", err)
	case st.Perm()&0o111 == 0:
		return p.file(name, prefix, depth)
	case !p.options.Execute:
		p.config.Skipped = append(p.config.Skipped, name+": executable")
		return nil
	}
	for _, of := range []string{name, path.Dir(name)} {
		st, err := p.h.Lstat(p.ctx, of)
		if err == nil {
			err = p.trusted(of, st)
		}
		if err != nil {
			return p.fail(0, "%v", err)
		}
	}
	out, err := p.h.Run(p.ctx, host.Command{Args: []string{name}, Env: p.env, Limit: maxConfig})
	if err == nil {
		err = out.Err()
	}
	if err != nil {
		return p.fail(0, "run %s: %v", name, err)
	}
	if len(out.Stderr) > 0 {
		line, _, _ := strings.Cut(string(out.Stderr), "\n")
		return p.fail(0, "run %s: it complains: %.200q", name, line)
	}
	return p.text(name, out.Stdout, prefix, depth)
}

// stat is of what is read at a path, which may be behind a link.
func (p *parser) stat(name string) (host.Stat, error) {
	f, err := p.h.Open(p.ctx, name)
	if err != nil {
		return host.Stat{}, err
	}
	st, err := f.Stat()
	return st, errors.Join(err, f.Close())
}

// trusted reports why something that was executed could be the work of others than
// root and the user who runs it.
func (p *parser) trusted(name string, st host.Stat) error {
	const known = host.KnownOwner | host.KnownMode
	if !st.Known.Has(known) {
		return fmt.Errorf("%s is not executed: nobody knows whose it is", name)
	}
	if st.IsLink() || st.Perm()&0o022 != 0 {
		return fmt.Errorf("%s is not executed: others can change it", name)
	}
	if st.UID == 0 {
		return nil
	}
	out, err := p.h.Query(p.ctx, "id", "-u")
	if err != nil {
		return fmt.Errorf("%s is not executed: %w", name, err)
	}
	if strings.TrimSpace(string(out)) != strconv.FormatUint(uint64(st.UID), 10) {
		return fmt.Errorf("%s is not executed: it is neither of root nor of the one who runs it", name)
	}
	return nil
}

// variable reports whether a name is one of a variable of the environment.
func variable(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}
