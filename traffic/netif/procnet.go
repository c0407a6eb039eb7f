package netif

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/report"
)

// ParseProcNetDev reads Linux's /proc/net/dev: two header lines, then a line
// for each interface with a name, a colon, and eight numbers for each
// direction. The name may itself hold a colon, and the first number may stick
// to the last one.
//
//	Inter-|   Receive                                                |  Transmit
//	 face |bytes packets errs drop fifo frame compressed multicast|bytes …
//	  eth0:  123456     100    0    0    0     0          0         0   654321 …
func ParseProcNetDev(data []byte) ([]Sample, error) {
	if !bytes.HasSuffix(data, []byte("\n")) {
		return nil, errors.New("/proc/net/dev: the end is missing")
	}
	var samples []Sample
	headers := 0
	for n, line := range bytes.Split(data, []byte("\n")) {
		text := string(line)
		if headers < 2 && strings.Contains(text, "|") {
			headers++
			continue
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		s, err := parseProcNetDevLine(text)
		if err != nil {
			return nil, fmt.Errorf("/proc/net/dev line %d: %w", n+1, err)
		}
		samples = append(samples, s)
	}
	if headers != 2 {
		return nil, errors.New("/proc/net/dev: the two header lines are missing")
	}
	return samples, nil
}

func parseProcNetDevLine(line string) (Sample, error) {
	colon := strings.LastIndexByte(line, ':')
	if colon < 0 {
		return Sample{}, errors.New("malformed")
	}
	s := Sample{Name: strings.TrimSpace(line[:colon]), Width: 64}
	var v [16]report.Number
	fields := strings.Fields(line[colon+1:])
	if len(fields) < len(v) || s.Name == "" {
		return Sample{}, errors.New("malformed")
	}
	for i := range v {
		n, err := strconv.ParseUint(fields[i], 10, 64)
		if err != nil {
			return Sample{}, fmt.Errorf("column %d: %.40q is no counter", i+1, fields[i])
		}
		v[i] = report.Count(n)
	}
	s.Received = Counters{Bytes: v[0], Packets: v[1], Errors: v[2], Drops: v[3]}
	s.Sent = Counters{Bytes: v[8], Packets: v[9], Errors: v[10], Drops: v[11]}
	return s, nil
}
