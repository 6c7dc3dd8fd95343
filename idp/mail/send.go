package mail

import (
	"context"
	"errors"
	"fmt"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"latchkey/idp"
	"latchkey/storage"
)

// send makes one try and keeps what became of it.
func (s *Sender) send(ctx context.Context, tenant string, m *idp.Mail) {
	err := s.deliver(ctx, tenant, m)
	why := judge(err)
	result := Sent
	switch {
	case err != nil && (why.forGood || m.Last()):
		result = Failed
	case err != nil:
		result = Deferred
	}
	settled := s.Store.Update(ctx, tenant, func(tx *storage.Tx) error {
		if err == nil {
			return m.Sent(tx, s.log(tenant), s.Now())
		}
		return m.Failed(tx, s.log(tenant), why.kept, why.forGood, s.Now())
	})
	s.Count(result)
	s.tell(tenant, m, result, why.logged)
	if settled != nil {
		s.Log.Error("what became of a mail could not be kept", "tenant", tenant, "result", result, "error", settled)
	}
}

func (s *Sender) log(tenant string) idp.AuditLog {
	return idp.AuditLog{Keys: s.Keys, Tenant: tenant}
}

// deliver hands a mail to the server. An address for a copy that the server refuses keeps
// nobody from their mail.
func (s *Sender) deliver(ctx context.Context, tenant string, m *idp.Mail) error {
	var t *idp.Tenant
	err := s.Store.View(ctx, storage.System, func(tx *storage.Tx) (err error) {
		t, err = idp.Optional(storage.Get[idp.Tenant](tx, tenant))
		return err
	})
	switch {
	case err != nil:
		return err
	case t == nil:
		return final{errors.New("its organization is gone")}
	}
	err = s.handOver(ctx, m, t, true)
	if len(m.Copies) > 0 && refusesRecipient(err) && (judge(err).forGood || m.Last()) {
		err = s.handOver(ctx, m, t, false)
	}
	return err
}

func (s *Sender) handOver(ctx context.Context, m *idp.Mail, t *idp.Tenant, copies bool) error {
	msg, err := s.message(m, t, copies)
	if err != nil {
		return err
	}
	return s.server.send(ctx, msg)
}

func refusesRecipient(err error) bool {
	refusal, refused := errors.AsType[*gomail.SendError](err)
	return refused && refusal.Reason == gomail.ErrSMTPRcptTo
}

// tell logs a mail that was not sent, without what it says and whose address it has.
func (s *Sender) tell(tenant string, m *idp.Mail, result, why string) {
	text := "a mail could not be sent and is tried again"
	switch result {
	case Sent:
		return
	case Failed:
		text = "a mail could not be sent and is given up"
	}
	s.Log.Warn(text, "tenant", tenant, "user", m.UserID, "about", string(m.About), "to", "…@"+domainOf(m.To), "tries", m.Tries, "error", why)
}

func domainOf(address string) string { return address[strings.LastIndex(address, "@")+1:] }

// final is an error that another try would meet, too.
type final struct{ error }

// verdict is an error as it is kept with the mail, and as it is logged: what a server says
// often names the address.
type verdict struct {
	kept, logged string
	forGood      bool
}

// judge reads what a server answered (RFC 5321 4.2.1). A 5xx to the recipient or to the
// mail itself is meant for good; one to signing in, or to the sender, is for the operator
// to set right, and the mail waits for that.
func judge(err error) verdict {
	if err == nil {
		return verdict{}
	}
	refusal, refused := errors.AsType[*gomail.SendError](err)
	if !refused {
		_, forGood := errors.AsType[final](err)
		return verdict{err.Error(), err.Error(), forGood}
	}
	v := verdict{logged: refusal.Reason.String() + ": no answer"}
	if code := refusal.ErrorCode(); code != 0 {
		v.logged = strings.TrimSpace(fmt.Sprintf("%s: %d %s", refusal.Reason, code, refusal.EnhancedStatusCode()))
	}
	switch refusal.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		v.forGood = refusal.ErrorCode()/100 == 5
	}
	v.kept, _, _ = strings.Cut(refusal.Error(), ", affected ") // the mail knows its recipient and its name
	return v
}
