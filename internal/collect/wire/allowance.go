package wire

import (
	"context"
	"fmt"
	"sync/atomic"
)

// Allowance is how many API requests may be sent, by whatever is asked with a context that bears it. Each attempt counts: a retry, a hop
// of a redirect, and an answer of 304, which costs nothing of GitHub's primary limit. Git and downloads are not counted. It is safe for concurrent use.
type Allowance struct {
	whose string // in words: "this run"
	most  int64  // 0: no bound
	of    *Allowance
	spent atomic.Int64
}

// NewAllowance makes an allowance of most requests, without bound at zero. What is taken from it is taken from of as well, where that is
// not nil. Whose says in words what it is for.
func NewAllowance(whose string, most int, of *Allowance) *Allowance {
	return &Allowance{whose: whose, most: int64(most), of: of}
}

// BudgetError says that an allowance is spent. Nothing was sent.
type BudgetError struct {
	Whose string
	Most  int64
}

func (e *BudgetError) Error() string {
	return fmt.Sprintf("the %d API calls allowed for %s are spent", e.Most, e.Whose)
}

// Spent counts what was sent.
func (a *Allowance) Spent() int64 { return a.spent.Load() }

// Left tells what another request would meet: nil, or a [BudgetError].
func (a *Allowance) Left() error {
	for ; a != nil; a = a.of {
		if a.most > 0 && a.spent.Load() >= a.most {
			return &BudgetError{a.whose, a.most}
		}
	}
	return nil
}

// take takes one request, or none and says whose allowance is spent.
func (a *Allowance) take() error {
	if a == nil {
		return nil
	}
	if n := a.spent.Add(1); a.most > 0 && n > a.most {
		a.spent.Add(-1)
		return &BudgetError{a.whose, a.most}
	}
	err := a.of.take()
	if err != nil {
		a.spent.Add(-1)
	}
	return err
}

type allowanceKey struct{}

// WithAllowance makes requests that are sent with the context count.
func WithAllowance(ctx context.Context, a *Allowance) context.Context {
	return context.WithValue(ctx, allowanceKey{}, a)
}

func allowanceOf(ctx context.Context) *Allowance {
	a, _ := ctx.Value(allowanceKey{}).(*Allowance) // nil where none was given
	return a
}
