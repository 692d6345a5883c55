package drill

import (
	"bytes"
	"cmp"
	"io"
	"maps"
	"net/http"
	"net/http/cgi"
	"net/url"
	"path"
	"strings"
)

// cutPath removes a leading path element or several.
func cutPath(p, prefix string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(p, prefix)
	return rest, ok && (rest == "" || rest[0] == '/')
}

// serveGit answers /owner/name.git/info/refs and /owner/name.git/git-upload-pack, with or without ".git" as GitHub does.
func (s *Server) serveGit(w http.ResponseWriter, r *http.Request) {
	parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 3)
	if len(parts) != 3 || (parts[2] != "info/refs" && parts[2] != "git-upload-pack") {
		http.NotFound(w, r)
		return
	}
	asked := parts[0] + "/" + strings.TrimSuffix(parts[1], ".git")
	repo := s.recipe.repository(asked)
	switch {
	case repo == nil || repo.hidden():
		// GitHub asks strangers for a name before it says that there is nothing
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
			http.Error(w, "Repository not found.", http.StatusUnauthorized)
			return
		}
		http.Error(w, "Repository not found.", http.StatusNotFound)
	case repo.Blocked == "dmca":
		http.Error(w, "Repository unavailable due to DMCA takedown.", http.StatusForbidden)
	case repo.Blocked != "":
		http.Error(w, "Access to this repository has been disabled by GitHub staff.", http.StatusForbidden)
	case !strings.EqualFold(asked, string(repo.fullName())):
		to := url.URL{Path: path.Join("/", string(repo.fullName())+".git", parts[2]), RawQuery: r.URL.RawQuery}
		w.Header().Set("Location", s.url+to.String())
		w.WriteHeader(http.StatusMovedPermanently)
	case parts[2] == "info/refs" && protocol(r) == "version=2" && r.URL.RawQuery == "service=git-upload-pack":
		s.advertise(w, r, repo)
	default:
		s.backend(w, r, repo, parts[2])
	}
}

// advertise says what git can do in protocol v2, which is the same for all repositories of this server: git is asked once.
func (s *Server) advertise(w http.ResponseWriter, r *http.Request, repo *Repository) {
	s.mu.Lock()
	known := s.v2
	s.mu.Unlock()
	if known == nil {
		known = &captured{header: http.Header{}}
		s.backend(known, r, repo, "info/refs")
		if known.status == http.StatusOK {
			s.mu.Lock()
			s.v2 = known
			s.mu.Unlock()
		}
	}
	known.send(w)
}

// send gives a captured answer as it was meant.
func (c *captured) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), c.header)
	w.WriteHeader(cmp.Or(c.status, http.StatusOK))
	_, _ = w.Write(c.body.Bytes()) // an error here means that the client has gone
}

// backend hands a request to git http-backend. CGI needs the length of the body, which a client may leave out, so it is read first.
func (s *Server) backend(w http.ResponseWriter, r *http.Request, repo *Repository, service string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "request too large", http.StatusRequestEntityTooLarge)
		return
	}
	select {
	case s.gate <- struct{}{}:
		defer func() { <-s.gate }()
	case <-r.Context().Done():
		return
	}
	in := r.Clone(r.Context())
	in.URL.Path = "/" + string(repo.Name) + ".git/" + service
	in.Body, in.ContentLength, in.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	in.Header.Del("Authorization") // CGI would hand it to a process that has no use for it
	h := cgi.Handler{
		Path: s.git, Args: []string{"http-backend"}, Dir: s.root, InheritEnv: []string{},
		Env:    append(s.env(), "GIT_PROJECT_ROOT="+s.root, "GIT_HTTP_EXPORT_ALL=1", "GIT_PROTOCOL="+protocol(r)),
		Logger: silent(), Stderr: io.Discard,
	}
	h.ServeHTTP(w, in)
}

// protocol passes the versions that git knows: the header is the client's and becomes an environment variable.
func protocol(r *http.Request) string {
	switch p := r.Header.Get("Git-Protocol"); p {
	case "version=1", "version=2":
		return p
	}
	return "version=0"
}
