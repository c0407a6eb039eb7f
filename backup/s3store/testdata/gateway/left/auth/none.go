package auth

type IAMServiceStandaloneConfig struct {
	Endpoint, Access, Secret, ClientCert, ClientCertKey, ServerCA, Region string
	DefaultUserID, DefaultGroupID, DefaultProjectID                       int
}

func NewIAMServiceStandalone(...any) (IAMService, error) { return nil, nil }
func NewLDAPService(...any) (IAMService, error)          { return nil, nil }
func NewVaultIAMService(...any) (IAMService, error)      { return nil, nil }
func NewS3(...any) (IAMService, error)                   { return nil, nil }
