package accounts

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/integrity/inventory"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/etc"
	"github.com/pugetsoundtech/upkeep/internal/prose"
)

const (
	maxKeys        = 1 << 20 // bytes of one file of keys
	longestOptions = 300     // bytes of a key's that are shown
	sshConfig      = "/etc/ssh/sshd_config"
)

// keys records the keys that sshd takes for each user.
func (l *accountList) keys(users []etc.User) {
	if err := l.Unknown[secUsers]; err != nil {
		l.Fail(secKeys, err)
		return
	}
	patterns := l.keyFiles()
	var asks []host.Ask
	var owners []etc.User
	done := map[string]bool{} // a name may be there twice
	for _, u := range users {
		if done[u.Name] {
			continue
		}
		done[u.Name] = true
		var files []string
		for _, pattern := range patterns {
			if file := keyFile(pattern, u); file != "" && !slices.Contains(files, file) {
				files = append(files, file)
				asks = append(asks, host.Ask{Op: host.OpRead, Name: file, Limit: maxKeys})
				owners = append(owners, u)
			}
		}
	}
	err := l.h.Batch(l.ctx, asks, func(i int, a host.Answer) error {
		l.keysOf(owners[i], asks[i].Name, a)
		return nil
	})
	if err != nil {
		l.Fail(secKeys, err)
	}
}

// keysOf records the keys in one file of one user. What cannot be read of one
// hides nothing of the others.
func (l *accountList) keysOf(u etc.User, file string, a host.Answer) {
	if a.Err != nil && !notThere(a.Err) {
		l.Unread(l.ctx, l.h, fileOf(u, file, secKeys), a.Err, u.Name)
	}
	for line := range bytes.Lines(a.Data) {
		if k, ok := ParseKey(string(line)); ok {
			l.Add(inventory.Fields("type", k.Type, "comment", k.Comment, "options", k.Options, "file", file), secKeys, u.Name, k.Fingerprint)
		}
	}
}

// notThere reports whether a user has no such file, or none that sshd reads.
func notThere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, host.ErrNotRegular) || errors.Is(err, syscall.ENOTDIR)
}

// keyFiles gives where sshd looks for keys: by its default, and by its settings, also
// by those for some users alone and by those in the folder beside.
func (l *accountList) keyFiles() []string {
	files := []string{".ssh/authorized_keys", ".ssh/authorized_keys2"}
	settings := []string{sshConfig}
	more, err := l.h.ReadDir(l.ctx, sshConfig+".d")
	for _, s := range more {
		if strings.HasSuffix(s.Name, ".conf") {
			settings = append(settings, path.Join(sshConfig+".d", s.Name))
		}
	}
	for _, name := range settings {
		if err != nil && !notThere(err) {
			break
		}
		var data []byte
		data, err = l.h.ReadFile(l.ctx, name, maxKeys)
		for line := range bytes.Lines(data) {
			words := strings.Fields(strings.ReplaceAll(string(line), "=", " "))
			if len(words) < 2 || !strings.EqualFold(words[0], "AuthorizedKeysFile") {
				continue
			}
			for _, word := range words[1:] {
				if word = strings.Trim(word, `"`); word != "none" && !slices.Contains(files, word) {
					files = append(files, word)
				}
			}
		}
	}
	if err != nil && !notThere(err) {
		l.Fail(secKeys, err)
	}
	return files
}

// keyFile puts a user into a pattern of sshd_config(5).
func keyFile(pattern string, u etc.User) string {
	file := strings.NewReplacer("%%", "%", "%h", u.Home, "%u", u.Name, "%U", number(u.UID)).Replace(pattern)
	if !path.IsAbs(file) {
		file = path.Join(u.Home, file)
	}
	if !path.IsAbs(file) || strings.Contains(file, "\x00") {
		return ""
	}
	return path.Clean(file)
}

// A Key is one line of an authorized_keys file, see sshd(8).
type Key struct {
	Type        string // such as ssh-ed25519
	Fingerprint string // as ssh-keygen -l prints it: SHA256:…
	Comment     string
	Options     string // before the key: what it may be used for
}

// ParseKey reads one line; false for a comment. What is no key is known by its
// digest alone: the file may be a link to another.
func ParseKey(line string) (Key, bool) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return Key{}, false
	}
	rest := line
	for rest != "" {
		word, behind := nextWord(rest)
		if isKeyType(word) {
			blob, comment := nextWord(behind)
			raw, err := base64.StdEncoding.DecodeString(blob)
			if err != nil || len(raw) == 0 {
				break
			}
			sum := sha256.Sum256(raw)
			options := strings.TrimSpace(strings.TrimSuffix(line, rest))
			if len(options) > longestOptions { // what is not shown counts as well
				options = prose.Clip(options, longestOptions) + " " + digestOf(options)
			}
			return Key{
				Type: word, Fingerprint: "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:]),
				Comment: prose.Clip(comment, 100), Options: options,
			}, true
		}
		rest = behind
	}
	return Key{Type: "a line that is no key", Fingerprint: "line " + digestOf(line)}, true
}

func isKeyType(word string) bool {
	return strings.HasPrefix(word, "ssh-") || strings.HasPrefix(word, "ecdsa-sha2-") || strings.HasPrefix(word, "sk-")
}

// nextWord takes a word off a line; blanks in double quotes end none.
func nextWord(s string) (word, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"' && (i == 0 || s[i-1] != '\\'):
			quoted = !quoted
		case (s[i] == ' ' || s[i] == '\t') && !quoted:
			return s[:i], strings.TrimLeft(s[i:], " \t")
		}
	}
	return s, ""
}
