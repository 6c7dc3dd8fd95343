package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// testPrefix begins the variables that steer the project's own tests. They are
// no settings and are passed over, since tests start the real program.
const testPrefix = envPrefix + "TEST_"

// deviceVar names the file of a device's keys to the commands that are one, which
// need no configuration. Who has set it may run a server all the same.
const deviceVar = envPrefix + "DEVICE"

// serviceLink matches the variables that Kubernetes puts into each pod for a
// Service named latchkey. Nobody set them, so they are passed over; a
// LATCHKEY_PORT that is no URL somebody did set, and it stays an error.
var serviceLink = regexp.MustCompile(`^LATCHKEY_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)=|^LATCHKEY_PORT=(tcp|udp|sctp)://`)

// largestValue bounds a file that a _FILE variable names, in bytes.
const largestValue = 64 << 10

// readEnv finds the key of each LATCHKEY_ variable and reads the files that
// the _FILE variables name.
func readEnv(env []string) (layer, Problems) {
	known := byName(Key.Env)
	vars := ours(env)
	l := layer{}
	var problems Problems
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		source := "environment " + name
		base, fromFile := strings.CutSuffix(name, fileSuffix)
		k, ok := known[base]
		if !ok {
			problems = append(problems, unknown(name, "environment", suggestEnv(base, fromFile, known)))
			continue
		}
		if !fromFile { // sorted before its _FILE, which wins
			l[k.Name] = value{vars[name], source}
			continue
		}
		text, err := readBounded(vars[name], largestValue)
		if err != nil {
			problems = append(problems, Problem{Key: k.Name, Source: source, Value: quote(vars[name]), Message: "cannot be read: " + err.Error()})
			continue
		}
		l[k.Name] = value{cutNewline(string(text)), source}
	}
	return l, problems
}

// ours picks the variables that begin with LATCHKEY_ and are meant for us.
func ours(env []string) map[string]string {
	vars := map[string]string{}
	for _, pair := range env {
		name, v, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, envPrefix) && !strings.HasPrefix(name, testPrefix) && name != deviceVar && !serviceLink.MatchString(pair) {
			vars[name] = v
		}
	}
	return vars
}

func suggestEnv(base string, fromFile bool, known map[string]Key) string {
	near := suggest(base, slices.Sorted(maps.Keys(known)))
	if near != "" && fromFile {
		near += fileSuffix
	}
	return near
}

// cutNewline removes the one line end that editors and echo put after a value.
func cutNewline(text string) string {
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
}
