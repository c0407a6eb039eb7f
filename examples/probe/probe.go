package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"unicode/utf16"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/netprobe"
)

// parallel is how many probes run at once.
const parallel = 32

// probe asks every target and writes what came of it, in their order.
func probe(ctx context.Context, c cli.Call, parser netprobe.Parser) (int, error) {
	probers := make([]netprobe.Prober, len(c.Args))
	slots := make(chan struct{}, parallel)
	for i, url := range c.Args {
		p, err := parser.Parse(url)
		if err != nil {
			return 0, err
		}
		probers[i] = netprobe.Limit{Prober: p, Slots: slots}
	}
	results := make([]netprobe.Result, len(probers))
	var wg sync.WaitGroup
	for i, p := range probers {
		wg.Go(func() { results[i] = p.Probe(ctx) })
	}
	wg.Wait()
	worst := netprobe.OK
	for i, res := range results {
		worst = worst.Worse(res.State)
		if err := write(c, c.Args[i], probers[i], res); err != nil {
			return 0, err
		}
	}
	return exit(worst), nil
}

func exit(s netprobe.State) int {
	return map[netprobe.State]int{netprobe.OK: 0, netprobe.Warning: 1, netprobe.Critical: 2}[s] + map[bool]int{true: cli.Failed}[s == netprobe.Unknown]
}

func write(c cli.Call, url string, p netprobe.Prober, res netprobe.Result) error {
	if !c.JSON {
		_, err := fmt.Fprintln(c.Stdout, plugin(url, len(c.Args) > 1, limits(p), res))
		return err
	}
	object := struct {
		URL string `json:"url"`
		netprobe.Result
	}{url, res}
	text, err := json.Marshal(object)
	if err == nil {
		_, err = fmt.Fprintln(c.Stdout, ascii(string(text)))
	}
	return err
}

func limits(p netprobe.Prober) netprobe.Timed {
	if l, ok := p.(netprobe.Limit); ok {
		p = l.Prober
	}
	t, _ := p.(netprobe.Timed)
	return t
}

// ascii spells out what a terminal may obey, as JSON allows.
func ascii(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r < 0x7f:
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}
