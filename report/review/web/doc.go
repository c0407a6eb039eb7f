// Package web serves the review as pages: what is new since the last sign-off,
// what is still open, what people dealt with, and the forms to accept,
// acknowledge and sign.
//
//	site, link := web.New(web.Desk{Load: load, Do: do}, "http://127.0.0.1:4711")
//	fmt.Println(link) // opens once
//	http.Serve(listener, site)
//
// The pages work without script and by keyboard alone. A GET changes nothing.
//
// # Design
//
// The link holds a secret that is good once: it is exchanged for a cookie that no
// script and no other site can use. Browsers give a cookie to every port of a
// machine, and any user may listen on one: the cookie is for a folder alone whose
// name is a secret as well. What changes anything is a POST with that
// cookie, a secret of the form, and an origin that is this one. Requests under
// another name than the one that was given are refused, so that no name which is
// pointed at this machine reaches it. Nothing is loaded from elsewhere, nothing
// is kept by the browser, and no page can stand in a frame.
package web
