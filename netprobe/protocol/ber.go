package protocol

import (
	"github.com/pugetsoundtech/upkeep/netprobe"
)

// ask sends a request and returns the result code of the answer.
func ask(s *netprobe.Exchange, request string, operation byte) (int, error) {
	if _, err := s.Write([]byte(request)); err != nil {
		return 0, err
	}
	head, err := s.ReadN(2)
	if err != nil {
		return 0, err
	}
	if head[0] != 0x30 {
		return 0, netprobe.Failf(netprobe.ProtoSyntax, "the server sent %.80q, which is no answer of LDAP", head)
	}
	size, err := length(s, head[1])
	if err != nil {
		return 0, err
	}
	body, err := s.ReadN(size)
	if err != nil {
		return 0, err
	}
	code, ok := resultCode(body, operation)
	if !ok {
		return 0, netprobe.Failf(netprobe.ProtoSyntax, "the server sent %.80q, which is not the answer to the request", body)
	}
	return code, nil
}

// length reads the rest of a length in BER, whose first byte is there.
func length(s *netprobe.Exchange, first byte) (int, error) {
	if first < 0x80 {
		return int(first), nil
	}
	n := int(first & 0x7f)
	if n == 0 || n > 4 {
		return 0, netprobe.Failf(netprobe.ProtoSyntax, "the length of the answer takes %d bytes", n)
	}
	more, err := s.ReadN(n)
	if err != nil {
		return 0, err
	}
	return sum(more), nil
}

// sum gives a length, which is never negative where an int has 32 bits.
func sum(digits []byte) int {
	size := uint64(0)
	for _, b := range digits {
		size = size<<8 | uint64(b)
	}
	return int(min(size, 1<<30))
}

// resultCode finds the code in a message: an identifier, the operation, and an
// enumerated value first in it.
func resultCode(body []byte, operation byte) (int, bool) {
	id, rest, ok := element(body, 0x02)
	if !ok || len(id) == 0 {
		return 0, false
	}
	inner, _, ok := element(rest, operation)
	if !ok {
		return 0, false
	}
	code, _, ok := element(inner, 0x0a)
	if !ok || len(code) != 1 {
		return 0, false
	}
	return int(code[0]), true
}

// element takes one element with tag off data.
func element(data []byte, tag byte) (value, rest []byte, ok bool) {
	if len(data) < 2 || data[0] != tag {
		return nil, nil, false
	}
	size, data := int(data[1]), data[2:]
	if size >= 0x80 {
		n := size & 0x7f
		if n == 0 || n > 4 || len(data) < n {
			return nil, nil, false
		}
		size, data = sum(data[:n]), data[n:]
	}
	if size > len(data) {
		return nil, nil, false
	}
	return data[:size], data[size:], true
}
