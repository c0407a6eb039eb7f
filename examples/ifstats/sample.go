package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
	"github.com/pugetsoundtech/upkeep/traffic/netif/vnstat"
)

// mostFine are the days of ten years.
const mostFine = 3660

// opened is a system with what is known of its interfaces.
type opened struct {
	host    host.Host
	archive *netif.Archive
	file    netif.ArchiveFile
	close   func()
}

// open finds the state of the system; who only reads it waits for nobody.
func open(ctx context.Context, c cli.Call, set settings, reading bool) (*opened, error) {
	target, err := cli.Open(ctx, set.target)
	if err != nil {
		return nil, err
	}
	name := target.Name
	if name == "" {
		kernel, err := facts.Uname(ctx, target.Host)
		if err != nil {
			target.Close()
			return nil, err
		}
		name = kernel.Node
	}
	openState := cli.OpenState
	if reading {
		openState = cli.ReadState
	}
	st, err := openState(set.state, name, target.Machine(ctx))
	if err != nil {
		target.Close()
		return nil, err
	}
	o := &opened{host: target.Host, file: netif.ArchiveFile{Name: st.Path("interfaces")}}
	o.close = func() { st.Close(); target.Close() }
	archive, unusable, err := o.file.Load()
	if err != nil {
		o.close()
		return nil, err
	}
	if set.fine < 0 || set.fine > mostFine {
		o.close()
		return nil, cli.Advise(fmt.Errorf("five minutes are not kept for %d days", set.fine), "give -fine up to %d", mostFine)
	}
	if set.fine > 0 {
		archive.Fine = time.Duration(set.fine) * 24 * time.Hour
	}
	if o.archive = archive; unusable != nil {
		fmt.Fprintf(c.Stderr, "ifstats: the copy before is used: %s\n", cli.Line(unusable))
	}
	return o, nil
}

// sample reads the counters once, and says what is no ordinary difference.
func (o *opened) sample(ctx context.Context, c cli.Call) error {
	snap, err := netif.Read(ctx, o.host)
	if err != nil {
		return err
	}
	for _, s := range o.archive.Advance(snap) {
		if s.Gone {
			continue
		}
		object := map[string]any{
			"interface": s.Sample.Name, "received": s.Received.Bytes, "sent": s.Sent.Bytes,
			"received_class": s.Received.Class.String(), "sent_class": s.Sent.Class.String(),
		}
		words := []string{s.Sample.Name, fmt.Sprint(s.Received.Bytes), fmt.Sprint(s.Sent.Bytes), s.Received.Class.String(), s.Sent.Class.String()}
		if err := c.Say(object, words...); err != nil {
			return err
		}
	}
	return o.file.Save(o.archive)
}

func sample(ctx context.Context, c cli.Call, set settings) error {
	o, err := open(ctx, c, set, false)
	if err != nil {
		return err
	}
	defer o.close()
	return o.sample(ctx, c)
}

// watch goes on after a reading that failed: the counters go on too.
func watch(ctx context.Context, c cli.Call, set settings) error {
	o, err := open(ctx, c, set, false)
	if err != nil {
		return err
	}
	defer o.close()
	c.Stdout = io.Discard
	tick := time.NewTicker(max(set.every, time.Second))
	defer tick.Stop()
	for {
		if err := o.sample(ctx, c); err != nil && ctx.Err() == nil {
			fmt.Fprintf(c.Stderr, "ifstats: %s\n", cli.Line(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// maxImport bounds a file of vnStat.
const maxImport = 256 << 20

func importFile(ctx context.Context, c cli.Call, set settings) error {
	o, err := open(ctx, c, set, false)
	if err != nil {
		return err
	}
	defer o.close()
	f, err := os.Open(c.Args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxImport))
	if err != nil {
		return err
	}
	if err := vnstat.Import(o.archive, data); err != nil {
		return cli.Advise(err, "give a file that vnstat --json wrote, before the first sample")
	}
	return o.file.Save(o.archive)
}
