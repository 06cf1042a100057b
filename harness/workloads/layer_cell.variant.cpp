// SPDX-License-Identifier: Apache-2.0
// Runs a layer workload over the layers of the selected variant: in Google Benchmark for throughput, operation by operation for latency.
#include "harness/workloads/layer_cell.hpp"

#include <benchmark/benchmark.h>
#include <pthread.h>

#include <barrier>
#include <chrono>
#include <memory>
#include <thread>

#include "harness/measure/timer.hpp"
#include "harness/workloads/gc_workload.hpp"
#include "harness/workloads/registers_workload.hpp"
#include "harness/workloads/tlb_workload.hpp"
#include "selected_variant.hpp"

namespace harness {
namespace {

using Tlb = selected_variant::Tlb<vm::NativePlatform>;
using Gc = selected_variant::Gc<vm::NativePlatform>;
template <class State, class Sink>
using Registers = selected_variant::DeviceRegisters<vm::NativePlatform, State, Sink>;

constexpr std::int64_t batch = 1024;  // operations

void pin(const LayerRequest& request, unsigned thread) {
  if (request.cpus.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(request.cpus[thread % request.cpus.size()], &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

// Keeps the last measured run, and prints nothing: the cell's standard output is one JSON object.
class LastRun final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      iterations = run.iterations;
      seconds = run.real_accumulated_time;
    }
  }
  std::int64_t iterations = 0;  // over all threads
  double seconds = 0;
};

template <class Workload>
void measure_throughput(Workload& workload, const LayerRequest& request, LayerResult& result) {
  benchmark::RegisterBenchmark(request.workload.c_str(),
                               [&](benchmark::State& state) {
                                 const auto thread = static_cast<unsigned>(state.thread_index());
                                 pin(request, thread);
                                 workload.attach(thread);
                                 std::uint64_t i = 0;
                                 // Between batches, where Google Benchmark makes threads wait for each other, every hart is idle.
                                 while (state.KeepRunningBatch(batch)) {
                                   workload.enter(thread);
                                   for (std::int64_t n = 0; n < batch; ++n) workload.step(thread, i++);
                                   workload.leave(thread);
                                 }
                                 workload.detach(thread);
                               })
      ->Threads(static_cast<int>(request.threads))
      ->UseRealTime()
      ->MinTime(request.seconds);
  int argument_count = 1;
  char name[] = "interlock-cell";
  char* arguments[] = {name, nullptr};
  benchmark::Initialize(&argument_count, arguments);
  LastRun last;
  benchmark::RunSpecifiedBenchmarks(&last);
  benchmark::Shutdown();
  result.operations = static_cast<std::uint64_t>(last.iterations);
  result.seconds = last.seconds;  // wall: Google Benchmark has divided the sum over threads by their number
}

template <class Workload>
void measure_latency(Workload& workload, const LayerRequest& request, LayerResult& result) {
  const Timer timer;
  result.timer_cost = timer.cost_nanoseconds();
  std::vector<Histogram> histograms(request.threads);
  std::vector<std::uint64_t> operations(request.threads);
  std::barrier start(static_cast<std::ptrdiff_t>(request.threads));
  const auto limit = std::chrono::duration<double>(request.seconds);
  std::vector<std::thread> threads;
  for (unsigned thread = 0; thread < request.threads; ++thread) {
    threads.emplace_back([&, thread] {
      pin(request, thread);
      workload.attach(thread);
      start.arrive_and_wait();
      workload.enter(thread);
      const auto begin = std::chrono::steady_clock::now();
      std::uint64_t i = 0;
      while ((i & 255) != 0 || std::chrono::steady_clock::now() - begin < limit) {
        const std::uint64_t before = Timer::now();
        workload.step(thread, i++);
        const std::uint64_t after = Timer::now();
        histograms[thread].record(timer.nanoseconds(after - before));
      }
      workload.leave(thread);
      operations[thread] = i;
      workload.detach(thread);
    });
  }
  const auto begin = std::chrono::steady_clock::now();
  for (std::thread& thread : threads) thread.join();
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (unsigned thread = 0; thread < request.threads; ++thread) {
    result.latency.merge(histograms[thread]);
    result.operations += operations[thread];
  }
}

template <class Workload>
LayerResult run_workload(const LayerRequest& request) {
  LayerResult result;
  const auto workload = std::make_unique<Workload>(request.threads, request.seed);
  if (request.mode == CellMode::throughput) {
    measure_throughput(*workload, request, result);
  } else {
    measure_latency(*workload, request, result);
  }
  workload->finish();
  result.error = workload->verdict().text();
  result.digest = workload->digest();
  result.counters = workload->counters();
  return result;
}

}  // namespace

LayerResult run_layer_cell(const LayerRequest& request) {
  if (request.workload == "tlb.read_mostly") return run_workload<TlbWorkload<Tlb, 100>>(request);
  if (request.workload == "tlb.shootdown") return run_workload<TlbWorkload<Tlb, 2500>>(request);
  if (request.workload == "gc.find") return run_workload<GcWorkload<Gc, false>>(request);
  if (request.workload == "gc.churn") return run_workload<GcWorkload<Gc, true>>(request);
  if (request.workload == "registers.poll") return run_workload<RegistersWorkload<Registers, false>>(request);
  if (request.workload == "registers.claim_complete") return run_workload<RegistersWorkload<Registers, true>>(request);
  if (request.workload == "selftest.wrong_answer") {
    LayerResult wrong = run_workload<RegistersWorkload<Registers, false>>(request);
    wrong.error = "this workload always gives a wrong answer";
    return wrong;
  }
  LayerResult unknown;
  unknown.error = "unknown workload '" + request.workload + "' (interlock list names them)";
  return unknown;
}

}  // namespace harness
