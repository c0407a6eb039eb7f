package accounts

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// exports looks at what NFS shares, in the forms of Linux and of the BSDs: beside
// exports(5) in the folder of Linux, and in the file that ZFS of FreeBSD writes.
func (p *posture) exports() {
	read := func(names ...string) {
		p.ask(host.OpRead, names, func(i int, a host.Answer) { p.tellShared(names[i], string(a.Data)) })
	}
	read("/etc/exports", "/etc/zfs/exports")
	const dir = "/etc/exports.d"
	p.ask(host.OpList, []string{dir}, func(_ int, a host.Answer) {
		for _, st := range a.List {
			if st.IsRegular() && strings.HasSuffix(st.Name, ".exports") && st.Name[0] != '.' {
				read(dir + "/" + st.Name)
			}
		}
	})
}

// tellShared tells of each folder that a file of exports shares with every machine.
func (p *posture) tellShared(file, text string) {
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		if folder := sharedWithAll(line); folder != "" {
			p.rec.Finding(report.Finding{
				Rule: "integrity.homes.exports", Scope: scopeHomes, Subject: report.Path.Of(file), Identity: []report.Attr{report.Mount.Of(folder)},
				Title: prose.Clip(folder, 200) + " is shared with every machine",
			})
		}
	}
}

// world are the networks of all machines.
var world = []string{"0.0.0.0/0", "0.0.0.0/0.0.0.0", "0/0", "::/0", "0.0.0.0", "::"}

// sharedWithAll gives the first folder of a line of exports(5) that names no
// machine and no network, or those of all.
func sharedWithAll(line string) string {
	line, _, _ = strings.Cut(line, "#")
	folder, named, all := "", false, false
	words := strings.Fields(line)
	for i, w := range words {
		machine, _, _ := strings.Cut(w, "(")
		option, value, _ := strings.Cut(w, "=")
		switch {
		case w[0] == '/' && !named:
			folder = cmp.Or(folder, w)
		case option == "-network":
			named = true
			if value == "" && i+1 < len(words) {
				value = words[i+1]
			}
			all = all || slices.Contains(world, value)
		case w[0] == '-': // options
		case machine == "" || machine == "*" || strings.Contains(machine, "/") && slices.Contains(world, machine):
			all = true
		default:
			named = true
		}
	}
	if all || !named {
		return folder
	}
	return ""
}
