package logtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// TestReader tries a reader on a fake log, and joins all violations of these
// sentences:
//
//  1. A line is delivered by one reading, once.
//  2. What was delivered by a reading whose position was lost is delivered again.
//  3. Lines before and after a rotation are delivered: by renaming, renaming
//     twice, copying and emptying, and renaming and packing.
//  4. Half a line is delivered when it is whole.
//  5. A line is delivered that comes behind one too long to be kept.
//  6. A log that may not be read is an error, and moves no position.
func TestReader(ctx context.Context, read Reader) error {
	log, err := New()
	if err != nil {
		return err
	}
	t := &trial{Log: log, ctx: ctx, read: read}
	for _, try := range []func() error{t.once, t.lost, t.rotations, t.half, t.long, t.forbidden} {
		err = errors.Join(err, try())
	}
	return err
}

// trial is a reader with its log and the position it kept.
type trial struct {
	*Log
	ctx  context.Context
	read Reader
	kept []byte
}

// expect reads and keeps the position.
func (t *trial) expect(sentence string, want ...string) error {
	got, keep, err := t.read(t.ctx, t.Host(), t.kept)
	t.kept = keep
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", sentence, err)
	case !slices.Equal(got, want):
		return fmt.Errorf("%s: %q was delivered, not %q", sentence, got, want)
	}
	return nil
}

func (t *trial) once() error {
	return errors.Join(
		t.Write("one"), t.Write("two"), t.expect("two lines", "one", "two"),
		t.expect("nothing new"), t.Write("three"), t.expect("a third line", "three"))
}

func (t *trial) lost() error {
	before := t.kept
	err := errors.Join(t.Write("told twice"), t.expect("a reading whose position is lost", "told twice"))
	t.kept = before
	return errors.Join(err, t.expect("the reading after it", "told twice"))
}

func (t *trial) rotations() error {
	var errs []error
	for _, r := range []struct {
		how string
		do  func() error
	}{
		{"renaming", t.Rotate},
		{"renaming twice", func() error { return errors.Join(t.Rotate(), t.Write("between"), t.Rotate()) }},
		{"copying and emptying", t.CopyTruncate},
		{"renaming and packing", func() error { return errors.Join(t.Rotate(), t.Compress()) }},
	} {
		want := []string{"before " + r.how, "after " + r.how}
		if r.how == "renaming twice" {
			want = slices.Insert(want, 1, "between")
		}
		errs = append(errs, t.Write(want[0]), r.do(), t.Write(want[len(want)-1]),
			t.expect("a rotation by "+r.how, want...), t.expect("after a rotation by "+r.how))
	}
	return errors.Join(errs...)
}

func (t *trial) half() error {
	return errors.Join(
		t.Append(t.header()+"half"), t.expect("half a line"),
		t.Append(" and whole\n"), t.expect("the whole line", "half and whole"))
}

func (t *trial) long() error {
	long := make([]byte, 4<<20)
	for i := range long {
		long[i] = 'x'
	}
	err := errors.Join(t.Append(string(long)+"\n"), t.Write("behind it"))
	got, keep, readErr := t.read(t.ctx, t.Host(), t.kept)
	t.kept = keep
	if len(got) == 0 || got[len(got)-1] != "behind it" {
		err = errors.Join(err, errors.New("a line too long to be kept: the line behind it was not delivered"))
	}
	return errors.Join(err, readErr)
}

func (t *trial) forbidden() error {
	err := errors.Join(t.Write("hidden"), t.Forbid())
	got, keep, readErr := t.read(t.ctx, t.Host(), t.kept)
	switch {
	case readErr == nil:
		err = errors.Join(err, errors.New("a log that may not be read is no error"))
	case len(got) > 0 || keep != nil && string(keep) != string(t.kept):
		err = errors.Join(err, errors.New("a log that may not be read moved the position"))
	}
	return err
}
