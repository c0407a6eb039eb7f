package accounts

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/integrity/inventory"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/etc"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// The sections of the accounts.
const (
	secUsers     = "users"
	secGroups    = "groups"    // group
	secMembers   = "members"   // group, user
	secPasswords = "passwords" // user
	secGShadow   = "group-passwords"
	secIDs       = "sub-ids" // user, file, range
	secKeys      = "keys"    // user, fingerprint
	secLines     = "lines"   // file: what stands there beside its records
)

// The files whose every line is a record here.
const (
	gshadowFile = "/etc/gshadow"
	subuidFile  = "/etc/subuid"
	subgidFile  = "/etc/subgid"
)

// tellsOf are the files of which this package tells each change of content, and
// the copies that the programs which write them leave.
var tellsOf = []string{
	etc.PasswdFile, etc.GroupFile, etc.ShadowFile, gshadowFile, subuidFile, subgidFile,
	etc.PasswdFile + "-", etc.GroupFile + "-", etc.ShadowFile + "-", gshadowFile + "-", subuidFile + "-", subgidFile + "-",
	"/root/.ssh", "/root/.ssh/authorized_keys", "/root/.ssh/authorized_keys2",
}

// Tells reports whether Accounts tells each change of the content of a file: a
// check of files needs not tell it, too.
func Tells(path string) bool { return slices.Contains(tellsOf, path) }

// accountList is a list while it is read.
type accountList struct {
	inventory.List
	ctx context.Context
	h   host.Host
}

// fileOf is a file of a user that is read for a section.
func fileOf(u etc.User, file, section string) inventory.UserFile {
	return inventory.UserFile{Check: Users{}.Name(), Section: section, User: u.Name, File: file}
}

// readAccounts reads all that makes the accounts of a system.
func readAccounts(ctx context.Context, h host.Host) *inventory.List {
	l := accountList{ctx: ctx, h: h}
	l.Sections = []string{secUsers, secGroups, secMembers, secPasswords, secGShadow, secIDs, secKeys, secStarts, secLines}
	users := l.users()
	l.groups()
	l.passwords()
	l.simple(secGShadow, gshadowFile, func(words []string) {
		l.Add(inventory.Fields("digest", digestOf(strings.Join(words[1:], ":"))), secGShadow, words[0])
	})
	for _, file := range []string{subuidFile, subgidFile} {
		l.simple(secIDs, file, func(words []string) {
			l.Add(inventory.Fields("range", strings.Join(words[1:], ":")), secIDs, words[0], file, strings.Join(words[1:], ":"))
		})
	}
	l.keys(users)
	l.starts(users)
	l.count(users)
	return &l.List
}

// count says how many accounts there are, and who of them can log in: with a shell,
// and a password or a key; where there is no shadow file nobody knows.
func (l *accountList) count(users []etc.User) {
	admits, shadow := map[string]bool{}, false
	for _, r := range l.Records {
		var state string
		switch r.Key[0] {
		case secUsers:
			state = r.Get("in-passwd")
		case secPasswords:
			state, shadow = r.Get("state"), true
		case secKeys:
			state = "set"
		}
		admits[r.Key[1]] = admits[r.Key[1]] || state == "set" || state == "none needed"
	}
	people := 0
	for _, u := range users {
		if admits[u.Name] && !noShell(u.Shell) {
			people++
		}
	}
	l.Metrics = []report.Metric{{Name: "accounts", Value: report.Count(uint64(len(users))), Noun: report.Noun{One: "account", Many: "accounts"}}}
	if shadow && l.Unknown[secPasswords] == nil && l.Unknown[secKeys] == nil {
		l.Metrics = append(l.Metrics, report.Metric{Name: "accounts_can_log_in", Value: report.Count(uint64(people)), Noun: report.Noun{One: "of them can log in", Many: "of them can log in"}})
	}
}

// read gives a file's content, nil where it is not there.
func (l *accountList) read(file, section string) []byte {
	data, err := l.h.ReadFile(l.ctx, file, etc.MaxFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.Fail(section, err)
		return nil
	}
	return data
}

func (l *accountList) users() []etc.User {
	data := l.read(etc.PasswdFile, secUsers)
	users, _ := etc.ParsePasswd(data)
	for _, u := range users {
		l.Add(inventory.Fields("uid", number(u.UID), "gid", number(u.GID), "gecos", u.Gecos, "home", u.Home, "shell", u.Shell, "in-passwd", passwordState(u.Password)), secUsers, u.Name)
	}
	l.others(etc.PasswdFile, data)
	return users
}

func (l *accountList) groups() {
	data := l.read(etc.GroupFile, secGroups)
	if err := l.Unknown[secGroups]; err != nil {
		l.Fail(secMembers, err)
	}
	groups, _ := etc.ParseGroup(data)
	for _, g := range groups {
		l.Add(inventory.Fields("gid", number(g.GID)), secGroups, g.Name)
		for _, m := range g.Members {
			l.Add(inventory.Fields("gid", number(g.GID)), secMembers, g.Name, m)
		}
	}
	l.others(etc.GroupFile, data)
}

// passwords records of each password only what tells it from another, if anything may.
func (l *accountList) passwords() {
	l.simple(secPasswords, etc.ShadowFile, func(words []string) {
		l.Add(inventory.Fields("state", passwordState(words[1]), "digest", digestOf(words[1]), "aging", strings.Join(words[min(3, len(words)):], ":")), secPasswords, words[0])
	})
}

// passwordState says whether anybody can log in by a password.
func passwordState(field string) string {
	switch {
	case field == "":
		return "none needed"
	case field == "x":
		return "elsewhere"
	case strings.HasPrefix(field, "!"), strings.HasPrefix(field, "*"):
		return "locked"
	}
	return "set"
}

// simple records the lines of a file whose fields are set apart by colons.
func (l *accountList) simple(section, file string, add func(words []string)) {
	data := l.read(file, section)
	for line := range bytes.Lines(data) {
		text := strings.TrimRight(string(line), "\n")
		if words := strings.Split(text, ":"); len(words) > 1 && words[0] != "" && !isOther(text) {
			add(words)
		}
	}
	if l.Unknown[section] == nil {
		l.others(file, data)
	}
}

// others records what stands in a file beside its records: comments, and lines
// that send programs to ask elsewhere.
func (l *accountList) others(file string, data []byte) {
	var text strings.Builder
	for line := range bytes.Lines(data) {
		if isOther(string(line)) {
			text.Write(line)
		}
	}
	if data != nil {
		l.Add(inventory.Fields("digest", digestOf(text.String()), "text", prose.Clip(text.String(), 300)), secLines, file)
	}
}

func isOther(line string) bool {
	return strings.TrimSpace(line) == "" || strings.ContainsAny(line[:1], "#+-")
}

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
