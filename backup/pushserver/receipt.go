package pushserver

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
)

// receipt stores the receipt of a snapshot that is stored, unless there is one.
func (s *Server) receipt(ctx context.Context, c Client, name string, data []byte) error {
	seq, err := backup.SnapshotSeq(name)
	if err != nil {
		return err
	}
	name = backup.ReceiptName(seq)
	if _, err = backup.Read(ctx, c.Store, name, backup.MaxSnapshot); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	r := backup.Receipt{Host: c.Name, Time: now().UTC(), Snapshot: backup.Head{Seq: seq, Digest: backup.Digest(data)}}
	file, err := r.Seal(c.Signer)
	if err != nil {
		return err
	}
	return c.Store.Create(ctx, name, bytes.NewReader(file), int64(len(file)))
}

// late stores the receipt that is asked for where a server was killed before it
// had given one.
func (s *Server) late(ctx context.Context, c Client, name string) error {
	digits, is := strings.CutPrefix(name, backup.ReceiptPrefix)
	if !is || c.Signer == nil {
		return nil
	}
	defer s.alone(c)()
	name = backup.SnapPrefix + digits
	data, err := backup.Read(ctx, c.Store, name, backup.MaxSnapshot)
	if err != nil {
		return err
	}
	release, err := own(ctx, c.Store)
	if err != nil {
		return err
	}
	return errors.Join(s.receipt(ctx, c, name, data), release())
}

// checkReceipt refuses a snapshot whose number another one had, although that is
// not here any more.
func checkReceipt(ctx context.Context, c Client, snap backup.Snapshot) error {
	file, err := backup.Read(ctx, c.Store, backup.ReceiptName(snap.Seq), backup.MaxSnapshot)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	r, err := backup.ParseReceipt(file, nil) // nobody but this server writes there
	if err == nil && r.Snapshot != snap.Head() {
		return refuse(http.StatusConflict, "a receipt was given for another snapshot %d", snap.Seq)
	}
	return err
}
