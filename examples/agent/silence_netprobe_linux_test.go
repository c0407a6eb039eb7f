package main

import (
	"os"
	"strings"
)

const webPage = "/run/web"

// webServer runs one, whose certificate and answer are in the file webPage.
func webServer(addr, first string) func(w *world) {
	return func(w *world) {
		w.write(webPage, first, 0o644)
		w.start("/usr/sbin/nginx", addr, 0, "UPKEEP_TEST_PAGE="+webPage)
	}
}

const fine = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

func init() {
	silence = append(silence,
		row{
			name:   "a certificate runs out on a port that is not known for TLS",
			before: webServer("0.0.0.0:8443", "90\n"+fine),
			act:    func(w *world) { w.write(webPage, "-2\n"+fine, 0o644) },
			line:   "https://localhost:8443 (nginx): the certificate expired 2 days ago",
		},
		row{
			name:   "the programs behind a web server die at each request",
			before: webServer("0.0.0.0:80", "\n"+fine),
			act:    func(*world) { must(os.Remove(webPage)) },
			line:   "http://localhost:80 (nginx) closes the connection before it has answered",
		},
		row{
			name:   "a web server says first that all is well, and then that nothing is",
			before: webServer("0.0.0.0:80", "\n"+fine),
			act: func(w *world) {
				w.write(webPage, "\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", 0o644)
			},
			line: "http://localhost:80 (nginx) answers with the error 500",
		},
		row{
			name:   "an intruder takes the mail server's port under a name that is asked nothing",
			before: (*world).mailServer,
			act: func(w *world) {
				w.beforeNext()
				w.start("/tmp/openvpn", "0.0.0.0:25", 0)
			},
			line: "smtp://localhost:25 (master) no longer listens",
		},
		row{
			name:   "the greeting of the mail server has no end",
			before: (*world).mailServer,
			act:    func(w *world) { w.write(banner, strings.Repeat("220-mail.example\r\n", 5000), 0o644) },
			line:   "smtp://localhost:25 (master): a reply has more than 200 lines",
		},
	)
}
