package main

import (
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report/render/text"
)

// terminal finds out what w can show: colours and width only where a person
// looks, and not against the person's wish.
func terminal(w io.Writer, getenv func(string) string) text.Options {
	o := text.Options{Zone: time.Local, Width: 78, MaxItems: 40, MaxLines: 6}
	if f, ok := w.(*os.File); ok && term.IsTerminal(f.Fd()) {
		o.Color = getenv("NO_COLOR") == "" && !dumb(getenv)
		o.Width = width(f, getenv)
		o.ASCII = !utf8Locale(getenv)
	}
	if getenv("CLICOLOR_FORCE") != "" && getenv("CLICOLOR_FORCE") != "0" && getenv("NO_COLOR") == "" {
		o.Color = true
	}
	return o
}

func width(f *os.File, getenv func(string) string) int {
	columns, _, err := term.Size(f.Fd())
	if err != nil || columns <= 0 {
		if columns, err = strconv.Atoi(getenv("COLUMNS")); err != nil {
			columns = 80
		}
	}
	return min(max(columns, 40), 120)
}

func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := getenv(name); v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// dumb reports whether a terminal knows neither colours nor how to go back.
func dumb(getenv func(string) string) bool { return getenv("TERM") == "dumb" || getenv("TERM") == "" }
