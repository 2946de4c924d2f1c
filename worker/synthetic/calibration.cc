// The calibration draw: 2^20 exposures of their own stream, one per request, settle the unit()
// constants and both alphas. Sums run over fixed parts, and then over the parts in order, so that
// the number of threads changes no bit.

#include <cmath>
#include <vector>

#include "common/device_math.h"
#include "common/parallel_for.h"
#include "worker/synthetic/draw.h"
#include "worker/synthetic/world.h"

namespace chorus::worker {
namespace {

constexpr uint64_t kExposures = uint64_t{1} << 20;
constexpr uint64_t kPartExposures = uint64_t{1} << 14;
constexpr uint64_t kParts = kExposures / kPartExposures;

using Column = std::vector<double>;  // [kExposures]

struct Pair {
  double first = 0;
  double second = 0;
};

}  // namespace

class Calibrator {
 public:
  Calibrator(World* world, uint32_t threads) : world_(world), threads_(threads) {}

  void Run() {
    DrawExposures();
    Calibration& c = world_->calibration_;
    c.appeal = Standardise(&appeal_);
    c.quality = Standardise(&quality_);
    // appeal_ and quality_ now hold units; the terms take them up (SharedTerm, ConversionOnlyTerm
    // are linear).
    ForEach([&](uint64_t i) {
      shared_[i] += 0.6 * appeal_[i];
      conversion_only_[i] += 0.7 * quality_[i];
    });
    c.shared = Standardise(&shared_);
    c.click_only = Standardise(&click_only_);
    c.conversion_only = Standardise(&conversion_only_);
    FindAlphas();
  }

 private:
  void DrawExposures() {
    for (Column* column :
         {&appeal_, &quality_, &shared_, &click_only_, &conversion_only_, &bait_, &hidden_}) {
      column->resize(kExposures);
    }
    ForEach([&](uint64_t i) {
      const Scenery scenery = world_->DrawScenery(kCalibrationStream, i);
      const ShownItem shown = world_->DrawShown(kCalibrationStream, i, scenery.user);
      const User user = world_->MakeUser(scenery.user);
      const Item item = world_->MakeItem(shown.item);
      appeal_[i] = item.appeal;
      quality_[i] = item.quality;
      bait_[i] = item.bait;
      hidden_[i] = world_->HiddenConfounder(kCalibrationStream, i);
      shared_[i] = SharedTerm(user, item, 0);
      click_only_[i] = ClickOnlyTerm(item, shown.position, scenery.hour);
      conversion_only_[i] = ConversionOnlyTerm(user, item, 0);
    });
  }

  void FindAlphas() {
    const GenerateConfig& config = world_->config_;
    const double rho = config.rho();
    const double a_c = config.a_c();
    const double a_v = config.a_v();
    Column& click = shared_;  // reused: logits without alpha, then probabilities
    Column& conversion = conversion_only_;
    ForEach([&](uint64_t i) {
      const double s = shared_[i];
      conversion[i] = a_v * (rho * s + std::sqrt(1 - rho * rho) * conversion_only_[i]) -
                      config.a_b() * bait_[i] + config.gam_v() * hidden_[i];
      click[i] = a_c * (std::sqrt(0.7) * s + std::sqrt(0.3) * click_only_[i]) +
                 config.gam_c() * hidden_[i];
    });
    Calibration& c = world_->calibration_;
    c.alpha_c = Solve(config.ctr(), [&](double alpha, uint64_t i) {
      const double p = Sigmoid(alpha + click[i]);
      return Pair{p, 1.0};
    });
    ForEach([&](uint64_t i) { click[i] = Sigmoid(c.alpha_c + click[i]); });
    c.alpha_v = Solve(config.cvr(), [&](double alpha, uint64_t i) {
      return Pair{click[i] * Sigmoid(alpha + conversion[i]), click[i]};
    });
  }

  template <typename F>
  void ForEach(F f) {
    ParallelFor(kParts, threads_, [&](uint64_t part) {
      for (uint64_t i = part * kPartExposures; i < (part + 1) * kPartExposures; ++i) f(i);
    });
  }

  template <typename F>
  Pair Sum(F f) {
    std::vector<Pair> sums(kParts);
    ParallelFor(kParts, threads_, [&](uint64_t part) {
      Pair sum;
      for (uint64_t i = part * kPartExposures; i < (part + 1) * kPartExposures; ++i) {
        const Pair x = f(i);
        sum.first += x.first;
        sum.second += x.second;
      }
      sums[part] = sum;
    });
    Pair total;
    for (const Pair& sum : sums) {
      total.first += sum.first;
      total.second += sum.second;
    }
    return total;
  }

  // Replaces the column by its units.
  Unit Standardise(Column* column) {
    Column& x = *column;
    Unit unit;
    unit.mean = Sum([&](uint64_t i) { return Pair{x[i], 0}; }).first / kExposures;
    const double squares = Sum([&](uint64_t i) {
                             return Pair{(x[i] - unit.mean) * (x[i] - unit.mean), 0};
                           }).first;
    // A world of one item can be constant: then every unit is 0.
    unit.stddev = squares > 0 ? std::sqrt(squares / kExposures) : 1;
    ForEach([&](uint64_t i) { x[i] = unit(x[i]); });
    return unit;
  }

  // The alpha where sum first / sum second = target; the ratio grows with alpha. Bisection until
  // the ratio is nearly straight over the bracket, then false position (Illinois), which keeps the
  // root bracketed.
  template <typename F>
  double Solve(double target, F f) {
    const auto excess = [&](double alpha) {
      const Pair sum = Sum([&](uint64_t i) { return f(alpha, i); });
      return sum.first / sum.second - target;
    };
    double low = -50;
    double high = 50;
    for (int round = 0; round < 8; ++round) {
      const double middle = 0.5 * (low + high);
      (excess(middle) < 0 ? low : high) = middle;
    }
    double at_low = excess(low);
    double at_high = excess(high);
    for (int round = 0; round < 12 && high - low > 1e-12; ++round) {
      const double x = low - at_low * (high - low) / (at_high - at_low);
      const double at_x = excess(x);
      if (at_x == 0) return x;
      if (at_x < 0) {
        low = x;
        at_low = at_x;
        at_high *= 0.5;
      } else {
        high = x;
        at_high = at_x;
        at_low *= 0.5;
      }
    }
    return std::abs(at_low) < std::abs(at_high) ? low : high;
  }

  World* world_;
  uint32_t threads_;
  Column appeal_, quality_, shared_, click_only_, conversion_only_, bait_, hidden_;
};

World World::Make(const GenerateConfig& config, uint32_t threads) {
  const bool ali_ccp = config.shape() == GenerateConfig::ALI_CCP;
  World world(config, ali_ccp ? AliCcpSizes(config.scale()) : SizesAtScale(config.scale()));
  Calibrator(&world, threads).Run();
  return world;
}

}  // namespace chorus::worker
