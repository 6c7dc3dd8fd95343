package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// demoMemoryFile is where the demo remembers, in its data directory, what the
// database keeps no copy of: secrets of clients and codes of passes. A real
// deployment has no such file.
const demoMemoryFile = "demo.json"

// demoMemory is what the demo knows of its own world: by domain, then by name.
type demoMemory struct {
	Clients map[string]map[string]rememberedClient `json:"clients"`
	Passes  map[string]map[string]rememberedPass   `json:"passes"`
}

type rememberedClient struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret,omitempty"`
}

type rememberedPass struct {
	ID   string `json:"id"`
	Code string `json:"code"`
}

func newDemoMemory() *demoMemory {
	return &demoMemory{Clients: map[string]map[string]rememberedClient{}, Passes: map[string]map[string]rememberedPass{}}
}

// loadDemoMemory also keeps the demo off a real deployment's data: only a demo
// has the file.
func loadDemoMemory(dir string) (*demoMemory, error) {
	m := newDemoMemory()
	path := filepath.Join(dir, demoMemoryFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s was not made by the demo, which would add organizations and passes to it: choose another directory with --data", dir)
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s cannot be read (%w): delete the demo's data directory to begin anew", path, err)
	}
	return m, nil
}

func (m *demoMemory) save(dir string) error {
	return replaceJSON(filepath.Join(dir, demoMemoryFile), m)
}

func (m *demoMemory) client(domain, name string) rememberedClient { return m.Clients[domain][name] }

func (m *demoMemory) keepClient(domain, name string, c rememberedClient) {
	if m.Clients[domain] == nil {
		m.Clients[domain] = map[string]rememberedClient{}
	}
	m.Clients[domain][name] = c
}

func (m *demoMemory) pass(domain, name string) rememberedPass { return m.Passes[domain][name] }

func (m *demoMemory) keepPass(domain, name string, p rememberedPass) {
	if m.Passes[domain] == nil {
		m.Passes[domain] = map[string]rememberedPass{}
	}
	m.Passes[domain][name] = p
}

// replaceJSON replaces a file whole: whoever waits for it never sees half of it.
func replaceJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return throughDraft(path, os.Rename, func(draft *os.File) error {
		_, err := draft.Write(append(data, '\n'))
		return undrafted(err, path)
	})
}
