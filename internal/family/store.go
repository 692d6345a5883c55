package family

import (
	"context"
	"encoding/json"
	"fmt"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
)

// Store writes families, their members and what they propose into the open rebuild.
func Store(in *casefile.Inferences, standings []Standing, proposals []Proposal) error {
	for _, s := range standings {
		err := in.Exec("INSERT INTO family (id, campaigns, confidence, outline, habits, repositories) VALUES (?, ?, ?, ?, ?, ?)",
			s.ID, casefile.JSON(s.Campaigns), s.Confidence, casefile.JSON(s.Outline), casefile.JSON(s.Habits), casefile.JSON(s.Repositories()))
		if err != nil {
			return fmt.Errorf("store family %s: %w", s.ID, err)
		}
		for _, m := range s.Members {
			err := in.Exec("INSERT INTO family_member (family, blob, found, how, score, reason) VALUES (?, ?, ?, ?, ?, ?)",
				s.ID, string(m.Blob), m.Found, m.How, m.Score, m.Reason)
			if err != nil {
				return fmt.Errorf("store member %s of family %s: %w", m.Blob, s.ID, err)
			}
		}
	}
	for _, p := range proposals {
		err := in.Exec("INSERT INTO proposal (family, kind, value, role, confidence, reason, everyday, repositories, adds, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			p.Family, string(p.Kind), p.Value, p.Role, p.Confidence, p.Reason, p.Everyday, casefile.JSON(p.Repositories), casefile.JSON(p.Adds),
			casefile.JSON(p.Evidence))
		if err != nil {
			return fmt.Errorf("store proposal of family %s: %w", p.Family, err)
		}
	}
	return nil
}

// Stored is a family as a case holds it.
type Stored struct {
	ID           string
	Campaigns    []string
	Confidence   string
	Outline      Outline
	Habits       Habits
	Repositories []evidence.Repository
	Members      []Member // without what could be an indicator
	Proposals    []Proposal
}

// Load reads every family by id.
func Load(ctx context.Context, c *casefile.Case) ([]Stored, error) {
	var out []Stored
	index := map[string]int{}
	err := c.Each(ctx, "SELECT id, campaigns, confidence, outline, habits, repositories FROM family ORDER BY id", nil, func(scan func(...any) error) error {
		var f Stored
		var campaigns, outline, habits, repositories string
		if err := scan(&f.ID, &campaigns, &f.Confidence, &outline, &habits, &repositories); err != nil {
			return err
		}
		index[f.ID] = len(out)
		err := decode(field{campaigns, &f.Campaigns}, field{outline, &f.Outline}, field{habits, &f.Habits}, field{repositories, &f.Repositories})
		out = append(out, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load families: %w", err)
	}
	err = c.Each(ctx, "SELECT family, blob, found, how, score, reason FROM family_member ORDER BY family, found DESC, blob", nil, func(scan func(...any) error) error {
		var id string
		var m Member
		err := scan(&id, &m.Blob, &m.Found, &m.How, &m.Score, &m.Reason)
		if i, ok := index[id]; ok && err == nil {
			out[i].Members = append(out[i].Members, m)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load members of families: %w", err)
	}
	err = c.Each(ctx, "SELECT family, kind, value, role, confidence, reason, everyday, repositories, adds, evidence FROM proposal ORDER BY family, kind, value", nil,
		func(scan func(...any) error) error {
			var p Proposal
			var repositories, adds, ids string
			if err := scan(&p.Family, &p.Kind, &p.Value, &p.Role, &p.Confidence, &p.Reason, &p.Everyday, &repositories, &adds, &ids); err != nil {
				return err
			}
			if i, ok := index[p.Family]; ok {
				out[i].Proposals = append(out[i].Proposals, p)
				last := &out[i].Proposals[len(out[i].Proposals)-1]
				return decode(field{repositories, &last.Repositories}, field{adds, &last.Adds}, field{ids, &last.Evidence})
			}
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("load proposals: %w", err)
	}
	return out, nil
}

// field is JSON text and where it goes.
type field struct {
	text string
	to   any
}

func decode(fields ...field) error {
	for _, f := range fields {
		if err := json.Unmarshal([]byte(f.text), f.to); err != nil {
			return err
		}
	}
	return nil
}
