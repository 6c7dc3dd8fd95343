package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"
)

// largestFile bounds the configuration file, in bytes.
const largestFile = 1 << 20

// readFile reads the named file, or DefaultFile if there is one.
func readFile(path string) (layer, Problems) {
	named := path != ""
	if !named {
		path = DefaultFile
	}
	b, err := readBounded(path, largestFile)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil, nil
	}
	source := "file " + path
	if err != nil {
		return nil, Problems{{Source: source, Message: "cannot be read: " + err.Error()}}
	}
	return parse(b, source)
}

// readBounded reads a file of at most limit bytes. Its errors leave the path
// to the caller, who shows it anyway.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, bare(err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("it holds more than %d KiB", limit>>10)
	}
	return b, nil
}

// bare takes operation and path off an error of the file system.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// parse turns YAML into a layer.
func parse(b []byte, source string) (layer, Problems) {
	if secondDocument(b) {
		return nil, Problems{{Source: source, Message: "holds more than one YAML document, of which only the first would count: keep one"}}
	}
	k := koanf.New(".")
	if err := k.Load(rawbytes.Provider(b), yaml.Parser()); err != nil {
		return nil, Problems{{Source: source, Message: notYAML(withoutValues(err))}}
	}
	w := walk{source: source, keys: byName(func(k Key) string { return k.Name }), layer: layer{}}
	w.section("", k.Raw())
	return w.layer, w.problems
}

// notYAML puts the parser's words into a sentence, except those it has for a
// document that is a list or a single value: they speak of Go.
func notYAML(words string) string {
	if strings.HasSuffix(words, " into map[string]interface {}") {
		return "must hold settings, each written as name: value, without a dash before it"
	}
	return "is not valid YAML of the form key: value: " + words
}

// secondDocument reports whether a document separator follows some content.
func secondDocument(b []byte) bool {
	content := false
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case line == "---" || strings.HasPrefix(line, "--- "):
			if content {
				return true
			}
			content = line != "---"
		case strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "%") && line != "...":
			content = true
		}
	}
	return false
}

// withoutValues makes one line of a parser's error and takes out the pieces of
// the document that it quotes: they may be part of a secret.
func withoutValues(err error) string {
	text := regexp.MustCompile("`[^`]*`").ReplaceAllString(err.Error(), "a value")
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "yaml: ", "")), " ")
}

// walk goes through a parsed document and sorts it into values and problems.
type walk struct {
	source   string
	keys     map[string]Key
	layer    layer
	problems Problems
}

// section takes the entries below prefix, which is "" or ends in a dot.
func (w *walk) section(prefix string, entries map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		full := prefix + name
		k, isKey := w.keys[full]
		switch below, isMap := entries[name].(map[string]any); {
		case strings.Contains(name, "."):
			w.dotted(full)
		case isKey:
			w.setting(k, entries[name])
		case !w.isSection(full + "."):
			w.problems = append(w.problems, unknown(full, w.source, suggest(full, w.names())))
		case isMap:
			w.section(full+".", below)
		case entries[name] != nil: // a section without entries is as good as none
			w.problems = append(w.problems, Problem{Key: full, Source: w.source, Message: "is a section: write its settings below it, indented"})
		}
	}
}

// dotted refuses log.level: as one word, since it could then stand twice.
func (w *walk) dotted(full string) {
	p := unknown(full, w.source, suggest(full, w.names()))
	if i := strings.LastIndex(full, "."); w.keys[full].Name != "" {
		p.Message = fmt.Sprintf("is written in one word: write %s: with %s: below it, indented", full[:i], full[i+1:])
	}
	w.problems = append(w.problems, p)
}

func (w *walk) setting(k Key, v any) {
	text, message := scalar(v)
	if list, ok := v.([]any); ok && k.isList {
		text, message = joined(list)
	}
	if message != "" {
		w.problems = append(w.problems, Problem{Key: k.Name, Source: w.source, Message: message})
		return
	}
	w.layer[k.Name] = value{text, w.source}
}

// scalar is the text of a single value, or what is wrong with it.
func scalar(v any) (text, message string) {
	switch v.(type) {
	case nil:
		return "", `has no value: write one, write "" for an empty one, or remove the line`
	case map[string]any, map[any]any:
		return "", "has settings below it: write one value"
	case []any:
		return "", "is a list: write one value"
	}
	return fmt.Sprint(v), ""
}

// joined makes one text of a list, as the environment and flags write it.
func joined(entries []any) (text, message string) {
	texts := make([]string, len(entries))
	for i, e := range entries {
		if texts[i], message = scalar(e); message != "" {
			return "", "has an entry that is not a single value: write one value for each"
		}
	}
	return strings.Join(texts, ","), ""
}

func (w *walk) isSection(prefix string) bool {
	return slices.ContainsFunc(w.names(), func(name string) bool { return strings.HasPrefix(name, prefix) })
}

func (w *walk) names() []string { return slices.Sorted(maps.Keys(w.keys)) }
