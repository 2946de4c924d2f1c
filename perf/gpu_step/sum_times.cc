#include "perf/gpu_step/sum_times.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <string>
#include <thread>

#include "common/strings.h"
#include "common/tree.h"
#include "launch/gpu/gradient_sum.h"
#include "worker/device/device_collective.h"

namespace chorus::perf {

using namespace gpu;
namespace {

using namespace worker;

constexpr int kSumRepetitions = 10;
constexpr double kDeadlineSeconds = 60;

// One device of the sum.
class Member {
 public:
  Member(const OpenDevice& open, DeviceOptions options, uint32_t rank, const SumShapes& shapes)
      : open_(open),
        options_(std::move(options)),
        rank_(rank),
        gpus_(shapes.gpus),
        bucket_(shapes.bucket) {
    options_.index = static_cast<int>(rank);
    options_.rank = rank;
  }

  // The best of several sums of n floats, in seconds.
  Result<double> Measure(const std::string& id, int64_t n, bool reproducible) {
    ASSIGN_OR_RETURN(const std::unique_ptr<Device> device, open_(options_));
    ASSIGN_OR_RETURN(float* const term, Take(device.get(), n));
    ASSIGN_OR_RETURN(float* const sum, Take(device.get(), n));
    device->Fill(static_cast<float>(rank_ + 1), {term, 1, n});
    ASSIGN_OR_RETURN(DeviceCollective* const collective,
                     device->OpenCollective(CollectiveOf(id, n, reproducible, term, sum)));
    double best = 1e9;
    for (int i = 0; i <= kSumRepetitions; ++i) {
      RETURN_IF_ERROR(device->Mark(0));
      RETURN_IF_ERROR(collective->BeginSum(0, n));
      RETURN_IF_ERROR(collective->Join());
      RETURN_IF_ERROR(device->Mark(1));
      RETURN_IF_ERROR(device->Synchronize());
      ASSIGN_OR_RETURN(const double seconds, device->SecondsBetween(0, 1));
      if (i > 0) best = std::min(best, seconds);
    }
    RETURN_IF_ERROR(Check(device.get(), sum, n));
    return best;
  }

 private:
  static Result<float*> Take(Device* device, int64_t n) {
    ASSIGN_OR_RETURN(std::byte* const memory,
                     device->TakeMemory(static_cast<size_t>(n) * sizeof(float)));
    return reinterpret_cast<float*>(memory);
  }

  DeviceCollectiveOptions CollectiveOf(const std::string& id, int64_t n, bool reproducible,
                                       const float* term, float* sum) const {
    DeviceCollectiveOptions options;
    options.id = id;
    options.rank = rank_;
    options.grains = std::bit_ceil(gpus_);
    for (uint32_t w = 0; w < gpus_; ++w) {
      options.nodes.push_back(MaximalNodes(GrainsOfWorker(w, gpus_, options.grains)));
    }
    options.terms.assign(options.nodes[rank_].size(), term);
    options.sum = sum;
    options.n = n;
    options.reproducible = reproducible;
    options.bucket = bucket_;
    options.deadline_seconds = kDeadlineSeconds;
    return options;
  }

  // Every device fills its nodes' terms with its rank + 1.
  Status Check(Device* device, const float* sum, int64_t n) const {
    float expected = 0;
    for (uint32_t w = 0; w < gpus_; ++w) {
      const size_t nodes = MaximalNodes(GrainsOfWorker(w, gpus_, std::bit_ceil(gpus_))).size();
      expected += static_cast<float>(nodes * (w + 1));
    }
    std::vector<float> values(static_cast<size_t>(n));
    RETURN_IF_ERROR(device->Download(sum, values.data(), values.size() * sizeof(float)));
    RETURN_IF_ERROR(device->Synchronize());
    const auto wrong =
        std::find_if(values.begin(), values.end(), [&](float value) { return value != expected; });
    if (wrong == values.end()) return Status::Ok();
    return Internal(StrCat("element ", wrong - values.begin(), " of a sum of ", n, " floats is ",
                           *wrong, ", not ", expected));
  }

  const OpenDevice& open_;
  DeviceOptions options_;
  const uint32_t rank_, gpus_;
  const int64_t bucket_;
};

}  // namespace

Result<std::vector<SumTime>> MeasureSums(const OpenDevice& open, const DeviceOptions& options,
                                         const SumShapes& shapes) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Device> first, open(options));
  std::vector<SumTime> times;
  for (const int64_t n : shapes.lengths) {
    for (const bool reproducible : {true, false}) {
      ASSIGN_OR_RETURN(const std::string id, first->NewCollectiveId());
      std::vector<Result<double>> seconds(shapes.gpus, Result<double>(0.0));
      {
        std::vector<std::jthread> threads;
        for (uint32_t rank = 0; rank < shapes.gpus; ++rank) {
          threads.emplace_back([&, rank] {
            seconds[rank] = Member(open, options, rank, shapes).Measure(id, n, reproducible);
          });
        }
      }
      SumTime time = {n, reproducible, 0,
                      static_cast<double>(RingSumBytes(static_cast<uint64_t>(n), shapes.gpus))};
      for (const Result<double>& own : seconds) {
        RETURN_IF_ERROR(own.status());
        time.seconds = std::max(time.seconds, *own);
      }
      times.push_back(time);
    }
  }
  return times;
}

}  // namespace chorus::perf
