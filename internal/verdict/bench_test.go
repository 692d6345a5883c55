package verdict_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/tokens"
	"pentimento/internal/verdict"
)

// BenchmarkWindows judges 5,000 windows, each of a credential of its own, over a log of 200,000 uses of 20,000 credentials that the case holds; with
// PENTIMENTO_ROWS over as many uses. Each window has a baseline of two thirds of the uses of its credential. Making the case is not timed.
//
//	PENTIMENTO_ROWS=5000000 go test -run '^$' -bench Windows -benchtime 3x -timeout 0 ./internal/verdict
func BenchmarkWindows(b *testing.B) {
	const windows, credentials = 5000, 20_000
	rows := 200_000
	if s := os.Getenv("PENTIMENTO_ROWS"); s != "" {
		var err error
		if rows, err = strconv.Atoi(s); err != nil || rows < 1 {
			b.Fatalf("PENTIMENTO_ROWS=%q is no number of rows", s)
		}
	}
	c := usedCase(b, rows, credentials)
	uses := func(ctx context.Context, refs []tokens.Ref, f func(*tokens.Use) error) error {
		return c.EachUse(ctx, casefile.UseFilter{Credentials: refs}, f)
	}
	var certain, baseline int
	for b.Loop() {
		w := newWorld()
		w.windows = nil
		w.covered("aws/cloudtrail", -2000, 1000)
		for i := range windows {
			w.window(tokens.NewRef(tokens.AWS, fmt.Sprintf("key%05d", i*credentials/windows)), "", 0, 1)
		}
		var list []verdict.Subject
		for _, x := range w.windows {
			list = append(list, verdict.Subject{Repository: repo, Window: x})
		}
		all, err := verdict.Judge(context.Background(), w.World, uses, list)
		if err != nil {
			b.Fatal(err)
		}
		certain, baseline = 0, 0
		for _, v := range all {
			certain += v.Certain
			baseline += v.Baseline
		}
	}
	if certain == 0 || baseline < certain {
		b.Fatalf("%d uses in windows, %d before", certain, baseline)
	}
	b.ReportMetric(float64(certain), "uses-inside")
	b.ReportMetric(float64(baseline), "uses-before")
}

// usedCase holds a log of thirty days in the order of time, twenty of them before the theft: few credentials are used much, most uses come from an address
// and a program that the credential had before.
func usedCase(b *testing.B, rows, credentials int) *casefile.Case {
	b.Helper()
	ctx := context.Background()
	c, err := casefile.Create(ctx, filepath.Join(b.TempDir(), "case.db"), casefile.Info{Now: at(1000), NowGiven: true, Version: "test"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.Close(); err != nil {
			b.Error(err)
		}
	})
	im, err := c.BeginImport(ctx, casefile.ImportPlan{Kind: "usage", Format: "x", Name: "uses", Options: "{}"})
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	often := rand.NewZipf(r, 1.1, 20, uint64(credentials-1))
	for i := range rows {
		n := often.Uint64()
		u := tokens.Use{Log: "aws/cloudtrail", Provider: tokens.AWS, Credential: fmt.Sprintf("key%05d", n), Account: fmt.Sprintf("account%d", n/4), Action: "PutObject",
			Class: tokens.Write, At: at(-480).Add(720 * time.Hour / time.Duration(rows) * time.Duration(i)), Address: netip.AddrFrom4([4]byte{10, byte(n >> 8), byte(n), byte(r.IntN(50))}),
			UserAgent: fmt.Sprintf("aws-cli/2.%d Python/3.11", r.IntN(20)), Outcome: tokens.Succeeded}
		if r.IntN(100) == 0 {
			u.Address, u.Action = netip.AddrFrom4([4]byte{11, byte(r.IntN(8)), byte(r.IntN(250)), 1}), "ListBuckets"
		}
		if err := im.Row(int64(i)); err != nil {
			b.Fatal(err)
		}
		if err := im.Use(&u); err != nil {
			b.Fatal(err)
		}
	}
	if _, _, err := im.End(ctx, "s", 1); err != nil {
		b.Fatal(err)
	}
	return c
}
