package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"latchkey/storage"
)

// controlTimeout is how long a command waits for an answer.
const controlTimeout = time.Minute

// pageSize is how many things a listing asks for at a time.
const pageSize = 500

// remote is what every command that acts on a running server has.
func (c *cli) remote(cmd *cobra.Command) *cobra.Command {
	return c.withJSON(c.settings(cmd, "data"))
}

// inTenant is remote for a command that acts within one tenant.
func (c *cli) inTenant(cmd *cobra.Command) *cobra.Command {
	return c.withTenant(cmd, "the tenant, by a domain or its id (default: the only one there is)")
}

// withTenant is remote with a flag --tenant.
func (c *cli) withTenant(cmd *cobra.Command, usage string) *cobra.Command {
	cmd.Flags().StringVar(&c.tenant, "tenant", "", usage)
	inner := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if c.tenant == "" && cmd.Flags().Changed("tenant") { // as by an unset variable of a script
			return misused("--tenant is empty")
		}
		return inner(cmd, args)
	}
	return c.remote(cmd)
}

// act asks the server and shows its answer.
func act[A, R any](c *cli, cmd *cobra.Command, o operation[A, R], args A, human func(*printer, R)) error {
	result, err := ask(c, cmd, o, args)
	if err != nil {
		return err
	}
	return c.show(result, func(p *printer) { human(p, result) })
}

// actList asks for all pages and shows them as one.
func actList[A pageable[A], T any](c *cli, cmd *cobra.Command, o operation[A, page[T]], args A, human func(*printer, []T)) error {
	all, err := allOf(c, cmd, o, args)
	if err != nil {
		return err
	}
	return c.show(all, func(p *printer) { human(p, all) })
}

// allOf asks for all pages, or for as many as it takes for what the arguments limit it to.
func allOf[A pageable[A], T any](c *cli, cmd *cobra.Command, o operation[A, page[T]], args A) ([]T, error) {
	all := []T{}
	limit := args.most()
	for after := ""; ; {
		size := pageSize
		if limit > 0 {
			size = min(pageSize, limit-len(all))
		}
		got, err := ask(c, cmd, o, args.at(after, size))
		if err != nil {
			return nil, err
		}
		all = append(all, got.Items...)
		if limit > 0 && len(all) >= limit {
			return all[:limit], nil
		}
		if after = got.Next; after == "" {
			return all, nil
		}
	}
}

// pageable are arguments that ask for one page of a listing.
type pageable[A any] interface {
	most() int                    // how many are wanted in all; 0: all there are
	at(after string, limit int) A // the same of another page
}

// onNamed is a command that takes the name of a thing and nothing else.
func onNamed[R any](c *cli, verb, what, example, short string, o operation[namedArgs, R], human func(*printer, R)) *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: verb + " " + what, Short: short, Args: wants(what),
		Example: exampleOf(o.name, example),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, o, namedArgs{c.tenant, args[0]}, human)
		},
	})
}

// onUser is a command that takes a user and nothing else.
func onUser[R any](c *cli, verb, short string, o operation[userArgs, R], human func(*printer, R)) *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: verb + " USER", Short: short, Args: wants("USER"),
		Example: exampleOf(o.name, "anna@contoso.example"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, o, userArgs{c.tenant, args[0]}, human)
		},
	})
}

// exampleOf writes out a call: operations are named as the commands are.
func exampleOf(operation, args string) string {
	return "  latchkey " + strings.Replace(operation, ".", " ", 1) + " " + args
}

// listArgs asks for one page of a listing.
type listArgs struct {
	Tenant string `json:"tenant"`
	Of     string `json:"of"` // whose things: depends on the operation
	After  string `json:"after"`
	Limit  int    `json:"limit"`
}

func (a listArgs) scope() (tenant, user string) { return a.Tenant, "" }

func (a listArgs) most() int { return a.Limit }

func (a listArgs) at(after string, limit int) listArgs {
	a.After, a.Limit = after, limit
	return a
}

func (a listArgs) page() storage.Page { return storage.Page{After: a.After, Limit: a.Limit} }

// page is one page of a listing; Next is empty on the last one.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// ask has the running server carry out an operation.
func ask[A, R any](c *cli, cmd *cobra.Command, o operation[A, R], args A) (result R, err error) {
	body, err := json.Marshal(args)
	if err != nil {
		return result, err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), controlTimeout)
	defer cancel()
	answer, err := c.call(ctx, cmd, http.MethodPost, o.name, bytes.NewReader(body))
	if err != nil {
		return result, err
	}
	defer answer.Close()
	if err := json.NewDecoder(answer).Decode(&result); err != nil {
		return result, fmt.Errorf("the server's answer cannot be read: %w", err)
	}
	return result, nil
}

// call sends one request to the socket of the data directory.
func (c *cli) call(ctx context.Context, cmd *cobra.Command, method, name string, body io.Reader) (io.ReadCloser, error) {
	cfg, err := c.load(cmd, false)
	if err != nil {
		return nil, err
	}
	if err := checkSocketPath(cfg.Data); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://latchkey/"+name, body)
	if err != nil {
		return nil, err
	}
	response, err := overSocket(filepath.Join(cfg.Data, socketFile)).Do(request)
	if err != nil {
		return nil, explainDial(err, cfg.Data)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer response.Body.Close()
	var told controlError
	if err := json.NewDecoder(response.Body).Decode(&told); err != nil || told.Message == "" {
		return nil, fmt.Errorf("the server answered %s", response.Status)
	}
	return nil, &told
}

func overSocket(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}
}

func explainDial(err error, data string) error {
	_, missing := os.Stat(data)
	switch {
	case errors.Is(missing, fs.ErrNotExist):
		return fmt.Errorf("there is no data directory %s: name the server's with --data, or make one with 'latchkey init'", data)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("no server is running on %s (start one with 'latchkey serve' or 'latchkey demo')", data)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the data directory %s belongs to another user: run this as the user who runs the server on it", data)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the server on %s gave no answer within %s", data, span(controlTimeout))
	case errors.Is(err, context.Canceled):
		return context.Canceled
	}
	return fmt.Errorf("the server on %s cannot be reached: %w", data, err)
}
