// Command gateway is versitygw's S3 service over a directory, without the rest of
// versitygw: ADDRESS KEY SECRET DIRECTORY. The files below left stand for its parts
// that lead to other services.
package main

import (
	"log"
	"os"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
)

func main() {
	addr, key, secret, dir := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	files, err := posix.New(dir, meta.XattrMeta{}, posix.PosixOpts{Concurrency: 100, CopyObjectThreshold: 5 << 30})
	if err != nil {
		log.Fatal(err)
	}
	owner := auth.NewIAMServiceSingle(auth.Account{Access: key, Secret: secret, Role: auth.RoleAdmin})
	root := middlewares.RootUserConfig{Access: key, Secret: secret}
	srv, err := s3api.New(files, root, "us-east-1", owner, nil, nil, nil, nil, s3api.WithConcurrencyLimiter(100, 100))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(srv.ServeMultiPort([]string{addr}))
}
