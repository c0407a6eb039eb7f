package main

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// TestInstallsAreOneLineAndAnEditBesideThemIsSeen installs a service as Debian's
// packages do, and upgrades forty packages in the minute of an edit.
func TestInstallsAreOneLineAndAnEditBesideThemIsSeen(t *testing.T) {
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("pkg%02d", i))
	}
	all := func(verb, version, words string) func(*life) {
		return func(l *life) {
			var files, items []string
			for _, name := range names {
				files = append(files, l.build(name, version))
				items = append(items, fmt.Sprintf("%s:amd64 (%s)", name, words))
			}
			l.apt("apt-get "+strings.ToLower(verb), verb+": "+strings.Join(items, ", "), files...)
		}
	}
	liveThrough(t, []day{
		{what: "the first look", first: "testhost: baseline taken; nothing found"},
		{
			what: "a service is installed", act: func(l *life) {
				l.apt("apt-get install web", "Install: web:amd64 (1.0)", l.buildService("web"))
			},
			first: "testhost: nothing new that needs you; 1 explained", tells: []string{`apt-get install web`},
		},
		{what: "forty packages", act: all("Install", "1.0", "1.0"), first: "testhost: nothing new that needs you; 1 explained"},
		{what: "quiet", first: "testhost: nothing new"},
		{
			what: "forty upgrades and an edit in the same minute", act: func(l *life) {
				all("Upgrade", "1.1", "1.0, 1.1")(l)
				l.append("/etc/hosts", "192.0.2.7 printer\n")
			},
			first: "testhost: 1 notice new; 1 explained", news: 1,
			tells: []string{`/etc/hosts changed`, `\+ ?192\.0\.2\.7 printer`, `(?s)/etc/hosts changed.*apt-get upgrade`},
			after: annReviews,
		},
		{
			what: "a package of somebody's own", act: func(l *life) {
				offered := l.offered
				deb := l.buildService("own")
				l.offered = offered
				l.refresh()
				l.dpkg("-i", deb)
			},
			first: "testhost: 3 warnings, 1 notice new", news: 4,
			tells: []string{`package that no source offers was installed: own 1\.0`, `/etc/init\.d/own is new`, `multi-user\.target\.wants/own\.service is new`},
		},
	})
}

// buildService makes a package with a service that its script enables, for systemd
// and for run levels.
func (l *life) buildService(name string) string {
	dir := "/tmp/" + name
	l.write(dir+"/DEBIAN/control", "Package: "+name+"\nVersion: 1.0\nArchitecture: amd64\nMaintainer: nobody <nobody@example.net>\nDescription: a service\n", 0o644)
	l.write(dir+"/DEBIAN/conffiles", "/etc/"+name+"/"+name+".conf\n/etc/default/"+name+"\n/etc/init.d/"+name+"\n", 0o644)
	l.write(dir+"/DEBIAN/postinst", strings.ReplaceAll(`#!/bin/sh
set -e
ln -s /lib/systemd/system/NAME.service /etc/systemd/system/multi-user.target.wants/NAME.service
for level in 2 3 4 5; do ln -s ../init.d/NAME /etc/rc$level.d/S01NAME; done
for level in 0 1 6; do ln -s ../init.d/NAME /etc/rc$level.d/K01NAME; done
`, "NAME", name), 0o755)
	l.write(dir+"/usr/sbin/"+name, "#!/bin/sh\n", 0o755)
	l.write(dir+"/usr/lib/systemd/system/"+name+".service", "[Service]\nExecStart=/usr/sbin/"+name+"\n", 0o644)
	l.write(dir+"/etc/"+name+"/"+name+".conf", "listen = 80\n", 0o644)
	l.write(dir+"/etc/"+name+"/conf.d/README", "put files here\n", 0o644)
	l.write(dir+"/etc/default/"+name, "OPTIONS=\n", 0o644)
	l.write(dir+"/etc/init.d/"+name, "#!/bin/sh\n", 0o755)
	out, err := exec.Command("dpkg-deb", "-Zgzip", "--root-owner-group", "-b", dir, dir+".deb").CombinedOutput()
	if err != nil {
		panic(string(out))
	}
	must(exec.Command("rm", "-r", dir).Run())
	l.offer(name, "1.0")
	l.refresh()
	return dir + ".deb"
}
