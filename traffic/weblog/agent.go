package weblog

import (
	"bytes"
	"slices"
)

// An agent is a program of a visitor, coarsely.
type agent struct {
	browser, system string
	bot             bool
}

type word struct{ in, name string }

var (
	bots = []word{
		{"Googlebot", "Googlebot"},
		{"bingbot", "bingbot"},
		{"YandexBot", "YandexBot"},
		{"Baiduspider", "Baiduspider"},
		{"DuckDuckBot", "DuckDuckBot"},
		{"AhrefsBot", "AhrefsBot"},
		{"SemrushBot", "SemrushBot"},
		{"GPTBot", "GPTBot"},
		{"ClaudeBot", "ClaudeBot"},
		{"facebookexternalhit", "Facebook"},
		{"curl/", "curl"},
		{"Wget/", "Wget"},
		{"python-", "Python"},
		{"Python/", "Python"},
		{"Go-http-client", "Go"},
		{"Java/", "Java"},
		{"libwww-perl", "Perl"},
		{"ApacheBench", "ApacheBench"},
		{"zgrab", "zgrab"},
		{"masscan", "masscan"},
		{"Nmap", "Nmap"},
		{"bot", "other bots"},
		{"Bot", "other bots"},
		{"crawl", "other bots"},
		{"Crawl", "other bots"},
		{"spider", "other bots"},
		{"Spider", "other bots"},
		{"monitor", "monitors"},
	}
	browsers = []word{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"Opera", "Opera"},
		{"SamsungBrowser", "Samsung"},
		{"Firefox/", "Firefox"},
		{"FxiOS", "Firefox"},
		{"Chrome/", "Chrome"},
		{"CriOS", "Chrome"},
		{"Safari/", "Safari"},
		{"MSIE ", "Internet Explorer"},
		{"Trident/", "Internet Explorer"},
	}
	systems = []word{
		{"Windows", "Windows"},
		{"Android", "Android"},
		{"iPhone", "iOS"},
		{"iPad", "iOS"},
		{"Mac OS X", "macOS"},
		{"Macintosh", "macOS"},
		{"CrOS", "ChromeOS"},
		{"Linux", "Linux"},
		{"BSD", "BSD"},
	}
)

func firstOf(words []word, text []byte) string {
	for _, w := range words {
		if bytes.Contains(text, []byte(w.in)) {
			return w.name
		}
	}
	return ""
}

// agents remembers what it made of each text: there are few.
type agents map[string]agent

const (
	maxAgents = 10_000
	maxAgent  = 512 // bytes of one
)

func (a agents) of(text []byte) agent {
	if got, ok := a[string(text)]; ok {
		return got
	}
	got := agent{system: firstOf(systems, text), browser: firstOf(bots, text)}
	if got.bot = got.browser != ""; !got.bot {
		got.browser = firstOf(browsers, text)
	}
	if len(a) < maxAgents && len(text) <= maxAgent {
		a[string(text)] = got
	}
	return got
}

// attacks are what no reader of a page asks for, in small letters and without escapes.
var attacks = slices.Concat(
	named("path traversal", "/../", "=../", "..\\", "/etc/passwd"),
	named("secrets", "/.env", "/.git/", "/.aws/", "/.ssh/"), named("WordPress login", "/wp-login.php", "/xmlrpc.php"),
	named("phpMyAdmin", "phpmyadmin"), named("cross-site scripting", "<script"), named("remote code", "eval-stdin", "${jndi:", "/cgi-bin/", "/boaform", "allow_url_include", "wget+http"),
	named("SQL injection", "union+select", "union select", "' or ", "'+or+"),
)

// named gives the words that tell of one kind.
func named(name string, in ...string) (out []word) {
	for _, text := range in {
		out = append(out, word{text, name})
	}
	return out
}

// marks are how the parts of attacks begin that no other byte tells: each of the
// attacks has one of these or of the bytes < ' $ + and blank, which most requests have not.
var marks = [256][]string{
	'/': {"/."}, '.': {".php", "..\\"}, '=': {"=.."}, 'a': {"admin", "allow_url"}, 'A': {"Admin"}, 'c': {"cgi"}, 'b': {"boaform"}, 'e': {"etc/", "eval-"},
}

// attackOf names what a request looks like with its escapes replaced twice, as servers
// behind servers do; "" is nothing.
func attackOf(url []byte) string {
	if bytes.IndexByte(url, '%') >= 0 {
		url = unescape(nil, unescape(nil, url))
	}
	return attackIn(url)
}

func attackIn(url []byte) string {
	for i, c := range url {
		if c == '<' || c == '\'' || c == '$' || c == '+' || c == ' ' {
			return firstOf(attacks, bytes.ToLower(url))
		}
		for _, m := range marks[c] {
			if len(url)-i >= len(m) && string(url[i:i+len(m)]) == m {
				return firstOf(attacks, bytes.ToLower(url))
			}
		}
	}
	return ""
}
