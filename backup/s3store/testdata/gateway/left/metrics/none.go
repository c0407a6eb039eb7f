package metrics

func newStatsd(...any) (publisher, error)    { return nil, nil }
func newDogStatsd(...any) (publisher, error) { return nil, nil }
