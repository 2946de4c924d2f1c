#include "worker/statistics/bootstrap.h"

#include <cmath>
#include <limits>

#include "common/check.h"
#include "common/random.h"

namespace chorus::worker {
namespace {

// P(Poisson(1) <= k) = e^-1 sum_{j <= k} 1 / j!, for k = 0 .. 11; what lies above has probability
// 1e-9.
constexpr double kCumulative[] = {0.36787944117144233, 0.73575888234288467, 0.91969860292860584,
                                  0.98101184312384627, 0.99634015317265634, 0.99940581518241833,
                                  0.99991675885071196, 0.99998975080332542, 0.99999887479740202,
                                  0.99999988857452171, 0.99999998995223371, 0.99999999916838933};

// Draws of these counters only: sampling by methods has fewer.
constexpr uint64_t kBootstrapStream = 0x626f6f7473747270;  // "bootstrp"

double StandardDeviation(std::span<const double> x) {
  double mean = 0, squares = 0;
  for (const double v : x) mean += v / static_cast<double>(x.size());
  for (const double v : x) squares += (v - mean) * (v - mean);
  return std::sqrt(squares / static_cast<double>(x.size() - 1));
}

}  // namespace

uint8_t GroupCount(uint64_t seed, uint32_t replicate, uint64_t group_id) {
  const double u =
      ToUniform(Random(seed, RandomPurpose::kSampling, kBootstrapStream, replicate, group_id));
  uint8_t count = 0;
  while (count < std::size(kCumulative) && u >= kCumulative[count]) ++count;
  return count;
}

std::vector<MetricDraws> DrawReplicates(std::span<const ResampledMetric* const> metrics,
                                        std::span<const uint64_t> group_ids,
                                        const BootstrapOptions& options, ThreadPool* pool) {
  std::vector<MetricDraws> out(metrics.size());
  const std::vector<uint8_t> once(group_ids.size(), 1);
  for (size_t m = 0; m < metrics.size(); ++m) {
    out[m].value = metrics[m]->Value(once);
    out[m].draws.resize(options.replicates);
  }
  std::vector<std::vector<uint8_t>> counts(pool->threads(), std::vector<uint8_t>(group_ids.size()));
  const auto draw = [&](uint32_t replicate, uint32_t thread) {
    for (size_t g = 0; g < group_ids.size(); ++g) {
      counts[thread][g] = GroupCount(options.seed, replicate, group_ids[g]);
    }
    for (size_t m = 0; m < metrics.size(); ++m) {
      const auto value = metrics[m]->Value(counts[thread]);
      out[m].draws[replicate] = value.value_or(std::numeric_limits<double>::quiet_NaN());
    }
    return Status::Ok();
  };
  const Status status = pool->ParallelFor(options.replicates, draw);
  CHECK(status.ok(), "drawing replicates: ", status.message());
  return out;
}

std::optional<double> ContrastError(std::span<const MetricDraws* const> draws,
                                    std::span<const double> coefficients) {
  CHECK(!draws.empty() && draws.size() == coefficients.size(), "draws=", draws.size(),
        " coefficients=", coefficients.size());
  const size_t replicates = draws[0]->draws.size();
  std::vector<double> sums(replicates, 0.0);
  for (size_t k = 0; k < draws.size(); ++k) {
    CHECK(draws[k]->draws.size() == replicates, "replicates=", draws[k]->draws.size());
    if (!draws[k]->value.has_value()) return std::nullopt;
    for (size_t r = 0; r < replicates; ++r) sums[r] += coefficients[k] * draws[k]->draws[r];
  }
  std::erase_if(sums, [](double x) { return std::isnan(x); });
  if (sums.size() < 2 || sums.size() < (replicates + 1) / 2) return std::nullopt;
  return StandardDeviation(sums);
}

}  // namespace chorus::worker
