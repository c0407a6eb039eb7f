// Command probes measures how much CPU a probe costs: ours, a bare loop that
// does the same, and blackbox_exporter, on the same server in turn. Then it runs a
// schedule of 10,000 targets, half of which never answer.
//
//	go run ./bench/probes -n 2000
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

func main() {
	n := flag.Int("n", 2000, "probes of each kind in a round")
	rounds := flag.Int("rounds", 5, "rounds, of which the median counts")
	length := flag.Duration("schedule", 3*time.Minute, "how long the schedule of 10,000 targets runs; 0: not at all")
	serve := flag.Bool("serve", false, "be the server (used by the program itself)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *n, *rounds, *length, *serve); err != nil {
		fmt.Fprintln(os.Stderr, "probes:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n, rounds int, length time.Duration, serve bool) error {
	if serve {
		return server()
	}
	addr, end, err := start(ctx)
	if err != nil {
		return err
	}
	defer end()
	if err := measure(ctx, addr, n, rounds); err != nil {
		return err
	}
	if err := holes(ctx, addr); err != nil || length <= 0 {
		return err
	}
	return plan(ctx, addr, time.Minute, length)
}

// server answers EHLO and QUIT, in a process of its own so that its CPU counts
// for nobody.
func server() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			io.WriteString(c, "220 mail.example ESMTP\r\n") //nolint:errcheck // the client tells
			in := bufio.NewReader(c)
			for {
				line, err := in.ReadString('\n')
				switch {
				case err != nil:
					return
				case strings.HasPrefix(line, "EHLO"):
					io.WriteString(c, "250-mail.example\r\n250 SIZE\r\n") //nolint:errcheck // the client tells
				case strings.HasPrefix(line, "QUIT"):
					io.WriteString(c, "221 bye\r\n") //nolint:errcheck // the client tells
					return
				}
			}
		}()
	}
}

func start(ctx context.Context) (addr string, end func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-serve")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	_, err = fmt.Fscan(out, &addr)
	return addr, func() {
		cmd.Process.Kill() //nolint:errcheck // it is ours
		cmd.Wait()         //nolint:errcheck // it was killed
	}, err
}

// used returns the CPU time of this process.
func used() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u) //nolint:errcheck // it cannot fail with these
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func median(d []time.Duration) time.Duration {
	sort.Slice(d, func(i, j int) bool { return d[i] < d[j] })
	return d[len(d)/2]
}

func measure(ctx context.Context, addr string, n, rounds int) error {
	peer, cpu, end, err := exporter(ctx)
	if err != nil {
		fmt.Println("without blackbox_exporter:", err)
	} else {
		defer end()
	}
	for _, kind := range []struct {
		name, module string
		bare         func() error
		ours         netprobe.Prober
	}{
		{"TCP connect", "connect", func() error { return bare(addr, false) }, netprobe.TCP{Addr: addr}},
		{"SMTP EHLO", "smtp", func() error { return bare(addr, true) }, protocol.SMTP{Addr: addr}},
	} {
		var bares, ours, theirs []time.Duration
		for range rounds {
			began := used()
			for range n {
				if err := kind.bare(); err != nil {
					return err
				}
			}
			bares = append(bares, used()-began)
			began = used()
			for range n {
				if res := kind.ours.Probe(ctx); res.State != netprobe.OK {
					return fmt.Errorf("%s: %s", kind.name, res.Detail)
				}
			}
			ours = append(ours, used()-began)
			if peer == "" {
				continue
			}
			before := cpu()
			for range n / 10 {
				if err := ask(peer, kind.module, addr); err != nil {
					return err
				}
			}
			theirs = append(theirs, (cpu()-before)*10)
		}
		b, o := median(bares), median(ours)
		fmt.Printf("%-12s bare %v, ours %v a probe: %.2f times the bare loop\n", kind.name, b/time.Duration(n), o/time.Duration(n), float64(o)/float64(b))
		if len(theirs) > 0 {
			t := median(theirs)
			fmt.Printf("%-12s blackbox_exporter %v a probe: ours makes %.1f times as many a CPU-second\n", "", t/time.Duration(n), float64(t)/float64(o))
		}
	}
	return nil
}

// bare does what a probe does and nothing else.
func bare(addr string, smtp bool) error {
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if !smtp {
		return nil
	}
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	in := bufio.NewReader(c)
	for _, say := range []string{"", "EHLO [127.0.0.1]\r\n", "QUIT\r\n"} {
		if _, err := io.WriteString(c, say); err != nil {
			return err
		}
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return err
			}
			if len(line) < 4 || line[3] != '-' {
				break
			}
		}
	}
	return nil
}

const modules = `modules:
  connect: {prober: tcp, timeout: 5s}
  smtp:
    prober: tcp
    timeout: 5s
    tcp:
      query_response:
        - expect: "^220 "
        - send: "EHLO prober\r"
        - expect: "^250 "
        - send: "QUIT\r"
        - expect: "^221 "
`

// exporter runs blackbox_exporter, and returns where it is and how to read its CPU time.
func exporter(ctx context.Context) (addr string, cpu func() time.Duration, end func(), err error) {
	dir, err := os.MkdirTemp("", "probes")
	if err != nil {
		return "", nil, nil, err
	}
	conf := filepath.Join(dir, "blackbox.yml")
	if err := os.WriteFile(conf, []byte(modules), 0o600); err != nil {
		return "", nil, nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, nil, err
	}
	addr = l.Addr().String()
	l.Close()
	cmd := exec.CommandContext(ctx, "prometheus-blackbox-exporter", "--config.file="+conf, "--web.listen-address="+addr, "--log.level=error")
	if err := cmd.Start(); err != nil {
		os.RemoveAll(dir)
		return "", nil, nil, err
	}
	for range 100 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return addr, func() time.Duration { return cpuOf(cmd.Process.Pid) }, func() {
		cmd.Process.Kill() //nolint:errcheck // it is ours
		cmd.Wait()         //nolint:errcheck // it was killed
		os.RemoveAll(dir)
	}, nil
}

// cpuOf reads user and system time of a process, in hundredths of a second.
func cpuOf(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(rest)
	var user, system int64
	fmt.Sscan(f[11]+" "+f[12], &user, &system) //nolint:errcheck // the kernel wrote it
	return time.Duration(user+system) * 10 * time.Millisecond
}

func ask(peer, module, target string) error {
	res, err := http.Get("http://" + peer + "/probe?module=" + module + "&target=" + url.QueryEscape(target))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && !strings.Contains(string(body), "\nprobe_success 1") {
		err = fmt.Errorf("blackbox_exporter fails: %.300s", body)
	}
	return err
}

// holes probes ten tarpits and black holes for each good server, and tells how
// long the good ones took and what memory all took.
func holes(ctx context.Context, addr string) error {
	tarpit, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer tarpit.Close()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var good []time.Duration
	for i := range 2000 {
		p := protocol.SMTP{Addr: addr, Timeout: 3 * time.Second}
		if i%2 == 1 {
			p.Addr = tarpit.Addr().String() // its queue fills, and then it is a black hole
		}
		wg.Go(func() {
			res := p.Probe(ctx)
			if p.Addr == addr {
				mu.Lock()
				good = append(good, res.Took)
				mu.Unlock()
			}
		})
	}
	var m runtime.MemStats
	time.Sleep(time.Second)
	runtime.ReadMemStats(&m)
	wg.Wait()
	sort.Slice(good, func(i, j int) bool { return good[i] < good[j] })
	fmt.Printf("1000 good beside 1000 that never answer, at once: p99 of the good %v, heap in use %d MiB\n", good[len(good)*99/100].Round(time.Millisecond), m.HeapInuse>>20)
	return nil
}
