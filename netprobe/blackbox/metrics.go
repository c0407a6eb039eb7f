package blackbox

import (
	"fmt"
	"hash/fnv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// WriteMetrics writes a result in the text form of Prometheus: the names of
// blackbox_exporter, and probe_failure_info and probe_phase_seconds beside. No
// label has a text of the server's.
func WriteMetrics(w io.Writer, res netprobe.Result) error {
	var out strings.Builder
	gauge := func(name, labels string, value float64) {
		fmt.Fprintf(&out, "# TYPE %s gauge\n%s%s %s\n", name, name, labels, strconv.FormatFloat(value, 'g', -1, 64))
	}
	gauge("probe_success", "", truth(res.State == netprobe.OK || res.State == netprobe.Warning))
	gauge("probe_duration_seconds", "", res.Took.Seconds())
	gauge("probe_dns_lookup_time_seconds", "", phase(res, netprobe.PhaseResolve))
	gauge("probe_failed_due_to_regex", "", truth(res.Cause == netprobe.ProtoUnexpected || res.Phase == netprobe.PhaseExpect && res.State == netprobe.Critical))
	if ip := res.Addr.Addr(); ip.IsValid() {
		hash := fnv.New32a()
		hash.Write(ip.AsSlice()) //nolint:errcheck // a hash takes everything
		gauge("probe_ip_addr_hash", "", float64(hash.Sum32()))
		gauge("probe_ip_protocol", "", map[bool]float64{true: 4, false: 6}[ip.Is4()])
	}
	if version, found := strings.CutPrefix(res.Facts.Get("banner"), "HTTP/"); found {
		gauge("probe_http_status_code", "", float64(res.Code))
		gauge("probe_http_redirects", "", float64(len(res.Facts["redirects"])))
		gauge("probe_http_ssl", "", truth(res.TLS != nil))
		page(gauge, res, version)
		phases(&out, "probe_http_duration_seconds", res, httpPhases)
	}
	if serial, err := strconv.ParseFloat(res.Facts.Get("serial"), 64); err == nil {
		gauge("probe_dns_serial", "", serial)
	}
	if res.Facts.Get("rcode") != "" {
		phases(&out, "probe_dns_duration_seconds", res, dnsPhases)
	}
	if t := res.TLS; t != nil {
		gauge("probe_ssl_earliest_cert_expiry", "", float64(min(t.NotAfter.Unix(), t.Ends.Unix())))
		gauge("probe_ssl_last_chain_expiry_timestamp_seconds", "", float64(t.Ends.Unix()))
		gauge("probe_tls_version_info", fmt.Sprintf("{version=%q}", t.Version), 1)
	}
	if res.Cause != "" {
		gauge("probe_failure_info", fmt.Sprintf("{cause=%q,phase=%q,code=\"%d\"}", res.Cause, res.Phase, res.Code), 1)
	}
	fmt.Fprintln(&out, "# TYPE probe_phase_seconds gauge")
	for _, p := range res.Phases {
		fmt.Fprintf(&out, "probe_phase_seconds{phase=%q} %s\n", p.Phase, strconv.FormatFloat(p.Took.Seconds(), 'g', -1, 64))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// page writes what the head of a page says.
func page(gauge func(name, labels string, value float64), res netprobe.Result, version string) {
	version, _, _ = strings.Cut(version, " ")
	if v, err := strconv.ParseFloat(version, 64); err == nil {
		gauge("probe_http_version", "", v)
	}
	length := -1.0
	if n, err := strconv.ParseFloat(res.Facts.Get("content-length"), 64); err == nil {
		length = n
	}
	gauge("probe_http_content_length", "", length)
	if at, err := time.Parse(time.RFC3339, res.Facts.Get("last-modified")); err == nil {
		gauge("probe_http_last_modified_timestamp_seconds", "", float64(at.Unix()))
	}
}

// The words of blackbox_exporter for our phases.
var (
	httpPhases = [][2]string{
		{"resolve", string(netprobe.PhaseResolve)},
		{"connect", string(netprobe.PhaseConnect)},
		{"tls", string(netprobe.PhaseTLS)},
		{"processing", string(netprobe.PhaseRequest)},
		{"transfer", string(netprobe.PhaseBody)},
	}
	dnsPhases = [][2]string{
		{"resolve", string(netprobe.PhaseResolve)}, {"connect", string(netprobe.PhaseConnect)}, {"request", string(netprobe.PhaseRequest)},
	}
)

// phases writes each of them, zero for what did not come to be.
func phases(out io.Writer, name string, res netprobe.Result, words [][2]string) {
	fmt.Fprintf(out, "# TYPE %s gauge\n", name)
	for _, w := range words {
		fmt.Fprintf(out, "%s{phase=%q} %s\n", name, w[0], strconv.FormatFloat(phase(res, netprobe.Phase(w[1])), 'g', -1, 64))
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func phase(res netprobe.Result, name netprobe.Phase) float64 {
	for _, p := range res.Phases {
		if p.Phase == name {
			return p.Took.Seconds()
		}
	}
	return 0
}
