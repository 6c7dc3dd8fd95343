package main

import (
	"context"
	"errors"
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
	}
	build := versionInfo()
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.duration, m.signIns,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "latchkey_build_info", Help: "Always 1; the labels tell what is running.",
			ConstLabels: prometheus.Labels{"version": build.Version, "commit": build.Commit, "go": runtime.Version()},
		}, func() float64 { return 1 }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "latchkey_store_commits_total", Help: "Transactions that wrote something and became durable.",
		}, func() float64 { return float64(store.Commits()) }),
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

// counted has every method's answers counted. It hides what else a method can
// do than idp.Method says.
func (m *metrics) counted(methods []idp.Method) []idp.Method {
	return each(methods, func(inner idp.Method) idp.Method {
		return countedMethod{inner, m.signIns.MustCurryWith(prometheus.Labels{"method": string(inner.Info().Kind)})}
	})
}

type countedMethod struct {
	idp.Method
	results *prometheus.CounterVec
}

func (c countedMethod) Verify(ctx context.Context, s idp.Subject, p idp.Prompt, a idp.Answer) (idp.Verdict, error) {
	verdict, err := c.Method.Verify(ctx, s, p, a)
	refusal, refused := errors.AsType[*idp.Refusal](err)
	switch {
	case err == nil:
		c.results.WithLabelValues("right").Inc()
	case !refused:
		c.results.WithLabelValues("fault").Inc()
	case refusal.Wrong:
		c.results.WithLabelValues("wrong").Inc()
	default:
		c.results.WithLabelValues("refused").Inc()
	}
	return verdict, err
}

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
