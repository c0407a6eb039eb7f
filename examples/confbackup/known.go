package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// known is what was last reported of a store: its newest snapshot, and the file
// of the server's receipt for it, where there is one.
type known struct {
	backup.Head
	Receipt string `json:"receipt,omitempty"`
}

func (w *work) knownFile() statedir.File {
	return statedir.File{Name: w.repo.State + "-known", Form: "confbackup-known", Version: 1, Limit: 1 << 20}
}

// compareKnown says, before anything is stored, or said of what is, that the store has not what it had.
func (w *work) compareKnown(ctx context.Context, c cli.Call) (was known, status int, err error) {
	if w.repo.State == "" { // a server that looks at what its clients have stored
		return known{}, 0, nil
	}
	damaged, err := w.knownFile().Load(func(body []byte) error { return json.Unmarshal(body, &was) })
	if damaged != nil {
		status = cli.Failed
		err = errors.Join(err, c.Say(map[string]any{"error": damaged.Error()}, "what was last reported is known by an older copy", damaged.Error()))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return known{}, status, nil
	}
	if err != nil {
		return was, status, err
	}
	w.repo.Known = was.Head
	if err = w.repo.CheckKnown(ctx); err == nil && was.Receipt != "" {
		err = w.compareReceipt(ctx, was)
	}
	if err == nil || !backup.IsDamage(err) && !errors.Is(err, backup.ErrOther) {
		return was, status, err
	}
	return was, cli.Failed, c.Say(map[string]any{"lost": was.Seq, "error": err.Error()}, "the store is not what it was", err.Error())
}

func (w *work) compareReceipt(ctx context.Context, was known) error {
	_, file, err := w.repo.Receipt(ctx, was.Head)
	if err == nil && string(file) != was.Receipt {
		err = fmt.Errorf("receipt of snapshot %d: another than was given: %w", was.Seq, backup.ErrOther)
	}
	return err
}

// keepKnown keeps what is reported now. Where the server gives receipts, one that is
// missing is said: nobody could prove then that the server ever had the snapshot.
func (w *work) keepKnown(ctx context.Context, c cli.Call, was known, s backup.Snapshot) (status int, err error) {
	now := known{Head: s.Head()}
	wanted, err := w.keys.HasServer()
	switch {
	case err != nil:
		return 0, err
	case now.Head == was.Head && was.Receipt != "":
		now.Receipt = was.Receipt
	case wanted:
		r, file, err := w.repo.Receipt(ctx, now.Head)
		if err != nil && !backup.IsDamage(err) {
			return 0, err
		}
		words := []string{"received", r.Time.Local().Format(time.DateTime), "by the clock of the server, which has signed it"}
		if now.Receipt = string(file); err != nil {
			now.Receipt, status = "", cli.Failed
			words = []string{"the server gives no receipt", err.Error()}
		}
		if err := c.Say(r, words...); err != nil {
			return 0, err
		}
	}
	body, err := json.Marshal(now)
	if err == nil && now != was {
		err = w.knownFile().Save(body)
	}
	return status, err
}
