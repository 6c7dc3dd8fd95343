package config

import "strings"

// suggest returns the name nearest to a misspelt one, or "" if none is near: a
// third of its letters may be wrong, and a key may lack its section.
func suggest(name string, known []string) string {
	best, fewest := "", len(name)/3+1
	for _, k := range known {
		if strings.HasSuffix(k, "."+name) {
			return k
		}
		if d := distance(name, k); d < fewest {
			best, fewest = k, d
		}
	}
	return best
}

// distance counts the letters to insert, remove or replace to get from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
