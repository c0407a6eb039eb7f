package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestTheGuideDoesWhatItSays runs the commands of GUIDE.md in a world of its own
// and holds what they print against what stands there.
func TestTheGuideDoesWhatItSays(t *testing.T) {
	guide, err := os.ReadFile("../../GUIDE.md")
	if err != nil && os.Getenv("UPKEEP_TEST_WORLD") == "" {
		t.Fatal(err)
	}
	inWorld(t, []string{"/usr/bin/sh", "/usr/bin/rm"}, func(w *world) {
		w.write("/run/agent.yaml", "leave-out: [pkgupdate.updates, pkgupdate.lifecycle, resource.clock, resource.load, resource.memory]\n", 0o644)
		steps := stepsOf(string(guide))
		if len(steps) < 15 {
			t.Fatalf("the guide has %d commands", len(steps))
		}
		for _, s := range steps {
			cmd := exec.Command("/usr/bin/sh", "-c", s.command)
			cmd.Env = w.agent().Env
			out, _ := cmd.CombinedOutput() //nolint:errcheck // what it prints counts: the agent's status says what is open
			if !s.answer.Match(out) {
				t.Errorf("$ %s\n%s\ndoes not answer %s", s.command, out, s.answer)
			}
		}
	})
}

// A step is a command of a guide with the answer that stands below it.
type step struct {
	command string
	answer  *regexp.Regexp
}

var consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```")

func stepsOf(guide string) (steps []step) {
	for _, block := range consoleBlock.FindAllStringSubmatch(guide, -1) {
		for _, part := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			command, answer, _ := strings.Cut(part, "\n")
			pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(answer)), "…", ".*")
			steps = append(steps, step{command, regexp.MustCompile("(?s)^" + strings.ReplaceAll(pattern, "\n.*", ".*"))})
		}
	}
	return steps
}
