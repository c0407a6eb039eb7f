package startup

import (
	"context"
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
)

// Podman has systemd ask after the health of a container by a timer that lasts until the
// next start. Its name is that of the container, which is another with each update, and
// a random one: it says nothing.

// containersFile is where podman keeps the names of the containers of root.
const containersFile = "/var/lib/containers/storage/overlay-containers/containers.json"

// healthTimer is the name of such a timer.
var healthTimer = regexp.MustCompile(`^([0-9a-f]{64})(-startup)?(-[0-9a-f]{1,16})?\.timer$`)

// allowed are the settings that systemd-run writes for podman; by another one a unit
// could do more.
var allowed = regexp.MustCompile(`^(\[(Unit|Timer|Service)\]|Description=.*|OnUnitInactiveSec=\S+|AccuracySec=\S+|RemainAfterElapse=no|CollectMode=\S+|LogLevelMax=\w+|Type=\w+|ExecStart=|Environment="?PATH=[\w/:.-]+"?)$`)

// safePath are the folders in which only root installs programs.
var safePath = []string{"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/snap/bin"}

// healthCheck gives the name of the container after which a timer asks, where that is all
// that it does: podman, which a package owns, runs its own check of a container that it
// knows, and nothing was added to the timer or to its service.
func (c Jobs) healthCheck(ctx context.Context, dir, timer string, data []byte) (string, bool) {
	m := healthTimer.FindStringSubmatch(timer)
	if m == nil || c.Attestor == nil || onlyAllowed(string(data)) != "" || c.added(ctx, m[1]) {
		return "", false
	}
	service := path.Join(dir, strings.TrimSuffix(timer, ".timer")+".service")
	if st, err := c.Host.Lstat(ctx, service); err != nil || !st.IsRegular() {
		return "", false
	}
	text, err := c.Host.ReadFile(ctx, service, maxTable)
	if err != nil {
		return "", false
	}
	program, ok := checks(onlyAllowed(string(text)), m[1])
	if !ok {
		return "", false
	}
	claims, err := c.Attestor.Attest(ctx, []string{program})
	if err != nil || claims[program].Package == "" {
		return "", false
	}
	return c.container(ctx, m[1])
}

// onlyAllowed gives what a unit says beside what is allowed: one line of a service.
func onlyAllowed(text string) string {
	var rest []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		folders, isPath := strings.CutPrefix(strings.ReplaceAll(line, `"`, ""), "Environment=PATH=")
		strange := isPath && slices.ContainsFunc(strings.Split(folders, ":"), func(f string) bool { return !slices.Contains(safePath, f) })
		if line != "" && line[0] != '#' && (strange || !allowed.MatchString(line)) {
			rest = append(rest, line)
		}
	}
	return strings.Join(rest, "\n")
}

// checks gives the program of a line that does nothing but run podman's check of a
// container: ExecStart=@/usr/bin/podman "/usr/bin/podman" "healthcheck" "run" "ID".
func checks(line, id string) (program string, ok bool) {
	command, ok := strings.CutPrefix(line, "ExecStart=")
	words := strings.Fields(strings.ReplaceAll(command, `"`, ""))
	if !ok || strings.ContainsAny(line, "\n\\;$%'") || len(words) < 4 {
		return "", false
	}
	if at, named := strings.CutPrefix(words[0], "@"); named { // the name of the program comes then, and is what is shown
		words = append([]string{at}, words[2:]...)
	}
	program, words = words[0], words[1:]
	words = slices.DeleteFunc(words, func(w string) bool {
		return strings.HasPrefix(w, "--log-level=") || w == "--ignore-result" || w == "--syslog"
	})
	return program, path.Base(program) == "podman" && host.ValidName(program) && slices.Equal(words, []string{"healthcheck", "run", id})
}

// added reports whether there is, or may be, anything that changes the units of a
// container.
func (c Jobs) added(ctx context.Context, id string) bool {
	for _, dir := range append(slices.Clone(passing), "/run/systemd/system.control", "/etc/systemd/system.control", "/etc/systemd/system") {
		entries, err := list(ctx, c.Host, dir)
		if err != nil || slices.ContainsFunc(entries, func(st host.Stat) bool {
			return strings.HasSuffix(st.Name, ".d") && (strings.HasPrefix(st.Name, id) || st.Name == "service.d" || st.Name == "timer.d") ||
				strings.HasPrefix(st.Name, id) && !slices.Contains(passing, dir)
		}) {
			return true
		}
	}
	return false
}

// container gives the name of a container that podman knows.
func (c Jobs) container(ctx context.Context, id string) (string, bool) {
	data, err := c.Host.ReadFile(ctx, containersFile, maxTable)
	var known []struct {
		ID    string   `json:"id"`
		Names []string `json:"names"`
	}
	if err != nil || json.Unmarshal(data, &known) != nil {
		return "", false
	}
	for _, k := range known {
		if k.ID == id && len(k.Names) > 0 && k.Names[0] != "" {
			return k.Names[0], true
		}
	}
	return "", false
}

// addHealthCheck records it by the name of its container: that is the same after an
// update of the image, and a new container is a new job.
func addHealthCheck(l *inventory.List, dir, name string) {
	l.Add(inventory.Fields("user", "root", "when", "for its health", "command", "podman healthcheck run "+name), secUnits, dir, "podman:"+name)
}
