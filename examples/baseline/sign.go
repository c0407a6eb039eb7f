package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/signature"
)

// sign signs the baseline with a key, or without one gives what is to be signed
// elsewhere.
func (o *options) sign(_ context.Context, c cli.Call) (int, error) {
	if st, err := os.Stat(o.db); err == nil && st.IsDir() {
		return o.signAll(c)
	}
	b, err := integrity.OpenBaseline(o.db)
	if err != nil {
		return bitFailed, err
	}
	defer b.Close() //nolint:errcheck // it was only read
	if b.Damaged != nil {
		return bitFailed, b.Damaged
	}
	object := map[string]any{"root": b.Root.String(), "statement": string(signature.Statement(b)), "signature": signature.Path(o.db)}
	if o.key == "" {
		if c.JSON {
			return 0, c.Say(object)
		}
		_, err := c.Stdout.Write(signature.Statement(b))
		return 0, err
	}
	private, err := os.ReadFile(o.key)
	if err == nil {
		err = signature.Sign(b, private)
	}
	if err != nil {
		return bitFailed, err
	}
	return 0, c.Say(object, "signed "+b.Root.String()+": "+signature.Path(o.db))
}

// signAll signs all the baselines in a folder as one.
func (o *options) signAll(c cli.Call) (int, error) {
	text, err := signature.StatementOf(o.db)
	if err != nil {
		return bitFailed, err
	}
	name := filepath.Join(o.db, signature.All)
	object := map[string]any{"statement": string(text), "signature": signature.Path(name)}
	if o.key == "" {
		if c.JSON {
			return 0, c.Say(object)
		}
		_, err := c.Stdout.Write(text)
		return 0, err
	}
	private, err := os.ReadFile(o.key)
	if err == nil {
		err = signature.SignAll(o.db, private)
	}
	if err != nil {
		return bitFailed, err
	}
	return 0, c.Say(object, "signed "+name+": "+signature.Path(name))
}

// signed reports why a baseline is not signed by one of the trusted keys, where
// any were named.
func (o *options) signed(b *integrity.Baseline) error {
	if o.trusted == "" {
		return nil
	}
	err := signature.By(o.trusted)(b)
	switch {
	case errors.Is(err, signature.ErrNone):
		return cli.Advise(err, "sign signs it, after each acceptance anew")
	case err != nil:
		return cli.Advise(err, "it was replaced, or moved by an acceptance and not signed since: show tells of those")
	}
	return nil
}
