package foreign_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup/foreign"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// A watcher runs the check on one place, and remembers.
type watcher struct {
	place  foreign.Place
	memory reporttest.Store
}

// rules gives the rules of what is found after that time.
func (w *watcher) rules(t *testing.T, later time.Duration) []string {
	t.Helper()
	h := host.Local()
	h.Now = func() time.Time { return time.Now().Add(later) }
	rep, err := (&suite.Suite{Checks: []report.Checker{foreign.Backups{Host: h, Places: []foreign.Place{w.place}}}, Store: &w.memory}).Run(t.Context())
	require.NoError(t, err)
	var out []string
	require.Empty(t, rep.Results[0].Problems)
	for _, f := range rep.Results[0].Findings {
		out = append(out, strings.TrimPrefix(f.Rule, "backup.foreign.")+": "+f.Title)
	}
	return out
}

// has reports whether one of the findings has one of the rules.
func has(found []string, rules ...string) bool {
	return slices.ContainsFunc(found, func(f string) bool {
		return slices.ContainsFunc(rules, func(r string) bool { return strings.HasPrefix(f, r+": ") })
	})
}

// do runs a program as a job would, in dir.
func do(t *testing.T, dir string, env []string, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C"}, env...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, "%s %q: %s%s", name, args, out, errs.String())
	return out
}

// files writes a small tree to back up, of what cannot be compressed.
func files(t *testing.T, dir string) string {
	t.Helper()
	src := filepath.Join(dir, "src")
	require.NoError(t, os.Mkdir(src, 0o755))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 12 {
		data := make([]byte, 15_000+1000*i)
		for k := range data {
			data[k] = byte(r.Uint32())
		}
		require.NoError(t, os.WriteFile(filepath.Join(src, fmt.Sprintf("file %d", i)), data, 0o600))
	}
	return src
}

// largest gives the largest file below dir whose name has the part in it.
func largest(t *testing.T, dir, part string) string {
	t.Helper()
	name, size := "", int64(-1)
	require.NoError(t, filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.Contains(p, part) {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Size() > size {
			name, size = p, info.Size()
		}
		return err
	}))
	require.NotEmpty(t, name)
	return name
}

// changed lets fn change a file, and gives it its time back.
func changed(t *testing.T, name string, fn func(data []byte) []byte) {
	t.Helper()
	st, err := os.Stat(name)
	require.NoError(t, err)
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(name, 0o600))
	require.NoError(t, os.WriteFile(name, fn(data), 0o600))
	require.NoError(t, os.Chtimes(name, st.ModTime(), st.ModTime()))
}

func half(data []byte) []byte { return data[:len(data)/2] }

func flip(data []byte) []byte {
	data[len(data)*2/3] ^= 4
	return data
}

// maker makes two backups of src with a real program, and gives the directory
// to be watched and what the names of the files with the data have in them.
type maker func(t *testing.T, work, src string) (dir, data string)

func restic(t *testing.T, work, src string) (dir, data string) {
	need.Program(t, "restic")
	env := []string{"RESTIC_PASSWORD=x", "RESTIC_REPOSITORY=" + work + "/repo"}
	do(t, work, env, "restic", "-q", "init")
	do(t, work, env, "restic", "-q", "backup", src)
	do(t, work, env, "restic", "-q", "backup", "/etc/hostname")
	return work + "/repo", "/data/"
}

func borg(t *testing.T, work, src string) (dir, data string) {
	need.Program(t, "borg")
	env := []string{"BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes", "BORG_BASE_DIR=" + work}
	do(t, work, env, "borg", "init", "-e", "none", work+"/repo")
	do(t, work, env, "borg", "create", work+"/repo::one", src)
	do(t, work, env, "borg", "create", work+"/repo::two", "/etc/hostname")
	return work + "/repo", "/data/"
}

func rsnapshot(t *testing.T, work, src string) (dir, data string) {
	need.Program(t, "rsnapshot")
	need.Program(t, "rsync")
	conf := "config_version\t1.2\nsnapshot_root\t" + work + "/repo/\ncmd_rsync\t/usr/bin/rsync\nretain\talpha\t3\nlockfile\t" + work +
		"/pid\nbackup\t" + src + "/\tlocalhost/\n"
	require.NoError(t, os.WriteFile(work+"/conf", []byte(conf), 0o600))
	do(t, work, nil, "rsnapshot", "-c", work+"/conf", "alpha")
	do(t, work, nil, "rsnapshot", "-c", work+"/conf", "alpha")
	return work + "/repo", "/alpha.0/"
}

func rdiff(t *testing.T, work, src string) (dir, data string) {
	need.Program(t, "rdiff-backup")
	do(t, work, nil, "rdiff-backup", src, work+"/repo")
	return work + "/repo", "/repo/file"
}

func duplicity(t *testing.T, work, src string) (dir, data string) {
	need.Program(t, "duplicity")
	do(t, work, []string{"PASSPHRASE="}, "duplicity", "--no-encryption", "--archive-dir", work+"/cache", src, "file://"+work+"/repo")
	return work + "/repo", "difftar"
}

// daily writes four dumps of the same form, a day apart.
func daily(t *testing.T, work, name string, dump func(to string)) (dir, data string) {
	t.Helper()
	dir = filepath.Join(work, "repo")
	require.NoError(t, os.Mkdir(dir, 0o700))
	for day := range 4 {
		at := time.Now().Add(-time.Hour - time.Duration(3-day)*24*time.Hour)
		to := filepath.Join(dir, fmt.Sprintf(name, at.Format("2006-01-02")))
		dump(to)
		require.NoError(t, os.Chtimes(to, at, at))
		data = filepath.Base(to)
	}
	return dir, data
}

func tarred(name string, options ...string) maker {
	return func(t *testing.T, work, src string) (dir, data string) {
		need.Program(t, "tar")
		return daily(t, work, name, func(to string) { do(t, work, nil, "tar", append(options, "-cf", to, "-C", src, ".")...) })
	}
}

func sqlite(t *testing.T, work, _ string) (dir, data string) {
	need.Program(t, "sqlite3")
	return daily(t, work, "app-%s.sqlite", func(to string) {
		do(t, work, nil, "sqlite3", to, "create table t(a); with recursive n(i) as (select 1 union all select i+1 from n where i<3000) insert into t select hex(randomblob(40)) from n;")
	})
}

// kopia writes what kopia's documentation and source say that it writes; the program
// is in no Debian, and never ran here.
func kopia(t *testing.T, work, _ string) (dir, data string) {
	l := life{t: t, dir: filepath.Join(work, "repo"), r: rand.New(rand.NewPCG(13, 14))}
	for day := range 4 {
		jobs["kopia"](l, day, time.Now().Add(-time.Hour-time.Duration(3-day)*24*time.Hour))
	}
	return l.dir, "/p"
}

var makers = map[string]maker{
	"restic": restic, "borg": borg, "rsnapshot": rsnapshot, "rdiff-backup": rdiff, "duplicity": duplicity,
	"tar": tarred("etc-%s.tar"), "tar.gz": tarred("etc-%s.tar.gz", "-z"), "tar.bz2": tarred("etc-%s.tar.bz2", "-j"),
	"tar.xz": tarred("etc-%s.tar.xz", "-J"), "tar.zst": tarred("etc-%s.tar.zst", "--zstd"), "sqlite": sqlite, "kopia": kopia,
}

func TestFourVerdictsOfEachFormat(t *testing.T) {
	need.Long(t)
	for name, make := range makers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			work := t.TempDir()
			dir, data := make(t, work, files(t, work))
			w := &watcher{place: foreign.Place{Path: dir}}
			verdicts(t, w, dir, data, cutOrFlipped, func(way string) {
				if way == "truncated" && name != "rsnapshot" { // whose files are copies of any
					fresh := &watcher{place: w.place}
					assert.True(t, has(fresh.rules(t, time.Hour), "spoiled", "incomplete"), "at a first look")
				}
			})
		})
	}
}

var cutOrFlipped = map[string]func([]byte) []byte{"truncated": half, "flipped": flip}

// verdicts holds what is said of backups in dir to what they are: healthy, stale,
// and spoiled in each of some ways. also looks at what is spoiled as well; nil:
// nobody does.
func verdicts(t *testing.T, w *watcher, dir, data string, ways map[string]func([]byte) []byte, also func(way string)) {
	t.Helper()
	assert.Empty(t, w.rules(t, 0), "healthy")
	assert.Empty(t, w.rules(t, time.Hour), "still healthy")
	assert.True(t, has(w.rules(t, 10*24*time.Hour), "late"), "stale")
	victim := largest(t, dir, data)
	whole, err := os.ReadFile(victim)
	require.NoError(t, err)
	for way, spoil := range ways {
		changed(t, victim, func(data []byte) []byte { return spoil(bytes.Clone(data)) })
		found := w.rules(t, 2*time.Hour)
		assert.True(t, has(found, "spoiled", "incomplete"), "%s %s: %q", way, victim, found)
		if also != nil {
			also(way)
		}
		changed(t, victim, func([]byte) []byte { return whole })
		assert.Empty(t, w.rules(t, 3*time.Hour), "mended")
	}
}

func TestStaleLocksInterruptedRunsAndEmptyRepositoriesAreSaid(t *testing.T) {
	work := t.TempDir()
	dir, _ := restic(t, work, files(t, work))
	w := &watcher{place: foreign.Place{Path: dir, Source: work}}
	assert.True(t, has(w.rules(t, 0), "same-disk"))
	w.place.Source = ""
	require.NoError(t, os.WriteFile(dir+"/locks/"+strings.Repeat("a", 64), []byte("x"), 0o600))
	assert.Empty(t, w.rules(t, 0), "a backup runs")
	assert.True(t, has(w.rules(t, time.Hour), "locked"))
	l := life{t: t, dir: t.TempDir(), r: rand.New(rand.NewPCG(17, 18))}
	jobs["borg"](l, 0, time.Now().Add(-time.Hour))
	l.write("lock.exclusive/host.1-2", time.Now(), nil)
	b := &watcher{place: foreign.Place{Path: l.dir}}
	assert.Empty(t, b.rules(t, time.Hour), "a backup runs, for long")
	assert.True(t, has(b.rules(t, 25*time.Hour), "locked"))
	require.NoError(t, os.RemoveAll(dir+"/snapshots"))
	require.NoError(t, os.Mkdir(dir+"/snapshots", 0o700))
	w = &watcher{place: foreign.Place{Path: dir}}
	assert.True(t, has(w.rules(t, 0), "late"), "no backup was ever made")
	require.NoError(t, os.RemoveAll(dir))
	assert.True(t, has(w.rules(t, 0), "gone"))
}

// A life writes what a job of sixty days leaves.
type life struct {
	t   *testing.T
	dir string
	r   *rand.Rand
	few bool // bytes: there is little to back up any more
}

func (l life) write(name string, at time.Time, data []byte) {
	l.t.Helper()
	name = filepath.Join(l.dir, name)
	require.NoError(l.t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(l.t, os.WriteFile(name, data, 0o600))
	require.NoError(l.t, os.Chtimes(name, at, at))
}

// bytes are some that cannot be compressed, about as many.
func (l life) bytes(n int) []byte {
	if l.few {
		n = 5 + n/20
	}
	data := make([]byte, n*4/5+l.r.IntN(n*2/5))
	for i := range data {
		data[i] = byte(l.r.Uint32())
	}
	return data
}

func (l life) archive(zipped bool) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	if !zipped {
		w = tar.NewWriter(&out)
	}
	data := l.bytes(20_000)
	require.NoError(l.t, w.WriteHeader(&tar.Header{Name: "a", Size: int64(len(data)), Mode: 0o600}))
	_, err := w.Write(data)
	require.NoError(l.t, err)
	require.NoError(l.t, w.Close())
	if zipped {
		require.NoError(l.t, z.Close())
	}
	return out.Bytes()
}

// jobs are what happens in one night, at about that time.
var jobs = map[string]func(l life, day int, at time.Time){
	"restic": func(l life, day int, at time.Time) {
		for _, name := range []string{"config", "keys/x/" + strings.Repeat("0", 3)} {
			l.write(name, at, nil)
		}
		for dir, n := range map[string]int{"data/aa": 3000, "snapshots": 300} {
			data := l.bytes(n)
			l.write(fmt.Sprintf("%s/%x", dir, sha256.Sum256(data)), at, data)
		}
	},
	"weekdays": func(l life, _ int, at time.Time) {
		if d := at.Weekday(); d != time.Saturday && d != time.Sunday {
			l.write("shop-"+at.Format("20060102")+".tar.gz", at, l.archive(true))
		}
	},
	"overwritten": func(l life, _ int, at time.Time) { l.write("shop.tar", at, l.archive(false)) },
	"rotated": func(l life, _ int, at time.Time) {
		for n := 6; n > 0; n-- {
			_ = os.Rename(filepath.Join(l.dir, fmt.Sprintf("db.tar.gz.%d", n)), filepath.Join(l.dir, fmt.Sprintf("db.tar.gz.%d", n+1))) // the first days have none
		}
		l.write("db.tar.gz.1", at, l.archive(true))
	},
	"rsnapshot": func(l life, day int, at time.Time) {
		_ = os.RemoveAll(filepath.Join(l.dir, "daily.6"))
		for n := 5; n >= 0; n-- {
			_ = os.Rename(filepath.Join(l.dir, fmt.Sprintf("daily.%d", n)), filepath.Join(l.dir, fmt.Sprintf("daily.%d", n+1))) // the first days have none
		}
		for i := range 10 {
			old, name := filepath.Join(l.dir, "daily.1", fmt.Sprint(i)), fmt.Sprintf("daily.0/%d", i)
			if i > 2 && day > 0 {
				require.NoError(l.t, os.MkdirAll(filepath.Join(l.dir, "daily.0"), 0o755))
				require.NoError(l.t, os.Link(old, filepath.Join(l.dir, name)))
				continue
			}
			l.write(name, at.Add(-5*time.Hour), l.bytes(1000))
		}
		require.NoError(l.t, os.Chtimes(filepath.Join(l.dir, "daily.0"), at, at))
	},
	"duplicity": func(l life, day int, at time.Time) {
		stamp := at.UTC().Format("20060102T150405Z")
		name := "duplicity-full." + stamp
		if day%7 != 0 {
			name = "duplicity-inc." + at.Add(-24*time.Hour).UTC().Format("20060102T150405Z") + ".to." + stamp
		}
		l.write(name+".manifest.gpg", at, l.bytes(100))
		l.write(name+".vol1.difftar.gpg", at, l.bytes(map[bool]int{true: 30000, false: 500}[day%7 == 0]))
	},
	"borg": func(l life, day int, at time.Time) {
		entry := func(tag byte, data []byte) []byte {
			head := binary.LittleEndian.AppendUint32(nil, uint32(9+len(data)))
			head = append(append(head, tag), data...)
			return append(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(head)), head...)
		}
		l.write("config", at, []byte("[repository]\n"))
		l.write(fmt.Sprintf("data/0/%d", 2*day), at, append([]byte("BORG_SEG"), entry(0, l.bytes(3000))...))
		l.write(fmt.Sprintf("data/0/%d", 2*day+1), at, append([]byte("BORG_SEG"), entry(2, nil)...))
	},
	"rdiff-backup": func(l life, day int, at time.Time) {
		stamp := at.UTC().Format(time.RFC3339)
		data := l.bytes(1000)
		l.write("file", at, data)
		var list bytes.Buffer
		z := gzip.NewWriter(&list)
		fmt.Fprintf(z, "File .\n  Type dir\nFile file\n  Type reg\n  Size %d\n  SHA1Digest %x\n", len(data), sha1.Sum(data))
		require.NoError(l.t, z.Close())
		old, err := filepath.Glob(filepath.Join(l.dir, "rdiff-backup-data/current_mirror.*"))
		require.NoError(l.t, err)
		for _, name := range old {
			require.NoError(l.t, os.Remove(name))
		}
		l.write("rdiff-backup-data/current_mirror."+stamp+".data", at, []byte("PID 7\n"))
		l.write("rdiff-backup-data/session_statistics."+stamp+".data", at, []byte("StartTime 1\n"))
		l.write("rdiff-backup-data/mirror_metadata."+stamp+".snapshot.gz", at, list.Bytes())
	},
	"kopia": func(l life, day int, at time.Time) {
		shard := func(prefix string) string {
			id := fmt.Sprintf("%s%x", prefix, sha256.Sum256(l.bytes(99)))
			return id[:4] + "/" + id[4:7] + "/" + id[7:] + ".f"
		}
		l.write("kopia.repository.f", at, []byte("{}"))
		l.write("kopia.maintenance.f", at, l.bytes(100)) // is written again and again
		l.write(shard("_log_"), at, l.bytes(100))
		l.write(shard(fmt.Sprintf("xn%d_", day/30)), at, l.bytes(200))
		for prefix, n := range map[string]int{"p": 3000, "q": 500} {
			data, index, iv := l.bytes(n), l.bytes(60), l.bytes(16)
			end := append([]byte{1, byte(len(iv))}, iv...)
			end = binary.AppendUvarint(end, uint64(len(data)))
			end = binary.AppendUvarint(end, uint64(len(index)))
			end = binary.BigEndian.AppendUint32(end, crc32.ChecksumIEEE(end))
			l.write(shard(prefix), at, slices.Concat(data, index, end, []byte{byte(len(end))}))
		}
	},
	"dumps": func(l life, _ int, at time.Time) {
		stamp := at.Format("2006-01-02")
		rows := fmt.Sprintf("INSERT INTO t VALUES ('%x');\n", l.bytes(3000))
		l.write("shop-"+stamp+".sql", at, []byte("-- MySQL dump 10.19\n"+rows+"-- Dump completed on "+stamp+"\n"))
		l.write("wiki-"+stamp+".sql", at, []byte("--\n-- PostgreSQL database dump\n--\n"+rows+"--\n-- PostgreSQL database dump complete\n--\n"))
		page := make([]byte, 4096)
		copy(page, "SQLite format 3\x00")
		binary.BigEndian.PutUint16(page[16:], 4096)
		binary.BigEndian.PutUint32(page[28:], 1)
		l.write("app-"+stamp+".sqlite", at, page)
	},
}

// inBucket are the jobs whose place is looked at as one in a bucket as well.
var inBucket = []string{"restic", "weekdays"}

func TestSixtyDaysOfHealthyBackupsAlarmNobody(t *testing.T) {
	for name, job := range jobs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := life{t: t, dir: t.TempDir(), r: rand.New(rand.NewPCG(3, 4))}
			ws := []*watcher{{place: foreign.Place{Path: l.dir}}}
			if !slices.Contains(inBucket, name) {
				need.Long(t)
			} else if need.Strict() {
				ws = append(ws, &watcher{place: bucket(t, l.dir)})
			}
			begin := time.Now().Add(-60 * 24 * time.Hour)
			for day := range 60 {
				night := begin.Add(time.Duration(day) * 24 * time.Hour)
				job(l, day, night.Add(time.Duration(l.r.IntN(240))*time.Minute))
				if name == "weekdays" && day < 3 {
					continue // there is no series yet
				}
				for _, w := range ws {
					assert.Empty(t, w.rules(t, time.Until(night.Add(6*time.Hour))), "%s, day %d", w.place.In, day)
				}
			}
			for _, w := range ws {
				assert.True(t, has(w.rules(t, 9*24*time.Hour), "late"), "and when they end it is said")
			}
		})
	}
}

// gathers are the jobs that add to what is there. Where there is little any more, old
// things went as well.
var gathers = []string{"restic", "borg", "kopia", "duplicity", "rdiff-backup"}

func TestBackupThatShrankIsSaidWhateverMadeIt(t *testing.T) {
	for name, job := range jobs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := life{t: t, dir: t.TempDir(), r: rand.New(rand.NewPCG(15, 16))}
			w := &watcher{place: foreign.Place{Path: l.dir}}
			begin := time.Now().Add(-8 * 24 * time.Hour)
			for begin.Weekday() != time.Monday { // of weekdays alone
				begin = begin.Add(-24 * time.Hour)
			}
			for day := range 5 {
				night := begin.Add(time.Duration(day) * 24 * time.Hour)
				if l.few = day == 4; l.few && slices.Contains(gathers, name) {
					large, err := filepath.Glob(filepath.Join(l.dir, "*", "*"))
					require.NoError(t, err)
					top, err := filepath.Glob(filepath.Join(l.dir, "dup*"))
					require.NoError(t, err)
					for _, name := range append(large, top...) {
						if strings.Contains(name, "/data") || strings.Contains(name, "/p") || strings.Contains(name, "dup") {
							require.NoError(t, os.RemoveAll(name))
						}
					}
				}
				n := day
				if l.few {
					n = 0 // a first one, of all that is left
				}
				job(l, n, night)
				found := w.rules(t, time.Until(night.Add(6*time.Hour)))
				assert.Equal(t, l.few, has(found, "shrunk"), "day %d: %q", day, found)
			}
		})
	}
}

func TestPlacesAreFoundWhereTheyUseToBe(t *testing.T) {
	m := hosttest.New("A machine with backups.\n-- machine now=2026-11-25T06:00:00Z uid=0 gid=0 --\n-- / dir complete --\n-- /etc/ dir complete --\n-- /srv/ dir complete --\n-- /srv/backup/ dir complete --\n-- /srv/backup/db/ dir complete --\n" +
		"-- /srv/backup/web/ dir complete --\n-- /var/ dir complete --\n-- /var/backups/ dir complete --\n-- /data/ dir complete --\n-- /data/snaps/ dir complete --\n-- /data/snaps/daily.0/ dir complete --\n-- /etc/rsnapshot.conf --\nsnapshot_root\t/data/snaps/\n" +
		"-- /data/snaps/daily.0/a --\nx\n-- /srv/backup/web/config --\nx\n-- /srv/backup/web/data/00/a --\n-- /srv/backup/web/keys/a --\n-- /srv/backup/web/snapshots/a --\n" +
		"-- /srv/backup/db/shop.sql.gz --\nx\n-- /var/backups/dpkg.status.1.gz --\nx\n")
	found, err := foreign.Find(t.Context(), m.Host())
	require.NoError(t, err)
	var paths []string
	for _, p := range found {
		paths = append(paths, p.Path)
	}
	assert.Equal(t, []string{"/data/snaps", "/srv/backup/db", "/srv/backup/web"}, paths)
}

func TestBackupsKeepTheContractOfCheckers(t *testing.T) {
	dir := t.TempDir()
	l := life{t: t, dir: dir, r: rand.New(rand.NewPCG(5, 6))}
	jobs["restic"](l, 0, time.Now().Add(-time.Hour))
	at := time.Now()
	h := host.Local()
	h.Now = func() time.Time { return at }
	assert.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return foreign.Backups{Host: h, Places: []foreign.Place{{Path: dir}}} }, reporttest.Options{}))
}

func ExampleLate() {
	day := int64(24 * 60 * 60)
	friday := []int64{1 * day, 2 * day, 3 * day, 4 * day, 5 * day}
	fmt.Println(foreign.Late(friday), foreign.Late(append(friday, 8*day)))
	// Output: 84h0m0s 110h0m0s
}

func ExampleBackups() {
	m := hosttest.New("One folder of dumps.\n-- machine now=2026-11-25T06:00:00Z uid=0 gid=0 --\n-- /srv/dumps/ dir complete --\n-- /srv/dumps/shop.sql.gz mtime=2026-11-25T03:00:00Z --\nno gzip\n")
	res, err := suite.Collect(context.Background(), foreign.Backups{Host: m.Host(), Places: []foreign.Place{{Path: "/srv/dumps"}}})
	if err != nil {
		fmt.Println(err)
	}
	for _, f := range res.Findings {
		fmt.Println(f.Title)
	}
	// Output: /srv/dumps/shop.sql.gz is spoiled: it does not begin as a file of its name does
}

// Who looks while a backup is made tells nothing of it: what the last list says is
// not there any more, and what the next one will say is not yet.
func TestBackupThatRunsIsNoFault(t *testing.T) {
	t.Run("rdiff-backup", func(t *testing.T) {
		l := life{t: t, dir: t.TempDir(), r: rand.New(rand.NewPCG(7, 8))}
		at := time.Now().Add(-2 * time.Hour)
		jobs["rdiff-backup"](l, 0, at.Add(-24*time.Hour))
		w := &watcher{place: foreign.Place{Path: l.dir}}
		assert.Empty(t, w.rules(t, 0))
		l.write("rdiff-backup-data/current_mirror."+at.UTC().Format(time.RFC3339)+".data", at, []byte("PID 7\n"))
		l.write("file", at, []byte("already another"))
		assert.Empty(t, w.rules(t, 0), "it runs")
		assert.True(t, has(w.rules(t, 25*time.Hour), "incomplete"), "it does not any more")
	})
	t.Run("rsnapshot", func(t *testing.T) {
		l := life{t: t, dir: t.TempDir(), r: rand.New(rand.NewPCG(9, 10))}
		at := time.Now().Add(-26 * time.Hour)
		for day := range 3 {
			jobs["rsnapshot"](l, day, at.Add(time.Duration(day-2)*24*time.Hour))
		}
		w := &watcher{place: foreign.Place{Path: l.dir}}
		assert.Empty(t, w.rules(t, time.Hour))
		for n := 2; n >= 0; n-- {
			require.NoError(t, os.Rename(filepath.Join(l.dir, fmt.Sprintf("daily.%d", n)), filepath.Join(l.dir, fmt.Sprintf("daily.%d", n+1))))
		}
		l.write("daily.0/0", time.Now(), []byte("the first of ten"))
		assert.Empty(t, w.rules(t, 0), "it runs")
		assert.True(t, has(w.rules(t, time.Hour), "incomplete"), "it has ended there")
	})
}

// vanishing loses a file between the list and the look into it, as when old ones are
// let go meanwhile.
type vanishing struct{ host.FS }

func (v vanishing) Open(ctx context.Context, name string) (host.File, error) {
	if strings.Contains(name, "/data/") {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return v.FS.Open(ctx, name)
}

func TestFileThatWentMeanwhileIsNoTrouble(t *testing.T) {
	l := life{t: t, dir: t.TempDir(), r: rand.New(rand.NewPCG(11, 12))}
	jobs["restic"](l, 0, time.Now().Add(-time.Hour))
	place := foreign.Place{Path: l.dir, In: "elsewhere:", Files: func() host.FS { return vanishing{host.Local().Files} }}
	assert.Empty(t, (&watcher{place: place}).rules(t, 0))
}
