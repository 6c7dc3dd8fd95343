package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"latchkey/config"
	"latchkey/idp"
	"latchkey/idp/admin"
)

var (
	crashCycles = flag.Int("crash.cycles", 100, "how often TestCrash kills the server")
	crashSeed   = flag.Uint64("crash.seed", 1, "what TestCrash's choices are drawn from")
)

// TestCrash kills a server, at a random moment of mixed load, with a signal it
// cannot see, and then looks at what it left: the database opens and is sound, all
// that was acknowledged is there, and nothing is half done. The next server goes
// on from there with everybody's sessions and tokens.
func TestCrash(t *testing.T) {
	cycles := *crashCycles
	if testing.Short() {
		cycles = min(cycles, 10)
	}
	// A database of some megabytes is as good as a large one and is read sooner.
	const perWorld = 50
	random := rand.New(rand.NewPCG(*crashSeed, 0))
	total := newTally()
	for cycle := range cycles {
		if cycle%perWorld == 0 {
			total.world = newCrashWorld(t, random)
		}
		total.world.cycle(total)
		if t.Failed() {
			t.Fatalf("in cycle %d of -crash.seed=%d", cycle+1, *crashSeed)
		}
	}
	total.tell(t, cycles)
}

// crashWorld is a data directory and the people who work with its servers.
type crashWorld struct {
	t         *testing.T
	random    *rand.Rand
	cfg       config.Config
	tenant    string
	phone     app // public: its refresh tokens rotate
	resource  app // may introspect
	residents []*resident
}

const crashBaseURL = "http://localhost:9" // never dialled: the port differs at each start

// newCrashWorld makes the data directory.
func newCrashWorld(t *testing.T, random *rand.Rand) *crashWorld {
	t.Helper()
	cfg := config.Defaults()
	cfg.Data, cfg.BaseURL = filepath.Join(t.TempDir(), "d"), crashBaseURL
	w := &crashWorld{t: t, random: random, cfg: cfg}
	w.must(createData(cfg))
	d, err := openDeps(cfg, slog.New(slog.DiscardHandler))
	w.must(err)
	w.populate(d.Admin)
	w.must(d.Store.Close())
	for i := range 6 {
		w.residents = append(w.residents, &resident{w: w, number: i, random: rand.New(rand.NewPCG(random.Uint64(), 0))})
	}
	return w
}

func (w *crashWorld) populate(service *admin.Service) {
	ctx, actor := context.Background(), admin.Operator("test")
	tenant, err := service.CreateTenant(ctx, actor, "Contoso", "contoso.example")
	w.must(err)
	w.tenant = tenant.TenantID
	on := true
	_, err = service.UpdatePassPolicy(ctx, actor, w.tenant, admin.PassPolicyChange{Enabled: &on})
	w.must(err)
	phone, _, err := service.CreateClient(ctx, actor, w.tenant, idp.Client{
		Name: "Phone", AuthMethod: idp.AuthNone, GrantTypes: []string{idp.GrantCode, idp.GrantRefresh, idp.GrantDevice}, RedirectURIs: []string{"http://127.0.0.1/callback"},
	})
	w.must(err)
	w.phone = app{phone.ClientID, "", phone.RedirectURIs[0], "openid offline_access"}
	resource, secret, err := service.CreateClient(ctx, actor, w.tenant, idp.Client{
		Name: "Resource", AuthMethod: idp.AuthBasic, GrantTypes: []string{idp.GrantClient}, Introspect: true,
	})
	w.must(err)
	w.resource = app{id: resource.ClientID, secret: secret}
}

func (w *crashWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// cycle is one life of a server.
func (w *crashWorld) cycle(total *tally) {
	began := time.Now()
	s := w.serve()
	total.started(time.Since(began))
	w.askAgain(s)
	w.settle(s)
	began = time.Now()
	results := make(chan map[string]int)
	for _, r := range w.residents {
		go func() { results <- r.busy(s) }()
	}
	<-time.After(20*time.Millisecond + time.Duration(w.random.IntN(281))*time.Millisecond)
	s.kill()
	total.loaded(time.Since(began))
	for range w.residents {
		total.add(<-results)
	}
	began = time.Now()
	w.inspect()
	total.inspected(time.Since(began))
}

// settle has most residents signed in before the load begins, as that takes some of
// them longer than the server lives. The others try it under way.
func (w *crashWorld) settle(s *crashServer) {
	w.t.Helper()
	for _, r := range w.residents[:4] {
		for r.cookies == nil {
			_, err := r.choose().do(r, s)
			w.must(err)
		}
	}
}

// crashServer is a running server and how to reach it.
type crashServer struct {
	t       *testing.T
	cmd     *exec.Cmd
	browser *agent // without cookies
	control *agent // over the control socket
}

// serve starts a server and waits until it says that it serves.
func (w *crashWorld) serve() *crashServer {
	w.t.Helper()
	program, err := exec.LookPath("latchkey") // this test's own binary, see TestMain
	w.must(err)
	cmd := exec.Command(program, "serve", "--data", w.cfg.Data, "--base-url", crashBaseURL, "--listen", "localhost:0", "--metrics-listen", "")
	cmd.Env = []string{"TZ=UTC"}
	out, err := cmd.StderrPipe()
	w.must(err)
	w.must(cmd.Start())
	lines := bufio.NewScanner(out)
	said := ""
	for lines.Scan() {
		said += lines.Text() + "\n"
		var line struct{ Msg, Listen string }
		if json.Unmarshal(lines.Bytes(), &line) != nil || line.Msg != "serving" {
			continue
		}
		go io.Copy(io.Discard, out) // what it says until it is killed
		at, err := url.Parse(line.Listen)
		w.must(err)
		return &crashServer{
			t: w.t, cmd: cmd,
			browser: &agent{newTransport("tcp", at.Host), crashBaseURL + "/" + w.tenant + "/v2.0", map[string]string{}},
			control: &agent{transport: newTransport("unix", filepath.Join(w.cfg.Data, socketFile))},
		}
	}
	w.t.Fatalf("the server did not start: %v\n%s", cmd.Wait(), said)
	return nil
}

// kill ends the server by SIGKILL.
func (s *crashServer) kill() {
	s.t.Helper()
	_ = s.cmd.Process.Kill() // if it has ended, Wait tells how
	if err := s.cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		s.t.Errorf("the server ended by itself: %v", err)
	}
}

// tally counts what the cycles did.
type tally struct {
	world                          *crashWorld
	done                           map[string]int
	load, slowStart, slowInspected time.Duration
}

func newTally() *tally { return &tally{done: map[string]int{}} }

func (y *tally) started(took time.Duration)   { y.slowStart = max(y.slowStart, took) }
func (y *tally) inspected(took time.Duration) { y.slowInspected = max(y.slowInspected, took) }
func (y *tally) loaded(took time.Duration)    { y.load += took }

func (y *tally) add(done map[string]int) {
	for deed, n := range done {
		y.done[deed] += n
	}
}

// tell fails if a kind of write was never acknowledged: then nothing was tested.
func (y *tally) tell(t *testing.T, cycles int) {
	writes := 0
	for _, d := range deeds() {
		writes += y.done[d.name]
		if y.done[d.name] == 0 && cycles >= 50 {
			t.Errorf("in %d cycles there was no %s", cycles, d.name)
		}
	}
	t.Logf("%d cycles of -crash.seed=%d: %d acknowledged deeds, %.0f a second of load: %v", cycles, *crashSeed, writes, float64(writes)/y.load.Seconds(), y.done)
	t.Logf("slowest start %v; slowest opening with a full check %v", y.slowStart.Round(time.Millisecond), y.slowInspected.Round(time.Millisecond))
}
