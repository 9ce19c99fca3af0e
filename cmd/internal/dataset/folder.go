package dataset

func openFolder(path string, o Options) (*Data, error) { return openIDX(path, o) }
