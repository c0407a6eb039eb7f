package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheReviewOnPagesIsTheReviewInTheTerminal accepts and signs by the forms.
func TestTheReviewOnPagesIsTheReviewInTheTerminal(t *testing.T) {
	m := reviewed(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	said, out := io.Pipe()
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, append(m.args(), "review", "serve", "-by", "ann"), out, io.Discard) }()
	line, err := bufio.NewReader(said).ReadString('\n')
	require.NoError(t, err)
	link := regexp.MustCompile(`http://127\.0\.0\.1:\d+/open\?key=\S+`).FindString(line)
	require.NotEmpty(t, link, line)

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar}
	page := func(resp *http.Response, err error) string {
		t.Helper()
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode, string(body))
		return string(body)
	}
	base, _, _ := strings.Cut(link, "/open")
	base += regexp.MustCompile(`href="(/\w+)/"`).FindStringSubmatch(page(client.Get(link)))[1]
	list := page(client.Get(base + "/"))
	assert.Contains(t, list, "odd thing")
	form := url.Values{"act": {"accept"}, "comment": {"known"}, "form": {regexp.MustCompile(`name="form" value="([^"]+)"`).FindStringSubmatch(list)[1]}}
	for _, m := range regexp.MustCompile(`name="finding" value="([^"]+)"`).FindAllStringSubmatch(list, -1) {
		form.Add("finding", m[1])
	}
	assert.Contains(t, page(client.PostForm(base+"/act", form)), " accepted")
	form.Set("act", "sign")
	form.Set("report", regexp.MustCompile(`name="report" value="([^"]+)"`).FindStringSubmatch(list)[1])
	assert.Contains(t, page(client.PostForm(base+"/act", form)), "signed by ann")
	cancel()
	assert.Zero(t, <-ended)

	_, text, _ := m.run("review", "list")
	assert.Contains(t, text, "signed last by ann")
	assert.Contains(t, text, "accepted by ann: known")
	assert.NotContains(t, text, "Still open")
}
