package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/web"
)

// The control socket lies in the data directory, which is its owner's alone;
// whoever can open it is an operator. It speaks JSON over HTTP: POST /NAME with
// an operation's arguments answers its result or a controlError.
const (
	socketFile = "control.sock"
	// maxSocketPath is what every system takes; the shortest limit is 104.
	maxSocketPath = 100
	maxControl    = 64 << 10 // bytes of arguments
)

// desk is where an operation is carried out, and for whom.
type desk struct {
	*deps
	actor idp.Actor
}

// operation is one thing the server can be asked to do. The command line and
// the server share it, so that question and answer have the same types.
type operation[A, R any] struct {
	name string
	do   func(ctx context.Context, d desk, args A) (R, error)
}

// served is an operation whose types do not matter.
type served interface {
	named() string
	serve(ctx context.Context, d desk, args []byte) (any, error)
}

func (o operation[A, R]) named() string { return o.name }

func (o operation[A, R]) serve(ctx context.Context, d desk, raw []byte) (any, error) {
	var args A
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&args); err != nil {
		return nil, idp.Errorf(idp.Invalid, "The arguments of %s cannot be read: %v.", o.name, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, idp.Errorf(idp.Invalid, "There is something behind the arguments of %s.", o.name)
	}
	return o.do(ctx, d, args)
}

// operations lists everything the socket can be asked for.
func operations() []served {
	return []served{
		tenantCreate, tenantList, tenantShow, tenantUpdate, domainAdd, domainClaim, domainVerify, domainDefault, domainList, domainRemove,
		userCreate, userList, userShow, userUpdate, userDelete, userRevokeSessions,
		groupCreate, groupList, groupShow, groupUpdate, groupDelete, groupAddMember, groupRemoveMember,
		clientCreate, clientList, clientShow, clientUpdate, clientDelete, clientNewSecret,
		apiCreate, apiList, apiShow, apiUpdate, apiDelete,
		registrationTokenCreate, registrationTokenList, registrationTokenDelete,
		roleList, roleAssign, roleRemove, roleHolders,
		policyShow, policySet, passCreate, passList, passShow, passDelete, passRequests, passApprove, passDeny,
		policyPasskeyShow, policyPasskeySet, policyPasswordShow, policyPasswordSet, policyRegistrationShow, policyRegistrationSet,
		policyAuthenticatorShow, policyAuthenticatorSet, authenticatorList, authenticatorRename, authenticatorDelete, deviceInvite,
		passkeyList, passkeyRename, passkeyDelete, passwordDelete, reportReadiness,
		policyEmailShow, policyEmailSet, policyGuestsShow, policyGuestsSet,
		guestInvite, guestList, guestShow, guestResend, guestReset, guestDelete, guestBlocks, guestUnblock,
		federationAdd, federationList, federationShow, federationSet, federationRemove, federationTest,
		federationIdentities, federationLink, federationUnlink,
		partnerList, partnerShow, partnerSet, partnerRemove, partnerDefault, partnerReset,
		keysList, keysRotate, eventsList, mailStatus, mailList, auditVerify, explain,
	}
}

// controlError is what the socket answers when an operation fails.
type controlError struct {
	Code    idp.Code `json:"code"`
	Message string   `json:"message"`
}

func (e *controlError) Error() string { return e.Message }

// prepareControl readies the control endpoint for serving.
func (s *server) prepareControl() {
	mux := http.NewServeMux()
	for _, o := range operations() {
		mux.HandleFunc("POST /"+o.named(), func(w http.ResponseWriter, r *http.Request) { s.answerControl(w, r, o) })
	}
	mux.HandleFunc("GET /backup", s.answerBackup)
	mux.HandleFunc("GET /"+auditExport, s.answerAuditExport)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeControl(w, nil, idp.Errorf(idp.NotFound, "This server does not know %q. Is it of another version than this command?", r.URL.Path[1:]))
	})
	s.control.http.Handler = mux
	s.control.http.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, actorKey{}, admin.Operator(peerName(c)))
	}
}

type actorKey struct{}

// actorOf is who is at the other end of the socket.
func actorOf(r *http.Request) idp.Actor {
	actor, _ := r.Context().Value(actorKey{}).(idp.Actor)
	return actor
}

func (s *server) answerControl(w http.ResponseWriter, r *http.Request, o served) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // the command gives up by itself
	actor := actorOf(r)
	args, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
	if err != nil {
		writeControl(w, nil, idp.Errorf(idp.Invalid, "The arguments of %s cannot be read: %v.", o.named(), err))
		return
	}
	result, err := o.serve(r.Context(), desk{s.deps, actor}, args)
	if err != nil && idp.ErrorCode(err) == idp.Internal {
		s.Log.Error("an operation failed", "operation", o.named(), "operator", actor.Name, "error", err)
	}
	writeControl(w, result, err)
}

// writeControl answers. Who can open the socket may read the log too, and is
// told even what is our fault.
func writeControl(w http.ResponseWriter, result any, err error) {
	status := http.StatusOK
	if err != nil {
		status = web.Status(idp.ErrorCode(err))
		result = controlError{idp.ErrorCode(err), err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(result) // the command may have been interrupted
}

// answerBackup streams a copy of the database. If it breaks off, so does the
// answer, and the command sees that it is not whole.
func (s *server) answerBackup(w http.ResponseWriter, _ *http.Request) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a large one takes its time
	w.Header().Set("Content-Type", "application/octet-stream")
	if n, err := s.driver.Backup(w); err != nil {
		s.Log.Error("a backup broke off", "bytes", n, "error", err)
		panic(http.ErrAbortHandler)
	}
}

// checkSocketPath refuses a data directory whose socket no system would take.
func checkSocketPath(data string) error {
	if path := filepath.Join(data, socketFile); len(path) > maxSocketPath {
		return fmt.Errorf("the path of the data directory is too long for its control socket: %s has %d bytes of at most %d. Choose a shorter one with --data, or name it relative to the working directory", path, len(path), maxSocketPath)
	}
	return nil
}

// listenControl opens the socket. The caller holds the database, so a socket
// that lies there belongs to nobody.
func listenControl(data string) (net.Listener, error) {
	path := filepath.Join(data, socketFile)
	if info, err := os.Lstat(path); err == nil {
		if info.Mode().Type() != os.ModeSocket {
			return nil, fmt.Errorf("%s is in the way of the control socket and is none: move it away", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	// Nobody else could have opened it before: the directory is the owner's.
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
