package history

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC) // a Thursday

// again is what the next reading has of a history.
func again(t testing.TB, h *History, now time.Time) *History {
	t.Helper()
	next, err := Decode(h.Encode())
	require.NoError(t, err)
	next.Begin(now)
	return next
}

// daily counts n lines at eight o'clock of each of some days.
func daily(h *History, id string, from, days, n int) {
	for d := range days {
		at := start.AddDate(0, 0, from+d).Add(8 * time.Hour)
		h.Begin(at.Add(time.Hour))
		h.Add(id, at, n)
	}
}

func at(days, hours int) time.Time {
	return start.AddDate(0, 0, days).Add(time.Duration(hours) * time.Hour)
}

func TestAKindIsNewOnce(t *testing.T) {
	h := &History{}
	h.Begin(at(0, 9))
	assert.True(t, h.Add("a", at(0, 8), 1).New())
	h = again(t, h, at(1, 9))
	assert.False(t, h.Add("a", at(1, 8), 1).New())
	assert.True(t, h.Add("b", at(1, 8), 1).New())
	assert.True(t, h.Add("old", at(-100, 8), 1).New())
	h = again(t, h, at(2, 9))
	assert.False(t, h.Add("old", at(-100, 8), 1).New(), "a line that is old makes its kind known")
	first, _ := h.Add("b", at(2, 8), 1).Span()
	assert.Equal(t, at(1, 8), first)
}

func TestABurstIsAgainstTheSameHourAndDay(t *testing.T) {
	h := &History{}
	daily(h, "job", 0, 29, 2)
	h = again(t, h, at(29, 9))
	_, found := h.Burst(h.Add("job", at(29, 8), 19))
	assert.False(t, found, "fewer than twenty")
	k := h.Add("job", at(29, 8), 6)
	b, found := h.Burst(k)
	require.True(t, found)
	assert.Equal(t, Burst{Hour: at(29, 8), Lines: 25, Most: 2, Weeks: 4}, b)

	h = &History{}
	daily(h, "job", 0, 29, 10)
	for d := range 29 {
		h.Add("night", at(d, 3), 1)
	}
	h = again(t, h, at(29, 9))
	_, found = h.Burst(h.Add("job", at(29, 8), 30))
	assert.False(t, found, "three times as many")
	_, found = h.Burst(h.Add("job", at(29, 9), 30))
	assert.False(t, found, "an hour later: clocks and jobs move")
	_, found = h.Burst(h.Add("job", at(29, 3), 45))
	assert.True(t, found, "in the night nothing ever came")
}

func TestAKindThatIsKnownForTwoWeeksHasNoBurst(t *testing.T) {
	h := &History{}
	daily(h, "job", 0, 15, 2)
	h = again(t, h, at(15, 9))
	_, found := h.Burst(h.Add("job", at(15, 8), 1000))
	assert.False(t, found)
}

func TestASurgeIsAgainstTheFullestDay(t *testing.T) {
	h := &History{}
	daily(h, "rule", 0, 7, 20)
	h = again(t, h, at(7, 9))
	_, found := h.Surge(h.Add("rule", at(7, 8), 199))
	assert.False(t, found)
	s, found := h.Surge(h.Add("rule", at(7, 7), 1))
	require.True(t, found)
	assert.Equal(t, Surge{Day: at(7, 0), Lines: 200, Most: 20}, s)
	h = again(t, h, at(8, 9))
	_, found = h.Surge(h.Add("rule", at(8, 8), 500))
	assert.False(t, found, "it is known now")
	h = &History{}
	daily(h, "rule", 0, 6, 20)
	h = again(t, h, at(6, 9))
	_, found = h.Surge(h.Add("rule", at(6, 8), 5000))
	assert.False(t, found, "known for less than a week")
}

func TestWhatAlwaysCameAndStoppedIsSilent(t *testing.T) {
	h := &History{}
	daily(h, "backup", 0, 20, 1)
	daily(h, "other", 0, 20, 1)
	k := h.Add("backup", at(19, 8), 1)
	for d := range 3 {
		h = again(t, h, at(20+d, 9))
		k = h.kinds["backup"]
		usual, silent := h.Silent(k)
		assert.Equal(t, 24*time.Hour, usual)
		assert.Equal(t, d > 0, silent, "day %d", d)
	}
	h.Add("backup", at(22, 8), 1)
	_, silent := h.Silent(k)
	assert.False(t, silent, "it is back")
}

func TestAMachineThatWasOffIsNotSilent(t *testing.T) {
	h := &History{}
	daily(h, "backup", 0, 20, 1)
	h = again(t, h, at(60, 9))
	_, silent := h.Silent(h.kinds["backup"])
	assert.False(t, silent)
	for d := range 3 {
		h = again(t, h, at(60+d, 10))
	}
	_, silent = h.Silent(h.kinds["backup"])
	assert.True(t, silent, "it is on for two days, and no line came")
}

func TestWhatCameSeldomIsNotSilent(t *testing.T) {
	h := &History{}
	daily(h, "short", 0, 9, 1)
	h.Add("seldom", at(0, 8), 1)
	h.Add("seldom", at(8, 8), 1)
	h = again(t, h, at(30, 9))
	for _, k := range h.Kinds() {
		_, silent := h.Silent(k)
		assert.False(t, silent, k.ID)
	}
}

func TestUsualIsTheMedianOfTheDaysBefore(t *testing.T) {
	h := &History{}
	daily(h, "a", 0, 2, 5)
	_, known := h.Usual(again(t, h, at(2, 9)).Add("a", at(2, 8), 1))
	assert.False(t, known)
	daily(h, "a", 2, 5, 7)
	h = again(t, h, at(7, 9))
	n, known := h.Usual(h.Add("a", at(7, 8), 900))
	assert.True(t, known)
	assert.Equal(t, 7, n)
}

func TestAFloodOfKindsForgetsWhatCameOnceFirst(t *testing.T) {
	h := &History{}
	daily(h, "backup", 0, 20, 1)
	for i := range 3 * maxKinds {
		h.Add(fmt.Sprintf("odd %d", i), at(20, 8), 1)
	}
	assert.Equal(t, maxKinds+1, h.Lost())
	h = again(t, h, at(21, 9))
	assert.Len(t, h.kinds, maxKinds)
	assert.NotNil(t, h.kinds["backup"])
}

func TestTooManyCellsAreForgottenAndSaid(t *testing.T) {
	h := &History{now: 10_000}
	for i := range maxCells/window + 10 {
		for hour := range uint32(window) {
			h.Add(fmt.Sprint(i), timeOf(10_000-hour), 1)
		}
	}
	data := h.Encode()
	assert.Positive(t, h.Lost())
	assert.Less(t, len(data), 2<<20)
	_, err := Decode(data)
	require.NoError(t, err)
}

func TestLinesOfTheFutureCountForNoHour(t *testing.T) {
	h := &History{}
	h.Begin(at(0, 9))
	k := h.Add("a", at(400, 0), 1)
	assert.Empty(t, k.cells)
	h = again(t, h, at(0, 10))
	assert.Len(t, h.alive, 2)
}

func FuzzDecode(f *testing.F) {
	h := &History{}
	daily(h, "backup", 0, 3, 1)
	f.Add(h.Encode())
	f.Add([]byte(form))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := Decode(data)
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			return
		}
		h.Begin(at(100, 0))
		for _, k := range h.Kinds() {
			h.Burst(k)
			h.Surge(k)
			h.Silent(k)
			h.Usual(k)
		}
		once := h.Encode()
		h, err = Decode(once)
		require.NoError(t, err)
		require.Equal(t, once, h.Encode())
	})
}

func Example() {
	h, err := Decode(nil)
	if err != nil {
		fmt.Println(err)
	}
	h.Begin(at(0, 9))
	fmt.Println(h.Add("cron\x00job", at(0, 8), 1).New())
	h, _ = Decode(h.Encode())
	fmt.Println(h.Add("cron\x00job", at(1, 8), 1).New())
	// Output:
	// true
	// false
}
