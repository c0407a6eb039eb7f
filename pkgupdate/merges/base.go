package merges

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// A base is a system whose own files are merged by a program that leaves what waits in a
// tree of its own.
type base struct {
	mark string // a file that only this system has
	dir  string // a tree as that of /
	by   string
}

var bases = []base{
	{"/etc/mtree/BSD.root.dist", "/var/tmp/temproot", "mergemaster"},
	{"/etc/mtree/NetBSD.dist", "/tmp/temproot", "NetBSD's etcupdate"},
}

// sysmerge(8) leaves no tree that outlives a reboot. It takes the sum of what was left
// for later out of its list, so that the next run asks again.
const (
	sysmerge  = "/var/sysmerge"
	shipped   = sysmerge + "/etc.tgz"
	settled   = sysmerge + "/etcsum"
	ignored   = "/etc/sysmerge.ignore"
	maxSets   = 64 << 20 // bytes of a set, unpacked
	maxPacked = 8 << 20
)

// Of these sysmerge never asks, as its source has it.
var unasked = []string{
	"/etc/group", "/etc/localtime", "/etc/mail/aliases.db", "/etc/master.passwd", "/etc/motd", "/etc/passwd", "/etc/pwd.db", "/etc/spwd.db",
	"/var/db/locate.database", "/var/mail/root",
}

// ofBase finds what waits of the base system.
func ofBase(ctx context.Context, h host.Host) ([]Merge, error) {
	asks := []host.Ask{{Op: host.OpLstat, Name: shipped}}
	for _, b := range bases {
		asks = append(asks, host.Ask{Op: host.OpLstat, Name: b.mark}, host.Ask{Op: host.OpLstat, Name: b.dir})
	}
	answers, err := h.BatchAll(ctx, asks)
	if err != nil {
		return nil, err
	}
	var list []Merge
	var errs []error
	for i, a := range answers {
		if a.Err != nil && !errors.Is(a.Err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("what waits of the base system: %s: %w", asks[i].Name, a.Err))
		}
	}
	if answers[0].Err == nil {
		list, err = ofSysmerge(ctx, h)
		errs = append(errs, err)
	}
	for i, b := range bases {
		mark, dir := answers[1+2*i], answers[2+2*i]
		// One that somebody else can write to is not what the program left.
		if mark.Err != nil || dir.Err != nil || !dir.Stat.IsDir() || !dir.Stat.Known.Has(host.KnownOwner|host.KnownMode) || dir.Stat.UID != 0 || dir.Stat.Perm()&0o022 != 0 {
			continue
		}
		found, err := b.find(ctx, h)
		list, errs = append(list, found...), append(errs, err)
	}
	return list, errors.Join(errs...)
}

// find lists the files of the tree that differ from those in use.
func (b base) find(ctx context.Context, h host.Host) ([]Merge, error) {
	var list []Merge
	var errs []error
	_, err := tree.Walk(ctx, h.Files, b.dir, host.WalkOptions{}, func(e *host.Entry) error {
		name := path.Base(e.Path)
		switch {
		case e.Err != nil:
			errs = append(errs, e.Err)
		case e.IsRegular() && e.Size > 0 && path.Ext(name) != ".merged" && !strings.HasPrefix(name, ".etcupdate."):
			list = append(list, Merge{Path: strings.TrimPrefix(e.Path, b.dir), Beside: e.Path, By: b.by, Kind: Offered, Since: e.ModTime()})
		}
		return nil
	})
	if err != nil {
		errs = append(errs, fmt.Errorf("what %s left: %w", b.by, err))
	}
	var asks []host.Ask
	for _, m := range list {
		asks = append(asks, host.Ask{Op: host.OpRead, Name: m.Path, Limit: maxText}, host.Ask{Op: host.OpRead, Name: m.Beside, Limit: maxText})
	}
	answers, err := h.BatchAll(ctx, asks)
	if err != nil {
		return list, errors.Join(append(errs, err)...)
	}
	i := -1
	list = slices.DeleteFunc(list, func(Merge) bool {
		i++
		own, new := answers[2*i], answers[2*i+1]
		return own.Err == nil && new.Err == nil && bytes.Equal(own.Data, new.Data)
	})
	return list, errors.Join(errs...)
}

var sum = regexp.MustCompile(`(?m)^SHA256 \(\S+\) = ([0-9a-f]{64})$`)

// ofSysmerge lists the files of the release's set whose sum is not among those that were
// dealt with, and which differ from those in use.
func ofSysmerge(ctx context.Context, h host.Host) ([]Merge, error) {
	answers, err := h.BatchAll(ctx, []host.Ask{
		{Op: host.OpRead, Name: shipped, Limit: maxPacked}, {Op: host.OpRead, Name: settled, Limit: maxText}, {Op: host.OpRead, Name: ignored, Limit: maxText},
	})
	if err == nil && !errors.Is(answers[2].Err, fs.ErrNotExist) {
		err = answers[2].Err
	}
	if err = errors.Join(err, answers[0].Err, answers[1].Err); err != nil {
		return nil, fmt.Errorf("what sysmerge dealt with is not known: %w", err)
	}
	done := map[string]bool{}
	for _, f := range sum.FindAllStringSubmatch(string(answers[1].Data), -1) {
		done[f[1]] = true
	}
	passed := slices.Clone(unasked)
	for line := range strings.Lines(string(answers[2].Data)) {
		line, _, _ = strings.Cut(line, "#")
		passed = append(passed, strings.Fields(line)...)
	}
	var list []Merge
	var large []error
	err = eachOfSet(answers[0].Data, func(head *tar.Header, sum string, text []byte) {
		name := path.Join("/", head.Name)
		switch {
		case done[sum], slices.Contains(passed, name), strings.HasPrefix(name, sysmerge+"/"):
		case text == nil:
			large = append(large, fmt.Errorf("%s of %s: whether it waits is not known: %w", name, shipped, host.ErrTooLarge))
		default:
			list = append(list, Merge{Path: name, Beside: shipped, By: "sysmerge", Kind: Offered, Since: answers[1].Stat.ModTime(), text: text})
		}
	})
	err = errors.Join(append(pkgupdate.Limited(large), err)...)
	var asks []host.Ask
	for _, m := range list {
		asks = append(asks, host.Ask{Op: host.OpRead, Name: m.Path, Limit: maxText})
	}
	own, batchErr := h.BatchAll(ctx, asks)
	if err = errors.Join(err, batchErr); batchErr != nil {
		return list, err
	}
	i := -1
	list = slices.DeleteFunc(list, func(m Merge) bool {
		i++
		return own[i].Err == nil && bytes.Equal(own[i].Data, m.text)
	})
	return list, err
}

// eachOfSet gives the regular files of a set that are not empty, with their sums. Of one
// that is larger than a configuration file is there is no text.
func eachOfSet(packed []byte, take func(head *tar.Header, sum string, text []byte)) error {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("%s: %w", shipped, err)
	}
	t := tar.NewReader(io.LimitReader(z, maxSets))
	for {
		head, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", shipped, err)
		}
		if head.Typeflag != tar.TypeReg || head.Size == 0 {
			continue
		}
		digest := sha256.New()
		text, err := io.ReadAll(io.TeeReader(io.LimitReader(t, maxText), digest))
		if head.Size > maxText && err == nil {
			text = nil
			_, err = io.Copy(digest, t)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", shipped, err)
		}
		take(head, hex.EncodeToString(digest.Sum(nil)), text)
	}
}
