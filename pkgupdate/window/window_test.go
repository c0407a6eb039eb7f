package window_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/pkgupdate/window"
)

func weekly(t *testing.T, text string) (w window.Window) {
	t.Helper()
	require.NoError(t, w.UnmarshalText([]byte(text)))
	return w
}

func TestWindowsAreOpenByTheClockOfTheirZone(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	for _, c := range []struct {
		text, at string
		want     bool
	}{
		{"Sat 02:00-05:00", "Sat 02:00", true},
		{"Sat 02:00-05:00", "Sat 04:59", true},
		{"Sat 02:00-05:00", "Sat 05:00", false},
		{"Sat 02:00-05:00", "Sat 01:59", false},
		{"Sat 02:00-05:00", "Sun 03:00", false},
		{"Mon-Fri 22:00-04:00", "Mon 03:00", false},
		{"Mon-Fri 22:00-04:00", "Mon 22:00", true},
		{"Mon-Fri 22:00-04:00", "Sat 03:59", true},
		{"Mon-Fri 22:00-04:00", "Sat 22:30", false},
		{"Sat-Mon 10:00-11:00", "Sun 10:30", true},
		{"Sat-Mon 10:00-11:00", "Tue 10:30", false},
		{"12:00-13:00", "Wed 12:30", true},
		{"12:00-12:00", "Wed 11:00", true},
	} {
		w := weekly(t, c.text)
		at, err := time.ParseInLocation("2006-01-02 Mon 15:04", map[string]string{
			"Mon": "2026-11-23", "Tue": "2026-11-24", "Wed": "2026-11-25", "Thu": "2026-11-26", "Sat": "2026-11-28", "Sun": "2026-11-29",
		}[c.at[:3]]+" "+c.at, berlin)
		require.NoError(t, err)
		assert.Equal(t, c.want, w.Open(at), "%s at %s", c.text, c.at)
		text, err := w.MarshalText()
		require.NoError(t, err)
		assert.Equal(t, w, weekly(t, string(text)))
	}
	for _, text := range []string{"", "Sat", "Sat 2-5", "Sat 02:00", "Sab 02:00-03:00", "Mon-Fry 02:00-03:00", "Sat 02:00-25:00", "Tue,Thu 00:00-24:00", ", 02:00-03:00"} {
		var w window.Window
		assert.Error(t, w.UnmarshalText([]byte(text)), text)
	}
	assert.False(t, window.Window{}.Open(time.Now()))
}

func ExampleWindow_Next() {
	var w window.Window
	if err := w.UnmarshalText([]byte("Sat 02:00-05:30")); err != nil {
		fmt.Println(err)
	}
	friday := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	fmt.Println(w.Open(friday), w.Next(friday).Format(time.DateTime))
	// Output: false 2026-11-28 02:00:00
}
