package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Sources are the places that values come from, beside the defaults.
type Sources struct {
	// File is the path of the YAML file. Empty reads DefaultFile if it is there.
	File string
	// Env holds NAME=value pairs, as os.Environ returns them.
	Env []string
	// Flags holds the flags that were given, by Key.Flag.
	Flags map[string]string
	// Serve also checks what only a server needs, as ValidateServe does.
	Serve bool
}

// value is one setting as a layer has it.
type value struct {
	text   string
	source string
}

// layer holds the values of one source by the name of their key.
type layer map[string]value

// Load reads every source and checks the result. An error is a Problems that
// names everything wrong at once; the Config is then the zero value.
func Load(s Sources) (Config, error) {
	fromFile, problems := readFile(s.File)
	fromEnv, more := readEnv(s.Env)
	problems = append(problems, more...)
	fromFlags, more := readFlags(s.Flags)
	problems = append(problems, more...)

	c, more := Defaults().with(fromFile, fromEnv, fromFlags)
	problems = append(problems, more...)
	// A value that was refused leaves its default behind, so that what is
	// checked here adds to the list and repeats nothing in it. What a file that
	// could not be read would have set is not known, so nothing is checked then.
	if !slices.ContainsFunc(problems, Problem.ofWholeFile) {
		problems = append(problems, c.problems(s.Serve)...)
	}
	if err := problems.err(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// with sets what the layers hold, a later layer over an earlier one. A bad
// value is reported even where a later layer hides it.
func (c Config) with(layers ...layer) (Config, Problems) {
	var problems Problems
	c.sources = map[string]string{}
	for _, k := range Keys() {
		for _, l := range layers {
			v, ok := l[k.Name]
			if !ok {
				continue
			}
			if err := k.set(&c, v.text); err != nil {
				problems = append(problems, k.problem(v.source, v.text, err.Error()))
				continue
			}
			c.sources[k.Name] = v.source
		}
	}
	return c, problems
}

// readFlags finds the key of each flag. The parser of the command line knows
// the flags already; a stranger among them is a mistake in our own code, and
// is told like any other.
func readFlags(flags map[string]string) (layer, Problems) {
	known := byName(Key.Flag)
	l := layer{}
	var problems Problems
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		source := "flag --" + name
		k, ok := known[name]
		if !ok || name == "" {
			problems = append(problems, unknown("--"+name, "command line", suggest(name, slices.Sorted(maps.Keys(known)))))
			continue
		}
		l[k.Name] = value{flags[name], source}
	}
	return l, problems
}

// byName indexes the keys by one of their names.
func byName(name func(Key) string) map[string]Key {
	known := map[string]Key{}
	for _, k := range Keys() {
		known[name(k)] = k
	}
	return known
}

// unknown describes a name that no key has. Its value is not told: behind a
// misspelt name may stand a secret.
func unknown(name, source, near string) Problem {
	message := "is not a known setting: remove it, or see latchkey config show for all there are"
	if near != "" {
		message = fmt.Sprintf("is not a known setting: did you mean %s?", near)
	}
	return Problem{Key: plain(name), Source: source, Message: message}
}

// plain quotes a name that could not be read as one word.
func plain(name string) string {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r > '~' || r == ':' || r == '"'
	}) {
		return quote(name)
	}
	return name
}
