package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
)

// TestAPersonGetsAMailOfTheProblemAndOneOfItsEnd lets watch send mails to a server,
// as a person is told who has nothing else.
func TestAPersonGetsAMailOfTheProblemAndOneOfItsEnd(t *testing.T) {
	post := &netprobetest.SMTP{Takes: true}
	server, err := netprobetest.Listen(post.Serve)
	require.NoError(t, err)
	defer server.Close()
	target := closedPort(t)
	h := hosts(t, t.TempDir(), map[string]string{"a": ""}, strings.Replace(quick, "attempts: 2", "attempts: 1", 1)+fmt.Sprintf("targets: [%q]", target))["a"]
	h.deliver(t, fmt.Sprintf("{name: ann, mail: [ann@example.net], from: watch@example.net, smtp: %q, tls: none}", server.Addr()))
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { run(ctx, []string{"-config", h.config, "run"}, io.Discard, io.Discard) })
	defer group.Wait()
	defer cancel()
	eventually(t, "a mail says that it is down", func() bool { return len(post.Mails()) == 1 })
	service, err := net.Listen("tcp", strings.TrimPrefix(target, "tcp://"))
	require.NoError(t, err)
	defer service.Close()
	go accept(service)
	eventually(t, "and one that it is up", func() bool { return len(post.Mails()) == 2 && outbox(t, h) == 0 })

	var mails []*mail.Message
	for _, text := range post.Mails() {
		m, err := mail.ReadMessage(strings.NewReader(text))
		require.NoError(t, err, text)
		mails = append(mails, m)
	}
	problem, recovery := mails[0].Header, mails[1].Header
	assert.Regexp(t, `^\[upkeep\] `+target+` is down, says a \(net\.refused at connect\) \(`, problem.Get("Subject"))
	assert.Regexp(t, `^\[upkeep\] Over: `+target+` answers \(`, recovery.Get("Subject"))
	assert.Equal(t, "critical", problem.Get("X-Report-Level"))
	assert.NotEqual(t, "critical", recovery.Get("X-Report-Level"))
	for _, name := range []string{"In-Reply-To", "References", "From", "To"} {
		assert.NotEmpty(t, problem.Get(name), name)
		assert.Equal(t, problem.Get(name), recovery.Get(name), "both stand in one thread")
	}
	assert.NotEqual(t, problem.Get("Message-Id"), recovery.Get("Message-Id"))
	assert.Equal(t, "auto-generated", recovery.Get("Auto-Submitted"), "no holiday answers it")
	body, err := io.ReadAll(mails[0].Body)
	require.NoError(t, err)
	assert.Contains(t, string(body), "connection refused")
	commands := strings.Join(post.Commands(), "\n")
	assert.Equal(t, 2, strings.Count(commands, "RCPT TO:<ann@example.net>"), commands)
}
