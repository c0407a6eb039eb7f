package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
)

// otherSockets open what a copy of this program listens on beside a port of TCP.
var otherSockets = map[string]func(){}

// TestMain lets a copy of this program listen instead, for tests of listeners.
func TestMain(m *testing.M) {
	addr := os.Getenv("UPKEEP_TEST_LISTEN")
	if addr == "" {
		code := m.Run()
		if built.dir != "" {
			os.RemoveAll(built.dir) //nolint:errcheck // a temporary folder
		}
		os.Exit(code)
	}
	if open, ok := otherSockets[addr]; ok {
		open()
		fmt.Println("listening")
		select {}
	}
	l, err := net.Listen("tcp4", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	tarpits(os.Getenv("UPKEEP_TEST_TARPITS"))
	fmt.Println("listening")
	for {
		if c, err := l.Accept(); err == nil {
			if page := os.Getenv("UPKEEP_TEST_PAGE"); page != "" {
				go serveWeb(c, page)
				continue
			}
			go answer(c, os.Getenv("UPKEEP_TEST_BANNER"))
		}
	}
}

// answer closes the connection, or is a mail server with the greeting of a file.
func answer(c net.Conn, file string) {
	defer c.Close()
	if file == "" {
		return
	}
	banner, err := os.ReadFile(file)
	if err != nil {
		return
	}
	(&netprobetest.SMTP{Banner: string(banner)}).Serve(c, nil)
}

// serveWeb is a web server that answers with what a file has behind its first line, which
// is for how many days its certificate is valid yet; empty: it speaks no TLS. Without
// the file it reads a request and closes.
func serveWeb(c net.Conn, file string) {
	defer c.Close()
	text, err := os.ReadFile(file)
	days, page, _ := strings.Cut(string(text), "\n")
	if n, wrong := strconv.Atoi(days); wrong == nil {
		cert, _, failed := netprobetest.Certify(time.Now().AddDate(0, -3, 0), time.Now().AddDate(0, 0, n), "www.example")
		if failed != nil {
			return
		}
		c = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
		defer c.Close()
	}
	if _, broken := bufio.NewReader(c).ReadString('\n'); broken == nil && err == nil {
		fmt.Fprint(c, page)
	}
}

// tarpits listens on so many ports from 20000 on, and never answers there.
func tarpits(number string) {
	n, _ := strconv.Atoi(number)
	for i := range n {
		if _, err := net.Listen("tcp4", fmt.Sprintf("0.0.0.0:%d", 20000+i)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
