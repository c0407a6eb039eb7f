package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// A Receipt says that a server has a snapshot, and since when by its clock. The
// server signs it: who keeps it can prove what the server had, whatever becomes of
// the store, and the age of a snapshot stands when files are copied.
type Receipt struct {
	Version  int       `json:"v"`
	Host     string    `json:"host,omitempty"`
	Time     time.Time `json:"received"`
	Snapshot Head      `json:"snapshot"`
}

// ReceiptPrefix begins the names of receipts.
const ReceiptPrefix = "receipts/"

const receiptVersion = 1

// MaxReceipt are the bytes of a receipt's file.
const MaxReceipt = 64 << 10

// ReceiptName is the name of the receipt of a snapshot.
func ReceiptName(seq uint64) string { return numbered(ReceiptPrefix, seq) }

// ReceiptSeq gives the number of the snapshot that a receipt is for, by its name.
func ReceiptSeq(name string) (uint64, error) { return seqOf(name, ReceiptPrefix) }

// Seal gives the receipt's file: a line of JSON, then the signature of that line.
func (r Receipt) Seal(signer Signer) ([]byte, error) {
	r.Version = receiptVersion
	return seal(r, signer)
}

// ParseReceipt reads a receipt's file; a nil verifier verifies nothing. The error
// wraps ErrDamaged, or is the verifier's.
func ParseReceipt(file []byte, v Verifier) (r Receipt, err error) {
	message, err := unseal(file, v)
	if err != nil {
		return r, err
	}
	err = json.Unmarshal(message, &r)
	if err != nil || r.Version != receiptVersion || r.Time.IsZero() || r.Snapshot.Seq == 0 || !validHash(r.Snapshot.Digest) {
		return Receipt{}, fmt.Errorf("no receipt: %w", ErrDamaged)
	}
	return r, nil
}

// Receipt reads the receipt of a snapshot, with its file. The error wraps fs.ErrNotExist where
// there is none, and ErrDamaged where it is not one of that snapshot.
func (r Repo) Receipt(ctx context.Context, of Head) (got Receipt, file []byte, err error) {
	file, err = Read(ctx, r.Store, ReceiptName(of.Seq), MaxReceipt)
	if err != nil {
		return got, nil, err
	}
	got, err = ParseReceipt(file, r.Keys.server())
	if err == nil && (got.Snapshot != of || r.Host != "" && got.Host != r.Host) {
		err = fmt.Errorf("it is of another snapshot: %w", ErrDamaged)
	}
	if err != nil {
		return Receipt{}, file, fmt.Errorf("receipt of snapshot %d: %w", of.Seq, err)
	}
	return got, file, nil
}

// CheckKnown looks whether the store has the snapshot that was last reported. The
// error wraps ErrNoSnapshot where it is gone, and ErrOther where another has its
// number.
func (r Repo) CheckKnown(ctx context.Context) error {
	if r.Known.Seq == 0 {
		return nil
	}
	r.Host = "" // whose it is, is not asked here
	s, err := r.Snapshot(ctx, r.Known.Seq)
	if err == nil && s.Digest != r.Known.Digest {
		err = fmt.Errorf("snapshot %d: %w", s.Seq, ErrOther)
	}
	return err
}
