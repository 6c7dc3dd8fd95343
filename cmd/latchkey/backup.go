package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// backupView is the answer of a backup.
type backupView struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
}

func (c *cli) backupCommand() *cobra.Command {
	return c.remote(&cobra.Command{
		Use: "backup FILE", Short: "Copy the database of the running server into a new file",
		Long: "Copy the database of the running server into a new file, at one moment and while it goes on serving.\n" +
			"The pepper is not in it: keep a copy of the file 'pepper' apart, since a database is worth nothing without it.\n" +
			"To go back, stop the server and put the copy in the place of latchkey.db in the data directory.",
		Example: "  latchkey backup latchkey-monday.db",
		Args:    wants("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := os.Lstat(args[0]); err == nil {
				return existsAlready(args[0])
			}
			answer, err := c.call(cmd.Context(), cmd, http.MethodGet, "backup", nil)
			if err != nil {
				return err
			}
			defer answer.Close()
			n, err := saveNew(args[0], answer)
			if err != nil {
				return err
			}
			return c.show(backupView{args[0], n}, func(p *printer) {
				p.line("Saved %d bytes in %s. The pepper is not in it: keep a copy of it apart.", n, args[0])
			})
		},
	})
}

// saveNew writes a file that must not exist: under another name first, so that
// what bears the name is always whole.
func saveNew(path string, from io.Reader) (n int64, err error) {
	draft, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.Remove(draft.Name())) }()
	n, err = io.Copy(draft, from)
	if err != nil {
		err = fmt.Errorf("the backup broke off after %d bytes and was thrown away: %w", n, err)
	}
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return n, err
	}
	// Unlike a renaming, a link never replaces a file.
	if err := os.Link(draft.Name(), path); errors.Is(err, fs.ErrExist) {
		return n, existsAlready(path)
	} else if err != nil {
		return n, err
	}
	return n, nil
}

func existsAlready(path string) error {
	return fmt.Errorf("%s exists already and was left as it is: choose a new name", path)
}
