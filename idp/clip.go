package idp

// Clip cuts text from outside to n bytes, whole characters, and drops what the
// store refuses.
func Clip(s string, n int) string {
	clean := make([]rune, 0, min(len(s), n))
	size := 0
	for _, r := range s {
		if size += len(string(r)); size > n {
			break
		}
		if r >= ' ' && r != 0x7f {
			clean = append(clean, r)
		}
	}
	return string(clean)
}
