package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"latchkey/ui"
)

// slipFlags say whether a new pass gets a slip, and where.
type slipFlags struct {
	path     string
	userName bool
}

func (f *slipFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.path, "slip", "", "also write a slip to print into this new file: one page of A6, as HTML")
	cmd.Flags().BoolVar(&f.userName, "slip-user-name", true, "the slip says the user name")
}

// slip is a slip's file, which is there before the pass is: a pass whose slip could not
// be written would be lost. nil is no slip.
type slip struct{ file *os.File }

// open makes the file, which only its owner may read and which replaces none.
func (f slipFlags) open(cmd *cobra.Command) (*slip, error) {
	switch wanted := cmd.Flags().Changed("slip"); {
	case !wanted && cmd.Flags().Changed("slip-user-name"):
		return nil, misused("--slip-user-name is about the slip: give --slip, too")
	case !wanted:
		return nil, nil
	case f.path == "" || f.path == "-":
		return nil, misused("--slip wants the name of a file, such as slip.html")
	}
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		err = existsAlready(f.path)
	}
	if err != nil {
		return nil, fmt.Errorf("no pass was made: %w", err)
	}
	return &slip{file}, nil
}

// write draws the slip, with times in the zone of whoever gives the pass.
func (s *slip) write(v ui.Slip) error {
	renderer, err := ui.NewRenderer(ui.Options{})
	if err != nil {
		return err
	}
	page, err := renderer.Slip(v, time.Local)
	if err != nil {
		return err
	}
	_, err = s.file.Write(page)
	return errors.Join(err, s.file.Close())
}

// remove takes back the file of a slip that there is none of.
func (s *slip) remove() error {
	if s == nil {
		return nil
	}
	s.file.Close() // nothing is lost: the file goes
	return os.Remove(s.file.Name())
}

// finish puts the slip of a new pass into its file. Whatever comes of that, the pass is
// there and still has to be shown.
func (s *slip) finish(v *passView) error {
	if s == nil {
		return nil
	}
	made := v.Slip
	v.Slip = nil // its own file has it
	if made == nil {
		return errors.Join(errors.New("this server makes no slips: it is of another version than this command"), s.remove())
	}
	if err := s.write(*made); err != nil {
		return fmt.Errorf("the pass was made, its slip was not: %w", errors.Join(err, s.remove()))
	}
	v.SlipFile = s.file.Name()
	return nil
}
