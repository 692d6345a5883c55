// Package localgit reads what a clone on somebody's disk remembers of a repository on a server: which values the server's branches had when
// the clone fetched, which moves it pushed itself, and commits that the server may have lost since.
//
// It takes a folder (a working tree with its .git folder, or a bare repository) and gives [evidence.Observation]s: sightings and ref updates
// on the clone's own clock ([when.Local]), and every commit that the clone holds with its workflow files. It writes nothing, runs nothing,
// and obeys nothing that it reads: the clone's configuration is data that says which remote is the repository, its hooks, filters,
// attributes, replacements, grafts and includes are not looked at, and links that leave the folder are not followed.
//
// It refuses to conclude: what a clone's own branches and HEAD held, no server need ever have seen (their commits are said to be had by way
// of [ViaLocal]); a push tells what a branch held after it, not before (a forced one overwrites what the clone never saw); and a clone's
// clock is as right as its owner kept it.
package localgit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"pentimento/internal/evidence"
)

// How a commit of a clone was had, as it stands in [evidence.CommitSeen].
const (
	ViaClone = "clone"       // a ref of the server, as the clone saw or pushed it, reaches the commit
	ViaLocal = "clone-local" // nothing in the clone shows that the commit was ever on the server
)

// Config of a reading.
type Config struct {
	// Host is the server of the case, https://github.com if nil: a remote counts where its address names the repository there.
	Host *url.URL
	// Now stamps the sources; a reflog entry dated later is no evidence.
	Now func() time.Time
}

// Emit takes one observation; it is stored whole or not at all.
type Emit = func(evidence.Observation) error

// Unit is the unit of collection of a folder: the same for the same place on the same machine.
func Unit(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil { // the working directory is gone: the path as given is all there is
		abs = filepath.Clean(dir)
	}
	sum := sha256.Sum256([]byte(filepath.ToSlash(abs)))
	name := filepath.Base(abs)
	if name == ".git" {
		name = filepath.Base(filepath.Dir(abs))
	}
	return "local/" + evidence.Printable(name) + "-" + hex.EncodeToString(sum[:4])
}

// Collect reads the clone in dir, in one unit (see [Unit]), which is always done at the end: a folder is what it is. What cannot be read or
// is refused becomes a gap. Errors: a cancelled context, a failing emit.
func Collect(ctx context.Context, repo evidence.Repository, dir string, cfg Config, emit Emit) error {
	r := &reading{repo: repo, unit: Unit(dir), dir: dir, cfg: cfg, now: cfg.Now().UTC(), emit: emit}
	if err := r.run(ctx); err != nil {
		return fmt.Errorf("read clone of %s: %w", repo, err)
	}
	return nil
}

// reading is the reading of one clone under way.
type reading struct {
	repo evidence.Repository
	unit string
	dir  string
	cfg  Config
	now  time.Time
	emit Emit

	git      *folder
	remotes  []remote
	gaps     []evidence.Gap                // for the next observation
	packed   map[string]ref                // by name, loose refs over packed ones
	logged   map[string]bool               // refs that have a reflog, empty or not
	cloned   time.Time                     // when the clone was made from the repository; zero where no reflog says
	fetched  time.Time                     // newest entry of a fetch
	unlogged bool                          // core.logAllRefUpdates is off: a ref without a reflog proves nothing
	byFact   map[evidence.OID][]string     // facts that name an object, by it
	local    map[evidence.OID][]string     // sources whose local reflogs name an object that no fact does
	tags     map[evidence.OID][]tagMention // tags fetched, whose object may not be a commit
}

func (r *reading) run(ctx context.Context) error {
	git, gap := openFolder(r.dir)
	if gap != nil {
		r.gap(*gap)
		return r.flush(true)
	}
	defer git.close()
	r.git = git
	r.byFact, r.local, r.tags = map[evidence.OID][]string{}, map[evidence.OID][]string{}, map[evidence.OID][]tagMention{}
	format := r.readConfig()
	if format == "sha256" {
		r.gap(evidence.Gap{Kind: evidence.GapUnsupported, Subject: "object format", Detail: "the clone names its objects by SHA-256; no server of GitHub's does"})
		return r.flush(true)
	}
	r.readRefs()
	if err := r.readLogs(ctx); err != nil {
		return err
	}
	if err := r.readListings(); err != nil {
		return err
	}
	return r.objects(ctx)
}

// gap notes what could not be seen; it goes out with the next observation.
func (r *reading) gap(g evidence.Gap) { r.gaps = append(r.gaps, g) }

// send emits an observation of this unit together with the gaps met so far.
func (r *reading) send(obs evidence.Observation) error {
	obs.Repository, obs.Unit = r.repo, r.unit
	obs.Gaps = append(r.gaps, obs.Gaps...)
	r.gaps = nil
	for i := range obs.Gaps {
		obs.Gaps[i].Repository, obs.Gaps[i].Unit = r.repo, r.unit
	}
	return r.emit(obs)
}

func (r *reading) flush(done bool) error { return r.send(evidence.Observation{Done: done}) }

// source words one thing that was read. Target tells it from others of the clone, whatever folder that lies in.
func (r *reading) source(origin evidence.Origin, target string, body []byte) evidence.Source {
	return evidence.Source{Repository: r.repo, Origin: origin, Method: "FILE", URL: "file://" + filepath.ToSlash(r.dir), Target: target,
		FetchedAt: r.now, Body: body}
}

// note remembers which fact names which object.
func (r *reading) note(o evidence.OID, fact string) { r.byFact[o] = append(r.byFact[o], fact) }
