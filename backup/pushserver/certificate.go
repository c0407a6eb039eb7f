package pushserver

import "net/http"

// ByCertificate finds the client of a request by the certificate that it has shown: the
// common name of its subject. Only a certificate counts that the server has verified, as
// it does with tls.RequireAndVerifyClientCert and the authority of its clients in
// ClientCAs; no other authority's name counts there.
func ByCertificate(client func(name string) (Client, bool)) func(*http.Request) (Client, bool) {
	return func(r *http.Request) (Client, bool) {
		if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
			return Client{}, false
		}
		return client(r.TLS.VerifiedChains[0][0].Subject.CommonName)
	}
}
