package main

import (
	"context"
	"errors"
	"math"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"latchkey/idp"
	"latchkey/storage"
)

// metrics is what Prometheus is told, in a registry of its own.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	signIns  *prometheus.CounterVec
	mails    *prometheus.CounterVec
}

func newMetrics(store *storage.Store, clock *idp.Clock) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "latchkey_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"route", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "latchkey_http_request_duration_seconds", Help: "Time until a request was answered, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route"}),
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "latchkey_sign_ins_total", Help: "Answers of people who sign in, by method and what became of them: right, wrong, refused or fault.",
		}, []string{"method", "result"}),
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "latchkey_mails_total", Help: "Tries to send a mail, by what became of them: sent, deferred or failed.",
		}, []string{"result"}),
	}
	build := versionInfo()
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.duration, m.signIns, m.mails,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "latchkey_build_info", Help: "Always 1; the labels tell what is running.",
			ConstLabels: prometheus.Labels{"version": build.Version, "commit": build.Commit, "go": runtime.Version()},
		}, func() float64 { return 1 }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "latchkey_store_commits_total", Help: "Transactions that wrote something and became durable.",
		}, func() float64 { return float64(store.Commits()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "latchkey_mails_waiting", Help: "Mails in the outboxes of all tenants that have yet to be sent.",
		}, func() float64 { return mailsWaiting(store) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "latchkey_clock_behind_seconds", Help: "How far the wall clock lags behind the latest time seen; above 0 it was set back.",
		}, func() float64 { return clock.Behind().Seconds() }),
	)
	return m
}

// observe counts a request that was answered.
func (m *metrics) observe(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(route).Observe(took.Seconds())
}

// countAnswer counts a judged answer of a method.
func (m *metrics) countAnswer(kind idp.Kind, err error) {
	result := "refused"
	refusal, refused := errors.AsType[*idp.Refusal](err)
	switch {
	case err == nil:
		result = "right"
	case !refused:
		result = "fault"
	case refusal.Wrong:
		result = "wrong"
	}
	m.signIns.WithLabelValues(string(kind), result).Inc()
}

// countMail counts a try to send a mail.
func (m *metrics) countMail(result string) { m.mails.WithLabelValues(result).Inc() }

// operations is the handler of the metrics listener. ready says why the server
// cannot serve, or nil.
func (m *metrics) operations(ready func() error) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz/live", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /healthz/ready", func(w http.ResponseWriter, _ *http.Request) {
		if err := ready(); err != nil {
			answer(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		answer(w, http.StatusOK, "ready")
	})
	return mux
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the peer may have gone
}

// mailsWaiting counts the mails that are owed to somebody; NaN if that cannot be told.
func mailsWaiting(store *storage.Store) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
	defer cancel()
	n := 0
	tenants, err := store.Tenants(ctx)
	for _, id := range tenants {
		err = errors.Join(err, store.View(ctx, id, func(tx *storage.Tx) error {
			return storage.Each(tx, func(_ string, m *idp.Mail, err error) bool {
				if err == nil && !m.Decoy {
					n++
				}
				return ctx.Err() == nil
			})
		}))
	}
	if errors.Join(err, ctx.Err()) != nil {
		return math.NaN()
	}
	return float64(n)
}

// countTimeout is how long whoever asks for metrics waits for that count.
const countTimeout = 5 * time.Second
