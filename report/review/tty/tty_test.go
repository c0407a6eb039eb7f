package tty

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/review"
)

func TestOneKeyAnItem(t *testing.T) {
	items := make([]review.Standing, 3)
	for i, title := range []string{"one", "two", "three"} {
		items[i].Finding = report.Finding{Title: title}
	}
	for keys, want := range map[string]string{
		"aaas":     "a one, a two, a three, sign",
		"nk q":     "k two",
		"d?aq":     "d one, a one",
		"abanns":   "a one, a one, sign",
		"na\x03aa": "a two",
		"nnasx":    "a three, sign",
		"":         "",
		"xs":       "sign",
		"aus":      "a one, u one, sign",
		"akuus":    "a one, k two, u two, u one, sign",
		"aunus":    "a one, u one, sign",
	} {
		t.Run(keys, func(t *testing.T) {
			var did []string
			var out strings.Builder
			s := Session{
				In: strings.NewReader(keys), Out: &out,
				Show: func(s review.Standing, whole bool) error { fmt.Fprintln(&out, s.Finding.Title, whole); return nil },
				Do: func(_ context.Context, key Key, s review.Standing) (string, error) {
					did = append(did, string(key)+" "+s.Finding.Title)
					return "done", nil
				},
				Undo: func(_ context.Context, s review.Standing) (string, error) {
					did = append(did, "u "+s.Finding.Title)
					return "taken back", nil
				},
				Sign: func(context.Context) (string, error) { did = append(did, "sign"); return "signed", nil },
			}
			_, err := s.Run(t.Context(), items)
			require.NoError(t, err)
			assert.Equal(t, want, strings.Join(did, ", "))
		})
	}
}

func TestWhatIsRefusedIsSaidAndStands(t *testing.T) {
	var out strings.Builder
	s := Session{
		In: strings.NewReader("aq"), Out: &out, Show: func(review.Standing, bool) error { return nil },
		Do: func(context.Context, Key, review.Standing) (string, error) {
			return "", errors.New("it changed again\x1b[2J")
		},
	}
	done, err := s.Run(t.Context(), make([]review.Standing, 1))
	require.NoError(t, err)
	assert.Zero(t, done)
	assert.Contains(t, out.String(), "not done: it changed again␛[2J")
}
