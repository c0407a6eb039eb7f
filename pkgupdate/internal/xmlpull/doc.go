// Package xmlpull reads big lists in XML an element at a time, and gives no element
// memory of its own.
//
//	x := xmlpull.New(in)
//	err := x.All("update", func() error {
//		kind := x.Attr("type")
//		return x.Each(func() error {
//			if x.Is("id") {
//				id = x.Text()
//			}
//			return nil
//		})
//	})
//
// # Design
//
// It takes what encoding/xml takes when it is strict, and reads the same out of it (a
// fuzzer holds them together), with these exceptions, which are errors: entities and
// whatever else a document defines by itself, names outside ASCII, more than MaxDepth
// elements in each other, and a tag, a comment or a text between two tags of more than
// MaxPiece bytes. Nothing outside of the document is ever fetched. Names are taken
// without their prefix.
package xmlpull
