package inert

import "strings"

// Column defangs by column: hosts in lists of destinations, URLs in whatever text an attacker may have had a hand in. The URLs of
// answers stay: they are GitHub's, and a target is what one asks again.
func Column(column, cell string) string {
	switch column {
	case "indicator":
		return Defang(cell)
	case "destinations":
		words := strings.Split(cell, " ")
		for i, w := range words {
			words[i] = Defang(w)
		}
		return strings.Join(words, " ")
	case "url", "target":
		return cell
	}
	if strings.Contains(cell, "://") {
		return Defang(cell)
	}
	return cell
}
