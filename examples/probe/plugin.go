package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/netprobe"
)

const maxText = 2 << 10 // bytes before the performance data, of 8 KiB in all

// plugin writes a result as monitoring plugins do: a line with performance data,
// and one for each further issue.
func plugin(url string, several bool, limits netprobe.Timed, res netprobe.Result) string {
	text := strings.ToUpper(res.State.String()) + " - " + url + ": " + sentence(res)
	if res.Cause != "" {
		text += " [" + string(res.Cause) + "]"
	}
	line := clip(safe(text), maxText) + " | " + performance(url, several, limits, res)
	for _, is := range res.Issues {
		if is.Detail != res.Detail {
			line += "\n" + clip(safe(fmt.Sprintf("%s: %s [%s]", is.State, is.Detail, is.Cause)), maxText)
		}
	}
	return line
}

// sentence says what is wrong, or what there is.
func sentence(res netprobe.Result) string {
	if res.State != netprobe.OK {
		return res.Detail
	}
	words := []string{"answers"}
	if banner := res.Facts.Get("banner"); banner != "" {
		words[0] = fmt.Sprintf("answers %q", clip(banner, 100))
	}
	if t := res.TLS; t != nil {
		words = append(words, t.Version, "certificate ends "+t.Ends.Format(time.DateOnly))
	}
	for _, name := range []string{"stratum", "offset", "hostkey", "answer", "serial", "rtt"} {
		if v := res.Facts[name]; len(v) > 0 {
			words = append(words, name+" "+strings.Join(v, " "))
		}
	}
	if len(res.Attempts) > 1 {
		words = append(words, fmt.Sprintf("%d connections", len(res.Attempts)))
	}
	return strings.Join(words, ", ")
}

// safe leaves nothing of a text that ends the line, begins the performance data,
// or is markup where a web page shows it.
func safe(text string) string {
	return strings.NewReplacer("|", `\x7c`, "<", `\x3c`).Replace(cli.Visible(text))
}

func performance(url string, several bool, limits netprobe.Timed, res netprobe.Result) string {
	label := func(name string) string {
		if several {
			name = url + " " + name
		}
		if strings.ContainsAny(name, " ='") {
			return "'" + strings.ReplaceAll(safe(name), "'", "''") + "'"
		}
		return name
	}
	values := []string{fmt.Sprintf("%s=%.6fs;%s;%s;0", label("time"), res.Took.Seconds(), limits.Warn, limits.Crit)}
	for _, p := range res.Phases {
		values = append(values, fmt.Sprintf("%s=%.6fs;;;0", label(string(p.Phase)), p.Took.Seconds()))
	}
	if res.TLS != nil {
		values = append(values, fmt.Sprintf("%s=%.0fs", label("certificate"), res.TLS.Ends.Sub(res.Start).Seconds()))
	}
	return strings.Join(values, " ")
}

// clip cuts a text to most bytes, at the end of a character.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}
