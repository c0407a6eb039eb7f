// Package weblog makes the report of a web server from its access log: requests,
// visitors, bytes, status, what was not found, who asked and with what.
//
//	stats := weblog.New(weblog.Options{})
//	reading, err := traffic.ReadFile(ctx, logstream.Log{Host: h, Path: "/var/log/nginx/access.log"}, stats)
//	fmt.Println(stats.Totals().ValidRequests)
//
// It knows the common and combined formats of Apache, nginx and lighttpd, with
// or without the virtual host and a time behind; JSON of nginx, Caddy and
// Traefik; HAProxy; and W3C. Which it is is told by each line itself. A Layout reads
// other formats of Apache and nginx, by what their configuration says. Web is the
// checker on top.
//
// With Options.Goaccess it counts as goaccess does: combined lines alone, and the
// day that stands in the line. It resolves no names, and knows no countries.
//
// # Design
//
// A visitor is an address with a program on one day. A request is told by its
// address, method and protocol, as goaccess tells it, but by the whole text and
// not by a hash of 32 bits: there two addresses can be one. All tables are
// bounded: exact at first, and then with the error that they say.
package weblog
