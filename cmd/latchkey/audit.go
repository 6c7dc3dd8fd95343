package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
)

func (c *cli) auditCommand() *cobra.Command {
	return c.group("audit", "Prove that the logs are as they were written, and hand them out",
		c.auditVerifyCommand(), c.auditExportCommand())
}

func (c *cli) auditVerifyCommand() *cobra.Command {
	var known knownEnds
	cmd := &cobra.Command{
		Use: "verify", Short: "Prove that no event of the logs was altered or removed",
		Long: "Prove that no event of the logs was altered or removed: those of all tenants, and the deployment's own, which\n" +
			"tells of the tenants themselves. Each log is one or two chains. Write their ends down where whoever holds the\n" +
			"server cannot reach, and show them another time with --head: that proves that the logs were not put back or\n" +
			"written anew meanwhile. The exit code is 1 when anything is wrong.",
		Example: "  latchkey audit verify\n" +
			"  latchkey audit verify --tenant contoso.example --json",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := c.verifyAll(cmd, known)
			if err != nil {
				return err
			}
			if err := c.show(v, func(p *printer) { showVerified(p, v) }); err != nil {
				return err
			}
			return v.verdict()
		},
	}
	cmd.Flags().Var(&known, "head", "an `end` of a chain that was written down, as this command shows it; may be repeated")
	return c.withTenant(cmd, "only the log of this tenant, by a domain or its id (default: all, and the deployment's own)")
}

// verifyAll asks for one log after the other.
func (c *cli) verifyAll(cmd *cobra.Command, known knownEnds) (v verifiedView, err error) {
	logs, err := c.logs(cmd)
	if err != nil {
		return v, err
	}
	if known, err = known.sorted(logs, c.tenant != ""); err != nil {
		return v, err
	}
	v.OK = true
	for _, l := range logs {
		one, err := ask(c, cmd, auditVerify, auditVerifyArgs{l.tenant, known.of(l)})
		if err != nil {
			return v, err
		}
		v.Logs = append(v.Logs, one)
		v.OK = v.OK && one.FaultCount == 0
	}
	return v, nil
}

// deployment stands for the log of what belongs to no tenant, where that has an id.
const deployment = "deployment"

// auditLogName names a log: a tenant's, or the deployment's own when tenant is "".
type auditLogName struct {
	tenant string // id
	names  []string
}

// logs are those that are asked for.
func (c *cli) logs(cmd *cobra.Command) ([]auditLogName, error) {
	if c.tenant != "" {
		t, err := ask(c, cmd, tenantShow, namedArgs{Tenant: c.tenant})
		return []auditLogName{logOf(t)}, err
	}
	all, err := allOf(c, cmd, tenantList, listArgs{})
	return append(each(all, logOf), auditLogName{"", []string{deployment}}), err
}

func logOf(t tenantView) auditLogName {
	return auditLogName{t.ID, append([]string{t.ID}, t.Domains...)}
}

// verdict is the last line, where something is wrong.
func (v verifiedView) verdict() error {
	if v.OK {
		return nil
	}
	faults, logs := 0, 0
	for _, l := range v.Logs {
		if faults += l.FaultCount; l.FaultCount > 0 {
			logs++
		}
	}
	return fmt.Errorf("the logs are not as they were written: %s in %d of %d", counted(faults, "fault"), logs, len(v.Logs))
}

func showVerified(p *printer, v verifiedView) {
	var ends []string
	for _, l := range v.Logs {
		p.line("%s: %s, %s", l.name(), l.counts(), l.verdict())
		if len(l.Faults) > 0 {
			p.table("", []string{"CHAIN", "SEQ", "EVENT", "WHAT IS WRONG"}, each(l.Faults, faultView.row))
		}
		if more := l.FaultCount - len(l.Faults); more > 0 {
			p.line("and %d more", more)
		}
		if l.FaultCount == 0 { // those of a log that was altered are worth nothing
			ends = append(ends, l.Heads...)
		}
	}
	if len(ends) > 0 {
		p.line("")
		p.line("Ends of the chains now, to write down elsewhere and to show with --head another time:")
	}
	for _, e := range ends {
		p.line("%s", e)
	}
}

// name is the log's, for people.
func (l verifiedLog) name() string {
	if l.TenantID == "" {
		return "The deployment"
	}
	return fmt.Sprintf("%s (%s)", l.TenantName, l.TenantID)
}

func (l verifiedLog) counts() string {
	text := counted(l.Events, "event")
	if l.Unchained > 0 {
		text += fmt.Sprintf(" (%d of them from before there were chains, and not proved)", l.Unchained)
	}
	return text
}

func (l verifiedLog) verdict() string {
	if l.FaultCount > 0 {
		return counted(l.FaultCount, "fault")
	}
	return "as written"
}

func (f faultView) row() []string {
	seq := ""
	if f.Seq > 0 {
		seq = strconv.FormatUint(f.Seq, 10)
	}
	return []string{f.Chain, seq, f.EventID, f.Reason}
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
