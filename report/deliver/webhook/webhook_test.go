package webhook_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/deliver/webhook"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

// server takes what is posted, and answers with a status.
func server(t *testing.T, status int) (address string, got *[]*http.Request, bodies *[]string) {
	t.Helper()
	got, bodies = new([]*http.Request), new([]string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*got, *bodies = append(*got, r), append(*bodies, string(body))
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		io.WriteString(w, "sorry\x1b[31m") //nolint:errcheck // the client may be gone
	}))
	t.Cleanup(s.Close)
	return s.URL, got, bodies
}

func TestAHookIsSignedAndSaysWhichReportItIs(t *testing.T) {
	address, got, bodies := server(t, http.StatusNoContent)
	secret, rep := []byte("s3cret"), rendertest.Sample()
	require.NoError(t, webhook.Hook{URL: address, Secret: secret, Header: http.Header{"Authorization": {"Bearer x"}}}.Report(t.Context(), rep))
	r := (*got)[0]
	assert.Equal(t, webhook.Sign(secret, r.Header.Get("X-Upkeep-Timestamp"), []byte((*bodies)[0])), r.Header.Get("X-Upkeep-Signature"))
	assert.NotEqual(t, webhook.Sign(secret, "0", []byte((*bodies)[0])), r.Header.Get("X-Upkeep-Signature"), "the time is signed, too")
	assert.Equal(t, rep.ID, r.Header.Get("X-Upkeep-Delivery"))
	assert.Equal(t, "Bearer x", r.Header.Get("Authorization"))
	back, err := report.Decode([]byte((*bodies)[0]))
	require.NoError(t, err)
	assert.Equal(t, rep.ID, back.ID)
}

func TestAnAnswerThatIsNoSuccessIsAnErrorWithoutTheAddress(t *testing.T) {
	for _, status := range []int{http.StatusFound, http.StatusForbidden, http.StatusInternalServerError} {
		address, got, _ := server(t, status)
		err := webhook.Hook{URL: address + "/hooks/secret-token"}.Report(t.Context(), rendertest.Quiet())
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "secret-token")
		assert.NotContains(t, err.Error(), "\x1b")
		assert.Len(t, *got, 1, "no redirect is followed")
	}
	for _, address := range []string{"", "ftp://x/secret-token", "http://[::1/secret-token", "https://127.0.0.1:1/secret-token"} {
		err := webhook.Hook{URL: address}.Report(t.Context(), rendertest.Quiet())
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "secret-token")
	}
}

func TestEveryBodyIsJSONWhateverTheReportHolds(t *testing.T) {
	ntfy, err := webhook.Template(webhook.NtfyText, "application/json")
	require.NoError(t, err)
	for name, make := range map[string]webhook.Body{"json": webhook.JSON, "chat": webhook.Chat, "ntfy": ntfy, "alerts": webhook.Alerts} {
		t.Run(name, func(t *testing.T) {
			for _, s := range rendertest.Corpus() {
				body, mediaType, err := make(rendertest.Hostile(s))
				require.NoError(t, err)
				assert.True(t, json.Valid(body), "%q gives %s", s, body)
				assert.Equal(t, "application/json", mediaType)
			}
		})
	}
}

func TestAChatIsToldTheVerdictAndTheNewsWorstFirst(t *testing.T) {
	body, _, err := webhook.Chat(rendertest.Sample())
	require.NoError(t, err)
	var message struct{ Text string }
	require.NoError(t, json.Unmarshal(body, &message))
	lines := strings.Split(message.Text, "\n")
	assert.True(t, strings.HasPrefix(lines[0], "`web1: 1 critical"), lines[0])
	assert.Equal(t, "CRITICAL: `/srv is 99 % full: 412 MiB of 40.0 GiB free`", lines[1])
	assert.NotContains(t, message.Text, "openssl", "what is explained is no news")
}

// What an observed host writes neither calls a room nor offers a link.
func TestNoReportMentionsOrLinksInAChat(t *testing.T) {
	for _, s := range append(rendertest.Corpus(), "<!channel> <http://evil.example|the report>", "@all", "[all is well](http://evil.example)", "`@here`", "a`\n@channel") {
		body, _, err := webhook.Chat(rendertest.Hostile(s))
		require.NoError(t, err)
		var message struct{ Text string }
		require.NoError(t, json.Unmarshal(body, &message))
		for _, line := range strings.Split(message.Text, "\n") {
			outside := regexp.MustCompile("`[^`]*`").ReplaceAllString(line, "")
			assert.Regexp(t, `^([A-Z]+: |and [0-9]+ more)?$`, outside, "with %q", s)
			assert.NotContains(t, line, "<")
		}
	}
}

func TestAnAlertOfADailyReportStandsUntilTheNext(t *testing.T) {
	rep := rendertest.Sample()
	body, _, err := webhook.Alerts(rep)
	require.NoError(t, err)
	var alerts []struct {
		Labels map[string]string
		EndsAt time.Time
	}
	require.NoError(t, json.Unmarshal(body, &alerts))
	require.NotEmpty(t, alerts)
	ended := 0
	for _, a := range alerts {
		if a.EndsAt.Equal(rep.Finished) {
			ended++
			continue
		}
		assert.GreaterOrEqual(t, a.EndsAt.Sub(rep.Finished), 24*time.Hour)
		assert.NotContains(t, a.Labels, "severity", "what changes is no label")
	}
	assert.Equal(t, 1, ended, "what is fixed has ended")
}

func TestAWatcherHearsOfEveryRun(t *testing.T) {
	address, got, bodies := server(t, http.StatusOK)
	ping := webhook.Ping{URL: address + "/ping/1/"}
	require.NoError(t, ping.Start(t.Context()))
	require.NoError(t, ping.Report(t.Context(), rendertest.Quiet()))
	require.NoError(t, ping.Report(t.Context(), rendertest.Sample()))
	require.NoError(t, ping.Fail(t.Context(), errors.New("no state")))
	var paths []string
	for _, r := range *got {
		paths = append(paths, r.URL.Path)
	}
	assert.Equal(t, []string{"/ping/1/start", "/ping/1", "/ping/1/fail", "/ping/1/fail"}, paths)
	assert.Equal(t, "web1: nothing new; 1 notice still open, oldest 4 days", (*bodies)[1])
}

// Alertmanager takes no alert that begins after its end, as one does that was found when
// the clock was ahead.
func TestNoAlertBeginsAfterItsEnd(t *testing.T) {
	rep := rendertest.Sample()
	for i := range rep.Changes {
		rep.Changes[i].Since = rep.Finished.AddDate(1, 0, 0)
	}
	body, _, err := webhook.Alerts(rep)
	require.NoError(t, err)
	var alerts []struct{ StartsAt, EndsAt time.Time }
	require.NoError(t, json.Unmarshal(body, &alerts))
	require.NotEmpty(t, alerts)
	for _, a := range alerts {
		assert.False(t, a.StartsAt.After(a.EndsAt))
	}
}
