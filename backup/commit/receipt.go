package commit

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// receiptName is the file of the receipt that a server gave last. One that was put
// back to a time before does not know which numbers were used since, and believes no
// client: what it signed itself it believes.
const receiptName = "receipt"

// kept gives the receipt that is kept, and its file; none is no error.
func (c *commit) kept() (r backup.Receipt, file []byte, err error) {
	if c.repo.State == "" {
		return r, nil, nil
	}
	file, err = durable.Read(filepath.Join(c.repo.State, receiptName), backup.MaxReceipt)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil, nil
	}
	if err == nil {
		r, err = backup.ParseReceipt(file, nil)
	}
	return r, file, err
}

// giveBack gives the store the receipt that it has not any more.
func (c *commit) giveBack(ctx context.Context) error {
	r, file, err := c.kept()
	if err != nil || r.Snapshot.Seq <= max(c.head.Seq, c.taken) {
		return err
	}
	return c.repo.Store.Create(ctx, backup.ReceiptName(r.Snapshot.Seq), backup.Held(file), int64(len(file)))
}

// keepReceipt keeps the receipt of a snapshot, where the store gives any: with the
// first one nobody knows.
func (c *commit) keepReceipt(ctx context.Context, of backup.Head) error {
	if c.repo.State == "" || c.taken == 0 && len(c.seqs) > 0 {
		return nil
	}
	if r, _, err := c.kept(); err == nil && r.Snapshot == of {
		return nil
	}
	file, err := backup.Read(ctx, c.repo.Store, backup.ReceiptName(of.Seq), backup.MaxReceipt)
	if err != nil {
		return nil //nolint:nilerr // who wants receipts asks for them, and says that one is missing
	}
	return durable.Write(filepath.Join(c.repo.State, receiptName), file)
}
