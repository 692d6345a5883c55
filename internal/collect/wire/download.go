package wire

import (
	"context"
	"net/http"
)

type downloadKey struct{}

// Download marks requests for a file that an API points to, such as the log of a job. They carry no credentials, whatever their host, and
// their bodies stream: the reader bounds them, and a body that breaks off is the reader's to ask for again.
func Download(ctx context.Context) context.Context {
	return context.WithValue(ctx, downloadKey{}, true)
}

func download(req *http.Request) bool { return req.Context().Value(downloadKey{}) != nil }

// streams tells answers that are handed on as they come from those that are read whole, under their cap.
func streams(req *http.Request) bool { return gitPath(req.URL.Path) || download(req) }
