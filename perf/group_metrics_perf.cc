// The cost of metrics by group: exposures of random users are dealt to workers (threads of this
// process), as an evaluation does, and summed. Prints time and memory in ratio to the exposures;
// ends with 1 if the sums are not the same bits for every number of workers.
//   group_metrics_perf [exposures] [groups]

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "common/random.h"
#include "common/tree.h"
#include "perf/support/timing.h"
#include "worker/collective/collective.h"
#include "worker/train/group_exchange.h"

namespace {

using namespace chorus;  // NOLINT: a program of one file

constexpr uint32_t kGrainRows = 1024;
constexpr uint32_t kGrains = 16;  // of a step
const std::vector<uint32_t> kFirst = {1, 5, 10};

uint64_t PeakBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

void MakeGrain(uint64_t first_row, uint64_t groups, worker::Batch* batch,
               std::vector<worker::Prediction>* predictions) {
  batch->exposures.rows = kGrainRows;
  batch->row_id.resize(kGrainRows);
  batch->group.resize(kGrainRows);
  batch->click.resize(kGrainRows);
  batch->conversion.resize(kGrainRows);
  predictions->resize(kGrainRows);
  for (uint32_t i = 0; i < kGrainRows; ++i) {
    const uint64_t bits = Random(1, RandomPurpose::kTest, first_row + i);
    batch->row_id[i] = first_row + i;
    batch->group[i] = Mix(bits) % groups;
    batch->click[i] = bits % 16 == 0;
    batch->conversion[i] = bits % 64 == 0;
    const double logit = ToUniform(bits) * 8 - 6;
    (*predictions)[i] = worker::PredictionOfLogits(logit, logit / 2);
  }
}

std::string RunWorker(worker::Collective* collective, uint64_t steps, uint64_t groups) {
  worker::GroupExchange exchange(collective, kGrainRows * kGrains);
  const GrainRange own = GrainsOfWorker(collective->rank(), collective->size(), kGrains);
  worker::Batch batch;
  std::vector<worker::Prediction> predictions;
  for (uint64_t step = 0; step < steps; ++step) {
    for (uint32_t g = own.begin; g < own.end; ++g) {
      MakeGrain((step * kGrains + g) * kGrainRows, groups, &batch, &predictions);
      exchange.Add(batch, predictions);
    }
    if (!exchange.FinishStep().ok()) return "";
  }
  const auto sums = exchange.Finish(kFirst, 1);
  return sums.ok() && sums->has_value() ? (*sums)->Serialize() : "";
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t rows = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 4'000'000;
  const uint64_t groups = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : rows / 40 + 1;
  const uint64_t steps = std::max<uint64_t>(rows / (kGrainRows * kGrains), 1);
  const uint64_t made = steps * kGrainRows * kGrains;
  std::string expected;
  for (const uint32_t workers : {1u, 2u, 4u}) {
    auto collectives = worker::NewLocalCollectives(workers, 600);
    std::vector<std::string> sums(workers);
    const uint64_t before = PeakBytes();
    const double begin = perf::Seconds(), cpu = perf::CpuSeconds();
    {
      std::vector<std::jthread> threads;
      for (uint32_t w = 0; w < workers; ++w) {
        threads.emplace_back([&, w] { sums[w] = RunWorker(collectives[w].get(), steps, groups); });
      }
    }
    const auto ns = [&](double seconds) { return 1e9 * seconds / static_cast<double>(made); };
    std::printf(
        "%u workers: %llu exposures, %.0f ns each (%.0f of a processor), peak + %.1f bytes each\n",
        workers, static_cast<unsigned long long>(made), ns(perf::Seconds() - begin),
        ns(perf::CpuSeconds() - cpu),
        static_cast<double>(PeakBytes() - before) / static_cast<double>(made));
    if (workers == 1) expected = sums[0];
    if (sums[0].empty() || sums[0] != expected) {
      std::printf("WRONG: other sums than those of one worker\n");
      return 1;
    }
  }
  return 0;
}
