package facts

import "strings"

// shellVars is ShellVars with each value at most 256 bytes.
func shellVars(data []byte) map[string]string {
	vars := ShellVars(data)
	for key, value := range vars {
		vars[key] = clip(value)
	}
	return vars
}

// ShellVars reads the assignments KEY=value of a file in the shell's notation. It
// expands nothing; of a name given twice the last counts.
func ShellVars(data []byte) map[string]string {
	vars := make(map[string]string)
	for line := range strings.Lines(string(data)) {
		key, value, found := strings.Cut(strings.TrimSpace(line), "=")
		if found && isVarName(key) {
			vars[key] = unquote(value)
		}
	}
	return vars
}

func isVarName(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if s[i] != '_' && (c < 'a' || c > 'z') && (i == 0 || s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return s != ""
}

// unquote takes one level of the shell's quotes off the first word of s; in
// double quotes, and outside, a backslash takes the meaning off the next byte.
func unquote(s string) string {
	var b strings.Builder
	var quote byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && (c == ' ' || c == '\t' || c == ';'):
			return b.String()
		case c == '\\' && quote != '\'' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
