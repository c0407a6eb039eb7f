package netif

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/report"
)

// ParseNetstat reads netstat(1) -ibdn of the BSDs, on FreeBSD with -W and on NetBSD
// with -v: without it, names are cut to five characters, and two interfaces that
// are then one are an error; on OpenBSD they are always cut, to seven. The columns behind the
// address differ from system to system and are taken by their headings, from
// the right, since the address may be missing. Of the rows of an interface only
// the one of the link is taken: the others repeat the counters.
//
//	Name    Mtu Network       Address              Ipkts Ierrs Idrop     Ibytes …
//	vtnet0 1500 <Link#1>      52:54:00:12:34:56  1234567     0     0 1234567890 …
func ParseNetstat(data []byte) ([]Sample, error) {
	if len(data) > 0 && data[len(data)-1] != '\n' {
		return nil, errors.New("netstat: the end is missing")
	}
	var columns []string
	var samples []Sample
	for n, line := range bytes.Split(data, []byte("\n")) {
		f := strings.Fields(string(line))
		if len(f) == 0 {
			continue
		}
		if columns == nil {
			if columns = headings(f); columns == nil {
				return nil, errors.New("netstat: no heading with Name and Address")
			}
			continue
		}
		if mtu, link, ok := strings.Cut(f[min(1, len(f)-1)], "<Link"); ok { // NetBSD, of five digits
			f = append([]string{f[0], mtu, "<Link" + link}, f[2:]...)
		}
		if len(f) < 3 || !strings.HasPrefix(f[2], "<Link") {
			continue
		}
		s, err := parseNetstatRow(f, columns)
		if err != nil {
			return nil, fmt.Errorf("netstat line %d: %w", n+1, err)
		}
		i := slices.IndexFunc(samples, func(o Sample) bool { return o.Name == s.Name })
		switch {
		case i < 0:
			samples = append(samples, s)
		case samples[i].Index != s.Index, samples[i].Received != s.Received, samples[i].Sent != s.Sent:
			return nil, fmt.Errorf("netstat line %d: two interfaces have the name %.40q: names are cut off", n+1, s.Name)
		}
	}
	if columns == nil {
		return nil, errors.New("netstat: no output")
	}
	return samples, nil
}

// headings gives the names of the columns behind the address.
func headings(f []string) []string {
	at := slices.Index(f, "Address")
	if f[0] != "Name" || at < 0 || !slices.Contains(f, "Ibytes") {
		return nil
	}
	return f[at+1:]
}

func parseNetstatRow(f, columns []string) (Sample, error) {
	if len(f) < 3+len(columns) {
		return Sample{}, errors.New("malformed")
	}
	values := map[string]report.Number{}
	for i, text := range f[len(f)-len(columns):] {
		if text == "-" {
			continue
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return Sample{}, fmt.Errorf("%.20s: %.40q is no counter", columns[i], text)
		}
		if n == 0 && columns[i] == "Drops" { // which NetBSD prints where it does not know
			continue
		}
		values[columns[i]] = report.Count(n)
	}
	name, down := strings.CutSuffix(f[0], "*")
	s := Sample{Name: name, Up: !down, Known: true}
	if len(f) > 3+len(columns) && strings.Count(f[3], ":") == 5 {
		s.MAC = f[3]
	}
	if number, ok := strings.CutPrefix(f[2], "<Link#"); ok {
		s.Index, _ = strconv.Atoi(strings.TrimSuffix(number, ">")) // zero is: not known
	}
	s.Kind = kindByName(name, s.MAC)
	s.Received = Counters{values["Ibytes"], values["Ipkts"], first(values, "Ierrs", "Ifail"), first(values, "Idrop", "Iqdrops")}
	s.Sent = Counters{values["Obytes"], values["Opkts"], first(values, "Oerrs", "Ofail"), first(values, "Drop", "Drops", "Oqdrops")}
	return s, nil
}

// kinds are those of the drivers of the BSDs whose interfaces are no cards.
var kinds = map[Kind]string{
	Loopback: "lo",
	Bridge:   "bridge veb",
	Bond:     "lagg trunk aggr agr",
	VLAN:     "vlan svlan qinq",
	Tunnel:   "tun ppp pppoe pppx wg gif gre egre mgre nvgre eoip etherip ng ipsec sec stf vxlan geneve l2tp ovpn sl slip",
	Virtual:  "pflog npflog pfsync pflow enc carp vether epair vport pair tap mpe mpw mpip faith disc ipfw usbus vmnet shmif vhost",
}

// kindByName judges by the letters of a name. What has a hardware address besides
// is a card, whatever it is named, unless there is a number of a VLAN behind its own.
func kindByName(name, mac string) Kind {
	at := strings.IndexAny(name, "0123456789")
	if at < 0 {
		at = len(name)
	}
	for kind, names := range kinds {
		if slices.Contains(strings.Fields(names), name[:at]) {
			return kind
		}
	}
	switch {
	case strings.Contains(name, "."):
		return VLAN
	case mac != "":
		return Physical
	}
	return ""
}

func first(values map[string]report.Number, names ...string) report.Number {
	for _, name := range names {
		if v := values[name]; v.Known() {
			return v
		}
	}
	return report.Number{}
}

// ParseBootTime reads kern.boottime of the BSDs: a number of seconds, or
// "{ sec = 1700000000, usec = 1 } …".
func ParseBootTime(data []byte) (seconds int64, ok bool) {
	text := strings.TrimSpace(string(data))
	if _, rest, found := strings.Cut(text, "sec = "); found {
		text, _, _ = strings.Cut(rest, ",")
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	return seconds, err == nil && seconds > 0
}
