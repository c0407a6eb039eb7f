package ftplog

import (
	"bytes"
	"strconv"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// A Transfer is one file that went to or from the server.
type Transfer struct {
	At       time.Time // of a server that does not name its zone, in UTC
	Took     time.Duration
	Client   []byte
	Bytes    int64
	File     []byte
	User     []byte
	Incoming bool // to the server
	Deleted  bool
	Whole    bool // it was not broken off
}

// xferTime is the time of both logs.
const xferTime = "Mon Jan _2 15:04:05 2006"

// Parse reads one line into t, which is overwritten.
//
//	Wed Nov 25 10:00:00 2026 3 192.0.2.7 1048576 /pub/a.iso b _ o r anna ftp 0 * c
//	Wed Nov 25 10:00:00 2026 [pid 7] [anna] OK DOWNLOAD: Client "192.0.2.7", "/pub/a.iso", 1048576 bytes, 812.33Kbyte/sec
func Parse(line []byte, t *Transfer) bool {
	*t = Transfer{}
	if len(line) < len(xferTime)+2 {
		return false
	}
	at, err := time.Parse(xferTime, string(line[:len(xferTime)]))
	if err != nil {
		return false
	}
	t.At = at
	rest := line[len(xferTime)+1:]
	if bytes.HasPrefix(rest, []byte("[pid ")) {
		return parseVsftpd(rest, t)
	}
	return parseXferlog(rest, t)
}

// behind is how many words of an xferlog stand behind the name of the file,
// which may itself have blanks where the server does not replace them.
const behind = 9

func parseXferlog(rest []byte, t *Transfer) bool {
	words := bytes.Split(rest, []byte(" "))
	if len(words) < 4+behind {
		return false
	}
	seconds, err := strconv.ParseUint(string(words[0]), 10, 31)
	size, err2 := strconv.ParseInt(string(words[2]), 10, 64)
	tail := words[len(words)-behind:]
	direction := string(tail[2])
	if err != nil || err2 != nil || size < 0 || size > traffic.MaxBytes || direction != "i" && direction != "o" && direction != "d" {
		return false
	}
	t.Took, t.Client, t.Bytes = time.Duration(seconds)*time.Second, words[1], size
	t.File = bytes.Join(words[3:len(words)-behind], []byte(" "))
	t.Incoming, t.Deleted = direction == "i", direction == "d"
	t.User, t.Whole = tail[4], string(tail[8]) == "c"
	return true
}

func parseVsftpd(rest []byte, t *Transfer) bool {
	_, rest, _ = bytes.Cut(rest, []byte("] "))
	user, rest, ok := bytes.Cut(bytes.TrimPrefix(rest, []byte("[")), []byte("] "))
	result, rest, ok2 := bytes.Cut(rest, []byte(": Client \""))
	outcome, verb, ok3 := bytes.Cut(result, []byte(" "))
	if !ok || !ok2 || !ok3 {
		return false
	}
	t.User, t.Whole = user, string(outcome) == "OK"
	switch string(verb) {
	case "UPLOAD":
		t.Incoming = true
	case "DELETE":
		t.Deleted = true
	case "DOWNLOAD":
	default:
		return false
	}
	client, rest, _ := bytes.Cut(rest, []byte(`", "`))
	end := bytes.LastIndexByte(rest, '"')
	if end < 0 {
		return false
	}
	t.Client, t.File = client, rest[:end]
	if number, _, ok := bytes.Cut(bytes.TrimPrefix(rest[end+1:], []byte(", ")), []byte(" bytes")); ok {
		n, err := strconv.ParseInt(string(number), 10, 64)
		if err != nil || n < 0 || n > traffic.MaxBytes {
			return false
		}
		t.Bytes = n
	}
	return true
}

// isSession knows what vsftpd says of logins and connections.
func isSession(line []byte) bool {
	return len(line) > len(xferTime) && bytes.HasPrefix(line[len(xferTime)+1:], []byte("[pid ")) && !bytes.Contains(line, []byte(" bytes, "))
}

// Stats are the numbers of an FTP log. It is a traffic.Analyzer. The zero Stats
// are empty.
type Stats struct {
	Uploads, Downloads   int64 // whole files
	Broken, Deleted      int64
	UploadBytes          int64
	DownloadBytes        int64
	Users, Files, Client traffic.Top

	// Pseudonyms, where they have a secret, stand for clients and users; the names of
	// files are left.
	Pseudonyms traffic.Pseudonyms

	transfer Transfer
}

// Add counts one line. What a server says beside transfers is no transfer, and
// not understood.
func (s *Stats) Add(r *logstream.Record) bool {
	t := &s.transfer
	if !Parse(r.Raw, t) {
		return isSession(r.Raw)
	}
	switch {
	case !t.Whole:
		s.Broken++
	case t.Deleted:
		s.Deleted++
	case t.Incoming:
		s.Uploads++
		s.UploadBytes += t.Bytes
	default:
		s.Downloads++
		s.DownloadBytes += t.Bytes
	}
	s.Users.Add(s.Pseudonyms.Of(t.User), 1, t.Bytes)
	s.Files.Add(t.File, 1, t.Bytes)
	s.Client.Add(s.Pseudonyms.Of(t.Client), 1, t.Bytes)
	return true
}

// Merge adds what was counted of another server. In any order and grouping the numbers
// are those of one reading of all logs, as long as the tables are within their bounds;
// beyond, within the error that they say.
func (s *Stats) Merge(o *Stats) {
	s.Uploads, s.Downloads = s.Uploads+o.Uploads, s.Downloads+o.Downloads
	s.Broken, s.Deleted = s.Broken+o.Broken, s.Deleted+o.Deleted
	s.UploadBytes, s.DownloadBytes = s.UploadBytes+o.UploadBytes, s.DownloadBytes+o.DownloadBytes
	s.Users.Merge(&o.Users)
	s.Files.Merge(&o.Files)
	s.Client.Merge(&o.Client)
}
