package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// resticAt writes a repository in the layout of restic's design document: files
// that are named by the SHA-256 of their bytes, and snapshots of those ages in days.
func resticAt(w *world, dir string, ages ...int) {
	w.write(dir+"/config", "config", 0o600)
	put := func(folder, text string) string {
		name := filepath.Join(dir, folder, fmt.Sprintf("%x", sha256.Sum256([]byte(text))))
		w.write(name, text, 0o400)
		return name
	}
	put("keys", "key")
	put("index", "index")
	put("data/00", "data")
	for _, days := range ages {
		at := time.Now().Add(-time.Duration(days)*24*time.Hour - time.Hour)
		must(os.Chtimes(put("snapshots", fmt.Sprint("of day ", days)), at, at))
	}
}

// archive writes a compressed file, one day old.
func archive(w *world, name string) {
	var out bytes.Buffer
	gz := gzip.NewWriter(&out)
	_, err := gz.Write(bytes.Repeat([]byte("what was backed up\n"), 1000))
	must(errors.Join(err, gz.Close()))
	w.write(name, out.String(), 0o600)
	at := time.Now().Add(-24 * time.Hour)
	must(os.Chtimes(name, at, at))
}

// below gives the files below a directory.
func below(pattern string) []string {
	found, err := filepath.Glob(pattern)
	must(err)
	if len(found) == 0 {
		panic("nothing is " + pattern)
	}
	return found
}

// flipped changes a bit of a file, and nothing of its times.
func flipped(name string) {
	st, err := os.Stat(name)
	must(err)
	data, err := os.ReadFile(name)
	must(err)
	data[len(data)/2] ^= 1
	must(os.Remove(name))
	must(os.WriteFile(name, data, 0o400))
	must(os.Chtimes(name, st.ModTime(), st.ModTime()))
}

func init() {
	const repository, dump = "/srv/backup/restic", "/srv/backup/site.sql.gz"
	storeOf := func(w *world) string { return filepath.Join(w.state(), "backup") }
	silence = append(silence,
		row{
			name: "a job of restic stopped long ago",
			act:  func(w *world) { resticAt(w, repository, 23, 22, 21, 20) },
			line: "The restic backup in " + repository + " is late",
		},
		row{
			name:   "a disk that fills up cuts a backup",
			before: func(w *world) { archive(w, dump) },
			act: func(*world) {
				st, err := os.Stat(dump)
				must(err)
				must(os.Truncate(dump, st.Size()-9))
				must(os.Chtimes(dump, st.ModTime(), st.ModTime()))
			},
			line: dump + " is spoiled",
		},
		row{
			name: "a backup goes to the disk that it is to outlive",
			act: func(w *world) {
				resticAt(w, repository, 3, 2, 1)
				w.append("/run/agent.yaml", "foreign:\n- path: "+repository+"\n  source: /srv\n")
			},
			line: "is on the same file system as /srv",
		},
		row{
			name: "an intruder removes the newest snapshot of the backup",
			act:  func(w *world) { must(os.Remove(below(storeOf(w) + "/snaps/*")[0])) },
			line: "The backup store has lost its newest snapshots",
		},
		row{
			name: "an intruder puts the backup aside",
			act:  func(w *world) { must(os.Rename(storeOf(w), storeOf(w)+".old")) },
			line: "The backup store has lost its newest snapshots",
		},
		row{
			name: "a dying disk flips a bit in the backup",
			act:  func(w *world) { flipped(below(storeOf(w) + "/packs/*/*")[0]) },
			line: "The backup store is damaged in packs/",
		},
		row{
			name:   "an intruder removes the backup of the customer",
			before: func(w *world) { resticAt(w, repository, 3, 2, 1) },
			act:    func(*world) { must(os.RemoveAll(repository)) },
			line:   "The restic backup in " + repository + " is gone",
		},
	)
}
