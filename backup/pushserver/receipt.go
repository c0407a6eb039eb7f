package pushserver

import (
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
	if _, err = backup.Read(ctx, c.Store, name, backup.MaxReceipt); !errors.Is(err, fs.ErrNotExist) {
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
	return c.Store.Create(ctx, name, backup.Held(file), int64(len(file)))
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
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the receipt outlives it
	}
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
// not here any more. known says that it is the one that had it.
func checkReceipt(ctx context.Context, c Client, snap backup.Snapshot) (known bool, err error) {
	file, err := backup.Read(ctx, c.Store, backup.ReceiptName(snap.Seq), backup.MaxReceipt)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r, err := backup.ParseReceipt(file, nil) // nobody but this server writes there what it has not signed
	if err == nil && r.Snapshot != snap.Head() {
		err = refuse(http.StatusConflict, "a receipt was given for another snapshot %d", snap.Seq)
	}
	return err == nil, err
}

// checkReturned looks whether a receipt is one that this server gave: a server that was
// put back to a time before knows by it which numbers were used.
func checkReturned(c Client, name string, data []byte) error {
	v, can := c.Signer.(backup.Verifier)
	if !can || len(data) > backup.MaxReceipt {
		return refuse(http.StatusForbidden, "no receipts are taken back")
	}
	r, err := backup.ParseReceipt(data, v)
	if errors.Is(err, backup.ErrDamaged) {
		return refuse(http.StatusForbidden, "not a receipt of this server: %v", err)
	}
	if err == nil && (name != backup.ReceiptName(r.Snapshot.Seq) || r.Host != c.Name) {
		err = refuse(http.StatusForbidden, "receipt of snapshot %d of %q under another name", r.Snapshot.Seq, r.Host)
	}
	return err
}
