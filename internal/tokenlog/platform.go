package tokenlog

// platformFormats are those of GitHub, clouds and web servers.
func platformFormats() []Format { return nil }
