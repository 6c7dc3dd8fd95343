//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/cmd/latchkey/device"
)

// phone is a person with a headless device and a browser.
type phone struct {
	user    string
	account *device.Account
	client  *device.Client
	browser *agent
}

// phones are people of a demo that runs as a process, each with a device.
type phones struct {
	*demoProcess
	b      *testing.B
	binary string
	data   string
	app    app
	tenant reportTenant
}

func newPhones(b *testing.B) *phones {
	b.Helper()
	dir := b.TempDir()
	binary := buildBinary(b)
	s, stop := startDemoProcess(b, binary, dir)
	b.Cleanup(stop)
	t := s.report.tenant(b, "contoso.example")
	w := &phones{demoProcess: s, b: b, binary: binary, data: filepath.Join(dir, "data"), tenant: t}
	c := t.client(b, "web")
	w.app = c.app(c.RedirectURIs[0], "openid")
	w.posted()
	return w
}

// command runs the program against the server and reads what it answers.
func (w *phones) command(into any, args ...string) error {
	out, err := exec.Command(w.binary, append(args, "--tenant", w.tenant.Domain, "--data", w.data, "--json")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%v: %w\n%s", args, err, out)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(out, into)
}

// enrolled makes so many people with a device each.
func (w *phones) enrolled(n int) []*phone {
	w.b.Helper()
	all, errs := make([]*phone, n), make([]error, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				all[i], errs[i] = w.enrol(fmt.Sprintf("phone%d@contoso.example", i))
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			w.b.Fatal(err)
		}
	}
	return all
}

func (w *phones) enrol(user string) (*phone, error) {
	var invited struct{ Link string }
	if err := w.command(nil, "user", "create", user, "--display-name", user); err != nil {
		return nil, err
	}
	if err := w.command(&invited, "device", "invite", user); err != nil {
		return nil, err
	}
	by, err := device.ParseLink(invited.Link)
	if err != nil {
		return nil, err
	}
	address := strings.TrimPrefix(w.report.BaseURL, "http://")
	transport := newTransport("tcp", address)
	client := device.NewClient(transport, time.Now)
	e, err := client.Enrol(context.Background(), by, device.Description{Name: "bench", App: "cli/bench", Platform: "Linux"})
	if err != nil {
		return nil, err
	}
	browser := &agent{transport: newTransport("tcp", address), issuer: w.tenant.Issuer, cookies: map[string]string{}}
	return &phone{user, e.Account, client, browser}, nil
}

// asks has the phone asked for a sign-in at the app: the page with the number.
func (p *phone) asks(app app) (at place, verifier string, err error) {
	address, verifier := p.browser.request(app, "login_hint", p.user, "prompt", "login")
	if at, err = p.browser.browse(http.MethodGet, address, nil, app); err != nil {
		return at, "", err
	}
	if at.page != "number-send" { // unknown names are asked for other things as well
		if at, err = p.browser.submit(at, "method", "authenticator", app); err != nil {
			return at, "", err
		}
	}
	at, err = p.browser.submit(at, "send", "type", app)
	if err == nil && at.page != "number" {
		err = fmt.Errorf("%s: no number but %s: %s", p.user, at.page, firstOf(problemPattern, at.body))
	}
	return at, verifier, err
}

var numberPattern = regexp.MustCompile(`id="number"[^>]*>([0-9]+)<`)

func nothing() error { return nil }

// answers has the device approve.
func (p *phone) answers(number string) error {
	all, err := p.client.Challenges(context.Background(), p.account, 25*time.Second)
	if err != nil {
		return err
	}
	if len(all) != 1 {
		return fmt.Errorf("%s: %d requests wait", p.user, len(all))
	}
	state, err := p.client.Respond(context.Background(), p.account, all[0], device.Answer{Decision: device.Approve, Number: number}, nothing)
	if err == nil && state != "approved" {
		err = fmt.Errorf("%s: the request is %s", p.user, state)
	}
	return err
}

// goesOn continues on the page with the number, to the app.
func (p *phone) goesOn(at place, app app) (place, error) {
	buttons := map[string][2]string{"number": {"approved", "1"}, "consent": {"decision", "allow"}, "add-method": {"later", "1"}}
	var err error
	for err == nil && at.landed == nil {
		button, ok := buttons[at.page]
		if !ok {
			break
		}
		delete(buttons, at.page)
		at, err = p.browser.submit(at, button[0], button[1], app)
	}
	return at, err
}

// signsIn is a whole sign-in: tokens at the app.
func (p *phone) signsIn(app app) error {
	at, verifier, err := p.asks(app)
	if err != nil {
		return err
	}
	if err := p.answers(firstOf(numberPattern, at.body)); err != nil {
		return err
	}
	if at, err = p.goesOn(at, app); err != nil {
		return err
	}
	if at.landed == nil {
		return fmt.Errorf("%s: at %s (%s), not at the app", p.user, at.page, firstOf(problemPattern, at.body))
	}
	_, err = p.browser.redeem(app, at.landed, verifier)
	return err
}

// atOnce does so many of some things at a time.
func atOnce(n int, all []func() error) error {
	errs := make([]error, len(all))
	slots := make(chan struct{}, n)
	var wg sync.WaitGroup
	for i, do := range all {
		slots <- struct{}{}
		wg.Go(func() {
			errs[i] = do()
			<-slots
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// BenchmarkDeviceAnswer is the processor time that the server takes for one answer of a headless
// device: to fetch the challenge, and to judge what was signed, each with what it is written by.
// Eight devices answer at a time.
//
//	go test ./cmd/latchkey -run '^$' -bench DeviceAnswer -benchtime 1x
func BenchmarkDeviceAnswer(b *testing.B) {
	const people = 40
	w := newPhones(b)
	all := w.enrolled(people)
	for b.Loop() {
		var cpu time.Duration
		answered := 0
		for round := range 8 {
			pages := make([]place, people)
			for i, p := range all {
				var err error
				if pages[i], _, err = p.asks(w.app); err != nil {
					b.Fatal(err)
				}
			}
			before := w.cpu()
			answer := make([]func() error, people)
			for i, p := range all {
				answer[i] = func() error { return p.answers(firstOf(numberPattern, pages[i].body)) }
			}
			if err := atOnce(8, answer); err != nil {
				b.Fatal(err)
			}
			if round > 0 { // at first devices connect, and fetch keys that they keep
				cpu += w.cpu() - before
				answered += people
			}
			for i, p := range all { // what was approved is given back to the limits
				if _, err := p.goesOn(pages[i], w.app); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(cpu.Microseconds())/1000/float64(answered), "server-cpu-ms/answer")
	}
}

// BenchmarkDeviceLoad offers a hundred sign-ins a second for half a minute, by the devices of five
// hundred people, and counts those that are lost, and answers that count twice: each tenth answer
// and each tenth way on is sent twice at once.
//
//	go test ./cmd/latchkey -run '^$' -bench DeviceLoad -benchtime 1x -timeout 30m
func BenchmarkDeviceLoad(b *testing.B) {
	const people, perSecond, seconds = 500, 100, 30
	w := newPhones(b)
	all := w.enrolled(people)
	for b.Loop() {
		free := make(chan *phone, people)
		for _, p := range all {
			free <- p
		}
		var done, lost, double atomic.Int64
		var first sync.Once
		var wg sync.WaitGroup
		tick := time.NewTicker(time.Second / perSecond)
		took := make([]time.Duration, perSecond*seconds)
		before := w.cpu()
		for i := range took {
			<-tick.C
			wg.Go(func() {
				start, p := time.Now(), <-free
				defer func() { free <- p }()
				twice, err := p.signsInTwice(w.app, i%10 == 0)
				double.Add(int64(twice))
				if err != nil {
					lost.Add(1)
					first.Do(func() { b.Log(err) })
					return
				}
				done.Add(1)
				took[i] = time.Since(start)
			})
		}
		wg.Wait()
		tick.Stop()
		slices.Sort(took)
		b.ReportMetric(float64(done.Load()), "signed-in")
		b.ReportMetric(float64(lost.Load()), "lost")
		b.ReportMetric(float64(double.Load()), "double")
		b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "median-ms")
		b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
		b.ReportMetric(float64((w.cpu()-before).Microseconds())/1000/float64(len(took)), "server-cpu-ms/sign-in")
	}
}

// signsInTwice is signsIn that, with again, sends what must count once twice at the same time. It
// tells how often that counted twice.
func (p *phone) signsInTwice(app app, again bool) (double int, err error) {
	if !again {
		return 0, p.signsIn(app)
	}
	at, _, err := p.asks(app)
	if err != nil {
		return 0, err
	}
	all, err := p.client.Challenges(context.Background(), p.account, 25*time.Second)
	if err != nil || len(all) != 1 {
		return 0, fmt.Errorf("%s: %d requests wait: %w", p.user, len(all), err)
	}
	number := firstOf(numberPattern, at.body)
	approved := 0
	for range 2 { // the verifier's counter keeps one device from answering at the same time
		state, err := p.client.Respond(context.Background(), p.account, all[0], device.Answer{Decision: device.Approve, Number: number}, nothing)
		if err == nil && state == "approved" {
			approved++
		}
	}
	var landed atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		twin := *p
		twin.browser = &agent{transport: p.browser.transport, issuer: p.browser.issuer, cookies: map[string]string{}}
		for name, value := range p.browser.cookies {
			twin.browser.cookies[name] = value
		}
		wg.Go(func() {
			if at, err := twin.goesOn(at, app); err == nil && at.landed.Get("code") != "" {
				landed.Add(1)
			}
		})
	}
	wg.Wait()
	if approved != 1 || landed.Load() == 0 {
		return 0, fmt.Errorf("%s: approved %d times, %d ways on", p.user, approved, landed.Load())
	}
	return approved + int(landed.Load()) - 2, nil
}

// BenchmarkApproval is the time from the moment a device sends its approval until the page with
// the number has moved on to a session, as its events tell it to.
//
//	go test ./cmd/latchkey -run '^$' -bench Approval -benchtime 30x
func BenchmarkApproval(b *testing.B) {
	w := newPhones(b)
	p := w.enrolled(1)[0]
	var took []time.Duration
	for b.Loop() {
		at, _, err := p.asks(w.app)
		if err != nil {
			b.Fatal(err)
		}
		events, err := w.listen(p, at)
		if err != nil {
			b.Fatal(err)
		}
		all, err := p.client.Challenges(context.Background(), p.account, 25*time.Second)
		if err != nil || len(all) != 1 {
			b.Fatal(len(all), err)
		}
		start := time.Now()
		answered := make(chan error, 1)
		go func() {
			_, err := p.client.Respond(context.Background(), p.account, all[0], device.Answer{Decision: device.Approve, Number: firstOf(numberPattern, at.body)}, nothing)
			answered <- err
		}()
		for event := range events {
			if strings.Contains(event, `"approved"`) {
				break
			}
		}
		if at, err = p.goesOn(at, w.app); err != nil || at.landed == nil {
			b.Fatal(at.page, err)
		}
		took = append(took, time.Since(start))
		if err := <-answered; err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "worst-ms")
}

var eventsPattern = regexp.MustCompile(`data-events="([^"]+)"`)

// listen opens the events of a page with a number.
func (w *phones) listen(p *phone, at place) (<-chan string, error) {
	r, err := w.eventsRequest(p, at)
	if err != nil {
		return nil, err
	}
	response, err := p.browser.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	events := make(chan string, 16)
	go func() {
		defer close(events)
		defer response.Body.Close()
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				events <- data
			}
		}
	}()
	return events, nil
}

func (w *phones) eventsRequest(p *phone, at place) (*http.Request, error) {
	to, err := at.at.Parse(firstOf(eventsPattern, at.body))
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(http.MethodGet, to.String(), nil)
	for name, value := range p.browser.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r, err
}

// BenchmarkNumberPages is what two thousand open pages with a number cost in memory, and how long
// it takes after they were closed until nothing is held for them.
//
//	go test ./cmd/latchkey -run '^$' -bench NumberPages -benchtime 1x
func BenchmarkNumberPages(b *testing.B) {
	const pages = 2000
	w := newPhones(b)
	if err := w.command(nil, "policy", "authenticator", "set", "--lifetime", "180s"); err != nil {
		b.Fatal(err)
	}
	p := w.enrolled(1)[0]
	for b.Loop() {
		at, _, err := p.asks(w.app)
		if err != nil {
			b.Fatal(err)
		}
		idle, before := w.gauge("process_resident_memory_bytes"), w.gauge("go_goroutines")
		ctx, cancel := context.WithCancel(context.Background())
		var open sync.WaitGroup
		first := make(chan error, pages)
		for range pages {
			open.Go(func() { w.hold(ctx, p, at, first) })
		}
		for range pages {
			if err := <-first; err != nil {
				b.Fatal(err)
			}
		}
		held, with := w.gauge("process_resident_memory_bytes"), w.gauge("go_goroutines")
		if with < before+pages {
			b.Fatalf("%v goroutines with %d pages open, %v without", with, pages, before)
		}
		cancelled := time.Now()
		cancel()
		for w.gauge("go_goroutines") > before+10 {
			if time.Since(cancelled) > time.Minute {
				b.Fatal("the pages are held still")
			}
		}
		b.ReportMetric((held-idle)/(1<<20), "MiB")
		b.ReportMetric(time.Since(cancelled).Seconds(), "freed-s")
		open.Wait()
	}
}

// hold keeps one page open, and tells once its first event has come.
func (w *phones) hold(ctx context.Context, p *phone, at place, first chan<- error) {
	r, err := w.eventsRequest(p, at)
	if err != nil {
		first <- err
		return
	}
	u, _ := url.Parse(w.report.BaseURL)
	response, err := newTransport("tcp", u.Host).RoundTrip(r.WithContext(ctx))
	if err != nil {
		first <- err
		return
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	line, err := lines.ReadBytes('\n')
	if err == nil && !bytes.HasPrefix(line, []byte("data: ")) {
		err = fmt.Errorf("the first line is %q", line)
	}
	first <- err
	for err == nil {
		_, err = lines.ReadBytes('\n')
	}
}

// gauge is what a gauge of the server stands at.
func (w *phones) gauge(name string) float64 {
	n, ok := w.metric(name)
	if !ok {
		w.b.Fatalf("there is no %s", name)
	}
	return float64(n)
}
