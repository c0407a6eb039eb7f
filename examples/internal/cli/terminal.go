package cli

import (
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"

	"github.com/pugetsoundtech/upkeep/report/render"
)

// A Terminal is what a stream can show.
type Terminal struct {
	Shown bool // a person looks at it
	Color bool
	ASCII bool // it knows ASCII only
	Width int  // columns
}

// Look finds out what w can show: colours and width only where a person looks,
// and not against the person's wish in the environment.
func Look(w io.Writer, getenv func(string) string) Terminal {
	t := Terminal{Width: 78}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		t = Terminal{
			Shown: true, Color: getenv("NO_COLOR") == "" && !dumb(getenv),
			ASCII: !utf8Locale(getenv), Width: width(f, getenv),
		}
	}
	if force := getenv("CLICOLOR_FORCE"); force != "" && force != "0" && getenv("NO_COLOR") == "" {
		t.Color = true
	}
	return t
}

func width(f *os.File, getenv func(string) string) int {
	columns, _, err := term.GetSize(int(f.Fd()))
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

// Visible spells out what a terminal would obey or hide, on one line: control,
// bidirectional and other invisible characters, and bytes that are not UTF-8.
func Visible(s string) string { return render.Escape(s) }

// IsTerminal reports whether a person can type into f.
func IsTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Keys is a terminal that gives each key at once. What is written to it has its
// lines ended as such a terminal wants them.
type Keys struct {
	io.Writer
	restore func() error
}

// Raw makes the terminal in give each key at once, until Restore.
func Raw(in *os.File, out io.Writer) (*Keys, error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, err
	}
	return &Keys{out, func() error { return term.Restore(int(in.Fd()), before) }}, nil
}

// Restore gives the terminal back as it was.
func (k *Keys) Restore() { k.restore() } //nolint:errcheck // there is no other to tell

// Write ends each line where it begins.
func (k *Keys) Write(p []byte) (int, error) {
	if _, err := io.WriteString(k.Writer, strings.ReplaceAll(string(p), "\n", "\r\n")); err != nil {
		return 0, err
	}
	return len(p), nil
}
