package dnsprobe

import (
	"encoding/binary"

	"github.com/miekg/dns"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

func exchange(e *netprobe.Exchange, network string, question *dns.Msg) (*dns.Msg, error) {
	packed, err := question.Pack()
	if err != nil {
		return nil, netprobe.Failf(netprobe.LocalConfig, "%v", err)
	}
	if network == "tcp" {
		packed = append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...)
	}
	if _, err := e.Write(packed); err != nil {
		return nil, err
	}
	for range 8 { // what answers another question is not ours
		data, err := receive(e, network)
		if err != nil {
			return nil, err
		}
		m := new(dns.Msg)
		if err := m.Unpack(data); err != nil {
			return nil, netprobe.Failf(netprobe.ProtoSyntax, "the answer is no message of DNS: %v", err)
		}
		if m.Id == question.Id && m.Response && len(m.Question) == 1 && m.Question[0] == question.Question[0] {
			return m, nil
		}
	}
	return nil, netprobe.Failf(netprobe.ProtoSyntax, "the server answers, and never what was asked")
}

func receive(e *netprobe.Exchange, network string) ([]byte, error) {
	if network == "udp" {
		buf := make([]byte, 4<<10)
		n, err := e.Read(buf)
		return buf[:n], err
	}
	head, err := e.ReadN(2)
	if err != nil {
		return nil, err
	}
	return e.ReadN(int(binary.BigEndian.Uint16(head)))
}
