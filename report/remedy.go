package report

import "slices"

// A Remedy is what a person may type, beside the sentence that says it: each
// command is a program and its arguments, for no shell. The recorder leaves out
// a remedy that is too large, has an empty command or holds a secret, whole: a
// command that was cut is another command.
type Remedy struct {
	Look   [][]string `json:"look,omitempty"`   // only read; show more of what is so
	Do     [][]string `json:"do,omitempty"`     // in this order, each after the one before succeeded
	Verify [][]string `json:"verify,omitempty"` // only read; succeed once it is done
	Undo   [][]string `json:"undo,omitempty"`   // take it back, in this order
}

// Look gives a remedy that only shows more; nil where there is no command for that.
func Look(commands ...[]string) *Remedy {
	commands = slices.DeleteFunc(commands, func(c []string) bool { return len(c) == 0 })
	if len(commands) == 0 {
		return nil
	}
	return &Remedy{Look: commands}
}

// limits of a remedy
const (
	maxCommands  = 16 // of one part
	maxArguments = 64 // of one command
)

// remedy copies m, or gives nil where it cannot be taken as it is.
func (r *Recorder) remedy(m *Remedy) *Remedy {
	if m == nil || !m.fits() {
		return nil
	}
	out := &Remedy{}
	for _, part := range []struct{ from, to *[][]string }{{&m.Look, &out.Look}, {&m.Do, &out.Do}, {&m.Verify, &out.Verify}, {&m.Undo, &out.Undo}} {
		for _, command := range *part.from {
			if !r.takes(command) {
				return nil
			}
			*part.to = append(*part.to, append([]string(nil), command...))
		}
	}
	return out
}

// fits reports whether m has no more than a recorder takes, and no empty command.
func (m *Remedy) fits() bool {
	for _, part := range [][][]string{m.Look, m.Do, m.Verify, m.Undo} {
		odd := func(c []string) bool { return len(c) == 0 || c[0] == "" || len(c) > maxArguments }
		if len(part) > maxCommands || slices.ContainsFunc(part, odd) {
			return false
		}
	}
	return true
}

// takes reports whether command can be kept as it is.
func (r *Recorder) takes(command []string) bool {
	for _, arg := range command {
		if len(arg) > maxValue || r.redact.Text(arg) != arg {
			return false
		}
	}
	return true
}

// bytes is the size of a remedy's texts.
func (m *Remedy) bytes() int {
	n := 0
	if m != nil {
		for _, part := range [][][]string{m.Look, m.Do, m.Verify, m.Undo} {
			for _, command := range part {
				for _, arg := range command {
					n += len(arg)
				}
			}
		}
	}
	return n
}
