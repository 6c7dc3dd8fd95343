package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"

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

// saveNew writes a backup into a file that must not exist.
func saveNew(path string, from io.Reader) (int64, error) { return saveStream(path, "backup", from) }

// saveStream writes what is named into a file that must not exist.
func saveStream(path, what string, from io.Reader) (n int64, err error) {
	// Unlike a renaming, a link never replaces a file.
	err = throughDraft(path, os.Link, func(draft *os.File) (err error) {
		if n, err = io.Copy(draft, from); err != nil {
			err = fmt.Errorf("the %s broke off after %d bytes and was thrown away: %w", what, n, undrafted(err, path))
		}
		return err
	})
	if errors.Is(err, fs.ErrExist) {
		err = existsAlready(path)
	}
	return n, err
}

func existsAlready(path string) error {
	return fmt.Errorf("%s exists already and was left as it is: choose a new name", path)
}
