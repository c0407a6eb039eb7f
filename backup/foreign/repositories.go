package foreign

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// readRestic knows the layout of restic's design document: all but config is
// named by the SHA-256 of its file.
func readRestic(l *look) {
	for _, f := range l.files {
		dir, _, _ := strings.Cut(f.name, "/")
		switch {
		case !f.IsRegular():
		case dir == "snapshots":
			l.add("", f.ModTime(), 0)
			l.digested(f)
		case dir == "data", dir == "index", dir == "keys":
			l.digested(f)
		case dir == "locks" && l.old(f, 30*time.Minute): // restic's own limit
			l.locks = append(l.locks, f)
		}
	}
}

// digested expects a file to be named by its SHA-256.
func (l *look) digested(f file) {
	name := path.Base(f.name)
	if len(name) != 64 || strings.Trim(name, "0123456789abcdef") != "" {
		l.odd = append(l.odd, f.name) // a temporary file, or a stranger's
		return
	}
	l.checks[f.name] = named(sha256.New(), name)
}

// readBorg knows the segments of borg 1, where each entry has a checksum, and the
// packs of borg 2, which are named by their digest.
func readBorg(l *look) {
	last, number := file{}, -1
	for _, f := range l.files {
		dir, rest, _ := strings.Cut(f.name, "/")
		switch {
		case dir == "lock.exclusive" && rest != "" && l.old(f, 24*time.Hour):
			l.locks = append(l.locks, f)
		case !f.IsRegular():
		case dir == "packs":
			l.digested(f)
		case dir == "archives":
			l.add("", f.ModTime(), 0)
		case dir == "data":
			n, err := strconv.Atoi(path.Base(f.name))
			if err != nil {
				l.odd = append(l.odd, f.name)
				continue
			}
			l.add("", f.ModTime(), 0)
			l.checks[f.name] = segment
			if n > number {
				last, number = f, n
			}
		}
	}
	if number >= 0 && last.Size != int64(len(segmentMagic)+segmentHead) && l.old(last, 24*time.Hour) {
		l.fault(last.name, "the last backup was never completed")
	}
}

const (
	segmentMagic = "BORG_SEG"
	segmentHead  = 9
	// A put of borg 1.4 and later has a checksum of its head alone, and one by
	// xxh64 of the rest.
	tagPut2 = 3
)

// segment reads a segment of borg 1: entries of a CRC-32, a length, a tag, and what
// these are of.
func segment(r io.ReaderAt, size int64) error {
	magic := make([]byte, len(segmentMagic))
	if size < int64(len(magic)) {
		return cutOff
	}
	if _, err := r.ReadAt(magic, 0); err != nil {
		return err
	}
	if string(magic) != segmentMagic {
		return spoiled("it does not begin as a segment does")
	}
	for at := int64(len(magic)); at < size; {
		n, err := segmentEntry(r, at, size)
		if err != nil {
			return err
		}
		at += n
	}
	return nil
}

func segmentEntry(r io.ReaderAt, at, size int64) (int64, error) {
	var h [segmentHead]byte
	if at+segmentHead > size {
		return 0, cutOff
	}
	if _, err := r.ReadAt(h[:], at); err != nil {
		return 0, err
	}
	n := int64(binary.LittleEndian.Uint32(h[4:]))
	if n < segmentHead || at+n > size {
		return 0, cutOff
	}
	covered := n
	if h[8] == tagPut2 {
		covered = min(n, segmentHead+32+8)
	}
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, io.NewSectionReader(r, at+4, covered-4)); err != nil {
		return 0, err
	}
	if sum.Sum32() != binary.LittleEndian.Uint32(h[:]) {
		return 0, spoiled("a checksum in it does not fit")
	}
	return n, nil
}

// readKopia knows the layout of kopia's documentation and source: blobs begin with p
// or q (packs), x or n (indexes), are never written again, and an index of no bytes
// keeps the repository from being opened. What is in a blob only its key proves; so
// the digests of some are remembered, and each pack is held to what stands at its end.
func readKopia(l *look) {
	var indexes []string
	for _, f := range l.files {
		// Blobs lie in folders of the beginnings of their names.
		name := strings.ReplaceAll(f.name, "/", "")
		if !f.IsRegular() || !strings.HasSuffix(name, ".f") {
			continue
		}
		switch name[0] {
		case 'x', 'n':
			if f.Size == 0 {
				l.fault(f.name, "an index of no bytes: the repository cannot be opened")
				continue
			}
			indexes = append(indexes, f.name)
		case 'q':
			l.add("", f.ModTime(), 0)
			l.checks[f.name] = postamble
		case 'p':
			l.checks[f.name] = postamble
		}
	}
	l.sample(indexes)
}

// postamble holds a pack of kopia to its last bytes: where the index in it is, which
// ends right there, a CRC-32 of that, and their own length.
func postamble(r io.ReaderAt, size int64) error {
	end := make([]byte, min(size, 256))
	if _, err := r.ReadAt(end, size-int64(len(end))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	const least = 4 + 4 + 1 // four numbers, the checksum, the length
	n := 0
	if len(end) > 0 {
		n = int(end[len(end)-1])
	}
	if n < least-1 || n >= len(end) {
		return cutOff
	}
	text, sum := end[len(end)-1-n:len(end)-5], end[len(end)-5:]
	if crc32.ChecksumIEEE(text) != binary.BigEndian.Uint32(sum) {
		return cutOff
	}
	var number [4]uint64 // version, bytes of the IV, where the index begins, and its bytes
	for i := range number {
		value, k := binary.Uvarint(text)
		if k <= 0 || i == 1 && value > uint64(len(text)-k) {
			return cutOff
		}
		number[i], text = value, text[k:]
		if i == 1 {
			text = text[value:]
		}
	}
	if number[0] == 1 && number[2]+number[3] != uint64(size)-uint64(n)-1 {
		return spoiled("its index does not end where its end says")
	}
	return nil
}

// A level is a folder of rsnapshot, such as daily.0.
func level(name string) (interval string, number int, ok bool) {
	interval, digits, found := strings.Cut(name, ".")
	number, err := strconv.Atoi(digits)
	return interval, number, found && err == nil && interval != "" && strings.Trim(interval, "abcdefghijklmnopqrstuvwxyz") == "" && strconv.Itoa(number) == digits
}

// intervals are those that rsnapshot's configurations use, the most frequent first.
var intervals = []string{"alpha", "hourly", "daily", "beta", "weekly", "gamma", "monthly", "delta", "yearly"}

func isLevel(name string) bool {
	interval, n, ok := level(name)
	return ok && n == 0 && slices.Contains(intervals, interval)
}

func newestLevel(name string) bool {
	_, n, ok := level(name)
	return ok && n < 2
}

// newestCopy is the newest level of the most frequent interval.
func (l *look) newestCopy() string {
	for _, interval := range intervals {
		if name := interval + ".0"; slices.ContainsFunc(l.files, func(f file) bool { return f.name == name }) {
			return name
		}
	}
	return ""
}

// readRsnapshot takes each level for a backup, made when its folder was. What the
// newest one lacks of the one before was perhaps not reached.
func readRsnapshot(l *look) {
	counts, written, newest := map[string]int{}, map[string]int64{}, []string{}
	for _, f := range l.files {
		top, rest, below := strings.Cut(f.name, "/")
		interval, _, ok := level(top)
		if !ok || !slices.Contains(intervals, interval) {
			continue
		}
		written[top] = max(written[top], f.Mtime, f.Ctime)
		if !below {
			l.add("", f.ModTime(), 0)
		} else if f.IsRegular() {
			counts[top]++
			if isLevel(top) && rest != "" {
				newest = append(newest, f.name)
			}
		}
	}
	l.sample(newest)
	for _, interval := range intervals {
		now, before := counts[interval+".0"], counts[interval+".1"]
		if running := l.now.Sub(time.Unix(0, written[interval+".0"])) < settled; now < before/2 && !running {
			l.fault(interval+".0", "it has %d files, and the one before it %d", now, before)
		}
	}
}

// sample chooses files without a checksum whose digests are remembered: always the
// same ones, as long as there are about as many.
func (l *look) sample(names []string) {
	share := uint32(len(names)/mostSums + 1)
	for _, name := range names {
		if h := crc32.ChecksumIEEE([]byte(name)); h%share == 0 {
			l.checks[name] = nil
		}
	}
}

// rdiffOwn is rdiff-backup's own folder; what lies beside it is the newest backup.
const rdiffOwn = "rdiff-backup-data/"

// readRdiff knows rdiff-backup's own folder: sessions, the digests of the mirror,
// and increments that gzip checks.
func readRdiff(l *look) {
	var mirrors []file
	var metadata []string
	for _, f := range l.files {
		base := strings.TrimPrefix(f.name, rdiffOwn)
		switch {
		case !f.IsRegular() || base == f.name:
		case strings.HasPrefix(base, "session_statistics."):
			if at, err := time.Parse(time.RFC3339, strings.TrimSuffix(strings.TrimPrefix(base, "session_statistics."), ".data")); err == nil {
				l.add("", at, 0)
			}
		case strings.HasPrefix(base, "current_mirror."):
			mirrors = append(mirrors, f)
		case strings.HasPrefix(base, "mirror_metadata.") && strings.HasSuffix(base, ".snapshot.gz"):
			metadata = append(metadata, f.name)
			l.checks[f.name] = wholeGzip
		case strings.HasSuffix(base, ".gz"):
			l.checks[f.name] = wholeGzip
		}
	}
	if len(mirrors) > 1 {
		last := slices.MaxFunc(mirrors, func(a, b file) int { return cmp.Compare(a.Mtime, b.Mtime) })
		if !l.old(last, 24*time.Hour) {
			return // a backup runs: the mirror is no more what the last list says, and not yet what the next will
		}
		l.fault(last.name, "the last backup was interrupted: there are %d such files", len(mirrors))
	}
	if len(metadata) > 0 {
		l.mirrored(slices.Max(metadata))
	}
}

// mirrored reads the digests of the mirror's files.
func (l *look) mirrored(list string) {
	data, ok := l.read(list, 64<<20)
	if !ok {
		return
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return // its own check says so
	}
	const most = 1 << 30
	text := &io.LimitedReader{R: z, N: most}
	sizes := map[string]int64{}
	for _, f := range l.files {
		if f.IsRegular() {
			sizes[f.name] = f.Size
		}
	}
	name, size := "", int64(-1)
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		line := lines.Text()
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case strings.HasPrefix(line, "File "):
			name, size = strings.NewReplacer(`\\`, `\`, `\n`, "\n").Replace(value), -1
		case key == "Size":
			size, err = strconv.ParseInt(value, 10, 64)
			if now, there := sizes[name]; err == nil && there && now != size {
				l.fault(name, "it has %d bytes of %d", now, size)
			} else if err == nil && !there {
				l.fault(name, "it is not there")
			}
		case key == "SHA1Digest":
			if now, there := sizes[name]; there && now == size {
				l.checks[name] = named(sha1.New(), value)
			}
		}
	}
	if text.N == 0 || errors.Is(lines.Err(), bufio.ErrTooLong) {
		l.errs = append(l.errs, fmt.Errorf("%s has lines or bytes beyond the bound, and the files behind these were not compared with it", list))
	}
}
