// Answers, for each line of stdin, what the Collector's probabilistic_sampler does.
//
// A line is {"config": {…}, "spans": [{"trace_id": hex, "tracestate": text, "priority": value}]}
// with the processor's YAML keys as "config"; "priority" is the attribute sampling.priority as
// {"int": "1"}, {"double": "0.5"}, {"string": "1"} or {"bool": true}. The answer is a list: the
// span's tracestate afterwards, or null where the span was dropped.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/probabilisticsamplerprocessor"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
)

type span struct {
	TraceID    string                     `json:"trace_id"`
	Tracestate string                     `json:"tracestate"`
	Priority   map[string]json.RawMessage `json:"priority"`
}

type question struct {
	Config map[string]any `json:"config"`
	Spans  []span         `json:"spans"`
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func setPriority(value pcommon.Value, priority map[string]json.RawMessage) {
	for kind, raw := range priority {
		var text string
		if kind == "bool" {
			value.SetBool(string(raw) == "true")
			continue
		}
		if err := json.Unmarshal(raw, &text); err != nil {
			panic(err)
		}
		switch kind {
		case "int":
			value.SetInt(must(strconv.ParseInt(text, 10, 64)))
		case "double":
			value.SetDouble(must(strconv.ParseFloat(text, 64)))
		default:
			value.SetStr(text)
		}
	}
}

func answer(asked question) []*string {
	factory := probabilisticsamplerprocessor.NewFactory()
	config := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(asked.Config).Unmarshal(config); err != nil {
		panic(err)
	}
	if err := config.(*probabilisticsamplerprocessor.Config).Validate(); err != nil {
		panic(err)
	}
	sink := new(consumertest.TracesSink)
	settings := processortest.NewNopSettings(factory.Type())
	sampler := must(factory.CreateTraces(context.Background(), settings, config, sink))
	if err := sampler.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		panic(err)
	}
	traces := ptrace.NewTraces()
	spans := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for number, from := range asked.Spans {
		made := spans.AppendEmpty()
		made.SetTraceID(pcommon.TraceID(must(hex.DecodeString(from.TraceID))))
		var id [8]byte
		binary.BigEndian.PutUint64(id[:], uint64(number))
		made.SetSpanID(id)
		made.TraceState().FromRaw(from.Tracestate)
		if from.Priority != nil {
			setPriority(made.Attributes().PutEmpty("sampling.priority"), from.Priority)
		}
	}
	if err := sampler.ConsumeTraces(context.Background(), traces); err != nil {
		panic(err)
	}
	answers := make([]*string, len(asked.Spans))
	for _, kept := range sink.AllTraces() {
		left := kept.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for i := 0; i < left.Len(); i++ {
			id := left.At(i).SpanID()
			tracestate := left.At(i).TraceState().AsRaw()
			answers[binary.BigEndian.Uint64(id[:])] = &tracestate
		}
	}
	return answers
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	decoder := json.NewDecoder(in)
	for decoder.More() {
		var asked question
		if err := decoder.Decode(&asked); err != nil {
			panic(err)
		}
		if err := out.Encode(answer(asked)); err != nil {
			panic(err)
		}
	}
}
