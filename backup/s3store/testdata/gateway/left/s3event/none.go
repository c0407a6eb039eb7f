package s3event

func InitKafkaEventService(...any) (S3EventSender, error)    { return nil, nil }
func InitNatsEventService(...any) (S3EventSender, error)     { return nil, nil }
func InitRabbitmqEventService(...any) (S3EventSender, error) { return nil, nil }

func genSequencer() string { return "0" }
