package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// auditExport is what the socket is asked for.
const auditExport = "audit.export"

// exportView is the answer of an export into a file.
type exportView struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
}

func (c *cli) auditExportCommand() *cobra.Command {
	kind := oneOf{value: "all", words: []string{signInsLog, auditLog, "all"}}
	var since since
	var output string
	var own bool
	cmd := &cobra.Command{
		Use: "export", Short: "Write a log as JSON lines, oldest first",
		Long: "Write the events of a tenant as JSON, one a line and oldest first, each with the link that ties it to the one\n" +
			"before it in its chain: sort a chain by seq, and each event's previous is the mac of the one before. Changes to\n" +
			"tenants, such as to their domains, are in the deployment's own log. A file that is written is\n" +
			"whole; if standard output breaks off, the exit code is 1.",
		Example: "  latchkey audit export --log audit --since 24h\n" +
			"  latchkey audit export --tenant contoso.example --output contoso.jsonl\n" +
			"  latchkey audit export --deployment",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output == "" && cmd.Flags().Changed("output") {
				return misused("--output is empty")
			}
			question := exportArgs(c.tenant, own, kind.value, since.from(c.now()))
			return c.export(cmd, auditExport+"?"+question.Encode(), output)
		},
	}
	cmd.Flags().Var(&kind, "log", "which log to write")
	cmd.Flags().Var(&since, "since", "from when on: a moment such as 2026-09-01T08:00:00+02:00, a day, or how long ago, such as 24h (default: all)")
	cmd.Flags().StringVar(&output, "output", "", "a new `file` to write to (default: standard output)")
	cmd.Flags().BoolVar(&own, "deployment", false, "the deployment's own log, in place of a tenant's")
	cmd = c.inTenant(cmd)
	cmd.MarkFlagsMutuallyExclusive("deployment", "tenant")
	return cmd
}

func exportArgs(tenant string, own bool, kind string, since time.Time) url.Values {
	question := url.Values{"log": {kind}}
	if !since.IsZero() {
		question.Set("since", since.Format(time.RFC3339Nano))
	}
	if own {
		question.Set(deployment, "true")
	} else {
		question.Set("tenant", tenant)
	}
	return question
}

// export passes on what the server streams.
func (c *cli) export(cmd *cobra.Command, question, output string) error {
	answer, err := c.call(cmd.Context(), cmd, http.MethodGet, question, nil)
	if err != nil {
		return err
	}
	defer answer.Close()
	if output == "" {
		if n, err := io.Copy(c.stdout, answer); err != nil {
			return fmt.Errorf("the export broke off after %d bytes and is not whole: %w", n, err)
		}
		return nil
	}
	n, err := saveStream(output, "export", answer)
	if err != nil {
		return err
	}
	return c.show(exportView{output, n}, func(p *printer) { p.line("Saved %d bytes in %s.", n, output) })
}

// answerAuditExport streams events as they are read. If that breaks off, so does the
// answer, and the command sees that it is not whole.
func (s *server) answerAuditExport(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // a large one takes its time
	w.Header().Set("Content-Type", "application/jsonl")
	begun, lines := false, json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	err := desk{s.deps, actorOf(r)}.export(r, func(es []*idp.AuditEvent) error {
		begun = true
		for _, e := range es {
			if err := lines.Encode(viewEvent(e)); err != nil {
				return err
			}
		}
		return control.Flush()
	})
	switch {
	case err != nil && !begun:
		writeControl(w, nil, err)
	case err != nil:
		s.Log.Error("an export of events broke off", "error", err)
		panic(http.ErrAbortHandler)
	}
}

func (d desk) export(r *http.Request, write func([]*idp.AuditEvent) error) error {
	question := r.URL.Query()
	var f admin.ExportFilter
	switch question.Get("log") {
	case signInsLog:
		f.Log = idp.SignIns
	case auditLog:
		f.Log = idp.Directory
	}
	if text := question.Get("since"); text != "" {
		var err error
		if f.Since, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return idp.Errorf(idp.Invalid, "The time %q cannot be read.", text)
		}
	}
	if question.Get(deployment) != "" {
		return d.Admin.ExportSystemEvents(r.Context(), d.actor, f, write)
	}
	t, err := d.tenantFor(r.Context(), question.Get("tenant"), "")
	if err != nil {
		return err
	}
	return d.Admin.ExportEvents(r.Context(), d.actor, t.TenantID, f, write)
}
