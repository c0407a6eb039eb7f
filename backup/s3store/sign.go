package s3store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Keys are the two halves of an access key.
type Keys struct{ ID, Secret string }

// stamp is the form of times in signatures.
const stamp = "20060102T150405Z"

// sign adds a signature to a request, after AWS Signature Version 4: over the
// method, the path, the query, the digest of the content, and every header that
// is set so far.
func (k Keys) sign(req *http.Request, region, digest string, now time.Time) {
	at := now.UTC().Format(stamp)
	req.Header.Set("X-Amz-Date", at)
	req.Header.Set("X-Amz-Content-Sha256", digest)
	headers := map[string]string{"host": req.URL.Host}
	names := []string{"host"}
	for name := range req.Header {
		lower := strings.ToLower(name)
		headers[lower] = strings.TrimSpace(req.Header.Get(name))
		names = append(names, lower)
	}
	slices.Sort(names)
	var canonical strings.Builder
	canonical.WriteString(req.Method + "\n" + req.URL.EscapedPath() + "\n" + query(req.URL.Query()) + "\n")
	for _, name := range names {
		canonical.WriteString(name + ":" + headers[name] + "\n")
	}
	signed := strings.Join(names, ";")
	canonical.WriteString("\n" + signed + "\n" + digest)
	scope := at[:8] + "/" + region + "/s3/aws4_request"
	text := "AWS4-HMAC-SHA256\n" + at + "\n" + scope + "\n" + hexSum(canonical.String())
	key := []byte("AWS4" + k.Secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+k.ID+"/"+scope+", SignedHeaders="+signed+", Signature="+hex.EncodeToString(mac(key, text)))
}

// query writes a query in the order and with the escapes that are signed.
func query(q url.Values) string { return strings.ReplaceAll(q.Encode(), "+", "%20") }

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
